"""What a month costs, all in: from the prices, what was measured of one upload, and what is assumed of the month.

Uploads are JPEG files of 2 megapixels that match nothing, into one collection, at the template's defaults in us-east-1.
Storing the pictures themselves is not part of it, nor is AWS's free tier.
"""

import argparse
from collections.abc import Mapping

from handler.core import prices
from training.printing import print_table

UPLOADS = STORED = (10_000, 100_000, 1_000_000)

# Measured of one upload by `look1`; the parts of `python -m benchmarks` that say so are in docs/measurements.md.
DECODE_MS = 7  # of 2 megapixels
HANDLER_MS = 11  # all that the function computes besides
WINDOWS_MS = 15  # of all that ask besides the views
COMPARE_MS = 270e-6  # with each stored picture, by all windows and views that meet
STRANGER_MS = 0.06  # for each that is read and rejected
CLOSER_MS, WINDOWS = 0.4, 97  # for each window whose own check word took a stranger for the same: others near it
WRITE_UNITS = 7.2  # object, holder, four buckets, journal entry; now and then one that a full segment refuses
TAIL_UNITS = 1
STRANGERS = 44e-6  # of stored pictures that are read and rejected; where two thirds are landscapes
CLOSER = 80  # times as many are rejected by windows near those that ask
LOOKED_AT = 0.14  # of those that are read
LOOK_MS = 17  # to decode and look
LOG_BYTES = 2_000  # the line of the object, the line of the metrics, and Lambda's own three
STORED_BYTES = 2_000  # in DynamoDB for each picture, with its index entries and 100 bytes for each item
ENTRY_BYTES = 240
METRICS = 26  # one of each that the function may count
LOADED_BYTES_PER_S = 50e6  # of the journal, by an instance that starts

# Assumed: there is no AWS account to measure them in.
WAIT_MS = 60  # for S3, DynamoDB's writes, the tail, and the object items of strangers
STARTS = 720  # instances a month: one an hour
START_MS = 1_500  # before the first event is handled

GB = 1e9


def bill(uploads: int, stored: int, *, strangers: float = STRANGERS) -> Mapping[str, float]:
    """Return the dollars of a month with so many *uploads* beside so many *stored* pictures, by what they are for."""
    starts = min(STARTS, uploads)
    read = stored * strangers
    ms = DECODE_MS + HANDLER_MS + WINDOWS_MS + COMPARE_MS * stored + CLOSER_MS * min(WINDOWS, CLOSER * read)
    ms += (STRANGER_MS + LOOK_MS * LOOKED_AT) * read + WAIT_MS
    start_s = START_MS / 1000 + stored * ENTRY_BYTES / LOADED_BYTES_PER_S
    logged = uploads * LOG_BYTES / GB
    kept = stored * STORED_BYTES / GB
    return {
        "Lambda: requests": uploads * prices.LAMBDA_REQUEST,
        "Lambda: computing and waiting": uploads * prices.running(ms / 1000),
        "Lambda: instances that start": starts * prices.running(start_s),
        "S3: reading the pictures": uploads * prices.S3_GET * (1 + LOOKED_AT * read),
        "DynamoDB: writes": uploads * WRITE_UNITS * prices.WRITE_UNIT,
        "DynamoDB: reading the journal": uploads * prices.reading(read_units=TAIL_UNITS),
        "DynamoDB: reading strangers": uploads * prices.reading(read_units=read),
        "DynamoDB: storage and backup": kept * (prices.DYNAMODB_GB_MONTH + prices.DYNAMODB_BACKUP_GB_MONTH),
        "CloudWatch: log": logged * (prices.LOG_GB + prices.LOG_GB_MONTH),
        "CloudWatch: metrics": METRICS * prices.METRIC_MONTH,
    }


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the month may be."""
    parser.add_argument(
        "--strangers",
        type=float,
        default=STRANGERS,
        metavar="SHARE",
        help="of the stored pictures, that are read and rejected (default: %(default)s, two thirds landscapes)",
    )


def run(options: argparse.Namespace) -> int:
    """Print a month's bill, line by line and in all."""
    months = [bill(uploads, STORED[1], strangers=options.strangers) for uploads in UPLOADS]
    print_table(
        f"A month's bill in dollars, {STORED[1]:,} pictures stored",
        ("", *(f"{uploads:,} uploads" for uploads in UPLOADS)),
        [(name, *(f"{month[name]:.2f}" for month in months)) for name in months[0]]
        + [("in all", *(f"{sum(month.values()):.2f}" for month in months))],
    )
    print_table(
        "In all, by how many are stored",
        ("uploads a month", *(f"{stored:,} stored" for stored in STORED)),
        [(f"{uploads:,}", *(_total(uploads, stored, options.strangers) for stored in STORED)) for uploads in UPLOADS],
    )
    return 0


def _total(uploads: int, stored: int, strangers: float) -> str:
    return f"{sum(bill(uploads, stored, strangers=strangers).values()):.2f}"
