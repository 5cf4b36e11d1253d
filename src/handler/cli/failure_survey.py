"""Looks through the failure queue, and leaves it as it is."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from botocore.exceptions import BotoCoreError, ClientError

from handler.cli.failed_events import Failure, examined
from handler.cli.failure_filter import FailureFilter
from handler.cli.failure_groups import FailureGroup, grouped
from handler.cli.failure_log import FailureLog, is_unexplained
from handler.cli.failure_queue import FailureQueue
from handler.cli.output import complain, one_line

Explain = Callable[[Sequence[Failure]], Sequence[Failure]]


def by_log(log: FailureLog, now: datetime) -> Explain:
    """Return what explains failures by *log*; if it cannot be read, that is said, and they stay unexplained."""

    def explain(failures: Sequence[Failure]) -> Sequence[Failure]:
        try:
            return log.explained(failures, now)
        except (BotoCoreError, ClientError) as error:
            complain(f"the function's log, which may say why queues gave events up, cannot be read: {one_line(error)}")
            return failures

    return explain


@dataclass(slots=True)
class Survey:
    """What was seen of the queue."""

    groups: list[FailureGroup] = field(default_factory=list)
    looked_at: int = 0
    left: int = 0  # by the filter
    whole: bool = True  # whether all that there was to see was looked at
    explained: dict[str, Failure] = field(default_factory=dict)  # by message id: what is known of what a queue gave up

    @property
    def taken(self) -> int:
        """How many the filter takes."""
        return self.looked_at - self.left


def survey(
    queue: FailureQueue,
    wanted: FailureFilter,
    *,
    limit: int | None = None,
    explain: Explain = list,
    advance: Callable[[int], None] = lambda _count: None,
) -> Survey:
    """Return what of *queue* is *wanted*, by cause, of *limit* messages or a few more; all are handed back.

    *explain* is given what queues gave up, and returns it with what is known of why. Somebody who looks at the same
    time sees the other messages only. Errors are botocore's.
    """
    seen = Survey()

    unexplained = list[Failure]()

    def failures() -> Iterator[Failure]:
        for batch in queue.batches():
            for failure in map(examined, batch):
                seen.looked_at += 1
                if is_unexplained(failure):
                    unexplained.append(failure)
                else:
                    yield failure
            advance(len(batch))
            if limit is not None and seen.looked_at >= limit:
                seen.whole = seen.looked_at >= queue.about
                break
        queue.hand_back()
        for failure in explain(unexplained) if unexplained else ():
            seen.explained[failure.message_id] = failure
            yield failure

    def taken() -> Iterator[Failure]:
        for failure in failures():
            if wanted.takes(failure):
                yield failure
            else:
                seen.left += 1

    try:
        seen.groups = grouped(taken())
    finally:
        queue.hand_back()
    return seen
