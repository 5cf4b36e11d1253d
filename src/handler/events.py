"""AWS envelopes in, replies out.

Accepted: S3 notifications, EventBridge events, both also inside SNS or SQS; S3 Batch Operations 1.0
and 2.0; a failed event as Lambda's on-failure destination wraps it; and a direct look-up. Keys are
form-encoded in S3 notifications and batch tasks (`a+b` is "a b"), and plain in EventBridge events.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from handler.core.model import ObjectRef, Outcome, padded_sequencer

Document = Mapping[str, Any]

# What reading a document of another shape, or hostile JSON, raises.
UNREADABLE = (AttributeError, KeyError, TypeError, ValueError, RecursionError)


class UnknownEvent(Exception):
    """The event has none of the accepted shapes; the message names what was seen."""


class ItemsFailed(Exception):
    """Some items of an event failed, so the source has to send it again; items that went well repeat safely."""


@dataclass(frozen=True, slots=True)
class Created:
    """Index this object."""

    ref: ObjectRef


@dataclass(frozen=True, slots=True)
class Removed:
    """Forget this object; where it names a version, only if that is the one that is known."""

    ref: ObjectRef


@dataclass(frozen=True, slots=True)
class LookUp:
    """Tell the matches of this object."""

    ref: ObjectRef


@dataclass(frozen=True, slots=True)
class Ignored:
    """Nothing is to be done, for this reason."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """One item of a batch that has no accepted shape: it fails alone."""

    error: UnknownEvent


Action = Created | Removed | LookUp | Ignored | Unreadable


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to do, and the source's own name for it (an SQS message id, a batch task id)."""

    action: Action
    receipt: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one item: an outcome with a line about it, or the error that stopped it."""

    item: Item
    outcome: Outcome | None = None
    detail: str = ""
    answer: Document | None = None  # a look-up's
    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event that nobody waits for: S3, SNS, EventBridge. A failure makes Lambda send it again."""

    items: Sequence[Item]

    def reply(self, results: Sequence[Result]) -> dict[str, Any]:
        """Return the outcomes; raise ItemsFailed if any item failed."""
        failed = [result.error for result in results if result.error is not None]
        if failed:
            first = failed[0]
            raise ItemsFailed(
                f"{len(failed)} of {len(results)} items failed: {type(first).__name__}: {first}"
            ) from first
        return {"outcomes": [str(result.outcome) for result in results]}


@dataclass(frozen=True, slots=True)
class QueueDelivery(Delivery):
    """A batch of SQS messages."""

    def reply(self, results: Sequence[Result]) -> dict[str, Any]:
        """Return the partial-batch reply: only messages with a failed item come again."""
        failed = dict.fromkeys(result.item.receipt for result in results if result.error is not None)
        return {"batchItemFailures": [{"itemIdentifier": receipt} for receipt in failed]}


@dataclass(frozen=True, slots=True)
class BatchDelivery(Delivery):
    """Tasks of an S3 Batch Operations job."""

    schema_version: str
    invocation_id: str

    def reply(self, results: Sequence[Result]) -> dict[str, Any]:
        """Return one result a task: errors are temporary, pictures that cannot be used permanent failures."""
        return {
            "invocationSchemaVersion": self.schema_version,
            "treatMissingKeysAs": "PermanentFailure",
            "invocationId": self.invocation_id,
            "results": [
                {
                    "taskId": result.item.receipt,
                    "resultCode": _result_code(result),
                    "resultString": str(result.error or result.detail or result.outcome)[:1024],
                }
                for result in results
            ],
        }


@dataclass(frozen=True, slots=True)
class LookUpDelivery(Delivery):
    """A caller that waits for an answer."""

    def reply(self, results: Sequence[Result]) -> dict[str, Any]:
        """Return the answer; an error is the caller's."""
        (result,) = results
        if result.error is not None:
            raise result.error
        return dict(result.answer or {})


def decode(event: Document) -> Delivery:
    """Return what *event* asks for. Raises UnknownEvent if it has no accepted shape."""
    if not isinstance(event, Mapping):
        raise UnknownEvent(f"unknown event: want an object, got {type(event).__name__}")
    try:
        if "lookup" in event:
            return LookUpDelivery([Item(LookUp(_look_up_ref(event["lookup"])))])
        if "tasks" in event:
            return BatchDelivery(
                items=[Item(_task(task), receipt=task["taskId"]) for task in event["tasks"]],
                schema_version=event["invocationSchemaVersion"],
                invocation_id=event["invocationId"],
            )
        records = event.get("Records")
        if records and all(record.get("eventSource") == "aws:sqs" for record in records):
            return QueueDelivery([item for record in records for item in _message_items(record)])
        actions = list(_actions(event))
    except UNREADABLE as error:
        raise UnknownEvent(f"unknown event: {type(error).__name__} {error} ({_seen(event)})") from error
    unreadable = [action.error for action in actions if isinstance(action, Unreadable)]
    if unreadable and len(unreadable) == len(actions):
        raise unreadable[0]
    return Delivery([Item(action) for action in actions])


