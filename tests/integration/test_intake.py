"""How events reach the function is changed while uploads arrive, and none of them is lost."""

import threading
import time
from collections.abc import Iterator

import pytest

from handler.aws.catalog import record_in
from handler.cli.local import deployment as deployments
from handler.cli.local import stack as stacks
from handler.cli.local.deployment import Deployment
from handler.cli.main import main
from tests.conftest import ROOT
from tests.pictures import jpeg, photo

pytestmark = [pytest.mark.emulator, pytest.mark.slow]  # it updates the stack twice

PATIENCE_S = 120
EACH_S = 0.5  # between two uploads
SOON_S = 15


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    with deployments.start(ROOT) as started:
        # The emulator ends functions that it updates: what they had is out of sight for this long, instead of minutes.
        sqs, queue = started.client("sqs"), started.outputs["IntakeQueueUrl"]
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": str(SOON_S)})
        yield started


def test_uploads_during_updates_are_indexed(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in deployment.environment.items():
        monkeypatch.setenv(name, value)
    uploaded, ended = list[str](), threading.Event()
    uploading = threading.Thread(target=upload, args=(deployment, uploaded, ended))
    uploading.start()
    try:
        ways = [way(deployment)]
        for intake in ("queue", "direct"):
            update(deployment, Intake=intake)
            ways.append(way(deployment))
    finally:
        ended.set()
        uploading.join()

    assert ways == ["LambdaFunctionConfigurations", "QueueConfigurations", "LambdaFunctionConfigurations"]
    deadline = time.monotonic() + PATIENCE_S
    while missing := set(uploaded) - indexed(deployment):
        assert time.monotonic() < deadline, f"{len(missing)} of {len(uploaded)} are not indexed: {sorted(missing)[:5]}"
        main(["redrive", "--yes"])  # what an update has ended three times over is in the failure queue
        time.sleep(0.5)


def upload(there: Deployment, uploaded: list[str], ended: threading.Event) -> None:
    """Upload a picture after the other until *ended*."""
    s3 = there.client("s3")
    while not ended.wait(EACH_S):
        key = f"{len(uploaded)}.jpg"
        s3.put_object(Bucket=there.bucket, Key=key, Body=jpeg(photo(len(uploaded))))
        uploaded.append(key)


def update(there: Deployment, **parameters: str) -> None:
    template = stacks.build_for_emulator(ROOT)
    asked = {"EndpointUrl": there.endpoint} | parameters
    stacks.deploy(ROOT, template, endpoint=there.endpoint, parameters=asked)


def way(there: Deployment) -> str:
    """Where the bucket sends its events."""
    said = there.client("s3").get_bucket_notification_configuration(Bucket=there.bucket)
    (name,) = said.keys() - {"ResponseMetadata"}
    return str(name)


def indexed(there: Deployment) -> set[str]:
    """The keys of what is indexed, by the table: the log of a function that was ended may lack lines."""
    pages = (
        there.client("dynamodb")
        .get_paginator("scan")
        .paginate(
            TableName=there.outputs["PictureTableName"],
            FilterExpression="o = :indexed",
            ExpressionAttributeValues={":indexed": {"S": "indexed"}},
        )
    )
    return {record_in(item).ref.key for page in pages for item in page["Items"]}
