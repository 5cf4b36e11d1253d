"""What of one collection's journal is not in the buckets yet, as an instance knows it.

Buckets serve searches that cannot have the journal for good. So most collections never need them, and their uploads
write nothing there until the journal takes much of the memory that instances may have for it. Whoever notices that
notes the backlog. From then on uploads file their own pictures, and what was appended before is filed bit by bit.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from handler.core.journal import Backlog, Segment
from handler.core.model import Collection


class Backlogs(Protocol):
    """The backlogs of a deployment's journals. All reads are strongly consistent."""

    def get(self, collection: Collection) -> Backlog | None:
        """Return the backlog, if it is noted."""

    def begin(self, collection: Collection) -> Backlog:
        """Note that there is a backlog, if nobody has: every later `get` sees it. Return what is noted now."""

    def claim(self, collection: Collection, known: Backlog, segments: int, *, now: int, busy: int) -> Backlog | None:
        """Be the one who goes on with it until *busy*; None if another is, or has gone on from what is *known*.

        It has so many *segments*, unless that is noted.
        """

    def advance(self, collection: Collection, filed: int) -> Backlog | None:
        """Note that so many segments are *filed*; None if as many, or more, were."""


class Ends(Protocol):
    """The part of a journal that a backlog is read from. All reads are strongly consistent."""

    def ends(self, collection: Collection) -> list[int]:
        """Return the number of the last segment of each shard."""

    def segments(self, collection: Collection, shard: int, first: int, count: int) -> list[Segment]:
        """Return *count* segments from *first* on, those that exist."""


class Part(NamedTuple):
    """Of a backlog, what one filer takes on."""

    entries: Sequence[bytes]
    stop: int  # the segment behind it


class CollectionBacklog:
    """The backlog of one collection; lives as long as the instance remembers its journal."""

    def __init__(self, collection: Collection, *, backlogs: Backlogs, journal: Ends, mark: Callable[[], None]) -> None:
        self._collection = collection
        self._backlogs = backlogs
        self._journal = journal
        self._mark = mark  # has the answers to later appends say that there is a backlog
        self.known: Backlog | None = None  # as last read: what is noted stays noted, and done stays done

    def read(self) -> Backlog | None:
        """Return what is noted now; it is not asked for where nothing changes any more."""
        if self.known is None or not self.known.done:
            self.known = self._backlogs.get(self._collection)
        return self.known

    def begin(self) -> None:
        """Note the backlog, so that whoever learns of it files its own picture."""
        self.known = self._backlogs.begin(self._collection)

    def take(self, count: int, *, now: int, busy: int) -> Part | None:
        """Take on up to *count* segments that are not filed, until *busy*; None if there are none, or others are at it.

        Where the journal ends is asked after the backlog was noted and the journal marked: what is appended behind
        that learns of it, and files itself.
        """
        while self.known is not None and not self.known.done and self.known.busy <= now:
            if self.known.segments is None:
                self._mark()
            ends = self._journal.ends(self._collection)
            claimed = self._backlogs.claim(self._collection, self.known, max(ends) + 1, now=now, busy=busy)
            if claimed is not None and claimed.segments is not None:
                self.known = claimed
                return self._part(claimed.filed, min(claimed.filed + count, claimed.segments), len(ends))
            self.known = self._backlogs.get(self._collection)
        return None

    def _part(self, first: int, stop: int, shards: int) -> Part:
        read = (self._journal.segments(self._collection, shard, first, stop - first) for shard in range(shards))
        return Part([entry for segments in read for segment in segments for entry in segment.entries], stop)

    def advance(self, part: Part) -> None:
        """Note that all of *part* is filed."""
        self.known = self._backlogs.advance(self._collection, part.stop) or self._backlogs.get(self._collection)
