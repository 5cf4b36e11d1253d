"""Looks through the failure queue, and leaves it as it is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from handler.cli.failed_events import Failure, examined
from handler.cli.failure_filter import FailureFilter
from handler.cli.failure_groups import FailureGroup, grouped
from handler.cli.failure_queue import FailureQueue


@dataclass(slots=True)
class Survey:
    """What was seen of the queue."""

    groups: list[FailureGroup] = field(default_factory=list)
    looked_at: int = 0
    left: int = 0  # by the filter
    whole: bool = True  # whether all that there was to see was looked at

    @property
    def taken(self) -> int:
        """How many the filter takes."""
        return self.looked_at - self.left


def survey(
    queue: FailureQueue,
    wanted: FailureFilter,
    *,
    limit: int | None = None,
    advance: Callable[[int], None] = lambda _count: None,
) -> Survey:
    """Return what of *queue* is *wanted*, by cause, of *limit* messages or a few more; all are handed back.

    Somebody who looks at the same time sees the others only. Errors are botocore's.
    """
    seen = Survey()

    def failures() -> Iterator[Failure]:
        for batch in queue.batches():
            for failure in map(examined, batch):
                seen.looked_at += 1
                if wanted.takes(failure):
                    yield failure
                else:
                    seen.left += 1
            advance(len(batch))
            if limit is not None and seen.looked_at >= limit:
                seen.whole = seen.looked_at >= queue.about
                return

    try:
        seen.groups = grouped(failures())
    finally:
        queue.hand_back()
    return seen
