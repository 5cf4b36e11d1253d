"""Journal entries and what a warm instance keeps of them: one row a picture, one column a view, and their scan.

An entry is an object id and the hashes of all views of one picture. Rows are kept in blocks: large ones never move,
small ones are joined, because many of them would be slow to compare, and the last one has room for what is read next.
"""

import struct
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

ID_BYTES = 16
HASH_BYTES = 8

Hashes = NDArray[np.uint64]

MOST_HITS = 50_000  # of a scan: several times as many as anybody follows up
_CHUNK_ROWS = 65_536  # what is compared at once: distances of a chunk stay in the processor's second cache
_FIRST_ROOM = 256  # rows; later blocks have room for a sixteenth of what is there, so little memory stays unused

_PACK_HEADER = struct.Struct("<8sII")  # magic, views, rows
_PACK_MAGIC = b"lkpack/1"


class Question(NamedTuple):
    """A hash, and the stored views that it is compared with."""

    hash: int
    views: tuple[int, ...] = (0,)
    bucketed: bool = True  # where the buckets have to answer, it is asked there, too


class Hits(NamedTuple):
    """The rows within a radius, each once, nearest first: four arrays of one length."""

    rows: NDArray[np.int64]
    distances: NDArray[np.uint8]  # bits
    questions: NDArray[np.int64]  # which question came nearest to the row
    views: NDArray[np.int64]  # and which of the row's views it met
    complete: bool  # False: there are more, as far as the last one or farther


class Block:
    """Some rows: their ids, shape (rows, 16), and one column of hashes a view, shape (views, rows)."""

    __slots__ = ("hashes", "ids", "rows")

    def __init__(self, ids: NDArray[np.uint8], hashes: Hashes, rows: int) -> None:
        self.ids, self.hashes, self.rows = ids, hashes, rows

    @classmethod
    def empty(cls, views: int, room: int) -> "Block":
        """Return a block with memory for *room* rows, and none of them."""
        return cls(np.empty((room, ID_BYTES), np.uint8), np.empty((views, room), np.uint64), 0)

    @classmethod
    def of(cls, entries: Sequence[bytes], views: int) -> "Block":
        """Return the rows of *entries*, in their order."""
        block = cls.empty(views, len(entries))
        block.fill(entries)
        return block

    @classmethod
    def unpack(cls, pack: bytes) -> "Block":
        """Return the rows of *pack*, without copying it. Raises ValueError if it is no pack."""
        if len(pack) < _PACK_HEADER.size:
            raise ValueError(f"not a pack: {len(pack)} bytes")
        magic, views, rows = _PACK_HEADER.unpack_from(pack)
        ids_end = _PACK_HEADER.size + rows * ID_BYTES
        if magic != _PACK_MAGIC or len(pack) != ids_end + views * rows * HASH_BYTES:
            raise ValueError(f"not a pack of {rows} rows and {views} views: {len(pack)} bytes, begins with {magic!r}")
        ids = np.frombuffer(pack, np.uint8, rows * ID_BYTES, _PACK_HEADER.size).reshape(rows, ID_BYTES)
        hashes = np.frombuffer(pack, "<u8", views * rows, ids_end).reshape(views, rows)
        return cls(ids, hashes, rows)

    @classmethod
    def joined(cls, blocks: Sequence["Block"]) -> "Block":
        """Return the rows of all *blocks*, which are full, as one: what is compared at once should be large."""
        if len(blocks) == 1:
            return blocks[0]
        ids = np.concatenate([block.ids for block in blocks])
        return cls(ids, np.concatenate([block.hashes for block in blocks], axis=1), len(ids))

    def pack(self) -> bytes:
        """Return the rows as bytes: the same for the same rows, wherever they are packed."""
        views = len(self.hashes)
        columns = self.hashes[:, : self.rows].astype("<u8")
        header = _PACK_HEADER.pack(_PACK_MAGIC, views, self.rows)
        return b"".join((header, self.ids[: self.rows].tobytes(), columns.tobytes()))

    @property
    def room(self) -> int:
        """How many rows can be filled."""
        return len(self.ids) - self.rows

    @property
    def nbytes(self) -> int:
        """What it takes of the memory."""
        return self.ids.nbytes + self.hashes.nbytes

    def fill(self, entries: Sequence[bytes]) -> None:
        """Add *entries*, for which there has to be room."""
        raw = np.frombuffer(b"".join(entries), np.uint8).reshape(len(entries), -1)
        to = slice(self.rows, self.rows + len(entries))
        self.ids[to] = raw[:, :ID_BYTES]
        self.hashes[:, to] = np.ascontiguousarray(raw[:, ID_BYTES:]).view(">u8").T
        self.rows += len(entries)

    def after(self, rows: int) -> "Block":
        """Return this block without its first *rows*; it shares the memory of both."""
        return Block(self.ids[rows:], self.hashes[:, rows:], self.rows - rows)


