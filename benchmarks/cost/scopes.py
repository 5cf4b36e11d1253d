"""How many pictures fit one scope: by memory, and what loading and comparing them take and cost.

How fast entries are taken in is measured on this machine, from packs that are in memory already. How fast S3 hands
them to one instance is assumed.
"""

import argparse
import math
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from handler.config import BASE_MB, COPIES, MAX_JOURNAL_MEMORY_MB
from handler.core import prices
from handler.core.bill import COUNTS
from handler.core.entry import ID_BYTES, entry_bytes
from handler.core.formats import BYTES_PER_PIXEL
from handler.core.generations import GENERATIONS
from handler.core.journal import Appended, Segment, Shape, Span, Tail
from handler.core.model import Collection
from handler.entries import Block, room_for
from handler.journal import CollectionJournal, JournalStore
from handler.search import LOADING_SHARE
from training.printing import print_table

GENERATION = GENERATIONS["look1"]
COLLECTION = Collection("*", "look1")
SHAPE = Shape()
PACK_ROWS = SHAPE.pack_sizes[1] * SHAPE.capacity(COLLECTION, entry_bytes(GENERATION.word_count))
SIZES = (100_000, 500_000, 1_000_000, 2_000_000, 4_000_000, 8_000_000, 16_000_000)
MAX_BYTES, MAX_PIXELS = 20 << 20, 50_000_000  # the template's defaults
LEAST_MEMORY_MB, MOST_MEMORY_MB = 1769, 10_240  # MemorySize: its default and its maximum
TIMEOUTS_S = (30, 60, 120, 300, 900)
MEASURED_PACKS = 100
COMPARE_MS = COUNTS.compare_ns / 1e6  # with each stored picture
STARTS = round(COUNTS.starts)  # of instances in a month
MB = 1 << 20
# What the interpreter, the largest picture and its file leave to no journal.
OTHER_MB = BASE_MB + math.ceil((MAX_PIXELS * max(BYTES_PER_PIXEL.values()) + COPIES * MAX_BYTES) / MB)

# Assumed, cautiously: there is no AWS account to measure it in.
S3_BYTES_PER_S = 50e6  # to one instance, by 16 GETs at once


class Scope(NamedTuple):
    """What it takes to search so many pictures whole."""

    pictures: int
    memory_mb: int  # JournalMemory
    loading_s: float
    loading_dollars: float  # each time that an instance starts

    @property
    def memory_size_mb(self) -> int:
        """The least MemorySize at which decoding leaves the journal that much."""
        return max(LEAST_MEMORY_MB, OTHER_MB + self.memory_mb)

    @property
    def timeout_s(self) -> int:
        """The least Timeout of which loading takes its share."""
        return next(timeout for timeout in TIMEOUTS_S if LOADING_SHARE * timeout >= self.loading_s)

    @property
    def comparing_dollars(self) -> float:
        """What comparing one upload with all of them costs: by one processor, whatever the memory."""
        return prices.running(COMPARE_MS * self.pictures / 1000, memory_mb=self.memory_size_mb)


def scope(pictures: int, bytes_per_s: float) -> Scope:
    """Return what so many *pictures* take where an instance takes in so many bytes a second."""
    entries = entry_bytes(GENERATION.word_count)
    needed = Scope(pictures, math.ceil(room_for(pictures) * entries / MB), pictures * entries / bytes_per_s, 0.0)
    gets = math.ceil(pictures / PACK_ROWS)
    reading = prices.reading(read_units=SHAPE.pack_sizes[0] / 4, s3_gets=gets)  # the tail is a pack at most
    dollars = reading + prices.running(needed.loading_s, memory_mb=needed.memory_size_mb)
    return needed._replace(loading_dollars=dollars)


def largest() -> int:
    """Return how many pictures the largest function holds, to a hundred thousand."""
    rows = min(MAX_JOURNAL_MEMORY_MB, MOST_MEMORY_MB - OTHER_MB) * MB / entry_bytes(GENERATION.word_count)
    return int(rows * 16 / 17 / 1e5) * 100_000  # a sixteenth is room for what comes


