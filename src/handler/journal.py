"""The journal of one collection, as an instance knows it: what it has read of it, how it reads on, how it appends.

An instance that has read all that was appended before can answer any search out of `entries`. It reads packs first,
large and cheap, then the tail; the cursors say how far it has come. Where it appends right behind that, the answer is
the tail.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import NamedTuple, Protocol

from handler.backlog import Backlogs, CollectionBacklog
from handler.core.entry import entry_bytes
from handler.core.journal import Appended, BrokenJournal, PacksUnavailable, Segment, Shape, Span, Tail
from handler.core.model import Collection
from handler.entries import Block, Entries, room_for
from handler.packed import PackedSegments, Packs

PACKS_AT_ONCE, SEGMENTS_AT_ONCE = 16, 16_384  # read in parallel: 16 MB, which may take as much memory once more
NO_PACKS = (PacksUnavailable, BrokenJournal)  # no reason to fail an upload: whoever misses the pack makes it


class Journal(Protocol):
    """The order in which pictures came. All reads are strongly consistent."""

    def append(
        self, collection: Collection, entry: bytes, ends: Mapping[int, int], *, ask: bool, marked: bool = False
    ) -> Appended:
        """Add *entry*: every `tail` that starts later sees it.

        *ends* are the last segments as last heard of, by shard, and *marked* says whether those before them were;
        *ask* for the end anew instead of trying that one.
        """

    def mark(self, collection: Collection, entry_bytes: int) -> None:
        """Mark shard 0, whose entries have so many bytes: the answer to each later append to it says so."""

    def tail(self, collection: Collection, cursors: Sequence[int]) -> Tail:
        """Return what stands from *cursors* on, by shard, unknown shards included; a page of each at least."""

    def ends(self, collection: Collection) -> list[int]:
        """Return the number of the last segment of each shard."""

    def segments(self, collection: Collection, shard: int, first: int, count: int) -> list[Segment]:
        """Return *count* segments from *first* on, those that exist."""


class JournalStore(NamedTuple):
    """Where the journals of a deployment are kept."""

    journal: Journal
    packs: Packs
    backlogs: Backlogs
    executor: Executor
    shape: Shape = Shape()


class Written(NamedTuple):
    """What appending an entry came to."""

    appended: Appended
    unpacked: str | None = None  # what kept a pack from being made, if anything did


class Loaded(NamedTuple):
    """What loading came to."""

    packs: int = 0  # that were read
    trouble: str | None = None  # with packs, if anything was: segments of the table were read in their place


class Cursor:
    """How far a reader has come in one shard: past every segment that it saw full from the first on.

    A Query does not read all its items at one moment: it may see segment 7 with room for more and, a moment later,
    segment 8. So the cursor stops at the first one that was not full, and remembers what it has seen behind it.
    """

    __slots__ = ("capacity", "number", "seen")

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.number = 0  # the first segment that was not seen full
        self.seen: dict[int, frozenset[bytes]] = {}  # by number, from `number` on

    def take(self, segments: Iterable[Segment]) -> list[bytes]:
        """Return the entries of *segments* that are new to this reader, and move on."""
        new: list[bytes] = []
        for segment in segments:
            new += segment.entries - self.seen.get(segment.number, frozenset())
            self.seen[segment.number] = segment.entries
        while len(self.seen.get(self.number, ())) >= self.capacity:
            del self.seen[self.number]
            self.number += 1
        return new

    def jump(self, number: int) -> None:
        """Move to segment *number*: all before it was read elsewhere."""
        self.number = number
        self.seen = {later: entries for later, entries in self.seen.items() if later >= number}


class CollectionJournal:
    """One collection's journal, whose entries have *word_count* words each.

    Lives as long as the instance remembers the collection, and serves one event at a time.
    """

    def __init__(self, collection: Collection, word_count: int, store: JournalStore) -> None:
        self._collection = collection
        self._store = store
        self._packed = PackedSegments(
            collection, word_count, segments=store.journal, packs=store.packs, shape=store.shape
        )
        size = entry_bytes(word_count)
        mark = partial(store.journal.mark, collection, size)
        self.backlog = CollectionBacklog(collection, backlogs=store.backlogs, journal=store.journal, mark=mark)
        self.capacity = store.shape.capacity(collection, size)  # entries that fill a segment
        self.entries = Entries(word_count)  # all that was read
        self.cursors: list[Cursor] = []  # by shard
        self.ends: dict[int, int] = {}  # the last segments as last heard of, by shard
        self.measured = False  # `ends` has every shard
        self.marked = False  # the answers to appends do not tell all: there are further shards, or there is a backlog
        self.whole = False  # `entries` once reached the end of the journal
        self.contended = False  # the end moved on between the last two uploads of this instance: others are busy too

    # --- appending ---

    def append(self, entry: bytes) -> Written:
        """Add *entry*: every instance that reads on later, this one or another, finds it.

        The writer that fills the last segment of a pack makes it; if it is cut short, the next reader does. What the
        answer tells is not taken in yet: entries may be compared meanwhile.
        """
        appended = self._store.journal.append(
            self._collection, entry, self.ends, ask=self.contended, marked=self.marked
        )
        expected = self.ends.get(appended.shard, appended.segment)
        self.contended = appended.refused > 0 or (self.contended and appended.segment > expected)
        self.marked |= appended.marked
        is_full = len(appended.seen[-1].entries) >= self.capacity
        self._note_end(appended.shard, appended.segment + is_full)
        if appended.completes_pack:
            try:
                self._packed.complete(appended.shard, appended.segment)
            except NO_PACKS as error:
                return Written(appended, str(error))
        return Written(appended)

    def learn(self, appended: Appended) -> bool:
        """Take in what the answer to an append tells; whether all that was appended before is known by that.

        It is if nothing is between what this instance has read and the segments that were tried. An entry that was
        there before may be in a full segment with others behind it, so then it is not.
        """
        if not self.whole or appended.shard:
            return False
        (first, *_), tried = self.cursors, {segment.number for segment in appended.seen}
        follows = tried.issuperset(range(first.number, appended.segment + 1))
        self.entries.extend(first.take(appended.seen))
        return follows and not appended.again and not appended.marked

    # --- reading ---

    def measure(self) -> None:
        """Ask how long the journal is, unless that is known."""
        if not self.measured:
            self.ends = dict(enumerate(self._store.journal.ends(self._collection)))
            self.measured = True

    @property
    def whole_bytes(self) -> int:
        """The most memory that all entries will take once they are read, as far as the ends are known."""
        rows = (sum(self.ends.values()) + 1) * self.capacity
        return room_for(rows) * entry_bytes(self.entries.word_count)

    def catch_up(self, *, latest: bool = False) -> bool:
        """Read what was appended since the journal was whole, unless that is known; whether it is whole now.

        It is not where more than a page was appended meanwhile: packs are cheaper then. *latest* says that an append
        has told all that there is to know.
        """
        if self.whole and not latest and not self._read_tail():
            self.whole = self.measured = False
        return self.whole

    def load(self, has_time: Callable[[], bool]) -> Loaded:
        """Read packs, then the tail, for as long as there is time.

        It is `whole` then if it came to the end. What was read is kept, and the next call goes on from there. Where
        packs cannot be had, what they are copies of is read. Raises BrokenJournal where that is not all there.
        """
        packs, trouble = 0, None
        for some in _at_once(self._missing_packs()):
            if trouble is None:
                try:
                    self._take(some, self._packed.read)
                    packs += len(some)
                except PacksUnavailable as error:
                    trouble = str(error)  # they may have taken long to fail: none is asked for any more
            if trouble is not None and has_time():
                self._take(some, self._packed.unpacked)
            if not has_time():
                return Loaded(packs, trouble)
        while not self._read_tail():
            if not has_time():
                return Loaded(packs, trouble)
        self.whole = True
        return Loaded(packs, trouble)

    def forget(self) -> None:
        """Drop the entries. How long the journal is by then is asked anew when it is loaded again."""
        self.entries, self.cursors = Entries(self.entries.word_count), []
        self.whole = self.measured = False

    def _read_tail(self) -> bool:
        """Read a page of what stands behind the cursors; whether that was all."""
        tail = self._store.journal.tail(self._collection, [cursor.number for cursor in self.cursors] or [0])
        self._know_shards(len(tail.shards))
        for shard, (cursor, segments) in enumerate(zip(self.cursors, tail.shards, strict=True)):
            self.entries.extend(cursor.take(segments))
            self.marked |= any(segment.marked for segment in segments)
            # Past the last one if that was seen full: this instance may begin the next then.
            self._note_end(shard, max([cursor.number, *(segment.number for segment in segments)]))
        return tail.complete

    def _note_end(self, shard: int, number: int) -> None:
        """Remember that the shard has come at least to segment *number*."""
        self.ends[shard] = max(number, self.ends.get(shard, 0))

    def _know_shards(self, count: int) -> None:
        """Have a cursor for each of *count* shards at least."""
        self.cursors += [Cursor(self.capacity) for _ in range(count - len(self.cursors))]

    # --- packs ---

    def _missing_packs(self) -> list[Span]:
        """The packs of full segments that the cursors have not passed."""
        self._know_shards(max(self.ends) + 1)
        spans = self._store.shape.spans
        return [
            span
            for shard, cursor in enumerate(self.cursors)
            for span in spans(shard, cursor.number, self.ends.get(shard, 0))
        ]

    def _take(self, spans: Sequence[Span], read: Callable[[Span], Block]) -> None:
        """Add what is in *spans*, which follow each other; none of it if one of them cannot be read."""
        blocks = list(self._store.executor.map(read, spans))
        self.entries.adopt([self._passed(span, block) for span, block in zip(spans, blocks, strict=True)])

    def _passed(self, span: Span, block: Block) -> Block:
        """Move the cursor behind a pack; return those of its rows that were not read before."""
        cursor = self.cursors[span.shard]
        seen = max(0, cursor.number - span.first)
        cursor.jump(span.stop)
        return block.after(seen * cursor.capacity)


def _at_once(spans: Sequence[Span]) -> Iterator[list[Span]]:
    """Yield *spans* in order, as many at a time as may be read in parallel."""
    some: list[Span] = []
    for span in spans:
        if len(some) == PACKS_AT_ONCE or sum(one.size for one in [*some, span]) > SEGMENTS_AT_ONCE:
            yield some
            some = []
        some.append(span)
    if some:
        yield some
