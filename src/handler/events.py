"""AWS envelopes in.

Accepted: S3 notifications, EventBridge events, both also inside SNS or SQS; S3 Batch Operations 1.0
and 2.0; what `lookalike backfill` sends; a picture that comes again; a failed event as Lambda's
on-failure destination wraps it; and a direct look-up. Keys are form-encoded in S3 notifications and
batch tasks (`a+b` is "a b"), and plain in all others.
"""

from collections.abc import Iterator
from datetime import datetime
from urllib.parse import unquote_plus

from handler.core.again import Again
from handler.core.backfill import Backfill, BackfillTell
from handler.core.fields import Field, WrongField
from handler.core.model import TELLS, MatchKind, ObjectRef
from handler.core.phash import from_hex
from handler.core.sequencers import padded_sequencer
from handler.deliveries import (
    Action,
    BatchDelivery,
    Created,
    Delivery,
    Document,
    Ignored,
    Item,
    LookUp,
    LookUpDelivery,
    QueueDelivery,
    Removed,
    UnknownEvent,
    Unreadable,
)

ACCEPTED = (
    "accepted are S3's notifications and its EventBridge events (each also in SNS or SQS), "
    "tasks of S3 Batch Operations, backfills, failed events and look-ups"
)
LOOK_UP_FIELDS = ("bucket", "key", "version", "tell")
BACKFILL_FIELDS = ("bucket", "key", "job", "began", "tell", "hash")
MAX_WRAPPINGS = 10  # an event in SNS in SQS that failed has three


def decode(event: Document) -> Delivery:
    """Return what *event* asks for. Raises UnknownEvent, and nothing else, if it has no accepted shape."""
    try:
        return _delivery(Field(event), MAX_WRAPPINGS)
    except WrongField as error:
        raise _unknown(error) from error


def _unknown(error: WrongField) -> UnknownEvent:
    return UnknownEvent(f"unknown event: {error}")


def _delivery(event: Field, wrappings: int) -> Delivery:
    """What *event* asks for, unless it is in more than so many *wrappings*."""
    if "lookup" in event:
        return LookUpDelivery([Item(_look_up(event))])
    if "tasks" in event:
        job = _job_of_s3(event)
        return BatchDelivery(
            items=[Item(_task(task, job), receipt=task["taskId"].text()) for task in event["tasks"].each()],
            schema_version=event["invocationSchemaVersion"].text(),
            invocation_id=event["invocationId"].text(),
        )
    records = event["Records"].each() if event.get("Records") else []
    if records and all("eventSource" in record and record["eventSource"].value == "aws:sqs" for record in records):
        items = [item for record in records for item in _message_items(record, wrappings)]
        # One after the other, so the first take what time they need: what comes again was told of most before.
        return QueueDelivery(sorted(items, key=lambda item: isinstance(item.action, Again)))
    actions = list(_actions(event, wrappings))
    unreadable = [action.error for action in actions if isinstance(action, Unreadable)]
    if unreadable and len(unreadable) == len(actions):
        raise unreadable[0]
    return Delivery([Item(action) for action in actions])


def _message_items(message: Field, wrappings: int) -> Iterator[Item]:
    receipt = message["messageId"].text()
    try:
        for action in _actions(message["body"].document(), wrappings - 1):
            yield Item(_from(receipt, action.error) if isinstance(action, Unreadable) else action, receipt)
    except (UnknownEvent, WrongField) as error:
        # A bad body fails alone: whatever it may say, the other messages of the batch are good.
        yield Item(_from(receipt, error if isinstance(error, UnknownEvent) else _unknown(error)), receipt)


def _from(receipt: str, error: UnknownEvent) -> Unreadable:
    return Unreadable(UnknownEvent(f"SQS message {receipt}: {error}"))


