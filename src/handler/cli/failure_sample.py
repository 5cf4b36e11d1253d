"""Why events failed for good, by a sample of the failure queue, which stays as it is. Errors are botocore's."""

from typing import Any

from handler.cli.facts import FailureCause, WaitingFailures
from handler.cli.failure_filter import FailureFilter
from handler.cli.failure_groups import FailureGroup
from handler.cli.failure_queue import FailureQueue
from handler.cli.failure_survey import Explain, survey

SAMPLE = 100  # messages


def failures(client: Any, url: str, explain: Explain = list) -> WaitingFailures:
    """Return what waits in the failure queue, by the causes that `lookalike failures` tells: a sample, handed back.

    *explain* is given what queues gave up, and returns it with what is known of why.
    """
    with FailureQueue(client, url) as waits:
        if not waits.about:
            return WaitingFailures(0, whole=True, causes=())
        seen = survey(waits, FailureFilter(waits.began), limit=SAMPLE, explain=explain)
    return WaitingFailures(seen.looked_at, seen.whole, tuple(map(_cause, seen.groups)))


def _cause(group: FailureGroup) -> FailureCause:
    example = group.example
    return FailureCause(
        cause=group.cause.name,
        detail=group.cause.detail,
        page=group.page,
        events=group.count,
        oldest=group.oldest.isoformat(timespec="seconds"),
        example=next(iter(example.objects), ""),
        error=example.error,
    )
