"""What one message of the failure queue tells: which event failed, when, and what is known of why."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from handler.cli.causes import Cause, cause_of
from handler.cli.output import one_line
from handler.core.again import Again
from handler.core.correlation import correlation_id
from handler.core.model import ObjectRef
from handler.deliveries import Created, Ignored, Item, LookUp, Removed, UnknownEvent
from handler.events import MAX_WRAPPINGS, decode

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

UNREADABLE = "Unreadable"  # in place of a condition
REDRIVEN = "redriven"  # beside the event that is sent again: how often that was done
MOST_REDRIVEN = 1000  # that are counted: anybody may have written the message
FROM_A_QUEUE = "failed each time that it was taken from the queue: its log lines say why"


class NotAFailedEvent(Exception):
    """A message that holds no failed event of the function; the text is the reason."""


class _Blame(NamedTuple):
    """Why an event is here, and what is known of the cause."""

    condition: str
    error: str
    error_type: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed event: as Lambda recorded it, or itself, as it waited in a queue or could not be delivered to one."""

    message_id: str
    when: str  # ISO 8601, UTC
    condition: str  # Lambda's word (RetriesExhausted, EventAgeExceeded), ReceivesExhausted, Undelivered or Unreadable
    error: str
    error_type: str  # as Lambda recorded it; empty where nobody did
    objects: tuple[str, ...]  # bucket/key of each item
    source: str  # what kind of event it is
    request_id: str  # of the invocation that failed; empty for what no invocation did
    correlation_id: str  # of its first object: what all lines about that upload have; empty where it is of none
    redriven: int  # how often it was sent again before
    payload: bytes  # the event itself; empty if there is none that can be read

    @property
    def cause(self) -> Cause:
        """What made it fail, as far as the record tells."""
        return cause_of(self.condition, self.error_type, self.error)

    @property
    def moment(self) -> datetime:
        """When it failed for good; of what was in a queue before, when it was sent there."""
        return datetime.fromisoformat(self.when)

    @property
    def again(self) -> bytes:
        """What the function is to be sent: the event, and how often it was sent again, so that a record tells."""
        return b'{"%s":{"times":%d},"requestPayload":%s}' % (REDRIVEN.encode(), self.redriven + 1, self.payload)


def read(message: "MessageTypeDef") -> Failure:
    """Return the failed event that *message* holds. Raises NotAFailedEvent if there is none."""
    try:
        body = json.loads(message["Body"])
    except (ValueError, RecursionError) as error:
        raise NotAFailedEvent(f"not JSON: {error}") from error
    if not isinstance(body, Mapping):
        raise NotAFailedEvent("neither an event nor the record of one that failed: want an object")
    recorded = "requestPayload" in body
    event, redriven = _unwrapped(body["requestPayload"] if recorded else body)
    if not isinstance(event, Mapping):
        raise NotAFailedEvent("not the record of a failed invocation: want an object as its requestPayload")
    try:
        items = decode(event).items
    except (UnknownEvent, RecursionError) as error:
        raise NotAFailedEvent(str(error)) from error
    blame = _recorded(body) if recorded else _undelivered(message) or _Blame("ReceivesExhausted", FROM_A_QUEUE)
    return Failure(
        message_id=message["MessageId"],
        when=_time(body.get("timestamp") if recorded else None) or _sent(message),
        condition=blame.condition,
        error=blame.error,
        error_type=blame.error_type,
        objects=tuple(_object(item) for item in items),
        source=_source(event),
        request_id=_request(body) if recorded else "",
        correlation_id=next((correlation_id(ref) for ref in map(_ref, items) if ref), ""),
        redriven=redriven,
        payload=json.dumps(event, separators=(",", ":")).encode(),
    )


def examined(message: "MessageTypeDef") -> Failure:
    """Return what *message* holds, also if that is no failed event: then its payload is empty and `error` says why."""
    try:
        return read(message)
    except NotAFailedEvent as error:
        return Failure(
            message["MessageId"], _sent(message), UNREADABLE, one_line(error), "", (), "unknown", "", "", 0, payload=b""
        )


def _unwrapped(event: Any) -> tuple[Any, int]:
    """Return the event that was sent again, and how often, 0 to MOST_REDRIVEN; any other as it is."""
    redriven = 0
    for _ in range(MAX_WRAPPINGS):
        if not (isinstance(event, Mapping) and REDRIVEN in event and "requestPayload" in event):
            break
        redriven += _times(event[REDRIVEN])
        event = event["requestPayload"]
    return event, min(redriven, MOST_REDRIVEN)


def _times(said: Any) -> int:
    """Return how often *said* says that the event was sent again: once if that is no such number, since it was."""
    times = said.get("times") if isinstance(said, Mapping) else None
    return times if type(times) is int and 1 <= times <= MOST_REDRIVEN else 1  # a bool is no count


def _recorded(record: Mapping[str, Any]) -> _Blame:
    """What Lambda says of an invocation that failed for good."""
    answer, context = record.get("responsePayload"), record.get("requestContext")
    condition = str(context.get("condition", "")) if isinstance(context, Mapping) else ""
    if not isinstance(answer, Mapping):
        return _Blame(condition, str(answer or ""))
    return _Blame(condition, str(answer.get("errorMessage") or ""), str(answer.get("errorType") or ""))


def _request(record: Mapping[str, Any]) -> str:
    context = record.get("requestContext")
    return str(context.get("requestId", "")) if isinstance(context, Mapping) else ""


def _undelivered(message: "MessageTypeDef") -> _Blame | None:
    """What EventBridge says of an event that the queue before the function did not take; None if it says nothing."""
    said = {name: one.get("StringValue", "") for name, one in message.get("MessageAttributes", {}).items()}
    parts = [said[name] for name in ("ERROR_CODE", "ERROR_MESSAGE") if name in said]
    return _Blame("Undelivered", ": ".join(parts)) if parts else None


def _source(event: Mapping[str, Any]) -> str:
    """What kind of event it is, in a word or two; *event* was decoded before."""
    for name, source in (("backfill", "backfill"), ("again", "come again"), ("lookup", "look-up"), ("tasks", "batch")):
        if name in event:
            return source
    if "detail" in event:
        return "EventBridge"
    if "requestPayload" in event:
        return "Lambda"
    (first, *_) = event.get("Records") or [{"Sns": None}]
    return "SNS" if "Sns" in first else {"aws:sqs": "SQS"}.get(str(first.get("eventSource")), "S3")


def _ref(item: Item) -> ObjectRef | None:
    """The object of an upload, or of a removal."""
    match item.action:
        case Created(ref) | Removed(ref) | Again(ref):
            return ref
        case _:
            return None


def _object(item: Item) -> str:
    match item.action:
        case Created(ref) | Removed(ref) | Again(ref) | LookUp(ref):
            return f"{ref.bucket}/{ref.key}"
        case Ignored(reason):
            return f"({reason})"
        case unreadable:
            return f"({unreadable.error})"


def _time(text: Any) -> str | None:
    """Return *text* if it is a moment, with its offset."""
    try:
        return str(text) if datetime.fromisoformat(str(text)).tzinfo else None
    except ValueError:
        return None


def _sent(message: "MessageTypeDef") -> str:
    sent = datetime.fromtimestamp(int(message["Attributes"]["SentTimestamp"]) / 1000, UTC)
    return sent.isoformat(timespec="milliseconds").replace("+00:00", "Z")
