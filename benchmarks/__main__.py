"""`python -m benchmarks`: measure, and print tables, with the machine and the date."""

import argparse
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from training.printing import parsed_count, print_machine

MODULES = {
    "recall": "benchmarks.quality.bands",
    "fingerprint": "benchmarks.micro.hashing",
    "cold-import": "benchmarks.micro.cold_import",
    "parsing": "benchmarks.micro.parsing",
    "contention": "benchmarks.load.contention",
    "album": "benchmarks.load.pairs",
    "proof": "benchmarks.quality.edited_copies",
    "choose": "training.views",
    "train": "training.filters",
    "search": "benchmarks.cost.search",
}
PARTS = {  # by module, imported when asked for: `search` needs packages that the others do without
    "recall": "how many near hashes one 16-bit prefix finds, and how many four bands do",
    "fingerprint": "decoding and hashing, against ImageHash",
    "cold-import": "what a cold start imports, against boto3 alone",
    "parsing": "parsing DynamoDB's answers, against botocore",
    "contention": "what many instances that append to one journal cost each other",
    "album": "`lookalike pairs` for 10,000 pictures, against decoding them alone",
    "proof": "which edited copies look1 finds, and others find; brings pictures by apt-get download",
    "choose": "search for the views and check bits of look1, on the pictures of its training",
    "train": "make the filters of look1 again, and write them",
    "search": "requests, units, CPU, memory and dollars of an upload; peers in memory; a billion pictures on paper",
}
LARGE = ("album", "proof", "choose", "train")  # they take hundreds of megabytes


def main() -> int:
    """Run the parts that were asked for, or all of them."""
    arguments = _parser().parse_args()
    asked = arguments.parts or [part for part in PARTS if part not in LARGE]
    print_machine()
    for part in asked:
        options: dict[str, Any] = {}
        if part == "search":
            options = {"stored": arguments.stored, "json": arguments.json, "picture": arguments.plot}
        elif part == "proof":
            options = {"more": arguments.corpus, "plots": arguments.plots}
        run: Callable[..., None] = import_module(MODULES[part]).main
        run(**options)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure on this machine, and print tables. All servers are on 127.0.0.1; nothing reaches AWS.",
        epilog="parts:\n" + "\n".join(f"  {name:12} {what}" for name, what in PARTS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "parts",
        nargs="*",
        metavar="PART",
        type=_part,
        help="what to measure (default: all but album, proof, choose and train)",
    )
    search = parser.add_argument_group("of search", "needs the packages of `make bench-search`; takes ten minutes")
    search.add_argument(
        "--stored",
        type=_sizes,
        default="1k,100k,1M,10M",
        metavar="SIZES",
        help="how many pictures are stored (default: %(default)s; 10M takes 4 GB of memory)",
    )
    search.add_argument("--json", type=Path, metavar="FILE", help="write every number of every upload")
    search.add_argument("--plot", type=Path, metavar="FILE", help="draw dollars against stored pictures (PNG)")
    proof = parser.add_argument_group("of proof", "needs the packages of `make bench-fingerprint`, and apt-get")
    proof.add_argument(
        "--corpus", type=Path, action="append", default=[], metavar="DIR", help="test the pictures in here, too"
    )
    proof.add_argument("--plots", type=Path, metavar="DIR", help="draw recall and distances into this folder (PNG)")
    return parser


def _part(text: str) -> str:
    if text not in PARTS:
        raise argparse.ArgumentTypeError(f"unknown part {text!r}, want one of {', '.join(PARTS)}")
    return text


def _sizes(text: str) -> list[int]:
    try:
        return [parsed_count(size) for size in text.split(",")]
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"bad sizes {text!r}: want numbers such as 1k,100k,1M") from error


if __name__ == "__main__":
    sys.exit(main())
