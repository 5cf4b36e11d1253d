"""What a list takes in, gives back and keeps no more, and how the function looks at what is on it.

Adding announces nothing: uploads ask. An entry is filed in the journal and the buckets first and stored last, so what
is stored is found by every upload that begins later. Nothing that files it is ever taken back: where it is removed and
added again at the same moment it is whole or gone, whichever was stored last.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from handler.core.generations import GENERATIONS
from handler.core.lists import entry_ref, list_collection, source_of
from handler.core.model import Content, ObjectRef, PictureRecord, ReadDenied
from handler.filing import Filer
from handler.indexing import ObjectCatalog
from handler.looks import PictureReader
from handler.memory import JournalMemory

RECORDS_AT_ONCE = 100  # object items that one call reads


class ListedPictures:
    """Where the pictures are, those of lists included: in the objects that entries were made of."""

    def __init__(self, store: PictureReader) -> None:
        self._store = store

    def read(self, ref: ObjectRef) -> Content:
        """Return the object, as the store does; raise ReadDenied for an entry that was made of no object."""
        source = source_of(ref)
        if source is None:
            raise ReadDenied(f"of {ref.key} nothing but the fingerprint is on {ref.bucket}")
        return self._store.read(source)


class Lister:
    """Keeps the lists of one deployment and one generation."""

    def __init__(self, *, filer: Filer, catalog: ObjectCatalog, memory: JournalMemory, generation: str) -> None:
        self._filer = filer
        self._catalog = catalog
        self._memory = memory
        self._generation = generation

    def add(self, list_name: str, record: PictureRecord) -> bool:
        """Put *record*, whose reference is that of an entry, on the list; False if it was there already.

        Every upload that begins after this returns meets it. Safe to repeat and to stop at any step.
        """
        collection = list_collection(list_name, self._generation)
        if any(same(known, record) for known in self._catalog.get(collection, [record.ref.object_id])):
            return False
        self._filer.file(collection, record)
        self._catalog.put(collection, record)
        return True

    def remove(self, list_name: str, name: str) -> bool:
        """Take the entry *name* off the list; False if it is not on it. Uploads that begin later do not meet it."""
        ref = entry_ref(list_name, name)
        if self.get(list_name, name) is None:
            return False
        self._catalog.bury(list_collection(list_name, self._generation), ref)
        return True

    def get(self, list_name: str, name: str) -> PictureRecord | None:
        """Return the entry *name*, if it is on the list."""
        ids = [entry_ref(list_name, name).object_id]
        return next(self._alive(list_name, ids), None)

    def entries(self, list_name: str) -> Iterator[PictureRecord]:
        """Yield every entry, in no order. Raises BrokenJournal where some of them are lost."""
        word_count = GENERATIONS[self._generation].word_count
        journal = self._memory.of(list_collection(list_name, self._generation), word_count)
        journal.measure()
        journal.load(lambda: True)
        ids = list(dict.fromkeys(journal.entries.object_ids(np.arange(len(journal.entries)))))
        for at in range(0, len(ids), RECORDS_AT_ONCE):
            yield from self._alive(list_name, ids[at : at + RECORDS_AT_ONCE])

    def _alive(self, list_name: str, ids: Sequence[str]) -> Iterator[PictureRecord]:
        records = self._catalog.get(list_collection(list_name, self._generation), ids)
        return (record for record in records if record.alive)


def same(known: PictureRecord, record: PictureRecord) -> bool:
    """Whether *known* is as good as *record*, whenever each was listed."""
    return replace(known, modified=record.modified) == record
