"""Train the filters of generation `look1`, and write them with a record of the pictures that they come from.

A filter weighs the low corner of a picture's DCT, and its sign is a bit. Good filters differ from picture to picture
and stay as they are from copy to copy: with x the corner scaled to length 1, S the mean of xx' over originals and D
that of (x' - x)(x' - x)' over edited copies x', they are the generalised eigenvectors of D v = lambda S v with the
smallest lambda. Solved apart in each class of symmetry, they turn and mirror into one another.

The same pictures give the same file: seeds are fixed, sums are in a fixed order, and rounding to 15 bits removes what
one processor's last bits have of their own.
"""

import argparse
import base64
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.linalg
from numpy.typing import NDArray
from PIL import Image

from handler.core import look1
from handler.core.windows import averaged_views
from training import corpus, edits, packages
from training.originals import Original, shrunk
from training.parts import positive_integer
from training.printing import console, print_table, progress
from training.random_edits import misaligned

COPIES = 12  # edited copies of each picture
SEED = 1
SIDE = 400  # pixels on the longer side of what is edited
RIDGE = 1e-3  # of the mean eigenvalue, added to both matrices: the rarest directions are noise
WEIGHT_BITS = 14  # and a sign
CORE = Path(look1.__file__).parent

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Filter:
    """One weighing of the corner, and how it was found."""

    weights: Matrix  # shape (14, 14)
    parity: str  # of the rows and of the columns that are not 0
    strain: float  # lambda: how much of its variance is between copies


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this part."""
    parser.add_argument("--into", type=Path, metavar="DIR", help="write the two files here (default: into the core)")
    parser.add_argument(
        "--pictures",
        type=positive_integer,
        metavar="N",
        help="train on about so many of the pictures, to try this out; goes with --into (default: all)",
    )


def run(options: argparse.Namespace) -> int:
    """Train, write `look1_filters.py` and `look1_filters.tsv`, and print how good the filters are."""
    if options.pictures and not options.into:
        raise argparse.ArgumentError(None, "filters of some of the pictures are not look1's: add --into DIR")
    pictures = corpus.evenly(corpus.training_pictures(), options.pictures)
    console.print(f"{len(pictures)} pictures, {COPIES} edited copies of each")
    filters = chosen(solved(*moments(pictures)))
    into = options.into or CORE
    (into / "look1_filters.py").write_text(_module(filters, pictures))
    (into / "look1_filters.tsv").write_text(_record(pictures))
    _print_filters(filters)
    return 0


def _print_filters(filters: Sequence[Filter]) -> None:
    print_table(
        f"{len(filters)} filters",
        ("parity", "filters", "least strain", "most"),
        [
            (parity, len(some), f"{min(some):.3f}", f"{max(some):.3f}")
            for parity in ("00", "01", "10", "11")
            if (some := [one.strain for one in filters if one.parity == parity])
        ],
        note="Strain: how much of a filter's variance is between a picture and its copies. "
        f"Mean: {np.mean(sorted(one.strain for one in filters)):.3f}.",
    )


def solved(spread: Matrix, strain: Matrix) -> list[tuple[Filter, ...]]:
    """Return all filters, the least strained first: alone, or in the pairs that transposition exchanges."""
    side = look1.FILTER_SIDE
    swapped = np.arange(side * side).reshape(side, side).T.ravel()
    found: list[tuple[Filter, ...]] = []
    for parity, basis in _classes():
        flat = basis.reshape(len(basis), -1)
        both = [flat] if parity in ("00", "11") else [flat, flat[:, swapped]]
        ridge = RIDGE * np.eye(len(basis)) / (side * side)
        within, total = (
            sum(rows @ matrix @ rows.T for rows in both) / len(both) + ridge * np.trace(matrix)
            for matrix in (strain, spread)
        )
        values, vectors = scipy.linalg.eigh(within, total)
        for value, vector in zip(values.tolist(), vectors.T, strict=True):
            one = Filter(_rounded((vector @ flat).reshape(side, side)), parity, value)
            found.append((one,) if parity in ("00", "11") else (one, Filter(one.weights.T, "10", value)))
    return sorted(found, key=lambda filters: filters[0].strain)


def chosen(found: Sequence[tuple[Filter, ...]]) -> list[Filter]:
    """Return the 64 least strained filters, dealt to four bands of 16 bits so that all bands are equally good."""
    best: list[Filter] = []
    for filters in found:
        if len(best) + len(filters) <= look1.HASH_BITS:
            best += filters
    return [best[place] for band in range(4) for place in range(band, look1.HASH_BITS, 4)]


def _classes() -> list[tuple[str, Matrix]]:
    """Return the classes of symmetry: a parity and an orthonormal basis, each element 14 x 14."""
    side = look1.FILTER_SIDE
    units = np.eye(side * side).reshape(side, side, side, side)  # [row, column] is 1 there and 0 elsewhere
    classes = [("01", np.stack([units[row, column] for row in range(0, side, 2) for column in range(1, side, 2)]))]
    for parity, first in (("00", 0), ("11", 1)):
        places = [(row, column) for row in range(first, side, 2) for column in range(row, side, 2) if row or column]
        half = np.sqrt(0.5)
        symmetric = [
            units[row, column] if row == column else half * (units[row, column] + units[column, row])
            for row, column in places
        ]
        opposed = [half * (units[row, column] - units[column, row]) for row, column in places if row != column]
        classes += [(parity, np.stack(symmetric)), (parity, np.stack(opposed))]
    return classes


def _rounded(weights: Matrix) -> Matrix:
    """Return *weights* as whole numbers, the largest positive: an eigenvector has no sign and no length of its own."""
    largest = weights.ravel()[np.argmax(np.abs(np.rint(weights / np.abs(weights).max() * 2**WEIGHT_BITS)))]
    rounded: Matrix = np.rint(weights / largest * (2**WEIGHT_BITS - 1))
    return rounded


def moments(pictures: Sequence[Original]) -> tuple[Matrix, Matrix]:
    """Return the mean of xx' over originals, and of (x' - x)(x' - x)' over edited copies."""
    size = look1.FILTER_SIDE**2
    spread, strain = np.zeros((size, size)), np.zeros((size, size))
    with progress() as bar:
        for number, picture in enumerate(bar.track(pictures, description="edited copies")):
            image = shrunk(picture.image, SIDE)
            rng = np.random.default_rng([SEED, number])
            copies = [image, *(misaligned(image, rng) for _ in range(COPIES))]
            vectors = np.stack([_vector(copy) for copy in copies])
            differences = vectors[1:] - vectors[0]
            spread += np.outer(vectors[0], vectors[0])
            strain += differences.T @ differences
    return spread / len(pictures), strain / (len(pictures) * COPIES)


def _vector(image: Image.Image) -> Matrix:
    """Return the corner that the filters weigh, of the whole picture, as a vector of length 1."""
    views = averaged_views(edits.luma_of(image, look1.LUMA_SIDE))[:1]
    corner = look1.coefficients(views)[0, : look1.FILTER_SIDE, : look1.FILTER_SIDE].ravel()
    unit: Matrix = corner / max(float(np.sqrt(corner @ corner)), 1.0)
    return unit


def _module(filters: Sequence[Filter], pictures: Sequence[Original]) -> str:
    stored = [one.weights[int(one.parity[0]) :: 2, int(one.parity[1]) :: 2] for one in filters]
    weights = base64.b64encode(np.array(stored).astype("<i2").tobytes()).decode()
    parities = textwrap.wrap(" ".join(one.parity for one in filters), 96)
    names = [picture.name.split("/", 1)[0] for picture in pictures]
    sources = [
        f"- {source.package} {packages.version_of(source)}: {names.count(source.package)} pictures"
        for source in packages.TRAINING
    ]
    return "\n".join(
        (
            '"""The filters of generation `look1`, written by `python -m training filters`: do not edit.',
            "",
            "Trained on pictures in Debian packages; `look1_filters.tsv` names every file:",
            "",
            *sources,
            '"""',
            "",
            "PARITIES = (  # of the rows and of the columns of each filter that are not 0",
            *(f'    "{line} "' for line in parities),
            ")",
            "FILTERS = (  # 7 x 7 weights each, as little-endian 16-bit numbers in base64",
            *(f'    "{weights[start : start + 112]}"' for start in range(0, len(weights), 112)),
            ")",
            "",
        )
    )


def _record(pictures: Sequence[Original]) -> str:
    return "".join(f"{picture.sha256}\t{picture.name}\n" for picture in pictures)
