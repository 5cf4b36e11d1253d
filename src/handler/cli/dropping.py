"""Deletes messages of the failure queue that a person has named, having shown them first."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from handler.cli.failed_events import examined
from handler.cli.failure_queue import FailureQueue
from handler.cli.output import printable
from handler.cli.redriving import Advance

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

WIDTH = 100  # of a text that is shown, in characters


@dataclass(frozen=True, slots=True)
class NamedMessage:
    """A message that a person has named, and what it holds."""

    message_id: str
    sent: str  # ISO 8601, UTC
    objects: tuple[str, ...]  # bucket/key of each item; none if it cannot be read
    error: str  # why its event failed, or why it cannot be read
    body: str


@dataclass(frozen=True, slots=True)
class Drop:
    """What became of the messages that were named."""

    found: Sequence[NamedMessage]
    dropped: Sequence[str]  # ids, as all below
    left: Sequence[str]  # in the queue, since nobody agreed or SQS failed
    missing: Sequence[str]  # not in the queue, or held by somebody else

    def describe(self) -> dict[str, Any]:
        """Return what `redrive --drop --json` prints."""
        return asdict(self)


def drop(
    queue: FailureQueue, message_ids: Sequence[str], agree: Callable[[Sequence[NamedMessage]], bool], advance: Advance
) -> Drop:
    """Delete the messages of *message_ids* once *agree* has seen them and says so.

    All others are handed back before that. *advance* is told of every message that was looked at.
    """
    found = _find(queue, message_ids, advance)
    ids = [one.message_id for one in found]
    queue.hand_back(but=ids)
    left = queue.delete(ids) if ids and agree(found) else ids
    return Drop(found, _without(ids, left), left, _without(message_ids, ids))


def shown(named: Sequence[NamedMessage]) -> list[str]:
    """Return lines that tell what the messages hold."""
    lines = list[str]()
    for one in named:
        lines.append(f"{one.message_id}  {one.sent}  {', '.join(map(printable, one.objects)) or '(cannot be read)'}")
        lines += [f"  {_cut(printable(text))}" for text in (one.error, one.body) if text]
    return lines


def confirmed(named: Sequence[NamedMessage]) -> bool:
    """Ask whoever is at the terminal, and return whether the answer is yes."""
    what = "this message" if len(named) == 1 else f"these {len(named)} messages"
    return asked(f"delete {what} for ever?")


def asked(question: str) -> bool:
    """Ask *question* at the terminal, and return whether the answer is yes."""
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _find(queue: FailureQueue, message_ids: Sequence[str], advance: Advance) -> list[NamedMessage]:
    named: dict[str, NamedMessage] = {}
    for batch in queue.batches():
        named |= {one["MessageId"]: _named(one) for one in batch if one["MessageId"] in message_ids}
        advance(len(batch))
        if len(named) == len(message_ids):
            break
    return [named[one] for one in message_ids if one in named]


def _without(ids: Sequence[str], some: Sequence[str]) -> list[str]:
    return [one for one in ids if one not in some]


def _named(message: "MessageTypeDef") -> NamedMessage:
    failure = examined(message)
    sent = datetime.fromtimestamp(int(message["Attributes"]["SentTimestamp"]) / 1000, UTC)
    when = f"{sent:%Y-%m-%dT%H:%M:%SZ}"
    return NamedMessage(failure.message_id, when, failure.objects, failure.error, message["Body"])


def _cut(text: str) -> str:
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 1]}…"
