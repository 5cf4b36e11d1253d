"""What tables and buckets in memory hold, and how much each partition and prefix of them may be asked in a second.

A collection that was stored before is not kept: its segments and packs are made up when they are asked for.
"""

import hashlib
import math
import random
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from benchmarks.load.virtual_time import World
from handler.aws.journal import SHARDS
from handler.core.entry import ID_BYTES, entry_bytes
from handler.core.journal import Shape
from handler.core.model import Collection
from handler.core.packs import Rows, pack
from handler.core.words import WORD_BYTES

PARTITIONS = 4  # of a new table on demand: 12,000 reads and 4,000 writes a second in all
READS_PER_S, WRITES_PER_S = 3_000, 1_000  # of a partition
STRANGER = bytes(8)  # how the ids of what was stored before begin

Item = dict[str, Any]


def partition_of(pk: str, placement: int = 0) -> int:
    """Return which partition has *pk*; AWS does not say, so every *placement* is another draw."""
    digest = hashlib.blake2b(pk.encode(), digest_size=8, salt=placement.to_bytes(16, "big")).digest()
    return int.from_bytes(digest, "big") % PARTITIONS


class Busy(Exception):
    """Throttled; the code is what AWS says."""


class Bucket:
    """Tokens for a second at most; what takes more than there are leaves a debt."""

    def __init__(self, per_s: float) -> None:
        self._per_s = self._tokens = per_s
        self._at = 0.0

    def has(self, now: float) -> bool:
        """Whether anything is left."""
        self._tokens = min(self._per_s, self._tokens + (now - self._at) * self._per_s)
        self._at = now
        return self._tokens > 0

    def take(self, units: float) -> None:
        """Spend so much."""
        self._tokens -= units


class Before(NamedTuple):
    """What was stored before."""

    collection: Collection
    pictures: int
    word_count: int
    shards: int

    def capacity(self, shape: Shape) -> int:
        """Entries of a full segment."""
        return shape.capacity(self.collection, entry_bytes(self.word_count))


