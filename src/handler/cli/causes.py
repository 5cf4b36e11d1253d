"""Why an event failed for good, in plain words, by what its record says; and the page of the runbook for it.

Pure: the same record has the same cause. The first kind of the table that fits is the cause, and what fits none is
`unknown`, which tells the error as it is.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from handler.aws.error_names import (
    BUSY,
    CUT_OFF,
    DENIED,
    KMS,
    MISSING,
    NEVER_BEGAN,
    NO_CREDENTIALS,
    NO_TABLE,
    TROUBLE,
    gone,
)
from handler.cli.recorded_errors import (
    RecordedError,
    first_words,
    host,
    key,
    nothing,
    parameters,
    recorded,
    right,
    what_is_gone,
)


class Cause(NamedTuple):
    """Why an event failed."""

    name: str  # as --cause takes it
    detail: str  # of what, where there are several: a call, a right, a key; may be empty
    words: str  # what that means
    cure: str  # what to do first
    page: str  # of docs/runbook, without the ending


@dataclass(frozen=True, slots=True)
class CauseKind:
    """A row of the table: the causes of one name."""

    name: str
    words: str
    cure: str
    page: str
    signs: frozenset[str]  # conditions, exceptions and codes of AWS; any one of them is enough
    detail: Callable[[RecordedError], str] = lambda error: error.operation
    says: re.Pattern[str] | None = None  # or what is said, whoever says it
    gone: str = ""  # or what is gone, by the operation that did not find it

    def fits(self, error: RecordedError) -> bool:
        """Whether *error* is of this kind."""
        named = bool(self.signs & {error.condition, error.name, error.code})
        lost = bool(self.gone) and gone((error.name, error.code), error.operation) == self.gone
        return named or lost or (self.says is not None and self.says.search(error.said) is not None)


def cause_of(condition: str, error_type: str, error: str) -> Cause:
    """Return why an event failed, by Lambda's word for how it ended, and the type and text of the error.

    Any of them may be empty. The text may name the type as well, as the function's own does.
    """
    parts = recorded(condition, error_type, error)
    kind = next((one for one in KINDS if one.fits(parts)), UNKNOWN)
    return Cause(kind.name, kind.detail(parts), kind.words, kind.cure, kind.page)


KINDS = (
    CauseKind(
        "unknown-event",
        "nothing accepts the message: it never succeeds",
        "find out who sends it, and drop it",
        "poison-event",
        frozenset(("Unreadable", "UnknownEvent")),
        detail=nothing,
    ),
    CauseKind(
        "bad-configuration",
        "a variable of the function has a value that it does not take",
        "deploy its parameter with an allowed value; if it has one, any other change",
        "cannot-start",
        frozenset(("BadConfiguration",)),
        detail=parameters,
    ),
    CauseKind(
        "packs-unavailable",
        "the packs bucket cannot be used",
        "see the bucket and its rights",
        "packs-unavailable",
        frozenset(("PacksUnavailable",)),
        detail=nothing,
    ),
    CauseKind(
        "never-whole",
        "it came again a hundred times, and could not be searched whole",
        "see what the searches lack",
        "intake-queue",
        frozenset(("NeverWhole",)),
        detail=nothing,
    ),
    CauseKind(
        "broken-journal",
        "the tables do not fit each other",
        "restore both to the same second",
        "lost-table",
        frozenset(("BrokenJournal",)),
        detail=nothing,
    ),
    CauseKind(
        "kms-key",
        "a KMS key cannot be used",
        "enable the key, and let the function's role use it",
        "rights-revoked",
        KMS,
        detail=key,
        says=re.compile(r"is under a KMS key that|not authorized to perform: kms:|KMS key access denied"),
    ),
    CauseKind(
        "access-denied",
        "a right of the function is missing",
        "give it back: the error names it",
        "rights-revoked",
        DENIED | {"ReadDenied"},
        detail=right,
    ),
    CauseKind(
        "no-credentials",
        "AWS does not know the function's credentials",
        "see whether its role is there",
        "rights-revoked",
        NO_CREDENTIALS,
    ),
    CauseKind("throttled", "AWS was asked too much", "wait, or raise what limits it", "throttling", BUSY),
    CauseKind(
        "timeout",
        "it ran out of time",
        "raise Timeout or MemorySize",
        "duration",
        frozenset(("OutOfTime", "Sandbox.Timedout")),
        detail=nothing,
        says=re.compile(r"Task timed out after [\d.]+ seconds"),
    ),
    CauseKind(
        "out-of-memory",
        "it ran out of memory",
        "raise MemorySize, or lower MaxPixels",
        "function-errors",
        frozenset(("MemoryError", "Runtime.OutOfMemory")),
        detail=nothing,
        says=re.compile(r"Runtime exited with error: signal: killed"),
    ),
    CauseKind(
        "cannot-start",
        "the function could not start",
        "deploy again by make deploy, or the version before",
        "cannot-start",
        NEVER_BEGAN,
        detail=lambda error: error.said.rpartition(": ")[2],
    ),
    CauseKind(
        "crashed",
        "the process ended in the middle",
        "see the last lines of its log",
        "function-errors",
        frozenset(("Runtime.ExitError",)),
        detail=nothing,
        says=re.compile(r"Process exited before completing request|Runtime exited"),
    ),
    CauseKind(
        "table-missing",
        "a table is gone",
        "restore it",
        "lost-table",
        NO_TABLE,
        gone="table",
    ),
    CauseKind(
        "resource-missing",
        "a part of the stack is gone: a bucket, queue, topic, function or log group",
        "see what was deleted by hand, and make it again",
        "lost-bucket",
        MISSING,
        detail=what_is_gone,
    ),
    CauseKind("service-error", "AWS itself had an error", "wait until it is over", "function-errors", TROUBLE),
    CauseKind(
        "no-connection",
        "a service of AWS could not be reached",
        "wait, or see the function's network",
        "function-errors",
        CUT_OFF,
        detail=host,
    ),
    CauseKind(
        "switched-off",
        "the function may have no instance: its reserved concurrency is 0",
        "raise MaxConcurrency",
        "throttling",
        frozenset(("ZeroReservedConcurrency",)),
        detail=nothing,
    ),
    CauseKind(
        "undelivered",
        "EventBridge could not put it into the intake queue",
        "see the policy of the queue",
        "failures-lost",
        frozenset(("Undelivered",)),
        detail=first_words,
    ),
    CauseKind(
        "given-up",
        "a queue handed it over ten times in vain, and no log line says why: out of time or memory, or throttled",
        "see the function's log",
        "failed-events",
        frozenset(("ReceivesExhausted",)),
        detail=nothing,
    ),
    CauseKind(
        "waited-too-long",
        "no instance was free for it for six hours",
        "raise MaxConcurrency, or the account's concurrency",
        "throttles",
        frozenset(("EventAgeExceeded",)),
        detail=nothing,
    ),
)
UNKNOWN = CauseKind(
    "unknown",
    "an error that is not known here",
    "see the error and the function's log",
    "function-errors",
    frozenset(),
    detail=lambda error: error.code or error.name,
)
CAUSES = (*(kind.name for kind in KINDS), UNKNOWN.name)
