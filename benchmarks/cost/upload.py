"""One upload's work in a process of its own: the real clients and the real search against the canned servers."""

import gc
import math
import os
import random
import statistics
import time
from collections.abc import Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from itertools import islice
from typing import Any, NamedTuple

import boto3
from botocore.config import Config as ClientConfig
from PIL import Image

from benchmarks.cost.array_servers import GET_OBJECT, READS, Request, forget_writes, sequential, start_over
from benchmarks.cost.stored_pictures import BUCKETED_VIEWS, COLLECTION, Size
from benchmarks.resident_memory import peak_mb, resident_mb
from handler.aws.buckets import DynamoDBBuckets
from handler.aws.catalog import DynamoDBCatalog
from handler.aws.journal import DynamoDBJournal
from handler.aws.packs import S3Packs
from handler.core import prices
from handler.core.buckets import buckets
from handler.core.entry import Question, to_entry
from handler.core.message import Message
from handler.core.model import (
    Collection,
    Content,
    Fingerprint,
    Limits,
    ObjectRef,
    Outcome,
    PictureRecord,
    Settings,
    padded_sequencer,
)
from handler.dedup import CANDIDATES_AT_ONCE, MAX_CANDIDATES, Deduplicator
from handler.indexing import Indexer
from handler.journal import CollectionJournal, JournalStore
from handler.memory import JournalMemory
from handler.search import Search
from handler.wiring import CLIENT, THREADS, lean_session

MEMORY_BYTES = 2 << 30  # more than any collection here takes
UPLOADS = 12
ENOUGH_S = 0.4  # of measuring
SLOW_MS = 5000.0  # of CPU: such an upload is measured once, with answers held, which costs the client no CPU
HELD = 3  # uploads whose answers are held: the median of their round trips, for one may meet a full segment
FEW_TRIPS = 10  # where there are more, one upload tells enough, and takes its time
HOLD_S = 0.04  # how long answers are held to see what waits for what: longer than sending 16 requests takes


@dataclass(frozen=True, slots=True)
class Case:
    """What to measure."""

    path: str  # warm, load or probe
    size: Size
    orientations: int  # 1, or 8 with all flips and turns
    radius: int


@dataclass(frozen=True, slots=True)
class Cost:
    """What one upload took."""

    uploads: int  # that were measured: what follows are means of them, and medians of times
    requests: float
    round_trips: int  # that had to follow one another
    read_units: float
    write_units: float
    s3_gets: float
    received: float  # bytes, with headers
    candidates: float  # pictures that lie near by chance, whose object items were read
    cpu_ms: float
    scan_ms: float  # of it: comparing hashes
    wall_ms: float  # at least, with servers on this machine
    grown_mb: float  # resident memory afterwards, against before anything was loaded
    peak_mb: float  # largest growth on the way

    @property
    def dollars(self) -> float:
        """Return what a million of them cost: units, GETs, and the function while it computes."""
        reads = self.read_units * prices.READ_UNIT + self.s3_gets * prices.S3_GET
        function = prices.LAMBDA_REQUEST + prices.running(self.cpu_ms / 1000)
        return 1e6 * (reads + self.write_units * prices.WRITE_UNIT + function)


def measure(case: Case, endpoint: str) -> Cost:
    """Return the cost of one upload of *case*; call it in a fresh process, which its memory is measured by."""
    forget_writes(endpoint)
    with ThreadPoolExecutor(THREADS) as executor:
        uploads = _Uploads(case, endpoint, executor)
        uploads.warm_up()
        resident, peak = resident_mb(), peak_mb()
        spent: list[_Spent] = []
        requests: list[Request] = []
        trips: list[int] = []
        grown = risen = 0.0
        while not trips or (len(trips) < HELD and trips[0] <= FEW_TRIPS):
            uploads.prepare()
            start_over(endpoint, hold_s=HOLD_S)
            spent.append(uploads.timed())
            if not trips:
                grown, risen = resident_mb() - resident, peak_mb() - peak
            some = start_over(endpoint)
            trips.append(sequential(some))
            requests += some
        scan_ms = uploads.scan_ms()
        began = time.perf_counter()
        while len(spent) < UPLOADS and time.perf_counter() - began < ENOUGH_S and spent[0].cpu_ms < SLOW_MS:
            uploads.prepare()
            spent.append(uploads.timed())
        requests += start_over(endpoint)
    count = len(spent)
    return Cost(
        uploads=count,
        requests=len(requests) / count,
        round_trips=statistics.median_low(trips),
        read_units=sum(one.units for one in requests if one.kind in READS) / count,
        write_units=sum(one.units for one in requests if one.kind not in READS) / count,
        s3_gets=sum(one.kind == GET_OBJECT for one in requests) / count,
        received=sum(one.sent for one in requests) / count,
        candidates=statistics.mean(one.candidates for one in spent),
        cpu_ms=statistics.median(one.cpu_ms for one in spent),
        scan_ms=scan_ms,
        wall_ms=min(one.wall_ms for one in spent),
        grown_mb=grown,
        peak_mb=risen,
    )


class _Spent(NamedTuple):
    cpu_ms: float
    wall_ms: float
    candidates: int  # whose object items were read


class _Instance(NamedTuple):
    memory: JournalMemory
    search: Search


