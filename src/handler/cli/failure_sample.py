"""Why events failed for good, by a sample of the failure queue, which stays as it is. Errors are botocore's."""

import re
from collections import defaultdict
from collections.abc import Iterable
from itertools import islice
from typing import Any

from handler.cli.causes import UNKNOWN
from handler.cli.facts import FailureCause, WaitingFailures
from handler.cli.failed_events import Failure, examined
from handler.cli.failure_queue import FailureQueue
from handler.cli.stacks import DeployedStack

SAMPLE = 100  # messages
_ERROR = re.compile(r"(?:\d+ of \d+ items failed: )?(.*)", re.DOTALL)


def failures(client: Any, stack: DeployedStack) -> WaitingFailures:
    """Return what waits in the failure queue, by cause: a sample, which is handed back at once."""
    with FailureQueue(client, stack.output("FailureQueueUrl")) as waits:
        if not waits.about:
            return WaitingFailures(0, (), ())
        seen = list(islice((examined(one) for batch in waits.batches() for one in batch), SAMPLE))
    found = sorted((one for one in seen if one.payload), key=lambda one: one.moment)
    unreadable = tuple(one.message_id for one in seen if not one.payload)
    return WaitingFailures(len(found), unreadable, tuple(by_cause(found)))


def by_cause(found: Iterable[Failure]) -> list[FailureCause]:
    """Return the failed events by condition and cause, those with most events first."""
    groups = defaultdict[tuple[str, str], list[Failure]](list)
    for one in found:
        groups[_told(one), one.condition].append(one)
    causes = [
        FailureCause(error, condition, len(some), min(one.when for one in some), next(iter(some[0].objects), ""))
        for (error, condition), some in groups.items()
    ]
    return sorted(causes, key=lambda one: (-one.events, one.oldest))


def _told(failure: Failure) -> str:
    """What made it fail: the name of the cause and of what, or the error itself where that says no more."""
    cause = failure.cause
    if cause.name != UNKNOWN.name:
        return f"{cause.name}: {cause.detail}" if cause.detail else cause.name
    whole = _ERROR.fullmatch(failure.error)
    return whole[1] if whole else failure.error