def _message_items(message: Document) -> Iterator[Item]:
    receipt = message["messageId"]
    try:
        for action in _actions(json.loads(message["body"])):
            yield Item(action, receipt)
    except (UnknownEvent, *UNREADABLE) as error:
        # A bad body fails alone: whatever it may say, the other messages of the batch are good.
        yield Item(Unreadable(UnknownEvent(f"SQS message {receipt}: {type(error).__name__}: {error}")), receipt)


def _actions(document: Any) -> Iterator[Action]:
    """Yield what one document asks for, however deep it is wrapped."""
    if not isinstance(document, Mapping):
        raise UnknownEvent(f"unknown event: want an object, got {type(document).__name__}")
    if "requestPayload" in document:  # Lambda's record of a failed invocation
        yield from (item.action for item in decode(document["requestPayload"]).items)
    elif document.get("Event") == "s3:TestEvent":
        yield Ignored("s3:TestEvent")
    elif document.get("Type") == "Notification":  # SNS to SQS without raw delivery
        yield from _actions(json.loads(document["Message"]))
    elif document.get("source") == "aws.s3" and "detail" in document:
        yield _bridged(document["detail-type"], document["detail"])
    elif document.get("Records"):
        for record in document["Records"]:
            try:
                yield from _record_actions(record)
            except (UnknownEvent, *UNREADABLE) as error:
                said = f"{type(error).__name__} {error} ({_seen(record)})"
                yield Unreadable(error if isinstance(error, UnknownEvent) else UnknownEvent(f"unknown event: {said}"))
    else:
        raise UnknownEvent(f"unknown event: no Records, detail, tasks or lookup ({_seen(document)})")


def _record_actions(record: Document) -> Iterator[Action]:
    if "Sns" in record:
        yield from _actions(json.loads(record["Sns"]["Message"]))
    elif "s3" in record:
        yield _notified(record)
    else:
        raise UnknownEvent(f"unknown event: a record with neither s3 nor Sns ({_seen(record)})")


def _notified(record: Document) -> Action:
    """One record of an S3 notification."""
    name = record["eventName"].removeprefix("s3:")
    described = record["s3"]["object"]
    return _changed(
        name,
        created=name.startswith("ObjectCreated:"),
        removed=name.startswith(("ObjectRemoved:", "LifecycleExpiration:")),
        marker=name.endswith(":DeleteMarkerCreated"),
        size=described.get("size"),
        ref=ObjectRef(
            bucket=record["s3"]["bucket"]["name"],
            key=unquote_plus(described["key"]),
            sequencer=padded_sequencer(described.get("sequencer")),
            version=described.get("versionId"),
        ),
    )


def _bridged(name: str, detail: Document) -> Action:
    """One EventBridge event of S3."""
    described = detail["object"]
    return _changed(
        name,
        created=name == "Object Created",
        removed=name == "Object Deleted",
        marker=detail.get("deletion-type") == "Delete Marker Created",
        size=described.get("size"),
        ref=ObjectRef(
            bucket=detail["bucket"]["name"],
            key=described["key"],
            sequencer=padded_sequencer(described.get("sequencer")),
            version=described.get("version-id"),
        ),
    )


def _changed(name: str, *, created: bool, removed: bool, marker: bool, size: int | None, ref: ObjectRef) -> Action:
    if created:
        # Consoles make "folders" as empty objects whose key ends in a slash.
        return Ignored("folder marker") if ref.key.endswith("/") and size == 0 else Created(ref)
    if removed:
        # A delete marker hides whatever is there; its own version id is not the picture's.
        return Removed(ObjectRef(ref.bucket, ref.key, ref.sequencer) if marker else ref)
    return Ignored(name)


def _task(task: Document) -> Action:
    """One task of S3 Batch Operations: 1.0 names the bucket by ARN, 2.0 by name.

    A manifest may list every version; only the current one can answer, so that is what each task indexes.
    """
    bucket = task["s3Bucket"] if "s3Bucket" in task else task["s3BucketArn"].rpartition(":")[2]
    return Created(ObjectRef(bucket, unquote_plus(task["s3Key"])))


def _look_up_ref(asked: Document) -> ObjectRef:
    bucket, key, version = asked["bucket"], asked["key"], asked.get("version")
    if not (isinstance(bucket, str) and isinstance(key, str) and isinstance(version, str | None)):
        raise TypeError(f"want strings for bucket, key and version, got {bucket!r}, {key!r}, {version!r}")
    return ObjectRef(bucket, key, version=version)


def _result_code(result: Result) -> str:
    if result.error is not None:
        return "TemporaryFailure"
    return "PermanentFailure" if result.outcome in (Outcome.REJECTED, Outcome.GONE) else "Succeeded"


def _seen(document: Document) -> str:
    if not isinstance(document, Mapping):
        return f"got {type(document).__name__}"
    return f"top-level keys: {sorted(map(str, document))[:10]}"
