"""The queue that failed events wait in: SQS, and the one in memory that tests of the command line use."""

import secrets
from collections.abc import Callable
from typing import Any

import pytest

from handler.cli.failure_queue import BATCH, HIDDEN, VISIBLE, FailureQueue
from tests.conftest import Stack
from tests.unit.cli.failures import InMemoryQueue

Send = Callable[..., None]


@pytest.fixture(params=["fake", pytest.param("sqs", marks=pytest.mark.emulator)])
def queue(request: pytest.FixtureRequest) -> tuple[Any, str, Send]:
    """A client, the URL of an empty queue, and what sends a body to it."""
    if request.param == "fake":
        fake = InMemoryQueue()
        return fake, "url", fake.send
    stack: Stack = request.getfixturevalue("stack")
    sqs = stack.client("sqs")
    url = sqs.create_queue(QueueName=f"failures-{secrets.token_hex(6)}")["QueueUrl"]

    def send(body: str, attributes: dict[str, str] | None = None) -> None:
        said = {name: {"DataType": "String", "StringValue": text} for name, text in (attributes or {}).items()}
        sqs.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=said)

    return sqs, url, send


def received(sqs: Any, url: str, visibility_s: int = 30) -> list[dict[str, Any]]:
    answer = sqs.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=BATCH,
        VisibilityTimeout=visibility_s,
        WaitTimeSeconds=1,
        MessageSystemAttributeNames=["SentTimestamp"],
        MessageAttributeNames=["ERROR_CODE", "ERROR_MESSAGE"],
    )
    messages: list[dict[str, Any]] = answer.get("Messages", [])
    return messages


def counts(sqs: Any, url: str) -> tuple[int, int]:
    said = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[VISIBLE, HIDDEN])["Attributes"]
    return int(said[VISIBLE]), int(said[HIDDEN])


def test_what_was_received_is_out_of_sight_until_it_is_handed_back(queue: tuple[Any, str, Send]) -> None:
    sqs, url, send = queue
    send("a")
    (first,) = received(sqs, url)

    assert (received(sqs, url), counts(sqs, url)) == ([], (0, 1))
    entry = {"Id": "0", "ReceiptHandle": first["ReceiptHandle"], "VisibilityTimeout": 0}
    sqs.change_message_visibility_batch(QueueUrl=url, Entries=[entry])

    assert counts(sqs, url) == (1, 0)
    (again,) = received(sqs, url)
    assert (again["MessageId"], again["Body"]) == (first["MessageId"], "a")


def test_what_was_received_is_in_sight_again_after_its_time(queue: tuple[Any, str, Send]) -> None:
    sqs, url, send = queue
    send("a")

    assert received(sqs, url, visibility_s=0)
    assert [one["Body"] for one in received(sqs, url)] == ["a"]


def test_what_was_deleted_is_gone(queue: tuple[Any, str, Send]) -> None:
    sqs, url, send = queue
    send("a")
    (message,) = received(sqs, url)

    answer = sqs.delete_message_batch(QueueUrl=url, Entries=[{"Id": "0", "ReceiptHandle": message["ReceiptHandle"]}])

    assert answer.get("Failed", []) == []
    assert counts(sqs, url) == (0, 0)


def test_message_says_when_it_was_sent_and_what_was_said_of_it(queue: tuple[Any, str, Send]) -> None:
    sqs, url, send = queue
    send("a", attributes={"ERROR_CODE": "NO_PERMISSIONS"})

    (message,) = received(sqs, url)

    assert int(message["Attributes"]["SentTimestamp"]) > 1_700_000_000_000
    assert message["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_PERMISSIONS"


def test_every_message_is_yielded_once_and_in_sight_at_the_end(queue: tuple[Any, str, Send]) -> None:
    sqs, url, send = queue
    for number in range(2 * BATCH + 3):
        send(str(number))

    with FailureQueue(sqs, url) as waiting:
        bodies = [message["Body"] for batch in waiting.batches() for message in batch]
        assert counts(sqs, url) == (0, len(bodies))

    assert sorted(bodies, key=int) == [str(number) for number in range(2 * BATCH + 3)]
    assert counts(sqs, url) == (len(bodies), 0)


def test_what_is_deleted_does_not_come_back_with_the_others(queue: tuple[Any, str, Send]) -> None:
    sqs, url, send = queue
    for number in range(5):
        send(str(number))

    with FailureQueue(sqs, url) as waiting:
        (batch,) = waiting.batches()
        waiting.delete([message["MessageId"] for message in batch if message["Body"] in ("1", "3")])

    assert sorted(message["Body"] for message in received(sqs, url)) == ["0", "2", "4"]
