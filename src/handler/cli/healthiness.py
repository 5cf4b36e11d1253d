"""Whether a stack is healthy, by its troubles and by what could not be told, or cannot yet. Pure."""

from collections.abc import Callable
from enum import IntEnum

from handler.cli.facts import INTAKE, Counted, LogCount, StackFacts, Unknown
from handler.cli.log_counts import FAILED
from handler.cli.measures import counted
from handler.cli.troubles import troubles

RETRIED = "whether what failed lately succeeds when it is tried again"


class Healthiness(IntEnum):
    """How a stack is; also the exit status of the command."""

    HEALTHY = 0
    TROUBLE = 1
    UNKNOWN = 2


def health(facts: StackFacts) -> Healthiness:
    """Return 1 if there is a trouble, else 2 if something could not be told, else 0."""
    if troubles(facts):
        return Healthiness.TROUBLE
    return Healthiness.UNKNOWN if untold(facts) else Healthiness.HEALTHY


def untold(facts: StackFacts) -> tuple[Unknown, ...]:
    """Return what could not be told, or cannot yet: what failed lately may be between two tries, in no queue."""
    if failed := _failed(facts, lambda one: one.lately):
        said = f"{counted(failed, 'failure')} in the last quarter of an hour, and Lambda tries again: look again then"
        return (*facts.unknown, Unknown(RETRIED, said))
    intake, failed = facts.queue(INTAKE), _failed(facts, lambda one: one.hour)
    if failed and intake and intake.taken:
        held = f"{counted(intake.taken, 'message')} of the intake queue {'is' if intake.taken == 1 else 'are'} in work"
        said = f"{held} or between two tries, and {counted(failed, 'failure')} in the last hour: look again later"
        return (*facts.unknown, Unknown(RETRIED, said))
    return facts.unknown


def _failed(facts: StackFacts, when: Callable[[Counted | LogCount], int]) -> int:
    """Return how often the function failed, by Lambda's count and by its log, which count the same ones twice.

    CloudWatch has its counts some minutes late, and the log has nothing of what was ended from outside.
    """
    found: list[Counted | LogCount | None] = [facts.counts.get("Errors"), facts.log_counts.get(FAILED)]
    return max(when(one) if one else 0 for one in found)