class _Uploads:
    """Uploads of noise: none matches, but among millions of random hashes some lie near by chance."""

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
        self._images = _Images(dynamodb, "images")
        self._index = DynamoDBBuckets(dynamodb, "buckets", executor=executor)
        journal = DynamoDBJournal(dynamodb, "buckets", executor=executor, shards=case.size.shards)
        packs = S3Packs(session.client("s3", endpoint_url=endpoint, config=settings), "packs", "buckets")
        self._journals = JournalStore(journal, packs, executor)
        self._instance: _Instance | None = None
        self._number = 0
        self._questions: list[Question] = []

    def warm_up(self) -> None:
        """Open the connections and fill botocore's caches, but read none of what is to be measured."""
        instance = self._new_instance(memory_bytes=0)
        for _ in range(3):
            self._run(instance, radius=0)
        self._journals.packs.get(COLLECTION, 0, 0)

    def prepare(self) -> None:
        """Bring the instance to where the case begins: knowing all, nothing, or only how much there is."""
        if self._case.path == "load":
            self._instance = None  # what it holds goes before the next one loads
            gc.collect()
            self._instance = self._new_instance(memory_bytes=MEMORY_BYTES)
        elif self._instance is None:
            self._instance = self._new_instance(memory_bytes=MEMORY_BYTES if self._case.path == "warm" else 0)
            self._run(self._instance, radius=0)

    def timed(self) -> _Spent:
        """Handle one upload."""
        assert self._instance is not None
        cpu, wall = time.process_time(), time.perf_counter()
        self._run(self._instance, radius=self._case.radius)
        seconds = time.process_time() - cpu, time.perf_counter() - wall
        return _Spent(seconds[0] * 1000, seconds[1] * 1000, self._images.asked)

    def scan_ms(self) -> float:
        """Return the CPU time of comparing the last questions with what is in memory."""
        assert self._instance is not None
        entries = self._instance.memory.journals[COLLECTION].entries
        spent: list[float] = []
        while len(entries) and len(spent) < UPLOADS and sum(spent) < ENOUGH_S * 1000:
            start = time.process_time()
            entries.scan(self._questions, self._case.radius)
            spent.append((time.process_time() - start) * 1000)
        return statistics.median(spent or [0.0])

    def _new_instance(self, *, memory_bytes: int) -> _Instance:
        memory = JournalMemory(memory_bytes, partial(CollectionJournal, store=self._journals))
        search = Search(memory=memory, index=self._index, catalog=self._images, executor=self._executor)
        # As if probes had cost a fortune already: this one loads whatever the radius, if it has the memory.
        memory.of(COLLECTION, self._case.size.views).spent_on_probes = math.inf
        return _Instance(memory, search)

    def _run(self, instance: _Instance, *, radius: int) -> None:
        self._images.asked = 0
        self._number += 1
        ref = ObjectRef("pictures", f"{self._number}.png", padded_sequencer(f"{self._number:016X}"))
        if (self._case.size.views, self._case.orientations) == (1, 1):
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
        indexer = Indexer(
            store=_Pictures(),
            index=self._index,
            memory=instance.memory,
            catalog=self._images,
            executor=self._executor,
            settings=settings,
        )
        deduplicator = Deduplicator(
            indexer=indexer,
            search=instance.search,
            catalog=self._images,
            topic=_Nobody(),
            executor=self._executor,
            settings=settings,
        )
        record = deduplicator.created(ref).record
        assert record is not None
        assert record.hash is not None
        self._questions = [Question(record.hash)]

    def _many_questions(self, instance: _Instance, ref: ObjectRef, radius: int) -> None:
        """What an upload with several views or orientations will do: no generation has them yet."""
        count = self._case.size.views
        views = [self._rng.getrandbits(64) for _ in range(count)]
        record = PictureRecord(
            ref, "phash1", Outcome.INDEXED, fingerprint=Fingerprint(views[0], "phash1", 32, 32, "PNG")
        )
        submit = self._executor.submit
        writes: list[Future[Any]] = [submit(self._images.put, COLLECTION, record)]
        for hash in views[:BUCKETED_VIEWS]:
            writes.append(submit(self._images.add_holder, COLLECTION, hash, ref))
            add = partial(self._index.add, crowded=False)
            writes += [submit(add, COLLECTION, bucket, hash) for bucket in buckets(hash)]
        writes.append(submit(instance.memory.of(COLLECTION, count).append, to_entry(ref.object_id, views)))
        for write in writes:
            write.result()
        # Whole and trimmed views are compared with all stored ones, the others with stored whole and trimmed ones.
        asked = [range(count) if number < BUCKETED_VIEWS else range(BUCKETED_VIEWS) for number in range(count)]
        self._questions = [
            Question(self._rng.getrandbits(64) if turn else hash, tuple(stored))
            for hash, stored in zip(views, asked, strict=True)
            for turn in range(self._case.orientations)
        ]
        found = instance.search.find(COLLECTION, self._questions, radius, view_count=count).candidates
        candidates = (one for one in found if one.object_id != ref.object_id)
        while self._images.asked < MAX_CANDIDATES and (some := list(islice(candidates, CANDIDATES_AT_ONCE))):
            self._images.get(COLLECTION, list(dict.fromkeys(candidate.object_id for candidate in some)))


class _Images(DynamoDBCatalog):
    """Counts the object items that are asked for, which are those of candidates."""

    asked = 0

    def get(self, collection: Collection, object_ids: Sequence[str]) -> list[PictureRecord]:
        self.asked += len(object_ids)
        return super().get(collection, object_ids)


class _Pictures:
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
