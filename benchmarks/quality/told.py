"""What a user is told at the default settings, end to end: proposed by hash and check bits, decided by a look.

None of the photographs was used in training. Tables say which copies are told (the 58 manipulations of arXiv
2206.00282, the edits of the training, crops, collages, poor copies), what is told of different pictures of one family,
of versions of different photographs, and of two shots of one scene; and where on the way the others end. Bars stand
beside them. Twenty minutes on two cores; `--only` runs a part.
"""

import argparse
from pathlib import Path

from benchmarks.quality.outcomes import default_settings
from benchmarks.quality.told_bursts import print_bursts
from benchmarks.quality.told_copies import found_copies, print_copies
from benchmarks.quality.told_families import print_families
from benchmarks.quality.told_strangers import print_strangers
from handler.core.model import EFFORTS
from training import corpus
from training.parts import positive_integer

TABLES = ("copies", "families", "strangers", "bursts")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this part."""
    parser.add_argument(
        "--effort",
        choices=EFFORTS,
        default=default_settings().effort,
        help="by how many windows a picture asks (default: %(default)s)",
    )
    parser.add_argument("--only", choices=TABLES, action="append", help="this table alone, or these (default: all)")
    parser.add_argument(
        "--pictures",
        type=positive_integer,
        default=60,
        metavar="N",
        help="copies and bursts of about so many photographs (default: %(default)s)",
    )
    parser.add_argument(
        "--members", type=positive_integer, default=40, metavar="N", help="so many of a family (default: %(default)s)"
    )
    parser.add_argument(
        "--pairs",
        type=positive_integer,
        default=30_000_000,
        metavar="N",
        help="so many pairs of versions of all photographs (default: %(default)s)",
    )
    parser.add_argument("--folder", type=Path, action="append", default=[], help="another family: a folder of pictures")
    parser.add_argument(
        "--corpus", type=Path, action="append", default=[], metavar="DIR", help="test the photographs in here, too"
    )


def run(options: argparse.Namespace) -> int:
    """Print the tables."""
    wanted, effort = options.only or TABLES, options.effort
    photographs = corpus.unseen_pictures(options.corpus)
    some = corpus.evenly(photographs, options.pictures)
    if "copies" in wanted:
        print_copies(found_copies(some, effort), effort, len(some))
    if "families" in wanted:
        print_families(options.members, options.folder, some, effort)
    if "strangers" in wanted:
        print_strangers(photographs, options.pairs, effort)
    if "bursts" in wanted:
        print_bursts(some, effort)
    return 0
