"""What an instance remembers of each collection, and what it forgets first."""

from collections import OrderedDict
from dataclasses import dataclass, field

from handler.core.entry import entry_bytes
from handler.core.journal import Cursor, Shape
from handler.core.model import Collection
from handler.entries import Entries, room_for

MAX_COLLECTIONS = 2_000  # that are remembered at all: besides its entries each takes some kilobytes


@dataclass(slots=True)
class Knowledge:
    """What an instance knows of one collection."""

    entries: Entries
    capacity: int  # entries that fill a segment
    cursors: list[Cursor] = field(default_factory=list)  # by shard
    ends: dict[int, int] = field(default_factory=dict)  # the last segments as last heard of, by shard
    moving: bool = False  # the end moved on between the last two uploads of this instance: others are busy too
    measured: bool = False  # `ends` has every shard
    whole: bool = False  # `entries` once reached the end of the journal
    counted: int = 0  # bytes of `entries` that are part of the instance's sum
    spent: float = 0.0  # dollars for probes, which loading would have saved

    @property
    def unread_segments(self) -> int:
        """How many segments stand behind the cursors, as far as the ends are known."""
        return sum(self.ends.values()) + 1 - sum(cursor.number for cursor in self.cursors)

    @property
    def whole_bytes(self) -> int:
        """The most that all entries will take once they are read, as far as the ends are known."""
        rows = (sum(self.ends.values()) + 1) * self.capacity
        return room_for(rows) * entry_bytes(self.entries.view_count)

    def note_end(self, shard: int, number: int) -> None:
        """Remember that the shard has come at least to segment *number*."""
        self.ends[shard] = max(number, self.ends.get(shard, 0))

    def know_shards(self, count: int) -> None:
        """Have a cursor for each of *count* shards at least."""
        self.cursors += [Cursor(self.capacity) for _ in range(count - len(self.cursors))]

    def forget(self) -> None:
        """Drop the entries."""
        self.entries, self.cursors, self.whole = Entries(self.entries.view_count), [], False


class Memory:
    """The collections that an instance has met; their entries stay below *limit_bytes*."""

    def __init__(self, limit_bytes: int, shape: Shape) -> None:
        self.limit_bytes = limit_bytes
        self.known: OrderedDict[Collection, Knowledge] = OrderedDict()  # least recently used first
        self._shape = shape
        self._held_bytes = 0

    def of(self, collection: Collection, view_count: int) -> Knowledge:
        """Return what is known of *collection*, whose entries have *view_count* hashes; it is used now."""
        if collection not in self.known:
            self.known[collection] = Knowledge(
                Entries(view_count), self._shape.capacity(collection, entry_bytes(view_count))
            )
        self.known.move_to_end(collection)
        if len(self.known) > MAX_COLLECTIONS:
            self._held_bytes -= self.known.popitem(last=False)[1].counted
        return self.known[collection]

    def make_room(self, known: Knowledge, *, coming: int = 0) -> None:
        """Forget the entries of the collections used longest ago until all, and *coming* bytes, are below the limit.

        Those of *known*, the last one used, are the last to go: if they alone are too many, the buckets will answer.
        """
        self._count(known)
        for other in self.known.values():
            if self._held_bytes + coming <= self.limit_bytes:
                break
            if other.counted:
                other.forget()
                self._count(other)

    def _count(self, known: Knowledge) -> None:
        self._held_bytes += known.entries.nbytes - known.counted
        known.counted = known.entries.nbytes
