"""A deployment over fakes, and the hands that a test needs to move it."""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from handler.aws.meter import Meter
from handler.aws.retries import Retries
from handler.clock import now
from handler.core.entry import entry_bytes
from handler.core.fingerprint import fingerprint
from handler.core.generations import GENERATIONS
from handler.core.journal import Backlog, Shape
from handler.core.lists import entry_ref
from handler.core.look1 import RADIUS
from handler.core.model import ORIENTATIONS, Collection, Limits, MatchKind, ObjectRef, Outcome, PictureRecord, Settings
from handler.core.sequencers import padded_sequencer
from handler.core.verdicts import Decision, NamedObject
from handler.deadline import Deadline
from handler.dedup import Deduplicator
from handler.filing import Filer
from handler.finding import MAX_CANDIDATES, Finder
from handler.indexing import Indexer
from handler.journal import CollectionJournal, JournalStore
from handler.lists import ListedPictures, Lister
from handler.look_ups import LookUps
from handler.looks import Looks
from handler.memory import JournalMemory
from handler.report import Report
from handler.review.decisions import Judged, Said, ShownObject
from handler.review.known import Known
from handler.review.service import Review, review
from handler.search import Search
from handler.wiring import AskService, Service
from tests.fakes import (
    InlineExecutor,
    InMemoryBacklogs,
    InMemoryBuckets,
    InMemoryCatalog,
    InMemoryJournal,
    InMemoryPacks,
    InMemoryPairs,
    InMemoryPictures,
    InMemoryVerdicts,
    RecordingQueue,
    RecordingTopic,
)

BUCKET = "pictures"


