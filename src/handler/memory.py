"""The journals that an instance remembers, and which of them it forgets first."""

from collections import OrderedDict
from collections.abc import Callable, Iterable

from handler.core.model import Collection
from handler.journal import CollectionJournal

MAX_COLLECTIONS = 2_000  # that are remembered at all: besides its entries each takes some kilobytes


class JournalMemory:
    """The journals of the collections that an instance has met; their entries stay below *limit_bytes*.

    *open* makes the journal of a collection whose entries have so many words each.
    """

    def __init__(self, limit_bytes: int, open: Callable[[Collection, int], CollectionJournal]) -> None:
        self.limit_bytes = limit_bytes
        self.journals: OrderedDict[Collection, CollectionJournal] = OrderedDict()  # least recently used first
        self._open = open
        self._counted: dict[Collection, int] = {}  # bytes of entries that are part of the sum
        self._held_bytes = 0

    def of(self, collection: Collection, word_count: int) -> CollectionJournal:
        """Return the journal of *collection*, whose entries have *word_count* words each; it is used now."""
        if collection not in self.journals:
            self.journals[collection] = self._open(collection, word_count)
        self.journals.move_to_end(collection)
        if len(self.journals) > MAX_COLLECTIONS:
            oldest, _ = self.journals.popitem(last=False)
            self._held_bytes -= self._counted.pop(oldest, 0)
        return self.journals[collection]

    def room_beside(self, kept: Iterable[Collection]) -> int:
        """Return the bytes that are left where the entries of *kept* collections stay."""
        return self.limit_bytes - sum(self._counted.get(one, 0) for one in set(kept))

    def make_room(self, collection: Collection, *, coming: int = 0, kept: Iterable[Collection] = ()) -> None:
        """Forget the entries of the collections used longest ago until all, and *coming* bytes, are below the limit.

        Those of *kept* collections stay. Those of *collection*, the last one used, are the last to go: if they alone
        are too many, the buckets will answer.
        """
        self._count(collection)
        for other, journal in self.journals.items():
            if self._held_bytes + coming <= self.limit_bytes:
                break
            if other not in kept and self._counted.get(other):
                journal.forget()
                self._count(other)

    def _count(self, collection: Collection) -> None:
        held = self.journals[collection].entries.nbytes
        self._held_bytes += held - self._counted.get(collection, 0)
        self._counted[collection] = held
