"""How uploads by many instances into one scope get in each other's way: full segments, ends asked for, waiting.

The real journal and search of each instance, over one table in memory that takes as long to answer as DynamoDB does.
"""

import argparse
import random
import statistics
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from handler.aws.journal import DynamoDBJournal
from handler.core.entry import Question, to_entry
from handler.core.found import Route
from handler.core.generations import GENERATIONS
from handler.core.journal import Span
from handler.core.model import Collection
from handler.journal import CollectionJournal, JournalStore
from handler.memory import JournalMemory
from handler.search import Search
from training.parts import positive_integer
from training.printing import print_table, progress

COLLECTION = Collection("*", "phash1")
LATENCY_S = 0.005  # of a call, plus up to as much again: what DynamoDB takes inside a region
UPLOADS_PER_S = 200
SECONDS = 10
RADIUS = 10
ONE, ALL = (GENERATIONS[name].word_count for name in ("phash1", "look1"))  # words of an entry
CASES = ((ONE, 1), (ALL, 1), (ALL, 2), (ALL, 4))  # and shards


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this part."""
    parser.add_argument(
        "--seconds",
        type=positive_integer,
        default=SECONDS,
        metavar="S",
        help="upload for so long, for each row of the table (default: %(default)s)",
    )


def run(options: argparse.Namespace) -> int:
    """Print the table."""
    what = f"{UPLOADS_PER_S} uploads a second for {options.seconds} s"
    with progress() as bar:
        rows = [_row(*case, uploads=UPLOADS_PER_S * options.seconds) for case in bar.track(CASES, description=what)]
    print_table(
        f"{what} into one scope: appends to the journal",
        ("words", "shards", "instances", "segments", "refused", "asked", "most tries", "p50 ms", "p99 ms"),
        rows,
        note=f"Every call takes {LATENCY_S * 1000:.0f} to {LATENCY_S * 2000:.0f} ms. refused: appends to a full "
        "segment, asked: reads of the journal's end, both per upload; most tries: of one upload; p50, p99: an append, "
        "with all its tries.",
    )
    return 0


def _row(word_count: int, shards: int, *, uploads: int) -> tuple[object, ...]:
    fleet = _Fleet(word_count, shards)
    rng = random.Random(1)
    entries = [to_entry(f"{rng.getrandbits(128):032x}", [rng.getrandbits(64)] * word_count) for _ in range(uploads)]
    _upload_all(fleet, entries)
    calls, quantiles = fleet.table.calls, statistics.quantiles(fleet.spent, n=100)
    return (
        *(word_count, shards, fleet.instances, sum(len(segments) for segments in fleet.table.segments.values())),
        *(f"{calls[kind] / uploads:.2f}" for kind in ("refused", "asked")),
        max(fleet.tries),
        *(f"{quantiles[at] * 1000:.0f}" for at in (49, 98)),
    )


def _upload_all(fleet: "_Fleet", entries: Sequence[bytes]) -> None:
    uploads: list[Future[None]] = []
    with ThreadPoolExecutor(64) as executor:
        start = time.perf_counter()
        for number, entry in enumerate(entries):  # whether the earlier ones are done or not
            time.sleep(max(0.0, start + number / UPLOADS_PER_S - time.perf_counter()))
            uploads.append(executor.submit(fleet.upload, entry))
    for upload in uploads:
        upload.result()


class _Fleet:
    """Function instances, of which each handles one upload at a time; there is another one where none is idle."""

    def __init__(self, word_count: int, shards: int) -> None:
        self.table, self._packs = _Table(), _Packs()
        self.instances = 0
        self.spent: list[float] = []  # seconds, of each append
        self.tries: list[int] = []
        self._word_count, self._shards = word_count, shards
        self._idle: list[tuple[JournalMemory, Search]] = []
        self._lock = threading.Lock()

    def upload(self, entry: bytes) -> None:
        """Append *entry*, and read the tail unless the answer tells it, as an upload does."""
        with self._lock:
            memory, search = self._idle.pop() if self._idle else self._start()
        self.table.of_this_thread.refused = 0
        start = time.perf_counter()
        journal = memory.of(COLLECTION, self._word_count)
        written = journal.append(entry)
        self.spent.append(time.perf_counter() - start)
        self.tries.append(1 + self.table.of_this_thread.refused)
        latest = journal.learn(written.appended)
        found = search.find(COLLECTION, [Question(0)], RADIUS, word_count=self._word_count, latest=latest)
        assert found.route is not Route.PROBED
        with self._lock:
            self._idle.append((memory, search))

    def _start(self) -> tuple[JournalMemory, Search]:
        self.instances += 1
        client: Any = self.table
        unused: Any = None
        journal = DynamoDBJournal(client, "buckets", executor=_Inline(), shards=self._shards)
        store = JournalStore(journal, self._packs, unused, _Inline())
        memory = JournalMemory(1 << 30, partial(CollectionJournal, store=store))
        return memory, Search(memory=memory, index=unused, catalog=unused, executor=_Inline())


class _Inline(Executor):
    """Runs what is mapped in the caller's thread: the threads here are the instances."""

    def map(self, fn: Any, *iterables: Any, **_: Any) -> Any:
        return map(fn, *iterables)