@dataclass
class FakeDeployment:
    """Everything but AWS; each `function` is a new instance, with nothing in its memory."""

    pictures: InMemoryPictures = field(default_factory=InMemoryPictures)
    buckets: InMemoryBuckets = field(default_factory=InMemoryBuckets)
    catalog: InMemoryCatalog = field(default_factory=lambda: InMemoryCatalog(page_size=3))
    pairs: InMemoryPairs = field(default_factory=InMemoryPairs)
    verdicts: InMemoryVerdicts = field(default_factory=InMemoryVerdicts)
    journal: InMemoryJournal = field(default_factory=InMemoryJournal)
    packs: InMemoryPacks = field(default_factory=InMemoryPacks)
    backlogs: InMemoryBacklogs = field(default_factory=InMemoryBacklogs)
    memory_bytes: int = 1 << 20  # 0: the buckets answer
    buckets_from: int = 50  # percent of it
    shape: Shape = field(default_factory=Shape)
    topic: RecordingTopic = field(default_factory=RecordingTopic)
    again: RecordingQueue = field(default_factory=RecordingQueue)
    max_matches: int = 20
    max_candidates: int = MAX_CANDIDATES
    scope_depth: int = 0
    generation: str = "phash1"
    orientations: str = "none"
    max_looks: int = 0
    max_pixels: int = 1_000_000
    max_bytes: int = 4 << 20
    tell: MatchKind = MatchKind.ALTERED
    lists: tuple[str, ...] = ()
    priority: tuple[str, ...] = ()
    clock: int = 0
    monotonic: Callable[[], float] = time.monotonic  # by which invocations end

    @property
    def settings(self) -> Settings:
        return Settings(
            generation=self.generation,
            radius={"phash1": 10, "look1": RADIUS}[self.generation],
            max_matches=self.max_matches,
            scope_depth=self.scope_depth,
            limits=Limits(max_bytes=self.max_bytes, max_pixels=self.max_pixels),
            orientations=ORIENTATIONS[self.orientations],
            max_looks=self.max_looks,
            tell=self.tell,
            lists=self.lists,
            priority=self.priority,
        )

    def memory(self, wrap: Callable[[Any], Any] = lambda adapter: adapter) -> JournalMemory:
        store = JournalStore(wrap(self.journal), wrap(self.packs), wrap(self.backlogs), InlineExecutor(), self.shape)
        return JournalMemory(self.memory_bytes, partial(CollectionJournal, store=store))

    def indexer(
        self, wrap: Callable[[Any], Any] = lambda adapter: adapter, *, memory: JournalMemory | None = None
    ) -> Indexer:
        return Indexer(
            store=wrap(self.pictures),
            filer=self.filer(wrap, memory or self.memory(wrap)),
            catalog=wrap(self.catalog),
            executor=InlineExecutor(),
            settings=self.settings,
            clock=self.monotonic,
        )

    def filer(self, wrap: Callable[[Any], Any], memory: JournalMemory) -> Filer:
        return Filer(
            index=wrap(self.buckets),
            holders=wrap(self.catalog),
            memory=memory,
            buckets_from_bytes=self.memory_bytes * self.buckets_from // 100,
            executor=InlineExecutor(),
        )

    def finder(self, memory: JournalMemory, settings: Settings, wrap: Callable[[Any], Any]) -> Finder:
        catalog, executor = wrap(self.catalog), InlineExecutor()
        return Finder(
            search=Search(
                memory=memory, index=wrap(self.buckets), catalog=catalog, executor=executor, clock=self.monotonic
            ),
            looks=Looks(store=ListedPictures(wrap(self.pictures)), executor=executor, settings=settings),
            catalog=catalog,
            executor=executor,
            settings=settings,
            max_candidates=self.max_candidates,
        )

    def function(self, wrap: Callable[[Any], Any] = lambda adapter: adapter) -> Deduplicator:
        memory = self.memory(wrap)
        return Deduplicator(
            indexer=self.indexer(wrap, memory=memory),
            finder=self.finder(memory, self.settings, wrap),
            catalog=wrap(self.catalog),
            pairs=wrap(self.pairs),
            verdicts=wrap(self.verdicts),
            topic=wrap(self.topic),
            queue=wrap(self.again),
            executor=InlineExecutor(),
            settings=self.settings,
            jitter=lambda: 0.0,
        )

    def look_ups(self, settings: Settings | None = None) -> LookUps:
        memory, settings = self.memory(), settings or self.settings
        finder = self.finder(memory, settings, lambda adapter: adapter)
        return LookUps(indexer=self.indexer(memory=memory), finder=finder, settings=settings)

    def lister(self, wrap: Callable[[Any], Any] = lambda adapter: adapter) -> Lister:
        """What somebody adds to lists with, and removes from them."""
        memory = self.memory(wrap)
        filer = self.filer(wrap, memory)
        return Lister(filer=filer, catalog=wrap(self.catalog), memory=memory, generation=self.generation)

    def listed(self, name: str, body: bytes, *, list_name: str = "banned", etag: str | None = None) -> PictureRecord:
        """What is listed of the picture *body* under *name*."""
        return PictureRecord(
            entry_ref(list_name, name),
            self.generation,
            Outcome.INDEXED,
            fingerprint=fingerprint(body, self.generation, self.settings.limits),
            etag=etag,
            digest=hashlib.sha256(body).hexdigest(),
            bytes=len(body),
            modified="2026-01-01T00:00:00+00:00",
        )

    def service(self, shadow: Indexer | None = None) -> Service:
        """What the handler is given."""
        return Service(self.function(), self.look_ups(), shadow, Meter(), Retries())

    def asking(self, also_generation: str | None = None) -> AskService:
        """What the function that answers questions is given."""
        return AskService(
            look_ups=self.look_ups,
            indexer=self.indexer(),
            catalog=self.catalog,
            review=self.review(),
            pictures=self.pictures,
            settings=self.settings,
            also_generation=also_generation,
            meter=Meter(),
            deadline=Deadline(),
            retries=Retries(),
        )

    def review(self, settings: Settings | None = None, clock: Callable[[], datetime] = now) -> Review:
        """What people review it with."""
        return review(
            pairs=self.pairs,
            verdicts=self.verdicts,
            catalog=self.catalog,
            settings=settings or self.settings,
            executor=InlineExecutor(),
            clock=clock,
        )

    def known(self) -> Known:
        """What reviews read and write."""
        return Known(
            pairs=self.pairs,
            verdicts=self.verdicts,
            catalog=self.catalog,
            settings=self.settings,
            executor=InlineExecutor(),
        )

    def decide(self, one: NamedObject, other: NamedObject, judged: Judged) -> Decision:
        """What somebody says about two objects, as they are now."""
        (stored,) = self.review().decisions.decide([Said(ShownObject(*one), ShownObject(*other), judged)])
        return stored

    def event(self, key: str) -> ObjectRef:
        """What S3 would send next about *key*."""
        self.clock += 1
        return ObjectRef(BUCKET, key, padded_sequencer(f"{self.clock:016X}"))

    def put(self, key: str, body: bytes) -> ObjectRef:
        self.pictures.objects[BUCKET, key] = body
        return self.event(key)

    def upload(self, key: str, body: bytes) -> Report:
        return self.function().created(self.put(key, body))

    def delete(self, key: str) -> ObjectRef:
        del self.pictures.objects[BUCKET, key]
        return self.event(key)

    def outgrow(self, scope: str = "*") -> None:
        """Have all pictures filed in the buckets at once, as where the journal is about to outgrow the memory."""
        collection, words = Collection(scope, self.generation), GENERATIONS[self.generation].word_count
        self.backlogs.noted[str(collection)] = Backlog(0, 0, 0)
        self.journal.mark(collection, entry_bytes(words))

    @property
    def collection(self) -> Collection:
        """Where all pictures are, at scope depth 0."""
        return Collection("*", self.generation)

    def holders(self, *hashes: int) -> list[list[str]]:
        """The object ids that are noted for each of *hashes*."""
        found = [self.catalog.holders(self.collection, hash) for hash in hashes]
        return [[object_id for page in pages for object_id in page] for pages in found]

    @property
    def announced(self) -> list[tuple[str, list[str]]]:
        """Each message: the picture's key and its matches' keys."""
        documents = [json.loads(message.body) for message in self.topic.messages]
        return [(doc["picture"]["key"], [match["key"] for match in doc["matches"]]) for doc in documents]
