"""One instance of the function in virtual time, wired as in `handler.wiring`, that computes less than a real one.

What was stored before is counted instead of compared, and each picture is examined once, whichever instance reads it;
the time is charged by what was measured of one upload.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np

from benchmarks.load.throttled_client import Client
from benchmarks.load.throttled_cloud import STRANGER, Cloud
from benchmarks.load.virtual_time import Group, Pool, World
from handler.aws.backlogs import DynamoDBBacklogs
from handler.aws.buckets import DynamoDBBuckets
from handler.aws.catalog import DynamoDBCatalog
from handler.aws.journal import DynamoDBJournal
from handler.aws.packs import S3Packs
from handler.aws.pairs import DynamoDBPairs
from handler.aws.retries import Retries
from handler.aws.s3 import S3Pictures
from handler.aws.sns import SNSTopic
from handler.aws.verdicts import DynamoDBVerdicts
from handler.core.again import Again
from handler.core.asker import Asker
from handler.core.bill import COUNTS
from handler.core.fingerprint import Examined, examine
from handler.core.found import Found
from handler.core.generations import GENERATIONS
from handler.core.journal import Shape
from handler.core.model import Collection, Content, Limits, ObjectRef, Outcome, PictureRecord, Settings
from handler.dedup import Deduplicator
from handler.entries import Block, Entries
from handler.filing import Filer
from handler.finding import Finder
from handler.indexing import Indexer
from handler.journal import CollectionJournal, JournalStore
from handler.lists import ListedPictures
from handler.looks import Looks
from handler.memory import JournalMemory
from handler.report import Report
from handler.search import Search
from handler.wiring import THREADS

DECODE_MS = COUNTS.fingerprint_ms + 2 * COUNTS.megapixel_ms  # of 2 megapixels
COLLECTION = Collection("*", "look1")
LOOK1 = GENERATIONS["look1"]
SETTINGS = Settings(
    generation="look1",
    radius=LOOK1.usual_radius,
    max_matches=20,
    scope_depth=0,
    limits=Limits(),
    max_looks=LOOK1.looks,
    sure_radius=LOOK1.sure_radius,
)
BUCKET, PAIRED = "pictures", "p"  # how the key of a picture begins that has a copy among the uploads


@dataclass(frozen=True, slots=True)
class Case:
    """A burst, and the deployment that it meets."""

    name: str
    pictures: int  # stored before
    within_s: int  # that it may take
    memory_mb: int = 1769
    journal_mb: int = 512
    timeout_s: int = 60
    shards: int = 1
    placement: int = 0
    pack_sizes: tuple[int, ...] = Shape().pack_sizes
    is_patient: bool = True  # waits throttling out; else botocore's five attempts


class Instance:
    """One instance of the function, wired as in `handler.wiring`."""

    over: Any

    def __init__(self, world: World, cloud: Cloud, case: Case) -> None:
        self.group = Group()
        self._retries = Retries(clock=world.clock, between=cloud.rng.uniform)
        wait_s = self._retries.wait_s if case.is_patient else partial(_standard_wait_s, cloud.rng)
        client: Any = Client(cloud, wait_s)
        executor = Pool(world, self.group, THREADS)
        catalog = DynamoDBCatalog(client, "pictures", clock=world.clock)
        buckets = DynamoDBBuckets(client, "buckets", executor=executor)
        journal = DynamoDBJournal(
            client,
            "buckets",
            executor=executor,
            shards=case.shards,
            shape=cloud.shape,
            sleep=world.sleep if case.is_patient else lambda _: None,
        )
        store = JournalStore(
            journal, S3Packs(client, "packs", "buckets"), DynamoDBBacklogs(client, "buckets"), executor, cloud.shape
        )
        memory = JournalMemory(case.journal_mb << 20, partial(_CountingJournal, store=store))
        pictures = _Computing(S3Pictures(client, SETTINGS.limits), world, DECODE_MS + COUNTS.handler_ms)
        looked_at = _Computing(S3Pictures(client, SETTINGS.limits), world, COUNTS.look_ms)
        search = _ComputingSearch(memory=memory, index=buckets, catalog=catalog, executor=executor, clock=world.clock)
        search.compute = world.sleep
        self._deduplicator = Deduplicator(
            indexer=_Examining(
                store=pictures,
                filer=Filer(
                    index=buckets,
                    holders=catalog,
                    memory=memory,
                    buckets_from_bytes=memory.limit_bytes // 2,
                    executor=executor,
                ),
                catalog=catalog,
                executor=executor,
                settings=SETTINGS,
            ),
            finder=Finder(
                search=search,
                looks=Looks(store=ListedPictures(looked_at), executor=executor, settings=SETTINGS, clock=world.clock),
                catalog=catalog,
                executor=executor,
                settings=SETTINGS,
            ),
            catalog=catalog,
            pairs=DynamoDBPairs(client, "pictures"),
            verdicts=DynamoDBVerdicts(client, "pictures"),
            topic=SNSTopic(client, "topic"),
            queue=_NoQueue(),
            executor=executor,
            settings=SETTINGS,
        )

    def handle(self, ref: ObjectRef, deadline: float) -> Report:
        """Handle the event of one upload."""
        self._retries.begin(deadline)
        return self._deduplicator.created(ref, deadline=deadline)


def _standard_wait_s(rng: random.Random, attempts: int) -> float | None:
    """What botocore's own retries wait; those also end where many fail (a quota), which is left out here."""
    return None if attempts >= 5 else min(20, rng.random() * 2 ** (attempts - 1))