class _Packs:
    """The packs that instances make of full segments, and read again for larger ones; S3 is at no time in the way."""

    def __init__(self) -> None:
        self._packs: dict[Span, bytes] = {}

    def get(self, _: Collection, span: Span) -> bytes | None:
        return self._packs.get(span)

    def put(self, _: Collection, span: Span, pack: bytes) -> None:
        self._packs[span] = pack


class _Table:
    """The journal's part of DynamoDB: slow, and atomic in each call."""

    def __init__(self) -> None:
        self.segments: defaultdict[str, dict[str, Any]] = defaultdict(dict)  # by partition and sort key
        self.calls: Counter[str] = Counter()
        self.of_this_thread = threading.local()
        self._lock = threading.Lock()

    def update_item(self, **arguments: Any) -> dict[str, Any]:
        self._wait()
        pk, sk = (arguments["Key"][name]["S"] for name in ("pk", "sk"))
        values = arguments["ExpressionAttributeValues"]
        with self._lock:
            items = self.segments[pk]
            if ":entries" not in values:  # the number of shards, or a mark
                items.setdefault(sk, {}).update({"count": values[":count"]} if ":count" in values else {"marked": {}})
                return {}
            members = items.setdefault(sk, {}).setdefault("entries", {"BS": set()})["BS"]
            if len(members) >= int(values[":full"]["N"]):
                self.calls["refused"] += 1
                self.of_this_thread.refused += 1
                refused: Any = {"Error": {"Code": "ConditionalCheckFailedException", "Message": ""}}
                raise ClientError(refused | {"Item": _copy(items[sk])}, "UpdateItem")
            before = _copy(items[sk])
            members.update(values[":entries"]["BS"])
            return {"Attributes": before}

    def query(self, **arguments: Any) -> dict[str, Any]:
        self._wait()
        values = {name: value["S"] for name, value in arguments["ExpressionAttributeValues"].items()}
        with self._lock:
            items = self.segments[values[":pk"]]
            keys = sorted(sk for sk in items if values.get(":from", "") <= sk < values.get(":shards", "~"))
            if not arguments.get("ScanIndexForward", True):
                self.calls["asked"] += 1
                keys.reverse()
            limit = arguments.get("Limit", len(keys))
            found = [{"sk": {"S": sk}} | _copy(items[sk]) for sk in keys[:limit]]
        return {"Items": found} | ({"LastEvaluatedKey": {"sk": keys[limit - 1]}} if len(keys) > limit else {})

    def _wait(self) -> None:
        time.sleep(LATENCY_S * random.uniform(1, 2))


def _copy(item: dict[str, Any]) -> dict[str, Any]:
    return item | ({"entries": {"BS": list(item["entries"]["BS"])}} if "entries" in item else {})
