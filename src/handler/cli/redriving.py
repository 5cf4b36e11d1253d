"""Sends again what waits in the failure queue; what cannot be sent stays there."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NamedTuple

from botocore.exceptions import ClientError

from handler.cli.aws_errors import is_shared
from handler.cli.failed_events import Failure, examined
from handler.cli.failure_filter import FailureFilter
from handler.cli.failure_queue import BATCH, FailureQueue
from handler.cli.output import one_line

Invoke = Callable[[bytes], None]  # raises what boto3 raises if the payload was not accepted
Advance = Callable[[int], None]

IN_QUEUE = "drop it with redrive --drop {}, or let it expire"  # what to do about what cannot be read
IN_FILE = "it stays in the file alone"


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
    left: int = 0  # by the filter
    before: int = 0  # of a file: sent by an earlier run
    undeleted: int = 0  # of what was sent: SQS failed, so the next time it is sent once more


class Pace:
    """Spreads what is sent over time, *rate* a second at most; without a rate it does not wait."""

    def __init__(
        self,
        rate: int | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._rate, self._clock, self._sleep = rate, clock, sleep
        self._due = clock()

    @property
    def at_once(self) -> int:
        """How many may be sent together."""
        return min(BATCH, self._rate or BATCH)

    def wait(self, count: int) -> None:
        """Return when *count* more may be sent."""
        now = self._clock()
        if self._rate is None:
            return
        if self._due > now:
            self._sleep(self._due - now)
        self._due = max(self._due, now) + count / self._rate


class Chosen(NamedTuple):
    """Which events are meant."""

    wanted: FailureFilter
    limit: int | None = None  # how many at most
    explained: Mapping[str, Failure] = {}  # by message id: what is known of some besides their messages


def chosen(queue: FailureQueue, choice: Chosen, tally: Tally, advance: Advance) -> Iterator[list[Failure]]:
    """Yield what is meant of each batch of messages, and count what the filter leaves in *tally*.

    *advance* is told of the messages of which nothing is yielded; of the others whoever takes them tells.
    """
    taken, limit = 0, choice.limit
    for batch in queue.batches():
        some = list[Failure]()
        for one in map(examined, batch):
            failure = choice.explained.get(one.message_id, one)
            if not choice.wanted.takes(failure):
                tally.left += 1
            elif limit is None or taken < limit:
                taken += bool(failure.payload)  # what cannot be sent is none of them
                some.append(failure)
        advance(len(batch) - len(some))
        yield some
        if taken == limit:
            return


def redrive(queue: FailureQueue, invoke: Invoke, tally: Tally, *, choice: Chosen, pace: Pace, advance: Advance) -> None:
    """Invoke the function with each event of *choice*, delete what it accepted, and keep *tally* meanwhile.

    Raises the first error that all messages would share (no permission, no function, no connection). When it
    is interrupted it ends what is under way first: every message is then either sent and deleted, or waits.
    """
    for batch in chosen(queue, choice, tally, advance):
        failures = readable(batch, tally)
        advance(len(batch) - len(failures))
        for start in range(0, len(failures), pace.at_once):
            some = failures[start : start + pace.at_once]
            pace.wait(len(some))
            _send(queue, invoke, some, tally)
            advance(len(some))


def resend(
    failures: Sequence[Failure],
    invoke: Invoke,
    tally: Tally,
    *,
    limit: int | None,
    pace: Pace,
    advance: Advance,
    note: Callable[[Sequence[str]], None] = lambda _ids: None,
) -> None:
    """Invoke the function with *failures*, which wait in a file, *limit* of them at most.

    *note* is told of the message ids that were accepted, also where it is interrupted. Errors are those of `redrive`.
    """
    sendable = readable(failures, tally, IN_FILE)[:limit]
    advance(len(failures) - len(sendable))
    for start in range(0, len(sendable), pace.at_once):
        some, accepted = sendable[start : start + pace.at_once], list[str]()
        pace.wait(len(some))
        try:
            refused = _invoke_all(invoke, some, accepted)
        finally:
            tally.sent += len(accepted)
            note(accepted)
        _keep(refused, tally)
        advance(len(some))


def waiting(queue: FailureQueue, tally: Tally, *, choice: Chosen, advance: Advance) -> list[Failure]:
    """Return the failed events of *choice* in the queue, oldest first."""
    failures = list[Failure]()
    for batch in chosen(queue, choice, tally, advance):
        failures += readable(batch, tally)
        advance(len(batch))
    return sorted(failures, key=lambda failure: failure.moment)


def _send(queue: FailureQueue, invoke: Invoke, failures: Sequence[Failure], tally: Tally) -> None:
    """Invoke the function with *failures*, and delete what it accepted."""
    accepted = list[str]()
    try:
        refused = _invoke_all(invoke, failures, accepted)
    finally:
        tally.sent += len(accepted)
        tally.undeleted += len(queue.delete(accepted))
    _keep(refused, tally)


def _keep(refused: Mapping[str, Exception], tally: Tally) -> None:
    """Note what was not accepted; raise the first error that all others would meet with."""
    for message_id, error in refused.items():
        if not isinstance(error, ClientError) or is_shared(error):
            raise error
        tally.kept.append(Kept(message_id, f"not accepted: {one_line(error)}"))


def _invoke_all(invoke: Invoke, failures: Sequence[Failure], accepted: list[str]) -> dict[str, Exception]:
    """Add the message ids of what was accepted to *accepted*, even if interrupted; return the other ones' errors."""
    refused: dict[str, Exception] = {}

    def call(failure: Failure) -> None:
        try:
            invoke(failure.again)
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


def readable(failures: Sequence[Failure], tally: Tally, cure: str = IN_QUEUE) -> list[Failure]:
    """Return the *failures* that can be sent, and note the others as kept, with their *cure*."""
    for failure in failures:
        if not failure.payload:
            said = cure.format(failure.message_id)
            tally.kept.append(Kept(failure.message_id, f"cannot be read: {failure.error}; {said}"))
    return [failure for failure in failures if failure.payload]