class _NoQueue:
    """Here a picture whose search was not whole counts as failed, and does not come again."""

    def send(self, again: Again, delay_s: int) -> None:
        raise RuntimeError(f"a search was not whole: {again}, in {delay_s} s")


class _Computing:
    """Pictures that take as long to decode as larger ones."""

    def __init__(self, store: S3Pictures, world: World, ms: float) -> None:
        self._store, self._world, self._ms = store, world, ms

    def read(self, ref: ObjectRef) -> Content:
        content = self._store.read(ref)
        self._world.sleep(self._ms / 1000)
        return content

    def exists(self, ref: ObjectRef) -> bool:
        return self._store.exists(ref)


class _ComputingSearch(Search):
    """A search that takes as long as comparing all that it only counts."""

    compute: Callable[[float], None]

    def find(self, *asked: Any, **options: Any) -> Found:
        found = super().find(*asked, **options)
        self.compute((COUNTS.windows_ms + COUNTS.compare_ns / 1e6 * found.pictures) / 1000)
        return found


class _CountingEntries(Entries):
    """Counts what was stored before, and keeps the rest."""

    def __init__(self, word_count: int) -> None:
        super().__init__(word_count)
        self.strangers = 0

    def __len__(self) -> int:
        return self.strangers + super().__len__()

    @property
    def nbytes(self) -> int:
        return len(self) * (16 + 8 * self.word_count)

    def extend(self, entries: Sequence[bytes]) -> None:
        kept = [entry for entry in entries if not entry.startswith(STRANGER)]
        strangers, self.strangers = self.strangers + len(entries) - len(kept), 0
        super().extend(kept)  # whose memory grows with what is kept: a sixteenth of all would be 60 MB an instance
        self.strangers = strangers

    def adopt(self, blocks: Sequence[Block]) -> None:
        for block in blocks:
            if not block.rows:
                continue
            known = 0 if block.ids[-1, : len(STRANGER)].any() else block.rows  # they come first
            if not known:
                known = int(np.argmax(block.ids[:, : len(STRANGER)].any(axis=1)))
            self.strangers += known
            if known < block.rows:
                super().adopt([block.after(known)])


class _CountingJournal(CollectionJournal):
    def __init__(self, collection: Collection, word_count: int, store: JournalStore) -> None:
        super().__init__(collection, word_count, store)
        self.entries = _CountingEntries(word_count)


@cache
def _examined(body: bytes) -> Examined:
    return examine(body, SETTINGS.generation, SETTINGS.limits)


class _Examining(Indexer):
    """Computes each picture once, whoever reads it: the benchmark has one processor for all instances."""

    def examine_content(self, ref: ObjectRef, content: Content, report: Report) -> Asker:
        computed, seen = _examined(content.body)
        report.outcome = Outcome.INDEXED
        report.record = PictureRecord(
            ref,
            SETTINGS.generation,
            Outcome.INDEXED,
            fingerprint=computed,
            etag=content.etag,
            digest=content.digest,
            bytes=len(content.body),
            modified=content.modified,
        )
        # Who has no copy asks by what is stored, which is sooner computed, and finds nobody all the same.
        return Asker.at_hand(report.record, seen) if ref.key[0] == PAIRED else Asker.stored(report.record)
