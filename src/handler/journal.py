"""The journal of one collection, as an instance knows it: what it has read of it, how it reads on, how it appends.

An instance that has read all that was appended before can answer any search out of `entries`. It reads packs first,
large and cheap, then the tail; the cursors say how far it has come.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from typing import NamedTuple, Protocol

from handler.core.entry import entry_bytes
from handler.core.journal import Appended, BrokenJournal, PacksUnavailable, Segment, Shape, Tail
from handler.core.model import Collection
from handler.entries import Block, Entries, room_for

PACKS_AT_ONCE = 16  # read in parallel; what is on its way takes a MB each of the memory
NO_PACKS = (PacksUnavailable, BrokenJournal)  # no reason to fail an upload: the buckets answer for now


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


class JournalStore(NamedTuple):
    """Where the journals of a deployment are kept."""

    journal: Journal
    packs: Packs
    executor: Executor
    shape: Shape = Shape()


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
        self.capacity = store.shape.capacity(collection, entry_bytes(word_count))  # entries that fill a segment
        self.entries = Entries(word_count)  # all that was read
        self.cursors: list[Cursor] = []  # by shard
        self.ends: dict[int, int] = {}  # the last segments as last heard of, by shard
        self.measured = False  # `ends` has every shard
        self.whole = False  # `entries` once reached the end of the journal
        self.contended = False  # the end moved on between the last two uploads of this instance: others are busy too

    # --- appending ---

    def append(self, entry: bytes) -> str | None:
        """Add *entry*: every instance that reads on later, this one or another, finds it.

        The writer that fills the last segment of a pack makes the pack; if it is cut short, the next reader does.
        Returns what kept the pack from being made, if anything did.
        """
        appended = self._store.journal.append(self._collection, entry, self.ends, ask=self.contended)
        expected = self.ends.get(appended.shard, appended.segment)
        self.contended = appended.refused > 0 or (self.contended and appended.segment > expected)
        self._note_end(appended.shard, appended.segment)
        if appended.completes_pack:
            try:
                self._make_pack(appended.shard, appended.segment // self._store.shape.pack_segments)
            except NO_PACKS as error:
                return str(error)
        return None

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

    def catch_up(self) -> bool:
        """Read what was appended since the journal was whole; whether it is whole now.

        It is not where more than a page was appended meanwhile: packs are cheaper then.
        """
        if self.whole and not self._read_tail():
            self.whole = self.measured = False
        return self.whole

    def load(self, has_time: Callable[[], bool]) -> int:
        """Read packs, then the tail, for as long as there is time; return how many packs were read.

        It is `whole` then if it came to the end. What was read is kept, and the next call goes on from there. Raises
        PacksUnavailable or BrokenJournal where a pack can neither be read nor made.
        """
        packs = self._missing_packs()
        for start in range(0, len(packs), PACKS_AT_ONCE):
            some = packs[start : start + PACKS_AT_ONCE]
            blocks = list(self._store.executor.map(lambda pack: self._read_pack(*pack), some))
            self.entries.adopt([self._passed(*pack, block) for pack, block in zip(some, blocks, strict=True)])
            if not has_time():
                return start + len(some)
        while not self._read_tail():
            if not has_time():
                return len(packs)
        self.whole = True
        return len(packs)

    def forget(self) -> None:
        """Drop the entries."""
        self.entries, self.cursors, self.whole = Entries(self.entries.word_count), [], False

    def _read_tail(self) -> bool:
        """Read a page of what stands behind the cursors; whether that was all."""
        tail = self._store.journal.tail(self._collection, [cursor.number for cursor in self.cursors] or [0])
        self._know_shards(len(tail.shards))
        for shard, (cursor, segments) in enumerate(zip(self.cursors, tail.shards, strict=True)):
            self.entries.extend(cursor.take(segments))
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

    def _missing_packs(self) -> list[tuple[int, int]]:
        """The packs, by shard and number, of full segments that the cursors have not passed."""
        self._know_shards(max(self.ends) + 1)
        size = self._store.shape.pack_segments
        return [
            (shard, number)
            for shard, cursor in enumerate(self.cursors)
            for number in range(cursor.number // size, self.ends.get(shard, 0) // size)
        ]

    def _read_pack(self, shard: int, number: int) -> Block:
        with suppress(ValueError):  # it is none, or was cut short: it is made again
            block = Block.unpack(self._store.packs.get(self._collection, shard, number) or b"")
            if (block.rows, len(block.words)) == (self._pack_rows, self.entries.word_count):
                return block
        return self._make_pack(shard, number)

    def _make_pack(self, shard: int, number: int) -> Block:
        """Make a pack of full segments. Raises BrokenJournal if they are not, rather than to cement the gap."""
        size = self._store.shape.pack_segments
        segments = self._store.journal.segments(self._collection, shard, number * size, size)
        entries = [entry for segment in segments for entry in sorted(segment.entries)]
        if len(entries) != self._pack_rows:
            have = f"{len(entries)} entries, want {self._pack_rows}"
            raise BrokenJournal(f"pack {number} of shard {shard} of {self._collection}: {have}")
        block = Block.of(entries, self.entries.word_count)
        self._store.packs.put(self._collection, shard, number, block.pack())
        return block

    @property
    def _pack_rows(self) -> int:
        return self._store.shape.pack_segments * self.capacity

    def _passed(self, shard: int, number: int, block: Block) -> Block:
        """Move the cursor behind a pack; return those of its rows that were not read before."""
        cursor, size = self.cursors[shard], self._store.shape.pack_segments
        seen = max(0, cursor.number - number * size)
        cursor.jump((number + 1) * size)
        return block.after(seen * cursor.capacity)
