"""Where a search gets its answer: from what this instance remembers, or from the buckets.

An instance keeps the journal entries of the collections that it has met, reads what was added since, and compares all
of them at once: one read unit, however many there are. An instance that does not have a collection's entries yet either
loads them, from packs and the journal's tail, or probes the buckets, whichever is cheaper (`_worth_loading`) and fits
in its memory and its remaining time. Both answers are exact; both ways read only after the writes of the upload itself.
"""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import replace
from itertools import chain, islice
from typing import Protocol

from handler.core import prices
from handler.core.buckets import probe_count
from handler.core.entry import Question, view_count_of
from handler.core.journal import Appended, BrokenJournal, PacksUnavailable, Segment, Shape, Tail
from handler.core.model import Candidate, Candidates, Collection, Found, NearHash, Route
from handler.entries import Block, Entries, Hits
from handler.memory import Knowledge, Memory

HASHES_AT_ONCE = 16  # whose holders are asked for in parallel
PACKS_AT_ONCE = 16  # read in parallel; what is on its way takes a MB each of the memory
IDS_AT_ONCE = 1000  # of near entries, turned into text
NO_PACKS = (PacksUnavailable, BrokenJournal)  # what is no reason to fail: the buckets answer
LOADING_SHARE = 0.5  # of the remaining time of an invocation: the rest is for probing after all, and for announcing
LOADING_BYTES_PER_S = 50e6  # cautious, to estimate what loading costs; how long it takes is measured as it goes


class Journal(Protocol):
    """The order in which pictures came. All reads are strongly consistent."""

    def append(self, collection: Collection, entry: bytes, ends: Mapping[int, int], *, ask: bool) -> Appended:
        """Add *entry*: every `tail` that starts later sees it.

        *ends* are the last segments as last heard of, by shard; *ask* for the end anew instead of trying that one.
        """

    def tail(self, collection: Collection, cursors: Sequence[int]) -> Tail:
        """Return what stands from *cursors* on, by shard, unknown shards included; a page of each at least."""

    def ends(self, collection: Collection) -> list[int]:
        """Return the number of the last segment of each shard."""

    def segments(self, collection: Collection, shard: int, first: int, count: int) -> list[Segment]:
        """Return *count* segments from *first* on, those that exist."""


class Packs(Protocol):
    """Copies of what will not change any more."""

    def get(self, collection: Collection, shard: int, number: int) -> bytes | None:
        """Return the pack, or None if nobody has made it."""

    def put(self, collection: Collection, shard: int, number: int, pack: bytes) -> None:
        """Store the pack."""


class HashBuckets(Protocol):
    """Which hashes are near a hash."""

    def candidates(self, collection: Collection, hashes: Sequence[int], radius: int) -> Candidates:
        """Return every stored hash within *radius* of one of *hashes*."""


class Holders(Protocol):
    """Who has a hash."""

    def holders(self, collection: Collection, hash: int) -> Iterator[list[str]]:
        """Yield the object ids noted for *hash*, page by page."""


