"""A picture that comes again, since its search could not be whole yet: which one, how often, and after how long."""

from dataclasses import dataclass, replace
from typing import Any

from handler.core.backfill import Backfill
from handler.core.model import ObjectRef

FIRST_DELAY_S = 15  # a new instance has loaded what it needs by then; what it could not load, the next one goes on with
MAX_DELAY_S = 900  # the longest that SQS delays a message
MAX_ATTEMPTS = 100  # a day: what kept the journal from being loaded so long does not mend itself


class NeverWhole(Exception):
    """A picture came again MAX_ATTEMPTS times, and could still not be searched whole: somebody has to see to it."""


@dataclass(frozen=True, slots=True)
class Again:
    """Search once more for what matches this object, as it was stored."""

    ref: ObjectRef
    attempt: int  # of searching it once more, from 1
    since: str  # ISO 8601: when the first search was not whole
    backfill: Backfill | None = None  # the job that found it

    def once_more(self) -> "Again":
        """Return what comes after this one. Raises NeverWhole after MAX_ATTEMPTS."""
        if self.attempt >= MAX_ATTEMPTS:
            raise NeverWhole(f"came again {self.attempt} times since {self.since}, and was never searched whole")
        return replace(self, attempt=self.attempt + 1)

    def delay_s(self, jitter: float) -> int:
        """Return the seconds until it comes: twice as many each time, less up to half of them by *jitter*, 0 to 1."""
        longest = min(MAX_DELAY_S, FIRST_DELAY_S << min(self.attempt - 1, 10))
        return round(longest * (1 - jitter / 2))

    def document(self) -> dict[str, Any]:
        """Return the document that says so."""
        named = {"bucket": self.ref.bucket, "key": self.ref.key, "sequencer": self.ref.sequencer}
        version = {"version": self.ref.version} if self.ref.version else {}
        job = {"backfill": self.backfill.document()} if self.backfill else {}
        return {"again": {**named, **version, "attempt": self.attempt, "since": self.since, **job}}
