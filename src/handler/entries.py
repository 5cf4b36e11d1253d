"""What an instance keeps of journal entries: one row a picture, one column a word, and their scan.

Rows are kept in blocks: large ones never move, small ones are joined, because many of them would be slow to compare,
and the last one has room for what is read next.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, chain

import numpy as np
from numpy.typing import NDArray

from handler.comparing import AT_ONCE, Comparing
from handler.core import packs
from handler.core.entry import ID_BYTES, Confirms, Question, Words, differing, own_words
from handler.core.words import HALF_BITS, check_columns
from handler.hits import MOST_HITS, NO_HITS, Hits, Nearest, joined

_UPPER, _TO_UPPER = np.uint64(2**64 - 2**HALF_BITS), np.array([0, HALF_BITS], np.uint64)
_FIRST_ROOM = 256  # rows; later blocks have room for a sixteenth of what is there, so little memory stays unused


class Block:
    """Some rows: their ids, shape (rows, 16), and their words in columns, shape (words, rows)."""

    __slots__ = ("ids", "rows", "words")

    def __init__(self, ids: NDArray[np.uint8], words: Words, rows: int) -> None:
        self.ids, self.words, self.rows = ids, words, rows

    @classmethod
    def empty(cls, word_count: int, room: int) -> "Block":
        """Return a block with memory for *room* rows, and none of them."""
        return cls(np.empty((room, ID_BYTES), np.uint8), np.empty((word_count, room), np.uint64), 0)

    @classmethod
    def of(cls, entries: Sequence[bytes], word_count: int) -> "Block":
        """Return the rows of *entries*, in their order."""
        block = cls.empty(word_count, len(entries))
        block.fill(entries)
        return block

    @classmethod
    def unpack(cls, packed: bytes) -> "Block":
        """Return the rows of a pack, without copying it. Raises ValueError if it is no pack."""
        rows = packs.unpack(packed)
        return cls(rows.ids, rows.words, len(rows.ids))

    @classmethod
    def joined(cls, blocks: Sequence["Block"]) -> "Block":
        """Return the rows of all *blocks*, which are full, as one: what is compared at once should be large."""
        if len(blocks) == 1:
            return blocks[0]
        ids = np.concatenate([block.ids for block in blocks])
        return cls(ids, np.concatenate([block.words for block in blocks], axis=1), len(ids))

    def checks(self, view: int, rows: NDArray[np.int64]) -> Words:
        """Return the check words of *view* of some *rows*, shape (rows, 2)."""
        first, second, half = check_columns(view, len(self.words))
        halves = self.words[second, rows] << _TO_UPPER[half] & _UPPER
        return np.stack([self.words[first, rows], halves], axis=1)

    def pack(self) -> bytes:
        """Return the rows as a pack."""
        return packs.pack(packs.Rows(self.ids[: self.rows], self.words[:, : self.rows]))

    @property
    def room(self) -> int:
        """How many rows can be filled."""
        return len(self.ids) - self.rows

    @property
    def nbytes(self) -> int:
        """What it takes of the memory."""
        return self.ids.nbytes + self.words.nbytes

    def fill(self, entries: Sequence[bytes]) -> None:
        """Add *entries*, for which there has to be room."""
        raw = np.frombuffer(b"".join(entries), np.uint8).reshape(len(entries), -1)
        to = slice(self.rows, self.rows + len(entries))
        self.ids[to] = raw[:, :ID_BYTES]
        self.words[:, to] = np.ascontiguousarray(raw[:, ID_BYTES:]).view(">u8").T
        self.rows += len(entries)

    def after(self, rows: int) -> "Block":
        """Return this block without its first *rows*; it shares the memory of both."""
        return Block(self.ids[rows:], self.words[:, rows:], self.rows - rows)


class Entries:
    """All entries of one collection that an instance has read."""

    def __init__(self, word_count: int) -> None:
        self.word_count = word_count
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
                self.blocks.append(Block.empty(self.word_count, _spare(len(self))))
            some = entries[at : at + self.blocks[-1].room]
            self.blocks[-1].fill(some)
            at += len(some)

    def adopt(self, blocks: Sequence[Block]) -> None:
        """Add all rows of *blocks*, at least one; the rows of this object get other numbers.

        Large ones are not copied. Packs of entries with many views have few rows each, and those are compared faster
        together than the memory that joining them leaves behind is worth.
        """
        small = max(block.rows for block in blocks) <= AT_ONCE // 2
        self.blocks[:0] = [Block.joined(blocks)] if small else blocks

    def _join_small(self) -> None:
        """Make one block of the last ones that together are no more than is compared at once."""
        first, rows = len(self.blocks), 0
        while first and rows + self.blocks[first - 1].rows <= AT_ONCE:
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

    def scan(self, questions: Sequence[Question], radius: int, confirms: Confirms | None = None) -> Hits:
        """Return the rows that have a view within *radius* bits of a question that asks for that view.

        Those alone that *confirms* does not take for strangers, if rows have check words. All of them, or the nearest
        MOST_HITS: blank pages may be a million, and memory is for entries.
        """
        return Scan(self, questions, radius, confirms).hits()

    def scan_each(
        self, askers: Sequence[Sequence[Question]], radius: int, words_radius: int | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return which of *askers* have which rows within *radius* bits: each pair once, sorted.

        If a *words_radius* is given, those alone that `near` returns. All of them, sooner than by scanning for one
        asker after the other.
        """
        owners = np.repeat(np.arange(len(askers)), [len(questions) for questions in askers])
        rows, found = 1 << 32, [np.empty(0, np.int64)]  # more than there are, now and when others have been added
        for near in self._near(list(chain.from_iterable(askers)), radius, words_radius):
            found.append(owners[near.questions] * rows + near.rows)
            if sum(map(len, found[1:])) > len(found[0]) + AT_ONCE:  # the same pair meets by many views
                found = [np.unique(np.concatenate(found))]
        pairs = np.unique(np.concatenate(found))
        return pairs // rows, pairs % rows

    def near(self, questions: Sequence[Question], radius: int, words_radius: int) -> Hits:
        """Return all that is within *radius* bits: a row as often as it is.

        Of that, only where the check words of question and view differ in so few bits that these and the distance are
        at most *words_radius*.
        """
        return joined([NO_HITS, *self._near(questions, radius, words_radius)])

    def _near(
        self, questions: Sequence[Question], radius: int, words_radius: int | None = None, *, start: int = 0
    ) -> Iterator[Hits]:
        """Yield all that is within *radius* bits from row *start* on, a part of the rows and of the views at a time."""
        words = own_words(questions)
        asking: list[list[int]] = [[] for _ in range(self.word_count)]
        for number, question in enumerate(questions):
            for view in question.stored_views:
                asking[view].append(number)
        hashes = np.array([question.hash for question in questions], np.uint64)
        asked = [(view, np.array(numbers), hashes[numbers]) for view, numbers in enumerate(asking) if numbers]
        comparing = Comparing(radius)
        first = 0
        # Rows that another thread adds meanwhile are left out: it may join blocks, and never moves what is in them.
        for block, rows in [(block, block.rows) for block in tuple(self.blocks)]:
            passed = min(rows, max(0, start - first))
            for view, numbers, wanted in asked:
                for by, behind, distances in comparing.near(wanted, block.words[view, passed:rows]):
                    row = behind + passed
                    checks = block.checks(view, row)
                    hits = Hits(row + first, distances, numbers[by], np.full(len(row), view), checks, complete=True)
                    if words_radius is not None:
                        bits = differing(words[hits.questions], checks)
                        hits = hits.those(bits + hits.distances <= words_radius)
                    yield hits
            first += rows


class Scan:
    """What asks, and which of the rows of *entries* were compared with it: it goes on where rows are added.

    Only as long as none are put before them.
    """

    def __init__(
        self, entries: Entries, questions: Sequence[Question], radius: int, confirms: Confirms | None = None
    ) -> None:
        self.entries = entries
        self._questions, self._radius = questions, radius
        self._nearest = Nearest(MOST_HITS, confirms)
        self._compared = 0  # rows

    def hits(self) -> Hits:
        """Return what is near among all rows by now, as `Entries.scan` does."""
        start, self._compared = self._compared, len(self.entries)
        for near in self.entries._near(self._questions, self._radius, start=start):
            self._nearest.add(near)
        return self._nearest.hits()


def room_for(rows: int) -> int:
    """Return for how many rows there is memory at most when *rows* are there."""
    return rows + _spare(rows)


def _spare(rows: int) -> int:
    return max(_FIRST_ROOM, rows // 16)
