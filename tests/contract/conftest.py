"""Each contract test runs against the fake and against the adapter on the emulator."""

import functools
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import boto3
import pytest
from botocore.config import Config as ClientConfig

from handler.aws.backlogs import DynamoDBBacklogs
from handler.aws.buckets import DynamoDBBuckets
from handler.aws.catalog import DynamoDBCatalog
from handler.aws.journal import DynamoDBJournal
from handler.aws.packs import S3Packs
from handler.aws.pairs import DynamoDBPairs
from handler.aws.s3 import S3Pictures
from handler.aws.verdicts import DynamoDBVerdicts
from handler.backlog import Backlogs
from handler.cli.local.emulator import CREDENTIALS, REGION, require_loopback
from handler.core.journal import Shape
from handler.core.model import Collection, Limits
from handler.dedup import Pairs as AnnouncedPairs
from handler.dedup import Verdicts as KnownVerdicts
from handler.filing import HashIndex, HolderNotes
from handler.finding import Records
from handler.indexing import ObjectCatalog, PictureStore
from handler.journal import Journal
from handler.packed import Packs
from handler.review.known import KeptVerdicts, OpenPairs
from handler.search import HashBuckets, Holders
from handler.wiring import CLIENT, lean_session
from tests.conftest import Stack
from tests.fakes import (
    InMemoryBacklogs,
    InMemoryBuckets,
    InMemoryCatalog,
    InMemoryJournal,
    InMemoryPacks,
    InMemoryPairs,
    InMemoryPictures,
    InMemoryVerdicts,
)

SHAPE = Shape(segment_bytes=180, pack_sizes=(4,))  # small segments, likewise
PAGE_MEMBERS = 3  # small pages, so that tests fill several
MAX_BYTES = 1000
BUCKET = "contract-pictures"


class Catalog(ObjectCatalog, HolderNotes, Records, Holders, Protocol):
    """What is asked of PictureTable, by the use case and by a search."""


class Pairs(AnnouncedPairs, OpenPairs, Protocol):
    """What is asked of the pairs, by the use case and by reviews."""


class Verdicts(KnownVerdicts, KeptVerdicts, Protocol):
    """What is asked of verdicts, by the use case and by reviews."""


class Buckets(HashIndex, HashBuckets, Protocol):
    """What is asked of the buckets, by the use case and by a search."""


@pytest.fixture(params=["fake", *(pytest.param(parser, marks=pytest.mark.emulator) for parser in ("boto3", "lean"))])
def kind(request: pytest.FixtureRequest) -> str:
    """What obeys the contract: the fake, or the adapter with botocore's own parser, or with the function's."""
    return str(request.param)


def dynamodb(stack: Stack, kind: str) -> Any:
    return stack.client("dynamodb") if kind == "boto3" else lean_client(stack.deployment.endpoint)


@functools.cache
def lean_client(endpoint: str) -> Any:
    session = boto3.Session(
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        region_name=REGION,
        botocore_session=lean_session(),
    )
    config = CLIENT.merge(ClientConfig(proxies={}))
    return session.client("dynamodb", endpoint_url=require_loopback(endpoint), config=config)


@pytest.fixture
def collection() -> Collection:
    """A collection that no other test has seen."""
    return Collection(secrets.token_hex(8) + "/", "phash1")


@pytest.fixture
def catalog(kind: str, request: pytest.FixtureRequest) -> Catalog:
    if kind == "fake":
        return InMemoryCatalog(page_size=100)
    stack: Stack = request.getfixturevalue("stack")
    return DynamoDBCatalog(dynamodb(stack, kind), stack.deployment.outputs["PictureTableName"])


@pytest.fixture
def pairs(kind: str, request: pytest.FixtureRequest) -> Iterator[Pairs]:
    if kind == "fake":
        yield InMemoryPairs()
        return
    stack: Stack = request.getfixturevalue("stack")
    with ThreadPoolExecutor(8) as executor:
        yield DynamoDBPairs(dynamodb(stack, kind), stack.deployment.outputs["PictureTableName"], executor)


@pytest.fixture
def verdicts(kind: str, request: pytest.FixtureRequest) -> Verdicts:
    if kind == "fake":
        return InMemoryVerdicts()
    stack: Stack = request.getfixturevalue("stack")
    return DynamoDBVerdicts(dynamodb(stack, kind), stack.deployment.outputs["PictureTableName"])


@pytest.fixture
def index(kind: str, request: pytest.FixtureRequest) -> Iterator[Buckets]:
    if kind == "fake":
        yield InMemoryBuckets()
        return
    stack: Stack = request.getfixturevalue("stack")
    with ThreadPoolExecutor(8) as executor:
        yield DynamoDBBuckets(
            dynamodb(stack, kind),
            stack.deployment.outputs["BucketTableName"],
            executor=executor,
            page_members=PAGE_MEMBERS,
        )


@pytest.fixture
def journal(kind: str, request: pytest.FixtureRequest) -> Iterator[Callable[[int], Journal]]:
    """Makes journals over one table, with a number of shards each."""
    if kind == "fake":
        fake = InMemoryJournal(shape=SHAPE)
        yield fake.with_shards
        return
    stack: Stack = request.getfixturevalue("stack")
    table = stack.deployment.outputs["BucketTableName"]
    with ThreadPoolExecutor(8) as executor:
        yield lambda shards: DynamoDBJournal(
            dynamodb(stack, kind), table, executor=executor, shards=shards, shape=SHAPE
        )


@pytest.fixture
def backlogs(kind: str, request: pytest.FixtureRequest) -> Backlogs:
    if kind == "fake":
        return InMemoryBacklogs()
    stack: Stack = request.getfixturevalue("stack")
    return DynamoDBBacklogs(dynamodb(stack, kind), stack.deployment.outputs["BucketTableName"])


@pytest.fixture
def packs(kind: str, request: pytest.FixtureRequest) -> Packs:
    if kind == "fake":
        return InMemoryPacks()
    stack: Stack = request.getfixturevalue("stack")
    return S3Packs(stack.client("s3"), stack.deployment.outputs["PacksBucketName"], "journal")


@pytest.fixture
def pictures(kind: str, request: pytest.FixtureRequest) -> PictureStore:
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
