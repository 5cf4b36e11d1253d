"""The journal's shape: entries in segments, segments in packs.

A collection's entries are appended to segments 0, 1, 2, ...; one that is full never changes again, and the next is
begun only by a writer that saw it full. So at any moment the journal is a row of final segments and one that grows.
Each 1024 of them are also kept as one pack. A busy collection has several such rows, its shards, and every reader
reads them all.
"""

from dataclasses import dataclass
from typing import NamedTuple

from handler.core.model import Collection

# Every upload reads every shard, and a partition gives 3,000 reads a second for 1,000 writes: more would buy nothing.
MAX_SHARDS = 4

# Names and values of a segment's other attributes, and a byte for each member of a set, which no document counts.
_OVERHEAD_BYTES = 48


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
    pack_segments: int = 1024  # 1 MB: what is not packed yet costs a cold instance 128 read units on average

    def capacity(self, collection: Collection, entry_bytes: int) -> int:
        """Return how many entries fill a segment of *collection*."""
        room = self.segment_bytes - _OVERHEAD_BYTES - len(str(collection).encode())
        return max(1, room // (entry_bytes + 1))


class Segment(NamedTuple):
    """One segment as it was read."""

    number: int
    entries: frozenset[bytes]


class Appended(NamedTuple):
    """Where an entry went."""

    shard: int
    segment: int
    refused: int  # full segments that were tried first
    completes_pack: bool  # it filled the last segment of a pack


class Tail(NamedTuple):
    """What was read behind a reader's cursors, by shard."""

    shards: list[list[Segment]]
    complete: bool  # False: there is more
