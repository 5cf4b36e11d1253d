"""Pictures that come again by a queue: what is sent is what the function is handed."""

import json
import secrets
from collections.abc import Callable

import pytest

from handler.aws.again import SQSAgain
from handler.core.again import Again
from handler.core.model import ObjectRef
from handler.core.sequencers import padded_sequencer
from handler.dedup import Queue
from handler.events import decode
from tests.conftest import Stack
from tests.events import queued
from tests.fakes import RecordingQueue

REFS = [
    ObjectRef("pictures", "a b+c/ü \x1f😀.jpg", padded_sequencer("00AB"), "v1"),
    ObjectRef("pictures", "no version, no sequencer.jpg"),
    ObjectRef("pictures", "k" * 1024, padded_sequencer("F" * 32)),
]

Received = Callable[[], Again]


@pytest.fixture(params=["fake", pytest.param("sqs", marks=pytest.mark.emulator)])
def queue(request: pytest.FixtureRequest) -> tuple[Queue, Received]:
    """A queue, and what hands out its next message."""
    if request.param == "fake":
        fake = RecordingQueue()
        return fake, lambda: fake.sent.pop()[0]
    stack: Stack = request.getfixturevalue("stack")
    sqs = stack.client("sqs")
    url = sqs.create_queue(QueueName=f"again-{secrets.token_hex(6)}")["QueueUrl"]

    def received() -> Again:
        (message,) = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"]
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        (item,) = decode(queued(json.loads(message["Body"]))).items
        assert isinstance(item.action, Again)
        return item.action

    return SQSAgain(lambda: sqs, url), received


@pytest.mark.parametrize("ref", REFS, ids=["all", "least", "longest"])
def test_what_is_sent_comes_again(queue: tuple[Queue, Received], ref: ObjectRef) -> None:
    sender, received = queue
    again = Again(ref, 3, "2026-01-01T00:00:00+00:00")

    sender.send(again, 0)

    assert received() == again
