"""The journal's shape: entries in segments, segments in packs.

A collection's entries are appended to segments 0, 1, 2, ...; one that is full never changes again, and the next is
begun only by a writer that saw it full. So at any moment the journal is a row of final segments and one that grows.
Each 128 of them are also kept as one pack, eight such packs as a larger one, and eight of those as the largest. A busy
collection has several such rows, its shards, and every reader reads them all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from handler.core.model import Collection

# Every upload reads every shard, and a partition gives 3,000 reads a second for 1,000 writes: more would buy nothing.
MAX_SHARDS = 4

# Names and values of a segment's other attributes, and a byte for each member of a set, which no document counts.
_OVERHEAD_BYTES = 48


class Span(NamedTuple):
    """Which segments are in a pack; all of them are full."""

    shard: int
    first: int
    size: int  # segments

    @property
    def stop(self) -> int:
        """The segment behind the last one."""
        return self.first + self.size

    @property
    def number(self) -> int:
        """Its place among the packs of its size, from 0."""
        return self.first // self.size


class PacksUnavailable(Exception):
    """Packs cannot be read or written at the moment: everything can be answered without them."""


class BrokenJournal(Exception):
    """A segment before the last one is not full, which no writer leaves behind."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How large segments and packs are.

    Writers and readers have to agree on it for as long as a journal lives: to change it is to begin another journal.
    """

    segment_bytes: int = 1024  # one write unit, however full the segment is
    # Segments of a pack, the smallest first, each a multiple of the one before. What is in no pack yet costs a cold
    # instance 32 read units at most. The largest are 8 MB: larger ones would save next to nothing, and whoever makes
    # one has three copies in memory. `S3Packs` keeps the name that the second had when it was the only one.
    pack_sizes: tuple[int, ...] = (128, 1024, 8192)

    def capacity(self, collection: Collection, entry_bytes: int) -> int:
        """Return how many entries fill a segment of *collection*."""
        room = self.segment_bytes - _OVERHEAD_BYTES - len(str(collection).encode())
        return max(1, room // (entry_bytes + 1))

    def spans(self, shard: int, first: int, stop: int) -> list[Span]:
        """Return the fewest packs that hold the full segments from *first* to *stop*, without the rest at either end.

        They are in order. What the first one holds before *first*, less than the smallest pack, comes with it.
        """
        smallest = self.pack_sizes[0]
        at, spans = first - first % smallest, list[Span]()
        while sizes := [size for size in self.pack_sizes if at % size == 0 and at + size <= stop]:
            spans.append(Span(shard, at, sizes[-1]))
            at += sizes[-1]
        return spans

    def completed(self, shard: int, segment: int) -> list[Span]:
        """Return the packs that end with *segment*, the smallest first."""
        stop = segment + 1
        return [Span(shard, stop - size, size) for size in self.pack_sizes if stop % size == 0]

    def parts(self, span: Span) -> list[Span]:
        """Return the next smaller packs that hold the same; none if there are no smaller ones."""
        smaller = [size for size in self.pack_sizes if size < span.size]
        return (
            [Span(span.shard, first, smaller[-1]) for first in range(span.first, span.stop, smaller[-1])]
            if smaller
            else []
        )


class Segment(NamedTuple):
    """One segment as it was read."""

    number: int
    entries: frozenset[bytes]
    marked: bool = False  # there is more to ask for than segments: further shards, or a backlog


class Appended(NamedTuple):
    """Where an entry went, and what its answer tells of the journal up to there."""

    shard: int
    seen: Sequence[Segment]  # that were tried, in order: full ones, and at last the one that has the entry, with it
    again: bool  # it was there before
    completes_pack: bool  # it fills the last segment of a pack, or of several

    @property
    def segment(self) -> int:
        """The number of the segment that has it."""
        return self.seen[-1].number

    @property
    def refused(self) -> int:
        """How many full segments were tried first."""
        return len(self.seen) - 1

    @property
    def marked(self) -> bool:
        """Whether there is more to ask for than what the answer tells."""
        return self.shard > 0 or any(segment.marked for segment in self.seen)


class Backlog(NamedTuple):
    """What of a journal was not filed in the buckets at once. Where it is noted, whoever appends files its own picture.

    So the pictures of those who had appended before are in segments that were there when it was noted.
    """

    filed: int  # segments of each shard, the first, whose pictures are in the buckets by now
    segments: int | None  # that have to be; None until somebody has asked, after it was noted, where the journal ends
    busy: int  # the time, in seconds since 1970, until which somebody is taken to be at the next ones

    @property
    def done(self) -> bool:
        """Whether the buckets have every picture whose upload is acknowledged."""
        return self.segments is not None and self.filed >= self.segments


class Tail(NamedTuple):
    """What was read behind a reader's cursors, by shard."""

    shards: list[list[Segment]]
    complete: bool  # False: there is more