class Cloud:
    """What all instances share: tables, objects, how much they may be asked, and what was asked."""

    def __init__(
        self, world: World, before: Before, shape: Shape, pictures: Mapping[str, bytes], placement: int = 0
    ) -> None:
        self.world, self.before, self.shape, self.pictures = world, before, shape, pictures
        self.rng = random.Random(before.pictures)
        self.counts: Counter[str] = Counter()  # units, requests, throttled ones
        self.published: list[str] = []
        self._placement = placement
        self._tables: defaultdict[str, dict[tuple[str, str], Item]] = defaultdict(dict)
        self._partitions: defaultdict[str, defaultdict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        self._limits: dict[tuple[str, str, int], Bucket] = {}
        self._packs: dict[str, bytes] = {}
        self._made_up: dict[int, bytes] = {}
        self._segments: dict[tuple[str, int], Item] = {}
        self._journal = str(before.collection) + "#j"

    # --- limits ---

    def limit(self, where: str, kind: str, partition: int, per_s: float) -> Bucket:
        """Return the tokens of a partition or a prefix."""
        return self._limits.setdefault((where, kind, partition), Bucket(per_s))

    def consume(self, table: str, pk: str, kind: str, units: float) -> None:
        """Take *units* of the partition; raise Busy if there is nothing left in it."""
        per_s = READS_PER_S if kind == "read" else WRITES_PER_S
        bucket = self.limit(table, kind, partition_of(pk, self._placement), per_s)
        if not bucket.has(self.world.now):
            self.counts[f"{kind}s throttled"] += 1
            raise Busy("ProvisionedThroughputExceededException")
        bucket.take(units)
        self.counts[f"{kind} units"] += int(units)

    # --- items ---

    def item(self, table: str, pk: str, sk: str) -> Item | None:
        """Return the item; segments that were stored before are made up, and how many shards there are."""
        if (found := self._tables[table].get((pk, sk))) is not None:
            return found
        if not pk.startswith(self._journal):
            return None
        if sk == SHARDS:
            return {"pk": {"S": pk}, "sk": {"S": sk}, "count": {"N": str(self.before.shards)}}
        return self._segment(pk, int(sk))

    def store(self, table: str, item: Item) -> int:
        """Store *item*; return how many bytes it has."""
        pk, sk = item["pk"]["S"], item["sk"]["S"]
        if (pk, sk) not in self._tables[table]:
            self._partitions[table][pk].append(sk)
        self._tables[table][pk, sk] = item
        return item_bytes(item)

    def sort_keys(self, table: str, pk: str, first: str, last: str, *, most: int, backwards: bool) -> list[str]:
        """Return the sort keys between two, in order: *most* and one more, if there are as many."""
        found = {sk for sk in self._partitions[table][pk] if first <= sk <= last}
        if pk.startswith(self._journal):
            shard = int(pk.rpartition("#j")[2])
            start = int(first) if first.isdigit() else 0
            stop = min(self._end(shard), int(last) if last.isdigit() else math.inf) + 1
            there = range(start, int(stop))
            found |= {f"{number:08d}" for number in (there[-most - 1 :] if backwards else there[: most + 1])}
            if shard == 0 and self.before.shards > 1 and first <= SHARDS <= last:
                found.add(SHARDS)
        return sorted(found, reverse=backwards)[: most + 1]

    def _rows(self, shard: int) -> int:
        per, more = divmod(self.before.pictures, self.before.shards)
        return per + (shard < more)

    def _end(self, shard: int) -> int:
        return max(0, math.ceil(self._rows(shard) / self.before.capacity(self.shape)) - 1)

    def _segment(self, pk: str, number: int) -> Item | None:
        shard, capacity = int(pk.rpartition("#j")[2]), self.before.capacity(self.shape)
        rows = min(capacity, self._rows(shard) - number * capacity)
        if rows <= 0:
            return None
        if (pk, number) not in self._segments:
            words = bytes(WORD_BYTES * self.before.word_count)
            ids = [STRANGER + (number * capacity + row).to_bytes(ID_BYTES - 8, "big") for row in range(rows)]
            entries = {"BS": [id + words for id in ids]}
            self._segments[pk, number] = {"pk": {"S": pk}, "sk": {"S": f"{number:08d}"}, "entries": entries}
        return self._segments[pk, number]

    # --- objects ---

    def get_pack(self, name: str) -> bytes | None:
        """Return a pack by the end of its name; those of what was stored before are there."""
        if name in self._packs:
            return self._packs[name]
        shard, numbered = name.split("/")[-2:]
        size, _, number = numbered.rpartition("-")
        segments = int(size or 1024)
        if segments not in self.shape.pack_sizes:
            return None
        stop = (int(number) + 1) * segments
        return self._made(segments) if stop * self.before.capacity(self.shape) <= self._rows(int(shard)) else None

    def put_pack(self, name: str, body: bytes) -> None:
        """Keep a pack that somebody made."""
        self._packs[name] = body

    def _made(self, segments: int) -> bytes:
        if segments not in self._made_up:
            rows = segments * self.before.capacity(self.shape)
            words = np.zeros((self.before.word_count, rows), np.uint64)
            self._made_up[segments] = pack(Rows(np.zeros((rows, ID_BYTES), np.uint8), words))
        return self._made_up[segments]


def item_bytes(item: Item) -> int:
    """Return what DynamoDB counts, about: names and values."""
    return sum(len(name) + _value_bytes(value) for name, value in item.items())


def _value_bytes(value: Any) -> int:
    ((kind, inner),) = value.items()
    match kind:
        case "S" | "N" | "B":
            return len(inner)
        case "BS":
            return sum(map(len, inner)) + len(inner)
        case "M":
            return 3 + item_bytes(inner)
        case "L":
            return 3 + sum(map(_value_bytes, inner))
    return 1
