"""Uploads as a function instance handles them: real clients and search, against the server that answers from arrays."""

import gc
import os
import random
import time
from collections.abc import Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from itertools import islice
from typing import Any, NamedTuple

import boto3
from botocore.config import Config as ClientConfig
from PIL import Image

from benchmarks.cost.stored_pictures import BUCKETED_VIEWS, COLLECTION, SHAPE, Size
from handler.aws.backlogs import DynamoDBBacklogs
from handler.aws.buckets import DynamoDBBuckets
from handler.aws.catalog import DynamoDBCatalog
from handler.aws.journal import DynamoDBJournal
from handler.aws.packs import S3Packs
from handler.aws.pairs import DynamoDBPairs
from handler.aws.verdicts import DynamoDBVerdicts
from handler.core.again import Again
from handler.core.buckets import buckets
from handler.core.entry import Question, to_entry, word_count_of
from handler.core.found import Route
from handler.core.journal import Span
from handler.core.message import Message
from handler.core.model import Collection, Content, Fingerprint, Limits, ObjectRef, Outcome, PictureRecord, Settings
from handler.core.sequencers import padded_sequencer
from handler.dedup import Deduplicator
from handler.entries import Entries
from handler.filing import Filer
from handler.finding import CANDIDATES_AT_ONCE, MAX_CANDIDATES, Finder
from handler.indexing import Indexer
from handler.journal import CollectionJournal, JournalStore
from handler.looks import Looks
from handler.memory import JournalMemory
from handler.search import Search
from handler.wiring import CLIENT, lean_session

MEMORY_BYTES = 2 << 30  # more than any collection here takes


@dataclass(frozen=True, slots=True)
class Case:
    """What to measure."""

    route: Route
    size: Size
    orientations: int  # 1, or 8 with all flips and turns
    radius: int


class Spent(NamedTuple):
    """What one upload took."""

    cpu_ms: float
    wall_ms: float
    candidates: int  # whose object items were read


class _Instance(NamedTuple):
    """What a function instance remembers, and what searches in it."""

    memory: JournalMemory
    search: Search


