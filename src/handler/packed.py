"""The full segments of one collection's journal, by way of packs: read, or made by whoever misses one.

A pack has the entries of its segments in their order, sorted within each. So it has the same bytes whether it is made
of segments or of smaller packs, and by whomever.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

from handler.core.entry import entry_bytes
from handler.core.journal import BrokenJournal, Segment, Shape, Span
from handler.core.model import Collection
from handler.entries import Block


class Packs(Protocol):
    """Copies of what will not change any more."""

    def get(self, collection: Collection, span: Span) -> bytes | None:
        """Return the pack, or None if nobody has made it."""

    def put(self, collection: Collection, span: Span, pack: bytes) -> None:
        """Store the pack."""


class Segments(Protocol):
    """What packs are made of."""

    def segments(self, collection: Collection, shard: int, first: int, count: int) -> list[Segment]:
        """Return *count* segments from *first* on, those that exist; strongly consistent."""


class PackedSegments:
    """Reads the packs of one collection, whose entries have *word_count* words each, and makes those that are missing.

    Its methods raise PacksUnavailable where packs can be neither read nor stored, and BrokenJournal where the segments
    are not all there.
    """

    def __init__(
        self, collection: Collection, word_count: int, *, segments: Segments, packs: Packs, shape: Shape
    ) -> None:
        self._collection = collection
        self._word_count = word_count
        self._segments = segments
        self._packs = packs
        self._shape = shape
        self._capacity = shape.capacity(collection, entry_bytes(word_count))

    def read(self, span: Span) -> Block:
        """Return the pack; where there is none, make it."""
        with suppress(ValueError):  # it is none, or was cut short: it is made again
            block = Block.unpack(self._packs.get(self._collection, span) or b"")
            if (block.rows, len(block.words)) == (span.size * self._capacity, self._word_count):
                return block
        return self._make(span, [self.read(part) for part in self._shape.parts(span)])

    def complete(self, shard: int, segment: int) -> None:
        """Make the packs that end with *segment*, which is full: each of the smaller ones, but for the smallest."""
        made: list[Block] = []
        for span in self._shape.completed(shard, segment):
            made = [*(self.read(part) for part in self._shape.parts(span)[:-1]), *made]
            made = [self._make(span, made)]

    def unpacked(self, span: Span) -> Block:
        """Return the same out of the segments, which stay: a read unit for 4 KB. Raises BrokenJournal alone."""
        segments = self._segments.segments(self._collection, span.shard, span.first, span.size)
        entries = [entry for segment in segments for entry in sorted(segment.entries)]
        want = span.size * self._capacity
        if len(entries) != want:  # rather than to cement the gap
            have = f"{len(entries)} entries, want {want}"
            raise BrokenJournal(f"segments from {span.first} of shard {span.shard} of {self._collection}: {have}")
        return Block.of(entries, self._word_count)

    def _make(self, span: Span, parts: Sequence[Block]) -> Block:
        """Make the pack of its *parts*, or of segments if it has none."""
        block = Block.joined(parts) if parts else self.unpacked(span)
        self._packs.put(self._collection, span, block.pack())
        return block
