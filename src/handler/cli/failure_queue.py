"""The failure queue: what waits in it, each event once, and nothing lost."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from handler.cli.output import complain, one_line
from handler.core.again import Again
from handler.deliveries import Created, Ignored, Item, LookUp, Removed, UnknownEvent
from handler.events import decode

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import (
        ChangeMessageVisibilityBatchRequestEntryTypeDef,
        DeleteMessageBatchRequestEntryTypeDef,
        MessageTypeDef,
    )

BATCH = 10  # messages; the most that SQS gives and takes at once
HOLD_S = 300  # nobody else sees a message meanwhile; many times longer than a batch takes
LATE_BATCHES = 10  # in a row without a message that was there at the start: then no other can be expected


class NotAFailedEvent(Exception):
    """A message that holds no failed event of the function; the text is the reason."""


class _Blame(NamedTuple):
    """Why an event is here, and what is known of the cause."""

    condition: str
    error: str


FROM_A_QUEUE = _Blame("ReceivesExhausted", "failed each time that it was taken from the queue: its log lines say why")


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed event: as Lambda recorded it, or itself, as it waited in a queue or could not be delivered to one."""

    message_id: str
    when: str  # ISO 8601, UTC
    condition: str  # Lambda's word (RetriesExhausted, EventAgeExceeded), ReceivesExhausted or Undelivered
    error: str
    objects: tuple[str, ...]  # bucket/key of each item
    payload: bytes  # the event itself


class FailureQueue:
    """The messages that were in the queue at the start; as a context manager it hands back what is not deleted."""

    def __init__(self, client: "SQSClient", url: str) -> None:
        """Ask the queue how much waits, and for the time: what fails again must not be taken for waiting."""
        self._client, self._url = client, url
        answer = client.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
        self.about = int(answer["Attributes"]["ApproximateNumberOfMessages"])
        # SQS's own clock, since SentTimestamp is by it; it tells whole seconds, so take the end of this one.
        date = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
        self._start_ms = int(date.timestamp() * 1000) + 1000
        self._held: dict[str, str] = {}  # message id: latest receipt handle
        self._deleted: set[str] = set()

    def batches(self, limit: int | None = None) -> Iterator[list["MessageTypeDef"]]:
        """Yield the messages, each once however often SQS delivers it, and at most *limit* in all."""
        left, late = limit, 0
        while left != 0 and late < LATE_BATCHES:
            answer = self._client.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=BATCH if left is None else min(BATCH, left),
                VisibilityTimeout=HOLD_S,
                WaitTimeSeconds=1,  # asks all of SQS's servers; without it an answer may be empty by chance
                MessageSystemAttributeNames=["SentTimestamp"],
                MessageAttributeNames=["ERROR_CODE", "ERROR_MESSAGE"],  # EventBridge's
            )
            received = {message["MessageId"]: message for message in answer.get("Messages", [])}
            if not received:
                return
            batch = [message for message in received.values() if self._is_due(message)]
            self._held |= {message_id: message["ReceiptHandle"] for message_id, message in received.items()}
            self.delete([message_id for message_id in received if message_id in self._deleted])
            late = 0 if batch else late + 1
            left = None if left is None else left - len(batch)
            if batch:
                yield batch

    def delete(self, message_ids: Sequence[str]) -> list[str]:
        """Delete held messages; return those that SQS failed to delete. They come again, and repeat safely."""
        failed = list[str]()
        for some in _chunks(message_ids):
            entries: list[DeleteMessageBatchRequestEntryTypeDef] = [
                {"Id": str(number), "ReceiptHandle": self._held.pop(one)} for number, one in enumerate(some)
            ]
            self._deleted.update(some)
            answer = self._client.delete_message_batch(QueueUrl=self._url, Entries=entries)
            failed += [some[int(one["Id"])] for one in answer.get("Failed", [])]
        return failed

    def hand_back(self, but: Collection[str] = ()) -> None:
        """Make what is held visible again, as if it had not been received; all *but* these."""
        back = [message_id for message_id in self._held if message_id not in but]
        for some in _chunks(back):
            entries: list[ChangeMessageVisibilityBatchRequestEntryTypeDef] = [
                {"Id": str(number), "ReceiptHandle": self._held.pop(one), "VisibilityTimeout": 0}
                for number, one in enumerate(some)
            ]
            self._client.change_message_visibility_batch(QueueUrl=self._url, Entries=entries)

    def __enter__(self) -> "FailureQueue":
        """Return the queue itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Hand back what is held; if that fails, it is visible again after HOLD_S all the same."""
        try:
            self.hand_back()
        except (BotoCoreError, ClientError) as problem:
            complain(f"could not hand back what was kept ({one_line(problem)}): it is in the queue again in {HOLD_S} s")

    def _is_due(self, message: "MessageTypeDef") -> bool:
        known = message["MessageId"] in self._held or message["MessageId"] in self._deleted
        return not known and int(message["Attributes"]["SentTimestamp"]) < self._start_ms


def read(message: "MessageTypeDef") -> Failure:
    """Return the failed event that *message* holds. Raises NotAFailedEvent if there is none."""
    try:
        body = json.loads(message["Body"])
    except (ValueError, RecursionError) as error:
        raise NotAFailedEvent(f"not JSON: {error}") from error
    if not isinstance(body, Mapping):
        raise NotAFailedEvent("neither an event nor the record of one that failed: want an object")
    recorded = "requestPayload" in body
    event = body["requestPayload"] if recorded else body
    if not isinstance(event, Mapping):
        raise NotAFailedEvent("not the record of a failed invocation: want an object as its requestPayload")
    try:
        items = decode(event).items
    except (UnknownEvent, RecursionError) as error:
        raise NotAFailedEvent(str(error)) from error
    blame = _recorded(body) if recorded else _undelivered(message) or FROM_A_QUEUE
    return Failure(
        message_id=message["MessageId"],
        when=str((recorded and body.get("timestamp")) or _iso(int(message["Attributes"]["SentTimestamp"]))),
        condition=blame.condition,
        error=blame.error,
        objects=tuple(_object(item) for item in items),
        payload=json.dumps(event, separators=(",", ":")).encode(),
    )


def _recorded(record: Mapping[str, Any]) -> _Blame:
    """What Lambda says of an invocation that failed for good."""
    answer, context = record.get("responsePayload"), record.get("requestContext")
    return _Blame(
        str(context.get("condition", "")) if isinstance(context, Mapping) else "",
        str(answer.get("errorMessage", "") if isinstance(answer, Mapping) else answer or ""),
    )


def _undelivered(message: "MessageTypeDef") -> _Blame | None:
    """What EventBridge says of an event that the queue before the function did not take; None if it says nothing."""
    said = {name: one.get("StringValue", "") for name, one in message.get("MessageAttributes", {}).items()}
    parts = [said[name] for name in ("ERROR_CODE", "ERROR_MESSAGE") if name in said]
    return _Blame("Undelivered", ": ".join(parts)) if parts else None


def _object(item: Item) -> str:
    match item.action:
        case Created(ref) | Removed(ref) | Again(ref) | LookUp(ref):
            return f"{ref.bucket}/{ref.key}"
        case Ignored(reason):
            return f"({reason})"
        case unreadable:
            return f"({unreadable.error})"


def _chunks(everything: Sequence[str]) -> Iterator[Sequence[str]]:
    return (everything[start : start + BATCH] for start in range(0, len(everything), BATCH))


def _iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