class _FullJournal:
    """A journal of *packs* full packs, and nothing behind them."""

    def __init__(self, packs: int) -> None:
        self._end = packs * SHAPE.pack_sizes[1]

    def append(self, _: Collection, __: bytes, ___: Mapping[int, int], *, ask: bool, marked: bool = False) -> Appended:
        raise NotImplementedError(ask, marked)

    def mark(self, _: Collection, __: int) -> None:
        raise NotImplementedError

    def tail(self, _: Collection, __: Sequence[int]) -> Tail:
        return Tail([[]], complete=True)

    def ends(self, _: Collection) -> list[int]:
        return [self._end]

    def segments(self, _: Collection, __: int, ___: int, ____: int) -> list[Segment]:
        raise NotImplementedError


class _OnePack:
    """Every pack of one size is the same, in memory."""

    def __init__(self) -> None:
        self._bytes = {size: self._made(size * PACK_ROWS // SHAPE.pack_sizes[1]) for size in SHAPE.pack_sizes}

    def _made(self, rows: int) -> bytes:
        rng = np.random.default_rng(0)
        ids = rng.integers(0, 256, (rows, ID_BYTES), dtype=np.uint8)
        words = rng.integers(0, 1 << 64, (GENERATION.word_count, rows), dtype=np.uint64)
        return Block(ids, words, rows).pack()

    def get(self, _: Collection, span: Span) -> bytes:
        return bytes(bytearray(self._bytes[span.size]))  # a copy, as S3 gives one

    def put(self, collection: Collection, span: Span, pack: bytes) -> None:
        raise NotImplementedError


def measured_bytes_per_s() -> float:
    """Return how many bytes of packs in memory an instance takes in each second, the best of three."""
    times = []
    unused: Any = None
    with ThreadPoolExecutor(16) as executor:
        store = JournalStore(_FullJournal(MEASURED_PACKS), _OnePack(), unused, executor, SHAPE)
        for _ in range(3):
            journal = CollectionJournal(COLLECTION, GENERATION.word_count, store)
            journal.measure()
            start = time.perf_counter()
            journal.load(lambda: True)
            times.append(time.perf_counter() - start)
            assert len(journal.entries) == MEASURED_PACKS * PACK_ROWS
    return MEASURED_PACKS * PACK_ROWS * entry_bytes(GENERATION.word_count) / min(times)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this part: it has none."""


def run(_: argparse.Namespace) -> int:
    """Measure, and print the table."""
    taken_in = measured_bytes_per_s()
    rows = [_row(scope(pictures, min(taken_in, S3_BYTES_PER_S))) for pictures in (*SIZES, largest())]
    print_table(
        "Pictures in one scope, by look1",
        (
            *("pictures", "JournalMemory, MB", "MemorySize, MB", "loading, s", "Timeout, s"),
            *("$ a load", f"$ a month, {STARTS} loads", "$ a million uploads: comparing"),
        ),
        rows,
        note=f"Entries are taken in at {taken_in / 1e6:.0f} MB/s (measured); S3 is assumed to give "
        f"{S3_BYTES_PER_S / 1e6:.0f} MB/s. Comparing: {COMPARE_MS * 1e6:.0f} ms a million pictures by Effort thorough, "
        "on one processor of those that MemorySize pays for; quick takes a quarter. The last row is all that "
        "the largest function holds. Prices of us-east-1.",
    )
    return 0


def _row(one: Scope) -> tuple[object, ...]:
    return (
        f"{one.pictures:,}",
        f"{one.memory_mb:,}",
        f"{one.memory_size_mb:,}",
        f"{one.loading_s:.1f}",
        one.timeout_s,
        f"{one.loading_dollars:.5f}",
        f"{STARTS * one.loading_dollars:.2f}",
        f"{1e6 * one.comparing_dollars:,.2f}",
    )
