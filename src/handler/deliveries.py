"""What an event asks for, and how its source is answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from handler.core.again import Again
from handler.core.backfill import Backfill
from handler.core.model import MatchKind, ObjectRef, Outcome

Document = Mapping[str, Any]


class UnknownEvent(Exception):
    """The event has none of the accepted shapes; the message names what was seen, by its path."""


class ItemsFailed(Exception):
    """Some items of an event failed, so the source has to send it again; items that went well repeat safely."""


@dataclass(frozen=True, slots=True)
class Created:
    """Index this object."""

    ref: ObjectRef
    backfill: Backfill | None = None  # the job that found it; None: something was stored
    hash: int | None = None  # of other software: nothing is to be read


@dataclass(frozen=True, slots=True)
class Removed:
    """Forget this object; where it names a version, only if that is the one that is known."""

    ref: ObjectRef


@dataclass(frozen=True, slots=True)
class LookUp:
    """Tell the matches of this object."""

    ref: ObjectRef
    tell: MatchKind | None = None  # the least that counts; None: what is set


@dataclass(frozen=True, slots=True)
class Ignored:
    """Nothing is to be done, for this reason."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """One item of a batch that has no accepted shape: it fails alone."""

    error: UnknownEvent


Action = Created | Removed | Again | LookUp | Ignored | Unreadable


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


def _result_code(result: Result) -> str:
    if result.error is not None:
        return "TemporaryFailure"
    return "PermanentFailure" if result.outcome in (Outcome.REJECTED, Outcome.GONE) else "Succeeded"