class Uploader:
    """Handles uploads of noise: none matches, but among millions of random hashes some lie near by chance."""

    def __init__(self, case: Case, endpoint: str, executor: Executor) -> None:
        os.environ |= {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        session = boto3.Session(region_name="us-east-1", botocore_session=lean_session())
        settings = CLIENT.merge(ClientConfig(proxies={}, s3={"addressing_style": "path"}))
        dynamodb = session.client("dynamodb", endpoint_url=endpoint, config=settings)
        self._case = case
        self._executor = executor
        self._rng = random.Random(case.radius)
        self._catalog = _CountingCatalog(dynamodb, "pictures")
        self._pairs, self._verdicts = DynamoDBPairs(dynamodb, "pictures"), DynamoDBVerdicts(dynamodb, "pictures")
        self._index = DynamoDBBuckets(dynamodb, "buckets", executor=executor)
        journal = DynamoDBJournal(dynamodb, "buckets", executor=executor, shards=case.size.shards)
        packs = S3Packs(session.client("s3", endpoint_url=endpoint, config=settings), "packs", "buckets")
        self._journals = JournalStore(journal, packs, DynamoDBBacklogs(dynamodb, "buckets"), executor)
        self._instance: _Instance | None = None
        self._number = 0
        self._questions: list[Question] = []

    def warm_up(self) -> None:
        """Open the connections and fill botocore's caches, but read none of what is to be measured."""
        instance = self._new_instance(memory_bytes=0)
        for _ in range(3):
            self._handle(instance, radius=0)
        self._journals.packs.get(COLLECTION, Span(0, 0, SHAPE.pack_sizes[0]))

    def prepare(self) -> None:
        """Bring the instance to where the case begins: knowing all, nothing, or only how much there is."""
        if self._case.route is Route.LOADED:
            self._instance = None  # what it holds goes before the next one loads
            gc.collect()
            self._instance = self._new_instance(memory_bytes=MEMORY_BYTES)
        elif self._instance is None:
            self._instance = self._new_instance(memory_bytes=MEMORY_BYTES if self._case.route is Route.WARM else 0)
            self._handle(self._instance, radius=0)

    def upload(self) -> Spent:
        """Handle one upload."""
        assert self._instance is not None
        cpu, wall = time.process_time(), time.perf_counter()
        self._handle(self._instance, radius=self._case.radius)
        seconds = time.process_time() - cpu, time.perf_counter() - wall
        return Spent(seconds[0] * 1000, seconds[1] * 1000, self._catalog.asked)

    @property
    def remembered(self) -> int:
        """How many entries are in memory."""
        return len(self._entries)

    def scan(self) -> None:
        """Compare the last questions with what is in memory."""
        self._entries.scan(self._questions, self._case.radius)

    @property
    def _entries(self) -> Entries:
        assert self._instance is not None
        return self._instance.memory.journals[COLLECTION].entries

    def _new_instance(self, *, memory_bytes: int) -> _Instance:
        memory = JournalMemory(memory_bytes, partial(CollectionJournal, store=self._journals))
        search = Search(memory=memory, index=self._index, catalog=self._catalog, executor=self._executor)
        return _Instance(memory, search)

    def _handle(self, instance: _Instance, *, radius: int) -> None:
        self._catalog.asked = 0
        self._number += 1
        ref = ObjectRef("pictures", f"{self._number}.png", padded_sequencer(f"{self._number:016X}"))
        if (self._case.size.view_count, self._case.orientations) == (1, 1):
            self._whole_use_case(instance, ref, radius)
        else:
            self._many_questions(instance, ref, radius)

    def _whole_use_case(self, instance: _Instance, ref: ObjectRef, radius: int) -> None:
        settings = Settings(
            generation="phash1",
            radius=radius,
            max_matches=20,
            scope_depth=0,
            limits=Limits(max_bytes=1 << 20, max_pixels=1 << 20),
        )
        index, catalog, executor = self._index, self._catalog, self._executor
        filer = Filer(
            index=index, holders=catalog, memory=instance.memory, buckets_from_bytes=0, executor=executor
        )  # one view: all is filed at once
        pictures = _NoisePictures()
        indexer = Indexer(store=pictures, filer=filer, catalog=catalog, executor=executor, settings=settings)
        deduplicator = Deduplicator(
            indexer=indexer,
            finder=Finder(
                search=instance.search,
                looks=Looks(store=_NoisePictures(), executor=self._executor, settings=settings),
                catalog=self._catalog,
                executor=self._executor,
                settings=settings,
            ),
            catalog=self._catalog,
            pairs=self._pairs,
            verdicts=self._verdicts,
            topic=_Nobody(),
            queue=_Nobody(),
            executor=self._executor,
            settings=settings,
        )
        record = deduplicator.created(ref).record
        assert record is not None
        assert record.hash is not None
        self._questions = [Question(record.hash)]

    def _many_questions(self, instance: _Instance, ref: ObjectRef, radius: int) -> None:
        """What an upload with several views or orientations does, without the picture."""
        view_count = self._case.size.view_count
        hashes = [self._rng.getrandbits(64) for _ in range(view_count)]
        for write in self._writes(ref, hashes):
            write.result()
        latest = self._append(instance, to_entry(ref.object_id, hashes))
        self._questions = self._asked(hashes)
        find = partial(instance.search.find, word_count=view_count, latest=latest)
        found = find(COLLECTION, self._questions, radius).candidates
        candidates = (one for one in found if one.object_id != ref.object_id)
        while self._catalog.asked < MAX_CANDIDATES and (some := list(islice(candidates, CANDIDATES_AT_ONCE))):
            self._catalog.get(COLLECTION, list(dict.fromkeys(candidate.object_id for candidate in some)))

    def _writes(self, ref: ObjectRef, hashes: list[int]) -> list[Future[Any]]:
        fingerprint = Fingerprint(hashes[0], "phash1", 32, 32, "PNG")
        record = PictureRecord(ref, "phash1", Outcome.INDEXED, fingerprint=fingerprint)
        submit = self._executor.submit
        writes: list[Future[Any]] = [submit(self._catalog.put, COLLECTION, record)]
        if self._case.route is Route.PROBED:  # of a scope that has outgrown the memory; others are filed late
            for hash in hashes[:BUCKETED_VIEWS]:
                writes.append(submit(self._catalog.add_holder, COLLECTION, hash, ref))
                add = partial(self._index.add, crowded=False)
                writes += [submit(add, COLLECTION, bucket, hash) for bucket in buckets(hash)]
        return writes

    def _append(self, instance: _Instance, entry: bytes) -> bool:
        """Append; whether that told of all that was appended before."""
        journal = instance.memory.of(COLLECTION, word_count_of(entry))
        written = journal.append(entry)
        if journal.marked and self._case.route is not Route.PROBED:
            journal.backlog.read()
        return journal.learn(written.appended)

    def _asked(self, hashes: list[int]) -> list[Question]:
        """Ask for whole and trimmed views among all stored ones, for the others among stored whole and trimmed ones."""
        view_count = len(hashes)
        return [
            Question(
                self._rng.getrandbits(64) if turn else hash,
                tuple(range(view_count if number < BUCKETED_VIEWS else BUCKETED_VIEWS)),
            )
            for number, hash in enumerate(hashes)
            for turn in range(self._case.orientations)
        ]


class _CountingCatalog(DynamoDBCatalog):
    """Counts the object items that are asked for, which are those of candidates."""

    asked = 0

    def get(self, collection: Collection, object_ids: Sequence[str]) -> list[PictureRecord]:
        self.asked += len(object_ids)
        return super().get(collection, object_ids)


class _NoisePictures:
    """A bucket of small noise pictures, so that next to nothing of the time is theirs."""

    def read(self, ref: ObjectRef) -> Content:
        pixels = random.Random(ref.key).randbytes(32 * 32)
        file = BytesIO()
        Image.frombytes("L", (32, 32), pixels).save(file, "PNG")
        return Content(file.getvalue(), etag="etag", version=None, modified="2026-01-01T00:00:00+00:00")

    def exists(self, ref: ObjectRef) -> bool:
        return bool(ref.key)


class _Nobody:
    def publish(self, message: Message) -> None:
        raise AssertionError(f"nothing is to be announced: {message.body}")

    def send(self, again: Again, delay_s: int) -> None:
        """Let it go: with one view, the buckets know as much as the journal."""
