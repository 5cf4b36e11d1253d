"""Each contract test runs against the fake and against the adapter on the emulator."""

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from handler.aws.buckets import DynamoDBBuckets
from handler.aws.images import DynamoDBImages
from handler.aws.s3 import S3Pictures
from handler.core.model import Limits, World
from handler.dedup import Catalog, HashIndex, ImageStore
from tests.conftest import Stack
from tests.fakes import InMemoryBuckets, InMemoryImages, InMemoryPictures

PAGE_MEMBERS = 3  # small pages, so that tests fill several
MAX_BYTES = 1000
BUCKET = "contract-pictures"


@pytest.fixture(params=["fake", pytest.param("aws", marks=pytest.mark.emulator)])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def world() -> World:
    """A world that no other test has seen."""
    return World(secrets.token_hex(8) + "/", "phash1")


@pytest.fixture
def images(kind: str, request: pytest.FixtureRequest) -> Catalog:
    if kind == "fake":
        return InMemoryImages(page_size=100)
    stack: Stack = request.getfixturevalue("stack")
    return DynamoDBImages(stack.client("dynamodb"), stack.world.outputs["ImageTableName"])


@pytest.fixture
def index(kind: str, request: pytest.FixtureRequest) -> Iterator[HashIndex]:
    if kind == "fake":
        yield InMemoryBuckets()
        return
    stack: Stack = request.getfixturevalue("stack")
    with ThreadPoolExecutor(8) as executor:
        yield DynamoDBBuckets(
            stack.client("dynamodb"),
            stack.world.outputs["BucketTableName"],
            executor=executor,
            page_members=PAGE_MEMBERS,
        )


@pytest.fixture
def pictures(kind: str, request: pytest.FixtureRequest) -> ImageStore:
    """A bucket that holds `here.jpg` and `a b+%"猫.jpg` (both b"picture") and `large.jpg`, over the limit."""
    bodies = {"here.jpg": b"picture", 'a b+%"猫.jpg': b"picture", "large.jpg": b"x" * (MAX_BYTES + 1)}
    if kind == "fake":
        fake = InMemoryPictures(Limits(max_bytes=MAX_BYTES, max_pixels=1))
        fake.objects = {(BUCKET, key): body for key, body in bodies.items()}
        return fake
    s3 = request.getfixturevalue("stack").client("s3")
    s3.create_bucket(Bucket=BUCKET)
    for key, body in bodies.items():
        s3.put_object(Bucket=BUCKET, Key=key, Body=body)
    return S3Pictures(s3, Limits(max_bytes=MAX_BYTES, max_pixels=1))
