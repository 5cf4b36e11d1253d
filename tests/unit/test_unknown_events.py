"""What the function is not made for is refused by what it is, with the path of what is wrong with it."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.deliveries import UnknownEvent, Unreadable
from handler.events import decode
from tests.events import queued
from tests.unit.test_events import bridge_event, s3_record, sns

EVENTS = Path(__file__).parents[2] / "events"
TRAIL = {
    "source": "aws.s3",
    "detail-type": "AWS API Call via CloudTrail",
    "detail": {"eventName": "PutObject", "requestParameters": {"bucketName": "b", "key": "a.jpg"}},
}


def broken(event: dict[str, Any], *path: str | int, **change: Any) -> dict[str, Any]:
    """Return *event* with another value (`to`) at *path*, or none at all."""
    copy = json.loads(json.dumps(event))
    place = copy
    for step in path[:-1]:
        place = place[step]
    if change:
        place[path[-1]] = change["to"]
    else:
        del place[path[-1]]
    return copy  # type: ignore[no-any-return]  # what json.loads gave


NOTIFIED, BRIDGED, LOOKUP = {"Records": [s3_record()]}, bridge_event(), {"lookup": {"bucket": "b", "key": "a.jpg"}}
JOB = {
    "invocationSchemaVersion": "2.0",
    "invocationId": "i",
    "tasks": [{"taskId": "t", "s3Bucket": "b", "s3Key": "a.jpg"}],
}
QUEUED = queued(NOTIFIED)


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ({"foo": 1}, "no Records, detail, tasks, backfill or lookup (top-level keys: ['foo']); accepted are "),
        ({"Records": []}, "no Records"),
        ([], "the event is a list, want an object"),
        (None, "the event is null, want an object"),
        ({"Records": "text"}, 'Records is "text", want a list'),
        ({"Records": ["text"]}, 'Records[0] is "text", want an object'),
        ({"Records": [{"eventSource": "aws:kinesis"}]}, "Records[0] is a record with neither s3 nor Sns"),
        (broken(NOTIFIED, "Records", 0, "eventName"), "Records[0].eventName is missing"),
        (broken(NOTIFIED, "Records", 0, "s3", "object"), "Records[0].s3.object is missing"),
        (broken(NOTIFIED, "Records", 0, "s3", "object", "key"), "Records[0].s3.object.key is missing"),
        (
            broken(NOTIFIED, "Records", 0, "s3", "object", "key", to=""),
            'Records[0].s3.object.key is "", want a string ',
        ),
        (broken(NOTIFIED, "Records", 0, "s3", "bucket", to=[]), "Records[0].s3.bucket is a list, want an object"),
        (
            broken(NOTIFIED, "Records", 0, "s3", "object", "sequencer", to=7),
            "Records[0].s3.object.sequencer is 7, want a string",
        ),
        (
            broken(NOTIFIED, "Records", 0, "s3", "object", "size", to="0"),
            'Records[0].s3.object.size is "0", want a whole number',
        ),
        ({"Records": [{"Sns": {"Message": "{"}}]}, "Records[0].Sns.Message is not JSON: "),
        (sns({"Records": [{"s3": {}}]}), "Records[0].Sns.Message.Records[0].eventName is missing"),
        (broken(BRIDGED, "detail"), "detail is missing"),
        (broken(BRIDGED, "detail-type"), "detail-type is missing"),
        (broken(BRIDGED, "detail", "object"), "detail.object is missing"),
        (broken(BRIDGED, "detail", "bucket", "name", to=5), "detail.bucket.name is 5, want a string"),
        (broken(BRIDGED, "source", to="aws.ec2"), "it is 'Object Created' from 'aws.ec2'; accepted are "),
        (TRAIL, "it is one of CloudTrail ('AWS API Call via CloudTrail'), not of S3 itself; accepted are "),
        ({"Records": [{"eventSource": "s3.amazonaws.com"}]}, "Records[0] is a record of CloudTrail; accepted are "),
        (broken(JOB, "invocationId"), "invocationId is missing"),
        (broken(JOB, "tasks", to={}), "tasks is an object, want a list"),
        (broken(JOB, "tasks", 0, "s3Key"), "tasks[0].s3Key is missing"),
        (broken(JOB, "tasks", 0, "s3Bucket"), "tasks[0].s3BucketArn is missing"),
        (broken(QUEUED, "Records", 0, "messageId"), "Records[0].messageId is missing"),
        ({"requestPayload": {"Records": [{"s3": 1}]}}, "requestPayload.Records[0].eventName is missing"),
        ({"requestPayload": "text"}, 'requestPayload is "text", want an object'),
        ({"lookup": "b/a.jpg"}, 'lookup is "b/a.jpg", want an object'),
        (broken(LOOKUP, "lookup", "key"), "lookup.key is missing"),
        (broken(LOOKUP, "lookup", "bucket", to=5), "lookup.bucket is 5, want a string"),
        (broken(LOOKUP, "lookup", "key", to="\ud800"), 'lookup.key is "\\ud800", want a string'),
        (broken(LOOKUP, "lookup", "version", to=""), 'lookup.version is "", want a string that is not empty'),
        (broken(LOOKUP, "lookup", "prefix", to="a"), "lookup has 'prefix': accepted are bucket, key, version"),
        (broken(LOOKUP, "version", to="a"), "an event with lookup has 'version': accepted are lookup"),
    ],
)
def test_unknown_event_is_refused_with_what_was_seen(event: dict[str, Any], said: str) -> None:
    with pytest.raises(UnknownEvent) as caught:
        decode(event)

    assert str(caught.value).startswith(f"unknown event: {said}")
    assert "\n" not in str(caught.value)


def test_bad_message_says_where_it_is_bad() -> None:
    (item,) = decode(queued({"Records": [{"s3": {}}]})).items

    assert isinstance(item.action, Unreadable)
    assert str(item.action.error) == "SQS message m0: unknown event: Records[0].body.Records[0].eventName is missing"


def test_event_in_more_events_than_ever_happens_is_refused() -> None:
    event: dict[str, Any] = NOTIFIED
    for _ in range(5_000):
        event = {"requestPayload": event}

    with pytest.raises(UnknownEvent, match="an event in an event, more than 10 deep"):
        decode(event)


NAMES = st.sampled_from(
    [
        *("Records", "eventSource", "eventName", "s3", "bucket", "name", "object", "key", "size", "sequencer"),
        *("versionId", "version-id", "Sns", "Message", "messageId", "body", "source", "detail-type", "detail"),
        *("deletion-type", "tasks", "taskId", "s3Bucket", "s3BucketArn", "s3Key", "invocationSchemaVersion"),
        *("invocationId", "requestPayload", "Event", "Type", "lookup", "version"),
    ]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.characters(categories=["Cs"])
WORDS = st.sampled_from(
    [
        *("aws:sqs", "aws:s3", "aws.s3", "s3.amazonaws.com", "Notification", "s3:TestEvent", "Object Created"),
        *("Object Deleted", "ObjectCreated:Put", "ObjectRemoved:Delete", "AWS API Call via CloudTrail"),
    ]
)
SAMPLES = [json.loads(path.read_text()) for path in sorted(EVENTS.glob("*.json"))]


def containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    within = inner | inner.map(json.dumps)
    return st.lists(within, max_size=3) | st.dictionaries(NAMES | st.text(max_size=5), within, max_size=6)


DOCUMENTS = st.recursive(SCALARS | WORDS, containers, max_leaves=20)


@given(DOCUMENTS)
def test_any_document_is_accepted_or_refused(document: Any) -> None:
    with suppress(UnknownEvent):
        assert decode(document).items is not None


@given(st.data())
def test_sample_with_anything_in_any_place_is_accepted_or_refused(data: st.DataObject) -> None:
    event = json.loads(json.dumps(data.draw(st.sampled_from(SAMPLES))))
    place = event
    while True:
        step = data.draw(st.sampled_from(list(place) if isinstance(place, dict) else list(range(len(place)))))
        inner = place[step]
        if not inner or not isinstance(inner, dict | list) or data.draw(st.booleans()):
            break
        place = inner
    if data.draw(st.booleans()):
        place[step] = data.draw(DOCUMENTS)
    else:
        del place[step]

    with suppress(UnknownEvent):
        assert decode(event).items is not None
