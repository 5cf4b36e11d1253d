import json
from pathlib import Path

import pytest

from handler.cli.failed_events import NotAFailedEvent, read
from handler.core.correlation import correlation_id
from handler.core.model import ObjectRef
from handler.core.sequencers import padded_sequencer
from tests.events import coming_again, notification
from tests.unit.cli.failures import EVENTS, RECORD, message


def test_reads_what_lambda_recorded() -> None:
    failure = read(message(json.dumps(RECORD)))

    assert failure.objects == ("amzn-s3-demo-bucket/uploads/astronaut (edited).jpg",)
    assert (failure.condition, failure.when) == ("RetriesExhausted", "2029-12-04T09:14:41.027Z")
    assert failure.error.startswith("1 of 1 items failed: EndpointConnectionError")
    assert json.loads(failure.payload) == RECORD["requestPayload"]


def test_record_without_time_is_as_old_as_its_message() -> None:
    body = json.dumps({"requestPayload": RECORD["requestPayload"], "responsePayload": None})

    failure = read(message(body))

    assert (failure.when, failure.condition, failure.error) == ("2026-10-30T23:00:00.000Z", "", "")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("no JSON", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "neither an event nor the record of one that failed"),
        ("{}", "unknown event: no Records"),
        ('{"requestPayload": null}', "not the record of a failed invocation"),
        ('{"requestPayload": {"nonsense": 1}}', "unknown event: no Records"),
    ],
)
def test_what_is_not_a_failed_event_is_refused(body: str, reason: str) -> None:
    with pytest.raises(NotAFailedEvent, match=reason):
        read(message(body))


def test_failed_event_has_the_id_of_its_upload_also_where_it_was_sent_again_or_comes_again() -> None:
    ref = ObjectRef("pictures", "a.jpg", padded_sequencer("5"))
    bodies = [
        {"requestPayload": notification(ref)},
        {"requestPayload": {"redriven": {"times": 2}, "requestPayload": notification(ref)}},
        coming_again(ref),
    ]

    assert [read(message(json.dumps(body))).correlation_id for body in bodies] == [correlation_id(ref)] * 3


@pytest.mark.parametrize(
    ("said", "redriven"),
    [
        ('{"times": 3}', 3),
        ('{"times": -7}', 1),
        ('{"times": 0}', 1),
        ('{"times": true}', 1),
        ('{"times": 1.5}', 1),
        ('{"times": "9"}', 1),
        (f'{{"times": {"9" * 4000}}}', 1),
        ("{}", 1),
        ("null", 1),
    ],
    ids=lambda one: str(one)[:20],
)
def test_how_often_an_event_was_sent_again_is_no_more_than_a_number_that_may_be(said: str, redriven: int) -> None:
    """Whoever may send to the queue may have written it."""
    event = json.dumps(RECORD["requestPayload"])

    failure = read(message(f'{{"requestPayload": {{"redriven": {said}, "requestPayload": {event}}}}}'))

    assert failure.redriven == redriven
    assert json.loads(failure.again)["redriven"] == {"times": redriven + 1}
    assert json.loads(failure.payload) == RECORD["requestPayload"]


def test_event_that_is_wrapped_without_end_is_counted_and_not_unwrapped_without_end() -> None:
    event = RECORD["requestPayload"]
    for _ in range(8):
        event = {"redriven": {"times": 1000}, "requestPayload": event}

    assert read(message(json.dumps({"requestPayload": event}))).redriven == 1000
    for _ in range(100):
        event = {"redriven": {"times": 1}, "requestPayload": event}
    with pytest.raises(NotAFailedEvent):
        read(message(json.dumps({"requestPayload": event})))


@pytest.mark.parametrize("name", ["s3-object-created", "eventbridge-object-created", "eventbridge-object-deleted"])
def test_event_that_a_queue_gave_up_is_read_as_it_is(name: str) -> None:
    event = json.loads((EVENTS / f"{name}.json").read_text())

    failure = read(message(json.dumps(event)))

    assert json.loads(failure.payload) == event
    assert failure.objects[0].startswith("amzn-s3-demo-bucket/")
    assert (failure.when, failure.condition) == ("2026-10-30T23:00:00.000Z", "ReceivesExhausted")
    assert failure.error.startswith("failed each time")


def test_event_that_no_queue_took_says_why() -> None:
    event = json.loads((EVENTS / "eventbridge-object-created.json").read_text())
    said = {"ERROR_CODE": "NO_PERMISSIONS", "ERROR_MESSAGE": "not authorized"}
    attributes = {name: {"DataType": "String", "StringValue": text} for name, text in said.items()}

    failure = read(message(json.dumps(event)) | {"MessageAttributes": attributes})

    assert (failure.condition, failure.error) == ("Undelivered", "NO_PERMISSIONS: not authorized")


@pytest.mark.parametrize("path", sorted(EVENTS.glob("*.json")), ids=lambda path: path.stem)
def test_every_accepted_event_can_be_redriven(path: Path) -> None:
    event = json.loads(path.read_text())

    failure = read(message(json.dumps({"requestPayload": event})))

    assert json.loads(failure.payload) == event
    assert failure.objects


def test_picture_that_came_again_in_vain_is_read_as_its_queue_sent_it_on() -> None:
    document = coming_again(ObjectRef("pictures", "a b.jpg", version="v1"), attempt=100)

    failure = read(message(json.dumps(document)))

    assert (failure.objects, json.loads(failure.payload)) == (("pictures/a b.jpg",), document)
