"""What a month costs, all in: what `lookalike bill` prints, for several months side by side.

Uploads are JPEG files of 2 megapixels that match nothing, into one collection, at the template's defaults in us-east-1.
Storing the pictures themselves is not part of it, nor is AWS's free tier.
"""

import argparse
from dataclasses import replace

from handler.core.bill import COUNTS, Charge, Counts, Month, bill, total
from training.printing import print_table

UPLOADS = STORED = (10_000, 100_000, 1_000_000)
MEMORIES_MB = (1024, 1769, 3008)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the month may be."""
    parser.add_argument(
        "--strangers",
        type=float,
        default=COUNTS.strangers,
        metavar="SHARE",
        help="of the stored pictures, that are read and rejected (default: %(default)s, two thirds landscapes)",
    )


def run(options: argparse.Namespace) -> int:
    """Print a month's bill, line by line and in all."""
    counts = replace(COUNTS, strangers=options.strangers)
    months = [bill(Month(STORED[1], uploads), counts) for uploads in UPLOADS]
    print_table(
        f"A month's bill in dollars, {STORED[1]:,} pictures stored",
        ("", *(f"{uploads:,} uploads" for uploads in UPLOADS)),
        [(named(lines[0]), *(f"{item.dollars:.2f}" for item in lines)) for lines in zip(*months, strict=True)]
        + [("in all", *(f"{total(month):.2f}" for month in months))],
    )
    print_table(
        "In all, by how many are stored",
        ("uploads a month", *(f"{stored:,} stored" for stored in STORED)),
        [(f"{uploads:,}", *in_all(uploads, counts)) for uploads in UPLOADS],
    )
    print_table(
        f"A million uploads, {STORED[1]:,} pictures stored, by memory and processor",
        ("MemorySize", "x86_64", "arm64, as fast"),
        [(f"{memory_mb:,}", *by_processor(memory_mb, counts)) for memory_mb in MEMORIES_MB],
    )
    return 0


def named(item: Charge) -> str:
    """Return what a line of the bill is called."""
    return f"{item.service}: {item.what}"


def in_all(uploads: int, counts: Counts = COUNTS) -> list[str]:
    """Return the dollars of a month with so many *uploads*, by how many pictures are stored."""
    return [f"{total(bill(Month(stored, uploads), counts)):.2f}" for stored in STORED]


def by_processor(memory_mb: int, counts: Counts = COUNTS) -> list[str]:
    """Return the dollars of a million uploads with so much memory, on x86_64 and on arm64."""
    month = Month(STORED[1], UPLOADS[2], memory_mb=memory_mb)
    return [f"{total(bill(replace(month, architecture=one), counts)):.2f}" for one in ("x86_64", "arm64")]