class Search:
    """Finds candidates, over the four roles above; what it remembers stays below *memory_bytes*.

    Lives as long as its instance, and serves one event at a time.
    """

    def __init__(
        self,
        *,
        journal: Journal,
        packs: Packs,
        index: HashBuckets,
        catalog: Holders,
        executor: Executor,
        memory_bytes: int,
        shape: Shape = Shape(),  # noqa: B008  frozen
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._journal = journal
        self._packs = packs
        self._index = index
        self._catalog = catalog
        self._executor = executor
        self._shape = shape
        self._clock = clock
        self.memory = Memory(memory_bytes, shape)
        self._trouble: str | None = None

    # --- an upload adds itself ---

    def append(self, collection: Collection, entry: bytes) -> None:
        """Add *entry* to the journal: every `find` that starts later, here or elsewhere, compares it.

        Whoever fills the last segment of a pack makes the pack; if that is cut short, whoever misses it does.
        """
        known = self.memory.of(collection, view_count_of(entry))
        appended = self._journal.append(collection, entry, known.ends, ask=known.moving)
        expected = known.ends.get(appended.shard, appended.segment)
        known.moving = appended.refused > 0 or (known.moving and appended.segment > expected)
        known.note_end(appended.shard, appended.segment)
        if appended.completes_pack:
            try:
                self._make_pack(collection, known, appended.shard, appended.segment // self._shape.pack_segments)
            except NO_PACKS as error:
                self._trouble = str(error)

    # --- and looks for others ---

    def find(
        self,
        collection: Collection,
        questions: Sequence[Question],
        radius: int,
        *,
        view_count: int,
        deadline: float = math.inf,
    ) -> Found:
        """Return every picture of *collection* that has a view within *radius* bits of one of *questions*.

        Its entries have *view_count* hashes each. *deadline* is when the invocation ends, on this object's clock. Where
        the journal cannot be loaded the buckets answer, and `trouble` says why.
        """
        known = self.memory.of(collection, view_count)
        try:
            route, packs = self._bring_up_to_date(collection, known, questions, radius, deadline)
        except NO_PACKS as error:
            route, packs, self._trouble = Route.PROBED, 0, str(error)
        finally:
            entries = known.entries
            self.memory.make_room(known)  # whatever was read counts, also if reading on failed
        trouble, self._trouble = self._trouble, None
        if route is Route.PROBED:
            return replace(self.probe(collection, questions, radius), packs=packs, trouble=trouble)
        hits = entries.scan(questions, radius)
        return Found(
            _candidates(entries, hits),
            route,
            packs=packs,
            pictures=len(entries),
            complete=hits.complete,
            trouble=trouble,
        )

    def probe(self, collection: Collection, questions: Sequence[Question], radius: int) -> Found:
        """Return the same out of the buckets, and by who has those hashes now."""
        asked = [question.hash for question in questions if question.bucketed]
        near = self._index.candidates(collection, asked, radius)
        return Found(self._holders(collection, near.nearest_first), Route.PROBED, probes=near.probes)

    def _bring_up_to_date(
        self, collection: Collection, known: Knowledge, questions: Sequence[Question], radius: int, deadline: float
    ) -> tuple[Route, int]:
        """Read what *known* lacks, if that is possible and worth it; the route to take then, and packs read.

        What was loaded when its share of the time is over is kept, and the next search goes on from there.
        """
        if known.whole:
            if self._read_tail(collection, known):
                return Route.WARM, 0
            known.whole = known.measured = False  # it slept through more than a page: packs are cheaper
        if self.memory.limit_bytes == 0:
            return Route.PROBED, 0
        if not known.measured:
            known.ends = dict(enumerate(self._journal.ends(collection)))
            known.measured = True
        if known.whole_bytes > self.memory.limit_bytes or not self._worth_loading(known, questions, radius):
            return Route.PROBED, 0
        self.memory.make_room(known, coming=known.whole_bytes - known.entries.nbytes)
        return self._load(collection, known, deadline)

    def _load(self, collection: Collection, known: Knowledge, deadline: float) -> tuple[Route, int]:
        """Read packs, then the tail, for half of the time that is left."""
        now = self._clock()
        until = now + LOADING_SHARE * (deadline - now)
        packs = self._missing_packs(known)
        for start in range(0, len(packs), PACKS_AT_ONCE):
            some = packs[start : start + PACKS_AT_ONCE]
            blocks = list(self._executor.map(lambda pack: self._read_pack(collection, known, *pack), some))
            known.entries.adopt([self._passed(known, *pack, block) for pack, block in zip(some, blocks, strict=True)])
            if self._clock() > until:
                return Route.PROBED, start + len(some)
        while not self._read_tail(collection, known):
            if self._clock() > until:
                return Route.PROBED, len(packs)
        known.whole, known.spent = True, 0.0
        return Route.LOADED, len(packs)

    def _worth_loading(self, known: Knowledge, questions: Sequence[Question], radius: int) -> bool:
        """Whether loading costs no more than what was spent on probes so far, and would be spent now.

        So the probes of an instance never cost more than twice what the better choice would have, whatever comes next.
        """
        packs, rest = divmod(known.unread_segments, self._shape.pack_segments)
        load = prices.reading(read_units=math.ceil(rest / 4), s3_gets=packs)
        load += prices.running(known.unread_segments * self._shape.segment_bytes / LOADING_BYTES_PER_S)
        probe = prices.reading(read_units=sum(question.bucketed for question in questions) * probe_count(radius))
        if load <= known.spent + probe:
            return True
        known.spent += probe
        return False

    def _read_tail(self, collection: Collection, known: Knowledge) -> bool:
        """Read what stands behind the cursors; whether that was all."""
        tail = self._journal.tail(collection, [cursor.number for cursor in known.cursors] or [0])
        known.know_shards(len(tail.shards))
        for shard, (cursor, segments) in enumerate(zip(known.cursors, tail.shards, strict=True)):
            known.entries.extend(cursor.take(segments))
            # Past the last one if that was seen full: this instance may begin the next then.
            known.note_end(shard, max([cursor.number, *(segment.number for segment in segments)]))
        return tail.complete

    # --- packs ---

    def _missing_packs(self, known: Knowledge) -> list[tuple[int, int]]:
        """The packs, by shard and number, of full segments that the cursors have not passed."""
        known.know_shards(max(known.ends) + 1)
        size = self._shape.pack_segments
        return [
            (shard, number)
            for shard, cursor in enumerate(known.cursors)
            for number in range(cursor.number // size, known.ends.get(shard, 0) // size)
        ]

    def _read_pack(self, collection: Collection, known: Knowledge, shard: int, number: int) -> Block:
        with suppress(ValueError):  # it is none, or was cut short: it is made again
            block = Block.unpack(self._packs.get(collection, shard, number) or b"")
            if (block.rows, len(block.hashes)) == (self._pack_rows(known), known.entries.view_count):
                return block
        return self._make_pack(collection, known, shard, number)

    def _make_pack(self, collection: Collection, known: Knowledge, shard: int, number: int) -> Block:
        """Make a pack of full segments. Raises BrokenJournal if they are not, rather than to cement the gap."""
        segments = self._journal.segments(
            collection, shard, number * self._shape.pack_segments, self._shape.pack_segments
        )
        entries = [entry for segment in segments for entry in sorted(segment.entries)]
        if len(entries) != self._pack_rows(known):
            want = self._pack_rows(known)
            raise BrokenJournal(f"pack {number} of shard {shard} of {collection}: {len(entries)} entries, want {want}")
        block = Block.of(entries, known.entries.view_count)
        self._packs.put(collection, shard, number, block.pack())
        return block

    def _pack_rows(self, known: Knowledge) -> int:
        return self._shape.pack_segments * known.capacity

    def _passed(self, known: Knowledge, shard: int, number: int, block: Block) -> Block:
        """Move the cursor behind a pack; return those of its rows that were not read before."""
        cursor = known.cursors[shard]
        seen = max(0, cursor.number - number * self._shape.pack_segments)
        cursor.jump((number + 1) * self._shape.pack_segments)
        return block.after(seen * cursor.capacity)

    # --- buckets ---

    def _holders(self, collection: Collection, nearest_first: Iterable[NearHash]) -> Iterator[Candidate]:
        """The objects that are noted for each hash; a page of each is asked for ahead."""
        remaining = iter(nearest_first)
        while some := list(islice(remaining, HASHES_AT_ONCE)):
            pages = [self._catalog.holders(collection, near.hash) for near in some]
            firsts: Iterator[list[str]] = self._executor.map(lambda page: next(page, []), pages)
            for near, first, further in zip(some, firsts, pages, strict=True):
                for object_ids in chain([first], further):
                    yield from (Candidate(near.distance, object_id) for object_id in object_ids)


def _candidates(entries: Entries, hits: Hits) -> Iterator[Candidate]:
    """The objects of *hits*, a page of them at a time: there may be very many copies of one picture."""
    for start in range(0, len(hits.rows), IDS_AT_ONCE):
        page = slice(start, start + IDS_AT_ONCE)
        object_ids = entries.object_ids(hits.rows[page])
        for distance, object_id in zip(hits.distances[page].tolist(), object_ids, strict=True):
            yield Candidate(distance, object_id)