def _actions(event: Field, wrappings: int) -> Iterator[Action]:
    """Yield what one document asks for, however deep it is wrapped."""
    if wrappings < 0:
        raise WrongField(f"it is an event in an event, more than {MAX_WRAPPINGS} deep")
    if "requestPayload" in event:  # Lambda's record of a failed invocation
        yield from (item.action for item in _delivery(event["requestPayload"], wrappings - 1).items)
    elif _is(event, "Event", "s3:TestEvent"):
        yield Ignored("s3:TestEvent")
    elif _is(event, "Type", "Notification"):  # SNS to SQS without raw delivery
        yield from _actions(event["Message"].document(), wrappings - 1)
    elif "again" in event:
        yield _again(event["again"])
    elif "backfill" in event:
        yield _backfilled(event["backfill"])
    elif "detail-type" in event or ("source" in event and "detail" in event):
        yield _bridged(event)
    elif event.get("Records") and (records := event["Records"].each()):
        for record in records:
            yield from _record_actions(record, wrappings)
    else:
        raise WrongField(f"no Records, detail, tasks, backfill or lookup ({_seen(event)}); {ACCEPTED}")


def _is(event: Field, name: str, value: str) -> bool:
    return name in event and event[name].value == value


def _record_actions(record: Field, wrappings: int) -> Iterator[Action]:
    """Yield what one record asks for: a bad one fails alone."""
    try:
        yield from _asked_by(record, wrappings)
    except UnknownEvent as error:
        yield Unreadable(error)
    except WrongField as error:
        yield Unreadable(_unknown(error))


def _asked_by(record: Field, wrappings: int) -> Iterator[Action]:
    if "Sns" in record:
        yield from _actions(record["Sns"]["Message"].document(), wrappings - 1)
    elif "s3" in record:
        yield _notified(record)
    elif "eventSource" in record and str(record["eventSource"].value).endswith(".amazonaws.com"):
        raise WrongField(f"{record.path} is a record of CloudTrail; {ACCEPTED}")
    else:
        raise WrongField(f"{record.path} is a record with neither s3 nor Sns ({_seen(record)}); {ACCEPTED}")


def _notified(record: Field) -> Action:
    """One record of an S3 notification."""
    name = record["eventName"].text().removeprefix("s3:")
    created = name.startswith("ObjectCreated:")
    if not created and not name.startswith(("ObjectRemoved:", "LifecycleExpiration:")):
        return Ignored(name)
    ref = _ref(record["s3"]["bucket"], record["s3"]["object"], version="versionId")
    ref = ObjectRef(ref.bucket, unquote_plus(ref.key), ref.sequencer, ref.version)
    if created:
        return _created(ref, record["s3"]["object"])
    return _removed(ref, marker=name.endswith(":DeleteMarkerCreated"))


def _bridged(event: Field) -> Action:
    """One event of EventBridge."""
    source, name = event["source"].text(), event["detail-type"].text()
    if name.endswith("via CloudTrail"):
        raise WrongField(f"it is one of CloudTrail ({name!r}), not of S3 itself; {ACCEPTED}")
    if source != "aws.s3" or not name.startswith("Object "):
        raise WrongField(f"it is {name!r} from {source!r}; {ACCEPTED}")
    if name not in ("Object Created", "Object Deleted"):
        return Ignored(name)
    detail = event["detail"]
    ref = _ref(detail["bucket"], detail["object"], version="version-id")
    if name == "Object Created":
        return _created(ref, detail["object"])
    return _removed(ref, marker=_is(detail, "deletion-type", "Delete Marker Created"))


def _ref(bucket: Field, described: Field, *, version: str) -> ObjectRef:
    """The object that S3 describes, with its key as it is written there."""
    given, name = described.get("sequencer"), described.get(version)
    try:
        sequencer = padded_sequencer(given.text() if given else None)
    except ValueError as error:
        raise WrongField(f"{described.path}.sequencer: {error}") from error
    return ObjectRef(bucket["name"].name(), described["key"].name(), sequencer, name.text() if name else None)


def _created(ref: ObjectRef, described: Field) -> Action:
    size = described.get("size")
    # Consoles make "folders" as empty objects whose key ends in a slash.
    if size and size.whole_number() == 0 and ref.key.endswith("/"):
        return Ignored("folder marker")
    return Created(ref)


