"""`lookalike bill`: what a month of a deployment costs."""

import argparse
import json
from argparse import ArgumentTypeError
from dataclasses import asdict
from typing import Any

from handler.cli.arguments import positive, whole_number
from handler.cli.errors import STATUSES
from handler.core import prices
from handler.core.bill import ASSUMED, ONE_CPU_MB, TESTED, Charge, Month, bill, computing_ms, described, total

DESCRIPTION = f"""\
Print what a month of a deployment costs, in dollars, by item: prices of
{prices.REGION}, read on {prices.READ_ON}, times what was measured of an upload and
what is assumed of the month. All pictures are in one collection by look1, at
the template's defaults. Storing the pictures themselves is left out, and so is
AWS's free tier. Nothing is asked of AWS."""

EPILOG = f"""\
JSON fields: dollars, items (service, what, quantity, unit, price, dollars),
counts (name, value, unit, what, by), month (the options), prices (region,
read_on).

exit status:
  0  it was printed
  2  wrong usage
{STATUSES}

examples:
  lookalike bill --counts
  lookalike bill --pictures 2000000 --uploads 50000 --matches 0.3"""

_MOST = 10**12
_COLUMNS = ("", "quantity", "", "each", "dollars")


def configure(parser: argparse.ArgumentParser) -> None:
    """Set the texts and options of the command."""
    number = whole_number(0, _MOST)
    parser.description, parser.epilog = DESCRIPTION, EPILOG
    parser.add_argument(
        "--pictures", type=number, default=100_000, metavar="N", help="how many are stored (default: %(default)s)"
    )
    parser.add_argument(
        "--uploads", type=number, default=1_000_000, metavar="N", help="in a month (default: %(default)s)"
    )
    parser.add_argument("--megapixels", type=_amount, default=2.0, metavar="N", help="of each (default: %(default)s)")
    parser.add_argument(
        "--matches", type=_amount, default=0.0, metavar="N", help="of an upload, on average (default: %(default)s)"
    )
    parser.add_argument(
        "--questions", type=number, default=0, metavar="N", help="about files, in a month (default: %(default)s)"
    )
    parser.add_argument(
        "--memory", type=positive, default=ONE_CPU_MB, metavar="MB", help="MemorySize (default: %(default)s)"
    )
    parser.add_argument(
        "--architecture",
        choices=list(prices.LAMBDA_GB_SECOND),
        default="x86_64",
        help="processor (default: %(default)s)",
    )
    parser.add_argument(
        "--key-bytes", type=whole_number(1, 1024), default=100, metavar="N", help="of keys (default: %(default)s)"
    )
    parser.add_argument("--counts", action="store_true", help="also print what was measured, by which command")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the bill; return 0."""
    month = Month(
        options.pictures,
        options.uploads,
        megapixels=options.megapixels,
        matches=options.matches,
        questions=options.questions,
        memory_mb=options.memory,
        key_bytes=options.key_bytes,
        architecture=options.architecture,
    )
    items = bill(month)
    if options.json:
        print(json.dumps(document(month, items)))
        return 0
    rows = [(f"{one.service}: {one.what}", *_cells(one)) for one in items]
    _print_table([_COLUMNS, *rows, ("in all", "", "", "", f"{total(items):,.2f}")])
    print(f"\nPrices of {prices.REGION}, read on {prices.READ_ON}. {computing_ms(month):,.0f} ms of CPU an upload.")
    if options.counts:
        print()
        _print_table(
            [("", "", "", "printed by"), *((what, f"{value:g}", unit, _by(by)) for value, unit, what, by in _counts())]
        )
    return 0


def document(month: Month, items: list[Charge]) -> dict[str, Any]:
    """Return the bill as it is printed by `--json`."""
    return {
        "dollars": round(total(items), 4),
        "items": [asdict(one) | {"dollars": round(one.dollars, 4)} for one in items],
        "counts": [dict(zip(("name", "value", "unit", "what", "by"), one, strict=True)) for one in described()],
        "month": asdict(month),
        "prices": {"region": prices.REGION, "read_on": prices.READ_ON},
    }


def _counts() -> list[tuple[float, str, str, str]]:
    return [(value, unit, what, by) for _, value, unit, what, by in described()]


def _cells(item: Charge) -> tuple[str, str, str, str]:
    quantity = f"{item.quantity:,.0f}" if item.quantity >= 100 else f"{item.quantity:,.2f}"
    return quantity, item.unit, f"{item.price:.3g}", f"{item.dollars:,.2f}"


def _by(part: str) -> str:
    return part if part in (ASSUMED, TESTED) else f"python -m benchmarks {part}"


def _print_table(rows: list[tuple[str, ...]]) -> None:
    """Print *rows* in columns: words to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            cell.rjust(width) if cell[:1].isdigit() or (row is rows[0] and number in (1, 3, 4)) else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        print("  ".join(cells).rstrip())


def _amount(text: str) -> float:
    """Return the number in *text*; raise ArgumentTypeError unless it is one from 0 to a million."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 10**6:
        raise ArgumentTypeError(f"{text!r} is not a number from 0 to 1000000")
    return number