class Entries:
    """All entries of one world that an instance has read."""

    def __init__(self, views: int) -> None:
        self.views = views
        self.blocks: list[Block] = []

    def __len__(self) -> int:
        """How many rows there are."""
        return sum(block.rows for block in self.blocks)

    @property
    def nbytes(self) -> int:
        """What the rows take of the memory: 16 + 8 n bytes each, and at most a sixteenth more."""
        return sum(block.nbytes for block in self.blocks)

    def extend(self, entries: Sequence[bytes]) -> None:
        """Add *entries* as rows."""
        at = 0
        while at < len(entries):
            if not self.blocks or not self.blocks[-1].room:
                self._join_small()
                self.blocks.append(Block.empty(self.views, _spare(len(self))))
            some = entries[at : at + self.blocks[-1].room]
            self.blocks[-1].fill(some)
            at += len(some)

    def adopt(self, blocks: Sequence[Block]) -> None:
        """Add all rows of *blocks*, at least one; the rows of this object get other numbers.

        Large ones are not copied. Packs of entries with many views have few rows each, and those are compared faster
        together than the memory that joining them leaves behind is worth.
        """
        small = max(block.rows for block in blocks) <= _CHUNK_ROWS // 2
        self.blocks[:0] = [Block.joined(blocks)] if small else blocks

    def _join_small(self) -> None:
        """Make one block of the last ones that together are no more than is compared at once."""
        first, rows = len(self.blocks), 0
        while first and rows + self.blocks[first - 1].rows <= _CHUNK_ROWS:
            first -= 1
            rows += self.blocks[first].rows
        if len(self.blocks) - first > 1:
            self.blocks[first:] = [Block.joined(self.blocks[first:])]

    def object_ids(self, rows: NDArray[np.int64]) -> list[str]:
        """Return the object ids of *rows*, in that order, as 32 hex digits."""
        starts = list(accumulate((block.rows for block in self.blocks), initial=0))
        found = []
        for row in rows.tolist():
            number = bisect_right(starts, row) - 1
            found.append(self.blocks[number].ids[row - starts[number]].tobytes().hex())
        return found

    def scan(self, questions: Sequence[Question], radius: int) -> Hits:
        """Return the rows that have a view within *radius* bits of a question that asks for that view.

        All of them, or the nearest MOST_HITS: blank pages may be a million, and memory is for entries.
        """
        asked = [
            [(number, np.uint64(question.hash)) for number, question in enumerate(questions) if view in question.views]
            for view in range(self.views)
        ]
        room = min(_CHUNK_ROWS, max((block.rows for block in self.blocks), default=0))
        differing, distances = np.empty(room, np.uint64), np.empty(room, np.uint8)
        nowhere = np.empty(0, np.int64)
        found = [Hits(nowhere, np.empty(0, np.uint8), nowhere, nowhere, complete=True)]
        first, count = 0, 0
        for block in self.blocks:
            for start in range(0, block.rows, _CHUNK_ROWS):
                stop = min(start + _CHUNK_ROWS, block.rows)
                xor, distance = differing[: stop - start], distances[: stop - start]
                for view, asking in enumerate(asked):
                    stored = block.hashes[view, start:stop]
                    for number, hash in asking:
                        np.bitwise_xor(stored, hash, out=xor)
                        np.bitwise_count(xor, out=distance)
                        if distance.min() <= radius:  # rare, and cheaper to ask than where
                            near = np.flatnonzero(distance <= radius)
                            rows = near + (first + start)
                            hits = np.full(len(near), number), np.full(len(near), view)
                            found.append(Hits(rows, distance[near], *hits, complete=True))
                            count += len(near)
                if count > 2 * MOST_HITS:
                    found = [_nearest_first(found)]
                    count = len(found[0].rows)
                    radius = min(radius, int(found[0].distances[-1]))
            first += block.rows
        return _nearest_first(found)


def room_for(rows: int) -> int:
    """Return for how many rows there is memory at most when *rows* are there."""
    return rows + _spare(rows)


def _spare(rows: int) -> int:
    return max(_FIRST_ROOM, rows // 16)


def to_entry(object_id: str, views: Sequence[int]) -> bytes:
    """Return the entry of an object (32 hex digits) and the hashes of its *views*: 16 + 8 n bytes, big-endian."""
    return bytes.fromhex(object_id) + b"".join(view.to_bytes(HASH_BYTES, "big") for view in views)


def entry_bytes(views: int) -> int:
    """Return the length of an entry."""
    return ID_BYTES + HASH_BYTES * views


def views_of(entry: bytes) -> int:
    """Return how many view hashes are in *entry*."""
    return (len(entry) - ID_BYTES) // HASH_BYTES


def _nearest_first(found: Sequence[Hits]) -> Hits:
    """Return the nearest of each row, in order, and no more than MOST_HITS of them."""
    rows, distances, questions, views = (np.concatenate(column) for column in list(zip(*found, strict=True))[:4])
    order = np.lexsort((rows, distances))
    _, firsts = np.unique(rows[order], return_index=True)
    kept = order[np.sort(firsts)]
    complete = len(kept) <= MOST_HITS and all(hits.complete for hits in found)
    kept = kept[:MOST_HITS]
    return Hits(rows[kept], distances[kept], questions[kept], views[kept], complete)
