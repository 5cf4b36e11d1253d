"""How nearly blank pictures fare: how many of each kind the quality floor catches, and how many pairs match.

They are drawn in code, each differently. A picture below the floor is compared byte for byte only.
"""

import argparse
import hashlib
from collections.abc import Callable
from itertools import combinations

from PIL import Image

from handler.core import look1
from handler.core.asker import Asker
from handler.core.fingerprint import examine
from handler.core.model import Limits, ObjectRef, Outcome, PictureRecord, Settings
from handler.core.policy import match
from training.blanks import KINDS
from training.edits import in_file
from training.parts import positive_integer
from training.printing import print_table

DRAWN = 60  # of each kind
SETTINGS = Settings(look1.GENERATION, look1.RADIUS, max_matches=1, scope_depth=0, limits=Limits())


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this part."""
    parser.add_argument(
        "--pictures",
        type=positive_integer,
        default=DRAWN,
        metavar="N",
        help="draw so many of each kind (default: %(default)s)",
    )


def run(options: argparse.Namespace) -> int:
    """Print the table."""
    print_table(
        "Nearly blank pictures, each drawn differently",
        ("kind", "drawn", "below the floor", "pairs that match", "of pairs"),
        [_row(name, draw, options.pictures) for name, draw in KINDS.items()],
    )
    return 0


def _row(name: str, draw: Callable[[int], Image.Image], drawn: int) -> tuple[object, ...]:
    askers = [_asker(f"{name} {number}", draw(number)) for number in range(drawn)]
    caught = sum(one.record.fingerprint is not None and one.record.fingerprint.flat for one in askers)
    pairs = list(combinations(askers, 2))
    matching = sum(match(one, other.record, SETTINGS) is not None for one, other in pairs)
    return name, drawn, caught, matching, len(pairs)


def _asker(name: str, image: Image.Image) -> Asker:
    body = in_file(image)
    computed, seen = examine(body, SETTINGS.generation, SETTINGS.limits)
    digest = hashlib.sha256(body).hexdigest()
    record = PictureRecord(
        ObjectRef("", name), SETTINGS.generation, Outcome.INDEXED, fingerprint=computed, digest=digest
    )
    return Asker.at_hand(record, seen)
