"""What pictures are filed in, over fakes: one journal with small segments, its packs, the buckets and the holders."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from handler.core.buckets import buckets
from handler.core.entry import Question, entry_bytes, to_entry
from handler.core.found import Found
from handler.core.journal import Shape
from handler.core.model import Collection, ObjectRef
from handler.journal import CollectionJournal, JournalStore
from handler.memory import JournalMemory
from handler.search import ALL_FILED, LOADING_SHARE, Search
from tests.fakes import (
    InlineExecutor,
    InMemoryBacklogs,
    InMemoryBuckets,
    InMemoryCatalog,
    InMemoryJournal,
    InMemoryPacks,
)

COLLECTION = Collection("*", "phash1")
SHAPE = Shape(segment_bytes=180, pack_sizes=(4,))
ENTRY_BYTES = entry_bytes(1)
PER_SEGMENT = SHAPE.capacity(COLLECTION, ENTRY_BYTES)
PER_PACK = PER_SEGMENT * SHAPE.pack_sizes[0]
RADIUS = 10


@dataclass
class Instance:
    """What one instance of the function has of the index: a memory, and a search that reads it."""

    memory: JournalMemory
    search: Search

    def find(
        self,
        hash: int = 0,
        *,
        collection: Collection = COLLECTION,
        deadline: float = math.inf,
        loading_share: float = LOADING_SHARE,
        kept: Sequence[Collection] = (),
    ) -> Found:
        """Search for one hash."""
        return self.search.find(
            collection,
            [Question(hash)],
            RADIUS,
            word_count=1,
            deadline=deadline,
            loading_share=loading_share,
            kept=kept,
        )


@dataclass
class FakeIndex:
    """The index of a deployment; instances come and go."""

    page_segments: int = 1000
    shards: int = 1
    shape: Shape = SHAPE
    journal: InMemoryJournal = field(init=False)
    packs: InMemoryPacks = field(default_factory=InMemoryPacks)
    backlogs: InMemoryBacklogs = field(default_factory=InMemoryBacklogs)
    buckets: InMemoryBuckets = field(default_factory=InMemoryBuckets)
    catalog: InMemoryCatalog = field(default_factory=lambda: InMemoryCatalog(page_size=3))
    now: float = 0.0  # seconds, as instances see it

    def __post_init__(self) -> None:
        self.journal = InMemoryJournal(shape=self.shape, page_segments=self.page_segments, shards=self.shards)

    def open(self, collection: Collection = COLLECTION, word_count: int = 1) -> CollectionJournal:
        """Return the journal of *collection* as a new instance knows it."""
        store = JournalStore(self.journal, self.packs, self.backlogs, InlineExecutor(), self.shape)
        return CollectionJournal(collection, word_count, store)

    def instance(self, memory_bytes: int = 1 << 20) -> Instance:
        memory = JournalMemory(memory_bytes, self.open)
        search = Search(
            memory=memory,
            index=self.buckets,
            catalog=self.catalog,
            executor=InlineExecutor(),
            clock=lambda: self.now,
        )
        return Instance(memory, search)

    def add(self, instance: Instance, key: str, hashes: Sequence[int], collection: Collection = COLLECTION) -> str:
        """File a picture by way of *instance*; return its object id."""
        ref = ObjectRef("pictures", key)
        self.backlogs.noted[str(collection)] = ALL_FILED
        instance.memory.of(collection, len(hashes)).append(to_entry(ref.object_id, hashes))
        for hash in hashes:
            self.catalog.add_holder(collection, hash, ref)
            for bucket in buckets(hash):
                self.buckets.add(collection, bucket, hash, crowded=False)
        return ref.object_id

    def fill(self, count: int, *, collection: Collection = COLLECTION, start: int = 0) -> list[str]:
        """File *count* pictures far from each other; return their object ids."""
        writer, rng = self.instance(), random.Random(start)
        return [self.add(writer, f"{start + n}", [rng.getrandbits(64)], collection) for n in range(count)]
