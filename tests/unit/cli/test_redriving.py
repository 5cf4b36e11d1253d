"""Events of the failure queue go to the function again, and nothing is lost on the way."""

import _thread
import json
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from handler.cli.failure_filter import FailureFilter
from handler.cli.failure_queue import LATE_BATCHES, FailureQueue
from handler.cli.redriving import Chosen, Pace, Tally, redrive, waiting
from tests.unit.cli.failures import START_MS, InMemoryQueue, client_error, key_of, record

EVERYTHING = FailureFilter(datetime(2026, 10, 30, 23, tzinfo=UTC))


def never(payload: bytes) -> None:
    raise AssertionError(payload)


@pytest.fixture
def ctrl_c_raises() -> Iterator[None]:
    """Make SIGINT raise KeyboardInterrupt, as it does in a terminal; a shell has jobs in the background ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def run(
    sqs: InMemoryQueue,
    invoke: Callable[[bytes], None],
    tally: Tally,
    limit: int | None = None,
    wanted: FailureFilter | None = None,
) -> None:
    client: Any = sqs
    with FailureQueue(client, "url") as queue:
        redrive(
            queue, invoke, tally, choice=Chosen(wanted or EVERYTHING, limit), pace=Pace(), advance=lambda _count: None
        )


def test_everything_is_sent_and_deleted() -> None:
    sqs, tally, sent = InMemoryQueue(*[record(f"{n}.jpg") for n in range(25)]), Tally(), list[str]()

    run(sqs, lambda payload: sent.append(key_of(payload)), tally)

    assert sorted(sent) == sorted(f"{n}.jpg" for n in range(25))
    assert sqs.messages == {}
    assert tally == Tally(sent=25)


def test_every_message_is_counted_once_whatever_becomes_of_it() -> None:
    sqs, counts = (
        InMemoryQueue(*[record(f"{n}.jpg") for n in range(25)], "nonsense", record("o", bucket="b")),
        list[int](),
    )
    client: Any = sqs
    choice = Chosen(replace(EVERYTHING, buckets=["amzn-s3-demo-bucket"], causes=["no-connection"]))

    with FailureQueue(client, "url") as queue:
        waiting(queue, Tally(), choice=choice, advance=counts.append)
    with FailureQueue(client, "url") as queue:
        redrive(queue, lambda _payload: None, Tally(), choice=choice, pace=Pace(), advance=counts.append)

    assert sum(counts) == 2 * 27


def test_empty_queue_sends_nothing() -> None:
    tally = Tally()

    run(InMemoryQueue(), never, tally)

    assert tally == Tally()


def test_unreadable_message_is_kept_and_holds_up_nothing() -> None:
    sqs, tally = InMemoryQueue("nonsense", record("a.jpg")), Tally()

    run(sqs, lambda _payload: None, tally)

    assert sqs.visible == ["m0"]
    assert tally.sent == 1
    assert [kept.message_id for kept in tally.kept] == ["m0"]


def test_message_that_is_received_twice_is_sent_once() -> None:
    sqs, tally, sent = InMemoryQueue(record("a.jpg"), "nonsense"), Tally(), list[bytes]()
    sqs.delivered_twice = True

    run(sqs, sent.append, tally)

    assert len(sent) == 1
    assert (tally.sent, len(tally.kept)) == (1, 1)
    assert sqs.visible == ["m1"]


def test_event_that_fails_again_is_left_for_the_next_time() -> None:
    sqs, tally, sent = InMemoryQueue(record("a.jpg")), Tally(), list[bytes]()

    def fail_again(payload: bytes) -> None:
        sent.append(payload)
        sqs.send(record("again.jpg"), sent_ms=START_MS + 180_000)

    run(sqs, fail_again, tally)

    assert (len(sent), tally.sent) == (1, 1)
    (left,) = (json.loads(sqs.messages[one]["Body"]) for one in sqs.visible)
    assert key_of(json.dumps(left["requestPayload"]).encode()) == "again.jpg"


def test_ends_although_messages_keep_arriving() -> None:
    class Flooded(InMemoryQueue):
        def receive_message(self, **options: Any) -> dict[str, Any]:
            self.send(record("new.jpg"), sent_ms=START_MS + 5_000)
            return super().receive_message(**options)

    sqs = Flooded()

    run(sqs, never, Tally())

    assert len(sqs.visible) == LATE_BATCHES


def test_event_that_is_not_accepted_is_kept() -> None:
    sqs, tally = InMemoryQueue(record("a.jpg"), record("b.jpg")), Tally()

    def throttle_a(payload: bytes) -> None:
        if key_of(payload) == "a.jpg":
            raise client_error("TooManyRequestsException", "Invoke", "rate exceeded")

    run(sqs, throttle_a, tally)

    assert sqs.visible == ["m0"]
    assert tally.sent == 1
    assert "rate exceeded" in tally.kept[0].reason


def test_denied_permission_ends_the_run_and_loses_nothing() -> None:
    sqs, tally, asked = InMemoryQueue(*[record(f"{n}.jpg") for n in range(25)]), Tally(), list[bytes]()

    def deny(payload: bytes) -> None:
        asked.append(payload)
        if key_of(payload) != "3.jpg":
            raise client_error("AccessDeniedException", "Invoke")

    with pytest.raises(ClientError, match="AccessDenied"):
        run(sqs, deny, tally)

    assert len(asked) == 10
    assert tally == Tally(sent=1)
    assert len(sqs.visible) == 24


@pytest.mark.usefixtures("ctrl_c_raises")
def test_ctrl_c_ends_the_batch_and_loses_nothing() -> None:
    sqs, tally, sent = InMemoryQueue(*[record(f"{n}.jpg") for n in range(25)]), Tally(), list[str]()

    def interrupted(payload: bytes) -> None:
        sent.append(key_of(payload))
        if len(sent) == 5:
            _thread.interrupt_main()

    with pytest.raises(KeyboardInterrupt):
        run(sqs, interrupted, tally)

    left = [json.loads(sqs.messages[one]["Body"])["requestPayload"] for one in sqs.visible]
    assert {key_of(json.dumps(event).encode()) for event in left} == {f"{n}.jpg" for n in range(25)} - set(sent)
    assert tally.sent == len(sent)


def test_limit_bounds_what_is_sent() -> None:
    sqs, tally = InMemoryQueue(*[record(f"{n}.jpg") for n in range(25)]), Tally()

    run(sqs, lambda _payload: None, tally, limit=12)

    assert tally.sent == 12
    assert len(sqs.visible) == 13


def test_listing_changes_nothing() -> None:
    sqs, tally = InMemoryQueue(*[record(f"{n}.jpg") for n in range(25)], "nonsense"), Tally()
    client: Any = sqs

    with FailureQueue(client, "url") as queue:
        failures = waiting(queue, tally, choice=Chosen(EVERYTHING), advance=lambda _count: None)

    assert len(failures) == 25
    assert len(tally.kept) == 1
    assert len(sqs.visible) == 26
