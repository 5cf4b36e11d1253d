import json
import re
from pathlib import Path
from typing import Any

import pytest

from handler.core.again import Again
from handler.core.backfill import Backfill, BackfillTell
from handler.core.model import MatchKind, ObjectRef, Outcome
from handler.core.sequencers import LOWEST_SEQUENCER, padded_sequencer
from handler.deliveries import (
    BatchDelivery,
    Created,
    Delivery,
    Ignored,
    Item,
    ItemsFailed,
    LookUp,
    LookUpDelivery,
    QueueDelivery,
    Removed,
    Result,
    UnknownEvent,
    Unreadable,
)
from handler.events import decode
from tests.events import batch_job, coming_again, queued

EVENTS = Path(__file__).parents[2] / "events"
SEQUENCER = "0055AED6DCD90281E5"


def s3_record(name: str = "ObjectCreated:Put", key: str = "a.jpg", **described: Any) -> dict[str, Any]:
    described = {"key": key, "size": 10, "sequencer": SEQUENCER} | described
    return {"eventSource": "aws:s3", "eventName": name, "s3": {"bucket": {"name": "b"}, "object": described}}


def bridge_event(name: str = "Object Created", key: str = "a.jpg", **detail: Any) -> dict[str, Any]:
    described = {"key": key, "size": 10, "sequencer": SEQUENCER}
    return {"source": "aws.s3", "detail-type": name, "detail": {"bucket": {"name": "b"}, "object": described} | detail}


def sns(message: Any) -> dict[str, Any]:
    return {"Records": [{"EventSource": "aws:sns", "Sns": {"Message": json.dumps(message)}}]}


def actions(event: dict[str, Any]) -> list[Any]:
    return [item.action for item in decode(event).items]


KEYS = [
    ("a+b.jpg", "a b.jpg"),
    ("a%2Bb.jpg", "a+b.jpg"),
    ("100%25.jpg", "100%.jpg"),
    ("%22quoted%22.jpg", '"quoted".jpg'),
    ("folder/%E7%8C%AB.jpg", "folder/猫.jpg"),
]


@pytest.mark.parametrize(("encoded", "key"), KEYS)
def test_notification_keys_are_form_decoded_in_every_record(encoded: str, key: str) -> None:
    event = {"Records": [s3_record(key="first.jpg"), s3_record(key=encoded)]}

    assert [action.ref.key for action in actions(event)] == ["first.jpg", key]


@pytest.mark.parametrize("key", [key for _, key in KEYS] + ["a%2Bb.jpg"])
def test_eventbridge_keys_are_taken_as_they_are(key: str) -> None:
    (action,) = actions(bridge_event(key=key))

    assert action.ref.key == key


@pytest.mark.parametrize(
    "name", ["ObjectCreated:Put", "ObjectCreated:Post", "ObjectCreated:Copy", "ObjectCreated:CompleteMultipartUpload"]
)
def test_every_way_to_create_an_object_indexes_it(name: str) -> None:
    event = {"Records": [s3_record(name, versionId="v1")]}

    assert actions(event) == [Created(ObjectRef("b", "a.jpg", padded_sequencer(SEQUENCER), "v1"))]


@pytest.mark.parametrize("name", ["ObjectRemoved:Delete", "LifecycleExpiration:Delete"])
def test_permanent_removal_concerns_the_version_it_names(name: str) -> None:
    event = {"Records": [s3_record(name, versionId="v1")]}

    assert actions(event) == [Removed(ObjectRef("b", "a.jpg", padded_sequencer(SEQUENCER), "v1"))]


@pytest.mark.parametrize("name", ["ObjectRemoved:DeleteMarkerCreated", "LifecycleExpiration:DeleteMarkerCreated"])
def test_delete_marker_hides_whatever_version_is_there(name: str) -> None:
    event = {"Records": [s3_record(name, versionId="the-marker's")]}

    assert actions(event) == [Removed(ObjectRef("b", "a.jpg", padded_sequencer(SEQUENCER)))]


def test_eventbridge_removals_are_told_apart_by_deletion_type() -> None:
    event = bridge_event("Object Deleted", **{"deletion-type": "Delete Marker Created"})
    event["detail"]["object"]["version-id"] = "v1"
    (hidden,) = actions(event)
    event["detail"]["deletion-type"] = "Permanently Deleted"
    (deleted,) = actions(event)

    assert (hidden.ref.version, deleted.ref.version) == (None, "v1")


def test_removal_without_sequencer_has_the_lowest() -> None:
    record = s3_record("LifecycleExpiration:Delete")
    del record["s3"]["object"]["sequencer"]

    assert actions({"Records": [record]}) == [Removed(ObjectRef("b", "a.jpg", LOWEST_SEQUENCER))]


