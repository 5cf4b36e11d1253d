"""Sends again what waits in the failure queue; what cannot be sent stays there."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from handler.cli.aws_errors import is_shared
from handler.cli.failure_queue import BATCH, Failure, FailureQueue, NotAFailedEvent, read
from handler.cli.output import one_line

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

Invoke = Callable[[bytes], None]  # raises what boto3 raises if the payload was not accepted
Advance = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Kept:
    """A message that stays in the queue, and why."""

    message_id: str
    reason: str


@dataclass(slots=True)
class Tally:
    """What became of the messages so far."""

    sent: int = 0
    kept: list[Kept] = field(default_factory=list)


def redrive(queue: FailureQueue, invoke: Invoke, tally: Tally, *, limit: int | None, advance: Advance) -> None:
    """Invoke the function with each event that waits, delete what it accepted, and keep *tally* meanwhile.

    Raises the first error that all messages would share (no permission, no function, no connection). When it
    is interrupted it ends the batch at hand first: every message is then either sent and deleted, or waits.
    """
    for batch in queue.batches(limit):
        failures = [failure for message in batch if (failure := _read_or_keep(message, tally))]
        accepted = list[str]()
        try:
            refused = _invoke_all(invoke, failures, accepted)
        finally:
            tally.sent += len(accepted)
            queue.delete(accepted)
        for message_id, error in refused.items():
            if not isinstance(error, ClientError) or is_shared(error):
                raise error
            tally.kept.append(Kept(message_id, f"not accepted: {one_line(error)}"))
        advance(len(batch))


def waiting(queue: FailureQueue, tally: Tally, *, limit: int | None, advance: Advance) -> list[Failure]:
    """Return the failed events in the queue, oldest first."""
    failures = []
    for batch in queue.batches(limit):
        failures += [failure for message in batch if (failure := _read_or_keep(message, tally))]
        advance(len(batch))
    return sorted(failures, key=lambda failure: failure.when)


def _invoke_all(invoke: Invoke, failures: Sequence[Failure], accepted: list[str]) -> dict[str, Exception]:
    """Add the message ids of what was accepted to *accepted*, even if interrupted; return the other ones' errors."""
    refused: dict[str, Exception] = {}

    def call(failure: Failure) -> None:
        try:
            invoke(failure.payload)
        except Exception as error:  # the caller's, in its own thread
            refused[failure.message_id] = error
        else:
            accepted.append(failure.message_id)

    pool = ThreadPoolExecutor(BATCH)
    try:
        for failure in failures:
            pool.submit(call, failure)
        pool.shutdown()
    finally:
        pool.shutdown()  # after Ctrl-C, for what is under way
    return refused


def _read_or_keep(message: "MessageTypeDef", tally: Tally) -> Failure | None:
    try:
        return read(message)
    except NotAFailedEvent as error:
        message_id = message["MessageId"]
        reason = f"cannot be read: {one_line(error)}; drop it with redrive --drop {message_id}, or let it expire"
        tally.kept.append(Kept(message_id, reason))
        return None
