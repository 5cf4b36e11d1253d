"""What was done about one event, step by step: for the log, the metrics and the answer of a look-up."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from handler.core.found import Found, Lack
from handler.core.matches import Match
from handler.core.model import Collection, ObjectRef, Outcome, PictureRecord


@dataclass(slots=True)
class Report:
    """Grows with each step that is taken."""

    ref: ObjectRef
    outcome: Outcome = Outcome.IGNORED
    record: PictureRecord | None = None
    collection: Collection | None = None  # where a look-up searched, and
    radius: int = 0  # within so many bits
    unpacked: str | None = None  # what kept a pack of the journal from being made: nothing is lost by it
    latest: bool = False  # the picture's entry was the last write, and what others appended before is known
    found: Found | None = None  # which way the search took, and what it read
    matches: Sequence[Match] = ()
    unused_lists: Sequence[str] = ()  # of those that a look-up asked: nothing was ever put on them
    truncated: bool = False  # there are more matches than were kept
    looks: int = 0  # that were taken
    announced: int = 0  # pairs in the message that was published
    kind: str = ""  # of that message: that of its best match
    attempt: int = 0  # of searching a picture that came again
    again_s: int | None = None  # after so many seconds it comes again
    quiet: int = 0  # pairs that nobody is told of, since a backfill found them
    job: str | None = None  # the backfill that the event is of
    spent_ms: dict[str, float] = field(default_factory=dict)  # by step: read, decode, write, search, look, announce

    @property
    def listed(self) -> int:
        """How many of the matches are entries of lists."""
        return sum(1 for match in self.matches if match.list)

    @property
    def trouble(self) -> str | None:
        """What was wrong with packs, if anything was: the journal's writer and its reader go on without them."""
        return self.unpacked or (self.found.trouble if self.found else None)

    @property
    def lacks(self) -> Mapping[Lack, str]:
        """What the searches lacked to be whole."""
        return self.found.lacks if self.found else {}

    @property
    def partial(self) -> dict[str, Any]:
        """Fields of the log about a search that was not whole; none of one that was."""
        if not self.lacks:
            return {}
        return {"complete": False, "lacks": "; ".join(f"{lack}: {what}" for lack, what in self.lacks.items())}

    @property
    def comes_again(self) -> bool:
        """Whether another search of the same picture may find more."""
        return bool(self.lacks.keys() & {Lack.NOW, Lack.FILING})

    @property
    def complete(self) -> bool:
        """Whether all that there is to tell of the picture is told, by this search or when the picture comes again."""
        return Lack.MEMORY not in self.lacks

    def add(self, other: "Report") -> None:
        """Add what searching and looking somewhere else took and found, before what was found here."""
        self.matches = [*other.matches, *self.matches]
        self.truncated |= other.truncated
        self.looks += other.looks
        for step, spent in other.spent_ms.items():
            self.spent_ms[step] = self.spent_ms.get(step, 0.0) + spent
        if self.found and other.found:
            self.found = replace(
                self.found,
                probes=self.found.probes + other.found.probes,
                packs=self.found.packs + other.found.packs,
                trouble=self.found.trouble or other.found.trouble,
                lacks={**self.found.lacks, **other.found.lacks},
            )

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Note how long the block took."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.spent_ms[step] = self.spent_ms.get(step, 0.0) + (time.perf_counter() - start) * 1000
