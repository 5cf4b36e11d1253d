"""A burst of uploads, each to a new instance of the function, where AWS throttles: the real code, in virtual time.

Everything from the events to the messages is the function's own, over clients that answer out of memory
(`throttled_client`).
"""

import argparse
import json
import math
import statistics
from dataclasses import replace
from typing import NamedTuple

from benchmarks.load.burst import COPY, Herd
from benchmarks.load.simulated_instance import COLLECTION, Case
from benchmarks.load.throttled_cloud import partition_of
from handler.core import prices
from handler.core.found import Route
from handler.core.journal import MAX_SHARDS
from handler.core.model import Outcome
from training.parts import positive_integer
from training.printing import print_table, progress

NOW = (
    Case("100,000 pictures, default settings", 100_000, 120),
    Case("1 million, default settings", 1_000_000, 120),
    # Half of an invocation may be spent on loading, and S3 gives 5,500 packs a second: 22 s for a thousand instances.
    Case(
        "4 million, MemorySize 3008, JournalMemory 1300, Timeout 120",
        4_000_000,
        300,
        memory_mb=3008,
        journal_mb=1300,
        timeout_s=120,
    ),
)
BEFORE = tuple(replace(case, name=f"before: {case.name}", pack_sizes=(1024,), is_patient=False) for case in NOW)
APART = 4  # a placement by which each shard of the journal has a partition of its own
CAME = ("whole", "pairs told", "failed attempts", "in the failure queue", "median s", "last s", "at most", "dollars")
ASKED = ("read units", "write units", "appends refused", "GETs", "PUTs")


def sharded(case: Case, shards: int, placement: int) -> Case:
    """Return *case* where the journal always had so many *shards*, and its name, which says in how many partitions."""
    if shards == 1:
        return replace(case, placement=placement)
    partitions = {partition_of(f"{COLLECTION}#j{shard}", placement) for shard in range(shards)}
    name = f"{case.name}; JournalShards {shards}, in {len(partitions)} partitions"
    return replace(case, name=name, shards=shards, placement=placement)


class Told(NamedTuple):
    """What came of a burst."""

    whole: int  # uploads that were indexed and compared with everything
    pairs: int  # that were told
    of_pairs: int
    last_s: float  # when the last upload was done
    median_s: float
    dollars: float


def outcome(herd: Herd) -> Told:
    """Return what came of it."""
    ends = [when for when, _ in herd.done.values()] or [math.nan]
    whole = [
        report
        for _, report in herd.done.values()
        if report.outcome is Outcome.INDEXED
        and report.found is not None
        and report.found.route is not Route.PROBED
        and report.found.pictures > herd.case.pictures
    ]
    messages = [json.loads(message) for message in herd.cloud.published]
    pairs = {
        frozenset((message["picture"]["key"], match["key"])) for message in messages for match in message["matches"]
    }
    wanted = [frozenset((key, key.replace(COPY, ".jpg"))) for key in herd.cloud.pictures if key.endswith(COPY)]
    counts = herd.cloud.counts
    dollars = (
        prices.reading(read_units=counts["read units"], s3_gets=counts["GETs"] - counts["GETs throttled"])
        + counts["write units"] * prices.WRITE_UNIT
        + (counts["PUTs"] - counts["PUTs throttled"]) * prices.S3_PUT
        + counts["Publish"] * prices.SNS_PUBLISH
        + herd.attempts * prices.LAMBDA_REQUEST
        + prices.running(herd.billed_s, memory_mb=herd.case.memory_mb)
    )
    return Told(
        len(whole), sum(pair in pairs for pair in wanted), len(wanted), max(ends), statistics.median(ends), dollars
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this part."""
    parser.add_argument(
        "--uploads", type=positive_integer, default=1000, metavar="N", help="at once (default: %(default)s)"
    )
    parser.add_argument("--now", action="store_true", help="leave out what it was like before (default: both)")
    parser.add_argument(
        "--shards",
        type=int,
        choices=range(1, MAX_SHARDS + 1),
        action="append",
        help="JournalShards of the stack, or several to compare (default: 1)",
    )
    parser.add_argument(
        "--placement",
        type=int,
        default=APART,
        metavar="N",
        help="which partition has what: another number, another draw; by %(default)s each of four shards has one of "
        "its own (default: %(default)s)",
    )


def run(options: argparse.Namespace) -> int:
    """Print the tables; 1 if a burst of today misses what it is held to."""
    now = [sharded(case, shards, options.placement) for case in NOW for shards in options.shards or (1,)]
    before = [] if options.now else [replace(case, placement=options.placement) for case in BEFORE]
    came, asked, missed = [], [], False
    with progress() as bar:
        for case in bar.track([*now, *before], description="bursts"):
            herd = Herd(case, options.uploads)
            herd.run()
            told = outcome(herd)
            missed |= case in now and not _holds(herd, told)
            came.append((case.name, *_came_through(herd, told)))
            asked.append((case.name, *_asked_for(herd)))
    print_table(
        f"{options.uploads:,} uploads at once, each to a new instance",
        ("stored before", *CAME),
        came,
        note="An attempt that failed is repeated by Lambda after one minute and after two more. Dollars of the "
        "uploads, all in but logs and metrics.",
    )
    print_table(
        "What they ask for",
        ("stored before", *ASKED, "throttled"),
        asked,
        note="throttled: reads, writes and GETs, each as often as it was.",
    )
    return int(missed)


def _holds(herd: Herd, told: Told) -> bool:
    """Whether all was indexed, compared with everything and told, in time, and nothing was given up."""
    events = len(herd.cloud.pictures)
    return (told.whole, told.pairs, herd.lost) == (events, told.of_pairs, 0) and told.last_s <= herd.case.within_s


def _came_through(herd: Herd, told: Told) -> tuple[object, ...]:
    failed = herd.attempts - len(herd.cloud.pictures)
    counts = f"{told.whole:,}", f"{told.pairs} of {told.of_pairs}", f"{failed:,}", f"{herd.lost:,}"
    return *counts, f"{told.median_s:.0f}", f"{told.last_s:.0f}", herd.case.within_s, f"{told.dollars:.2f}"


def _asked_for(herd: Herd) -> tuple[object, ...]:
    counts = herd.cloud.counts
    throttled = sum(counts[f"{what} throttled"] for what in ("reads", "writes", "GETs"))
    return *(f"{counts[name]:,}" for name in ASKED), f"{throttled:,}"