def test_what_asks_for_nothing_is_ignored_with_its_reason() -> None:
    events: list[dict[str, Any]] = [
        {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"},
        {"Records": [s3_record(key="folder/", size=0)]},
        {"Records": [s3_record("ObjectTagging:Put")]},
    ]

    reasons = [action.reason for event in events for action in actions(event)]

    assert reasons == ["s3:TestEvent", "folder marker", "ObjectTagging:Put"]


def test_key_that_ends_in_a_slash_but_has_content_is_a_picture() -> None:
    assert isinstance(actions({"Records": [s3_record(key="odd/", size=9)]})[0], Created)


@pytest.mark.parametrize(
    "inner", [{"Records": [s3_record(key="x.jpg")]}, bridge_event(key="x.jpg")], ids=["s3", "eventbridge"]
)
def test_wrapped_events_ask_for_the_same_as_bare_ones(inner: dict[str, Any]) -> None:
    notification = {"Type": "Notification", "Message": json.dumps(inner)}
    failed = {"requestContext": {"condition": "RetriesExhausted"}, "requestPayload": inner}

    for wrapped in (queued(inner), sns(inner), queued(notification), failed, queued(failed)):
        assert actions(wrapped) == actions(inner)


def test_bad_message_of_a_batch_fails_alone() -> None:
    delivery = decode(queued({"Records": [s3_record()]}, "not json", {"foo": 1}, "[" * 200_000))

    assert [type(item.action) for item in delivery.items] == [Created, Unreadable, Unreadable, Unreadable]


def test_bad_record_of_a_notification_fails_alone() -> None:
    delivery = decode({"Records": [s3_record(), s3_record(sequencer="0" * 33), s3_record(key="b.jpg")]})

    assert [type(item.action) for item in delivery.items] == [Created, Unreadable, Created]


def test_queue_reply_names_each_failed_message_once() -> None:
    delivery = decode(queued({"Records": [s3_record(), s3_record(key="b.jpg")]}, {"Records": [s3_record(key="c.jpg")]}))
    first, second, third = delivery.items
    error = RuntimeError("down")

    reply = delivery.reply([Result(first, error=error), Result(second, error=error), Result(third, Outcome.INDEXED)])

    assert isinstance(delivery, QueueDelivery)
    assert reply == {"batchItemFailures": [{"itemIdentifier": "m0"}]}


def test_failed_item_of_an_asynchronous_event_makes_it_come_again() -> None:
    delivery = decode({"Records": [s3_record(), s3_record(key="b.jpg")]})
    first, second = delivery.items

    with pytest.raises(ItemsFailed, match="1 of 2 items failed: RuntimeError: down"):
        delivery.reply([Result(first, Outcome.INDEXED), Result(second, error=RuntimeError("down"))])


@pytest.mark.parametrize(("version", "where"), [("1.0", {"s3BucketArn": "arn:aws:s3:::b"}), ("2.0", {"s3Bucket": "b"})])
def test_batch_operations_tasks_are_indexed_and_answered(version: str, where: dict[str, str]) -> None:
    tasks = [{"taskId": f"t{n}", "s3Key": "a+b.jpg", "s3VersionId": "v1", **where} for n in range(4)]
    delivery = decode({"invocationSchemaVersion": version, "invocationId": "i", "job": {"id": "j"}, "tasks": tasks})
    assert [item.action for item in delivery.items] == [Created(ObjectRef("b", "a b.jpg"), Backfill(None))] * 4

    outcomes = [
        {"outcome": Outcome.INDEXED},
        {"outcome": Outcome.REJECTED, "detail": "empty: no bytes"},
        {"outcome": Outcome.GONE},
        {"error": RuntimeError("down")},
    ]
    reply = delivery.reply([Result(item, **kind) for item, kind in zip(delivery.items, outcomes, strict=True)])  # type: ignore[arg-type]  # heterogeneous keyword arguments

    assert isinstance(delivery, BatchDelivery)
    assert (reply["invocationSchemaVersion"], reply["invocationId"]) == (version, "i")
    assert [(r["taskId"], r["resultCode"], r["resultString"]) for r in reply["results"]] == [
        ("t0", "Succeeded", "indexed"),
        ("t1", "PermanentFailure", "empty: no bytes"),
        ("t2", "PermanentFailure", "gone"),
        ("t3", "TemporaryFailure", "down"),
    ]


BEGAN = "2026-05-01T10:11:12+00:00"


@pytest.mark.parametrize("tell", BackfillTell)
def test_tasks_are_told_as_the_arguments_of_the_job_say(tell: BackfillTell) -> None:
    event = batch_job([ObjectRef("b", "a.jpg")])
    event["job"]["userArguments"] = {"tell": tell.value, "began": BEGAN, "reason": "moving"}

    assert actions(event) == [Created(ObjectRef("b", "a.jpg"), Backfill(None, tell, BEGAN))]


def test_backfill_says_its_job_and_what_it_tells() -> None:
    asked = {"bucket": "b", "key": "a+b.jpg", "job": "j", "began": BEGAN, "tell": "none"}

    assert actions(queued({"backfill": asked})) == actions({"backfill": asked})
    assert actions({"backfill": asked}) == [
        Created(ObjectRef("b", "a+b.jpg"), Backfill("j", BackfillTell.NONE, BEGAN)),
    ]


@pytest.mark.parametrize("job", [None, "j"])
def test_backfill_that_comes_again_says_what_it_tells(job: str | None) -> None:
    again = Again(ObjectRef("b", "a.jpg"), 1, BEGAN, Backfill(job, BackfillTell.NONE, BEGAN))

    assert actions(again.document()) == [again]


def test_imported_hash_is_taken_as_it_is() -> None:
    asked = {"bucket": "b", "key": "a.jpg", "job": "j", "tell": "all", "hash": "00ff00ff00ff00ff"}

    assert actions({"backfill": asked}) == [Created(ObjectRef("b", "a.jpg"), Backfill("j"), 0x00FF_00FF_00FF_00FF)]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"tell": "some"}, 'backfill.tell is "some", want one of none, report, all'),
        ({"began": "2026-05-01T10:11:12"}, "backfill.began is .*, want a time with its offset"),
        ({"began": "yesterday"}, "backfill.began is .*, want a time with its offset"),
        ({"job": ""}, "backfill.job is .*, want a string that is not empty"),
        ({"hash": "00FF"}, "backfill.hash: bad hash '00FF': want 16 lower-case hex digits"),
        ({"version": "v"}, "backfill has 'version': accepted are bucket, key, job, began, tell, hash"),
    ],
)
def test_backfill_that_says_something_else_is_refused(change: dict[str, str], why: str) -> None:
    asked = {"bucket": "b", "key": "a.jpg", "job": "j", "began": BEGAN, "tell": "none"}

    with pytest.raises(UnknownEvent, match=why):
        decode({"backfill": asked | change})