def _removed(ref: ObjectRef, *, marker: bool) -> Action:
    # A delete marker hides whatever is there; its own version id is not the picture's.
    return Removed(ObjectRef(ref.bucket, ref.key, ref.sequencer) if marker else ref)


def _backfilled(asked: Field) -> Action:
    """What `lookalike backfill` has found in a bucket."""
    if unknown := [name for name in asked.names() if name not in BACKFILL_FIELDS]:
        raise WrongField(f"{asked.path} has {', '.join(map(repr, unknown))}: accepted are {', '.join(BACKFILL_FIELDS)}")
    job, given = _backfill(asked, asked["job"].name()), asked.get("hash")
    try:
        hash = from_hex(given.text()) if given else None
    except ValueError as error:
        raise WrongField(f"backfill.hash: {error}") from error
    return Created(ObjectRef(asked["bucket"].name(), asked["key"].name()), job, hash)


def _job_of_s3(event: Field) -> Backfill:
    """The job of S3 Batch Operations: what it tells is in its user arguments, which schema 2.0 has."""
    job = event.get("job")
    given = job.get("userArguments") if job else None
    # It reports itself what it is done with.
    return _backfill(given, None) if given and "tell" in given else Backfill(None)


def _backfill(given: Field, job: str | None) -> Backfill:
    """Which pairs a job tells; the time at which it began is needed unless that is all of them."""
    if given["tell"].text() not in tuple(BackfillTell):
        raise given["tell"].wrong(f"want one of {', '.join(BackfillTell)}")
    tell = BackfillTell(given["tell"].text())
    began = given["began"] if tell is not BackfillTell.ALL else given.get("began")
    if began and not _is_time(began.text()):
        raise began.wrong("want a time with its offset, such as 2026-05-01T10:11:12+00:00")
    return Backfill(job, tell, began.text() if began else None)


def _is_time(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _task(task: Field, job: Backfill) -> Action:
    """One task of S3 Batch Operations: 1.0 names the bucket by ARN, 2.0 by name.

    A manifest may list every version; only the current one can answer, so that is what each task indexes.
    """
    bucket = task["s3Bucket"].name() if "s3Bucket" in task else task["s3BucketArn"].name().rpartition(":")[2]
    return Created(ObjectRef(bucket, unquote_plus(task["s3Key"].name())), job)


def _look_up(event: Field) -> LookUp:
    asked = event["lookup"]
    for place, known in ((event, ("lookup",)), (asked, LOOK_UP_FIELDS)):
        if unknown := [name for name in place.names() if name not in known]:
            where = place.path or "an event with lookup"
            raise WrongField(f"{where} has {', '.join(map(repr, unknown))}: accepted are {', '.join(known)}")
    version, tell = asked.get("version"), asked.get("tell")
    if tell and tell.text() not in TELLS:
        raise tell.wrong(f"want one of {', '.join(TELLS)}")
    ref = ObjectRef(asked["bucket"].name(), asked["key"].name(), version=version.name() if version else None)
    return LookUp(ref, MatchKind(tell.text()) if tell else None)


def _again(asked: Field) -> Again:
    """What this function wrote itself: the object as it was stored, so its key is plain."""
    version, given = asked.get("version"), asked["sequencer"]
    try:
        sequencer = padded_sequencer(given.text())
    except ValueError as error:
        raise given.wrong(str(error)) from error
    if (attempt := asked["attempt"].whole_number()) < 1:
        raise asked["attempt"].wrong("want 1 or more")
    ref = ObjectRef(asked["bucket"].name(), asked["key"].name(), sequencer, version.name() if version else None)
    backfilled = asked.get("backfill")
    job = backfilled.get("job") if backfilled else None
    found = _backfill(backfilled, job.name() if job else None) if backfilled else None
    return Again(ref, attempt, asked["since"].text(), found)


def _seen(place: Field) -> str:
    return f"top-level keys: {sorted(map(str, place.names()))[:10]}"
