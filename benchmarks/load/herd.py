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
from benchmarks.load.simulated_instance import Case
from handler.core import prices
from handler.core.found import Route
from handler.core.model import Outcome
from training.parts import positive_integer
from training.printing import print_table, progress

NOW = (
    Case("100,000 pictures, default settings", 100_000, 120),
    Case("1 million, default settings", 1_000_000, 120),
    # Half of an invocation may be spent on loading, and S3 gives 5,500 packs a second: 22 s for a thousand instances.
    Case(
        "4 million, MemorySize 3008, JournalMemory 1100, Timeout 120",
        4_000_000,
        300,
        memory_mb=3008,
        journal_mb=1100,
        timeout_s=120,
    ),
)
BEFORE = tuple(replace(case, name=f"before: {case.name}", pack_sizes=(1024,), is_patient=False) for case in NOW)


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


def run(options: argparse.Namespace) -> int:
    """Print the table; 1 if a burst of today misses what it is held to."""
    rows, missed = [], False
    cases = [*NOW, *([] if options.now else BEFORE)]
    with progress() as bar:
        for case in bar.track(cases, description="bursts"):
            herd = Herd(case, options.uploads)
            herd.run()
            told, counts = outcome(herd), herd.cloud.counts
            missed |= case in NOW and (
                told.whole < options.uploads
                or told.pairs < told.of_pairs
                or told.last_s > case.within_s
                or herd.lost > 0
            )
            rows.append(
                (
                    case.name,
                    *(
                        f"{told.whole:,}",
                        f"{told.pairs} of {told.of_pairs}",
                        f"{herd.attempts - len(herd.cloud.pictures):,}",
                        f"{herd.lost:,}",
                    ),
                    *(f"{told.median_s:.0f}", f"{told.last_s:.0f}"),
                    *(f"{counts[name]:,}" for name in ("read units", "write units", "appends refused", "GETs", "PUTs")),
                    f"{counts['reads throttled'] + counts['writes throttled'] + counts['GETs throttled']:,}",
                    f"{told.dollars:.2f}",
                )
            )
    print_table(
        f"{options.uploads:,} uploads at once, each to a new instance",
        (
            *("stored before", "whole", "pairs told", "failed attempts", "in the failure queue", "median s", "last s"),
            *("read units", "write units", "refused appends", "GETs", "PUTs", "throttled", "dollars"),
        ),
        rows,
        note="An attempt that failed is repeated by Lambda after one minute and "
        "after two more. throttled: reads, writes and GETs, each as often as it was. Dollars of the uploads, all in "
        "but logs and metrics.",
    )
    return int(missed)