def test_quiet_backfill_has_to_say_when_it_began() -> None:
    with pytest.raises(UnknownEvent, match=re.escape("backfill.began is missing")):
        decode({"backfill": {"bucket": "b", "key": "a.jpg", "job": "j", "tell": "none"}})


def test_look_up_answers_its_caller() -> None:
    delivery = decode({"lookup": {"bucket": "b", "key": "a+b.jpg"}})
    (item,) = delivery.items

    assert isinstance(delivery, LookUpDelivery)
    assert item.action == LookUp(ObjectRef("b", "a+b.jpg"))
    assert delivery.reply([Result(item, Outcome.INDEXED, answer={"matches": []})]) == {"matches": []}
    with pytest.raises(RuntimeError, match="down"):
        delivery.reply([Result(item, error=RuntimeError("down"))])


def test_look_up_may_say_what_it_wants_to_be_told() -> None:
    (item,) = decode({"lookup": {"bucket": "b", "key": "k", "tell": "alike"}}).items

    assert item.action == LookUp(ObjectRef("b", "k"), MatchKind.ALIKE)
    with pytest.raises(UnknownEvent, match=r"lookup\.tell is \"exact\", want one of near, altered, alike"):
        decode({"lookup": {"bucket": "b", "key": "k", "tell": "exact"}})


@pytest.mark.parametrize("name", ["Object Restore Completed", "Object Tags Added"])
def test_other_events_of_s3_ask_for_nothing(name: str) -> None:
    assert actions(bridge_event(name)) == [Ignored(name)]


@pytest.mark.parametrize("path", sorted(EVENTS.glob("*.json")), ids=lambda path: path.stem)
def test_every_sample_event_is_understood(path: Path) -> None:
    delivery = decode(json.loads(path.read_text()))

    assert delivery.items
    assert not any(isinstance(item.action, Unreadable) for item in delivery.items)
    assert any(isinstance(item.action, Ignored) for item in delivery.items) is any(
        word in path.stem for word in ("test-event", "folder")
    )


def test_plain_delivery_tells_outcomes() -> None:
    item = Item(Created(ObjectRef("b", "a.jpg")))

    assert Delivery([item]).reply([Result(item, Outcome.INDEXED)]) == {"outcomes": ["indexed"]}


def test_picture_that_comes_again_is_read_as_it_was_sent() -> None:
    ref = ObjectRef("b", "a+b c.jpg", padded_sequencer(SEQUENCER), "v1")

    delivery = decode(queued(coming_again(ref, attempt=2)))

    assert isinstance(delivery, QueueDelivery)
    assert [item.action for item in delivery.items] == [Again(ref, 2, "2026-01-01T00:00:00+00:00")]
    assert actions(coming_again(ref, attempt=2)) == [Again(ref, 2, "2026-01-01T00:00:00+00:00")]  # redriven


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({"sequencer": "0" * 33}, 'again.sequencer is "000'),
        ({"attempt": "1"}, 'again.attempt is "1", want a whole number'),
        ({"attempt": 0}, "again.attempt is 0, want 1 or more"),
        ({"since": None}, "again.since is null, want a string"),
    ],
)
def test_what_does_not_come_again_is_named(changed: dict[str, Any], wrong: str) -> None:
    document = coming_again(ObjectRef("b", "a.jpg"))

    with pytest.raises(UnknownEvent) as refused:
        decode({"again": document["again"] | changed})

    assert wrong in str(refused.value)
