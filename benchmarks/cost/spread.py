"""A search spread over several functions, each of which holds a part of the journal: not built, but worked out here.

Whoever searches asks all parts at once, waits for the slowest, and merges what they found. A part is as large as fits
beside nothing but its own code in a function of the default memory, so that its processor is used whole. Cost is
arithmetic; how often a part has to load first, and how long searches wait then, comes of a simulated day: uploads by
Poisson, instances that are kept while idle, and one more of each part whenever all are busy.
"""

import argparse
import heapq
import math
import random
import statistics
from collections.abc import Iterator
from typing import NamedTuple

from benchmarks.cost.scopes import COMPARE_MS, LEAST_MEMORY_MB, MB, S3_BYTES_PER_S, largest, scope
from handler.config import BASE_MB
from handler.core import prices
from handler.core.buckets import probe_count
from handler.core.entry import entry_bytes
from handler.core.generations import GENERATIONS
from handler.entries import room_for
from training.printing import print_table

SIZES = (1_000_000, 4_000_000, 16_000_000, 32_000_000, 64_000_000, 256_000_000)
EFFORTS = {"thorough": COMPARE_MS, "quick": COMPARE_MS / 4}  # ms for each picture
RATES = (0.1, 1.0, 10.0)  # uploads a second
PROBED_RADIUS = 12
ENTRY = GENERATIONS["look1"]
DAY_S = 86_400

# Assumed: there is no AWS account to measure them in.
CALL_MS = 20  # to invoke a function and have its answer, besides what it computes
PART_MS = 8  # of a part besides comparing: the questions in, its tail of the journal, what it found out
START_MS = 1_000  # of an instance before it loads
IDLE_S = 600  # that an instance is kept


class Spread(NamedTuple):
    """So many pictures in so many parts."""

    pictures: int
    ms_each: float  # of comparing

    @property
    def parts(self) -> int:
        """How many functions it takes."""
        room = (LEAST_MEMORY_MB - BASE_MB) * MB
        return math.ceil(room_for(self.pictures) * entry_bytes(ENTRY.word_count) / room)

    @property
    def part_ms(self) -> float:
        """How long one part computes."""
        return PART_MS + self.ms_each * self.pictures / self.parts

    @property
    def loading_ms(self) -> float:
        """How long a new instance of one part takes before it can answer."""
        return START_MS + 1000 * self.pictures / self.parts * entry_bytes(ENTRY.word_count) / S3_BYTES_PER_S

    @property
    def dollars(self) -> float:
        """What one search costs, warm: all parts, and whoever waits for them."""
        computing = self.parts * (prices.running(self.part_ms / 1000) + prices.LAMBDA_REQUEST)
        tails = prices.reading(read_units=self.parts)
        return computing + tails + prices.running((self.part_ms + CALL_MS) / 1000)


def alone(pictures: int, ms_each: float, processors: float = 1.0) -> float:
    """Return the dollars of comparing in one instance that holds all, by so many of its processors."""
    return prices.running(
        ms_each * pictures / 1000 / processors, memory_mb=scope(pictures, S3_BYTES_PER_S).memory_size_mb
    )


def waits(spread: Spread, rate: float, seed: int = 0) -> Iterator[float]:
    """Yield how many ms each search of a day waits, at *rate* uploads a second."""
    rng = random.Random(seed)
    idle: list[list[tuple[float, float]]] = [[] for _ in range(spread.parts)]  # free since (negated), of each part
    busy: list[list[float]] = [[] for _ in range(spread.parts)]  # free at
    now = 0.0
    while (now := now + rng.expovariate(rate)) < DAY_S:
        slowest = 0.0
        for free, working in zip(idle, busy, strict=True):
            while working and working[0] <= now:
                since = heapq.heappop(working)
                heapq.heappush(free, (-since, since))
            took = spread.part_ms * rng.uniform(0.9, 1.2)
            if not free or now - heapq.heappop(free)[1] > IDLE_S:
                free.clear()  # the one that was used last is the last to go
                took += spread.loading_ms
            heapq.heappush(working, now + took / 1000)
            slowest = max(slowest, took)
        yield slowest + CALL_MS


def pays_from(ms_each: float) -> int | None:
    """Return from how many pictures a spread search costs less than one instance by one processor, as it is today."""
    sizes = range(100_000, largest(), 100_000)
    return next((size for size in sizes if Spread(size, ms_each).dollars < alone(size, ms_each)), None)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this part."""
    parser.add_argument("--effort", choices=EFFORTS, default="thorough", help="of comparing (default: %(default)s)")


def run(options: argparse.Namespace) -> int:
    """Print what it costs, and what a day of it is like."""
    ms_each = EFFORTS[options.effort]
    probing = 1e6 * prices.reading(read_units=probe_count(PROBED_RADIUS))
    print_table(
        f"Comparing one upload with all, $ a million uploads, Effort {options.effort}",
        ("pictures", "one processor (today)", "all processors", "spread", "parts", "ms to wait", "ms to load a part"),
        [_cost_row(Spread(size, ms_each)) for size in SIZES],
        note=f"Probing the buckets within {PROBED_RADIUS} bits costs ${probing:.0f}, and finds no crops. "
        f"Spread, comparing costs less than today's way from {pays_from(ms_each) or 0:,} pictures. "
        f"All processors: as many as MemorySize pays for ({LEAST_MEMORY_MB} MB each); not built either.",
    )
    days = [(size, rate) for size in (16_000_000, 64_000_000) for rate in RATES]
    print_table(
        "A day of spread searches, simulated",
        ("pictures", "uploads a second", "wait for a part that loads, %", "median wait, ms", "99th percentile, ms"),
        [_day_row(Spread(size, ms_each), rate) for size, rate in days],
        note=f"Idle instances are kept for {IDLE_S} s.",
    )
    return 0


def _cost_row(one: Spread) -> tuple[object, ...]:
    fits = one.pictures <= largest()
    processors = scope(one.pictures, S3_BYTES_PER_S).memory_size_mb / LEAST_MEMORY_MB
    own = [f"{1e6 * alone(one.pictures, one.ms_each, n):,.0f}" if fits else "-" for n in (1.0, processors)]
    wait = one.part_ms + CALL_MS
    return f"{one.pictures:,}", *own, f"{1e6 * one.dollars:,.0f}", one.parts, f"{wait:,.0f}", f"{one.loading_ms:,.0f}"


def _day_row(one: Spread, rate: float) -> tuple[object, ...]:
    waited = sorted(waits(one, rate))
    loaded = sum(wait > one.loading_ms for wait in waited) / len(waited)
    return (
        f"{one.pictures:,}",
        f"{rate:g}",
        f"{100 * loaded:.2f}",
        f"{statistics.median(waited):,.0f}",
        f"{waited[int(0.99 * len(waited))]:,.0f}",
    )
