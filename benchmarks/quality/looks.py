"""What a look says of edited copies, of strangers, and of pictures that only look alike.

Photographs are edited in every way of `training`, and made poor: thumbnails, JPEG 5, noise. Half of them are for
choosing the thresholds of `handler.core.look`; the other half, the default here, is for checking them, with other
members of the families. Only pairs with views within 16 bits are looked at, as nothing else is proposed.
"""

import argparse
import time
from collections.abc import Iterator
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.quality.edited_versions import SEED, SIDE
from benchmarks.quality.families import FAMILIES, members
from benchmarks.quality.poor_copies import POOR
from handler.core import colours, imaging, look1
from handler.core.look import Judgement, judge, look
from handler.core.model import Limits
from handler.core.surface import Surface
from handler.core.windows import VIEW_NAMES
from training import corpus
from training.edits import in_file
from training.fixed_edits import FIXED
from training.originals import shrunk
from training.parts import positive_integer
from training.printing import print_table
from training.random_edits import compound, decorated

RADIUS = 16  # bits
RANDOM = 6  # random edits of each picture, of either kind
MOST = 1000  # pairs of a kind
COLOUR_SIDE = 96  # pixels
FIRST = (0, 1000)  # members of the families of either half
LIMITS = Limits()


class SeenPicture(NamedTuple):
    """A picture, ready to be looked at."""

    surface: Surface
    colours: NDArray[np.uint8]
    hashes: NDArray[np.uint64]
    flat: bool


class FoundAlike(NamedTuple):
    """What is told of a pair, and what made it."""

    agreement: float
    kind: Judgement
    turned: bool  # another kind the other way around
    seconds: float  # of CPU


class Row(NamedTuple):
    """What came of the looks at pairs of one kind."""

    kind: str
    pairs: int  # of which those within the radius are looked at
    told: list[FoundAlike]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this part."""
    parser.add_argument(
        "--pictures", type=positive_integer, default=100, metavar="N", help="so many photographs (default: %(default)s)"
    )
    parser.add_argument(
        "--members", type=positive_integer, default=24, metavar="N", help="so many of a family (default: %(default)s)"
    )
    parser.add_argument("--half", type=int, choices=(0, 1), default=1, help="0 chose the thresholds, 1 proves them")
    parser.add_argument("--folder", type=Path, action="append", default=[], help="another family: a folder of pictures")


def run(options: argparse.Namespace) -> int:
    """Print the table."""
    start = time.process_time()
    rows: list[Row] = []
    photographs = corpus.evenly(corpus.unseen_pictures(), options.pictures)[options.half :: 2]
    rows += _copies([shrunk(one.image, SIDE) for one in photographs])
    for family in FAMILIES:
        rows.append(_alike(family, [_seen(image) for image in members(family, options.members, FIRST[options.half])]))
    for folder in options.folder:
        rows.append(_alike(folder.name, [_seen(one.image) for one in corpus.pictures_in(folder)]))
    print_table(
        "What a look says",
        (
            "pairs",
            "number",
            "within 16 bits",
            "agreement: 5 %",
            "median",
            "95 %",
            "most",
            ">= 0.80",
            ">= 0.86",
            "near",
            "altered",
            "alike",
        ),
        [_columns(row) for row in rows],
        note=_note(rows, time.process_time() - start),
    )
    return 0


def _note(rows: list[Row], seconds: float) -> str:
    told = [one for row in rows for one in row.told]
    median, most = np.quantile([one.seconds * 1000.0 for one in told], (0.5, 0.95))
    return (
        "All but copies are different pictures. "
        f"A look takes {median:.1f} ms of CPU in the median, {most:.1f} ms in 95 of 100. "
        f"{sum(one.turned for one in told)} of {len(told)} pairs are of another kind the other way around. "
        f"{seconds:.0f} s of CPU in all."
    )


def _seen(image: Image.Image) -> SeenPicture:
    luma = imaging.decode(in_file(image.convert("RGB")), LIMITS, side=look1.LUMA_SIDE).luma
    views = look1.fingerprint_views(luma)
    flat = min(views.qualities[: look1.ANCHORS]) < look1.QUALITY_FLOOR
    return SeenPicture(
        Surface.of(luma), np.asarray(shrunk(image, COLOUR_SIDE).convert("RGB")), np.array(views.hashes, np.uint64), flat
    )


def _met(one: SeenPicture, other: SeenPicture) -> FoundAlike | None:
    """Return what is told of both, looked at where their nearest views meet; None if those are too far apart."""
    distances = np.bitwise_count(one.hashes[:, None] ^ other.hashes)
    mine, theirs = divmod(int(distances.argmin()), len(VIEW_NAMES))
    if distances[mine, theirs] > RADIUS:
        return None
    window, window_there = one.surface.window(mine), other.surface.window(theirs)
    start = time.process_time()
    seen = look(one.surface, other.surface, window, window_there)
    seconds = time.process_time() - start
    hues = colours.agreement(one.colours, other.colours, seen.way)
    kind = judge(seen, hues)[0]
    back = judge(look(other.surface, one.surface, window_there, window), hues)[0]
    return FoundAlike(seen.agreement, kind, back is not kind, seconds)


def _copies(images: list[Image.Image]) -> Iterator[Row]:
    """Yield what is said of each kind of copy, and of the strangers among the photographs and their copies."""
    originals = [_seen(image) for image in images]
    kinds: dict[str, list[FoundAlike | None]] = {}
    strangers: list[FoundAlike | None] = []
    for number, image in enumerate(images):
        if originals[number].flat:
            continue
        rng = np.random.default_rng([SEED, number])
        edits = [(kind, edit) for edits in (FIXED, POOR) for kind, edit in edits.items()]
        edits += [(edit.__name__, partial(edit, rng=rng)) for edit in (compound, decorated) for _ in range(RANDOM)]
        for kind, edit in edits:
            copy = _seen(edit(image))
            kinds.setdefault(kind, []).append(_met(copy, originals[number]))
            others = (other for other in originals if other is not originals[number] and not other.flat)
            strangers += [_met(copy, other) for other in others]
    for kind, looks in kinds.items():
        yield Row(kind, len(looks), [told for told in looks if told is not None])
    yield Row("strangers", len(strangers), [seen for seen in strangers if seen is not None])


def _alike(family: str, some: list[SeenPicture]) -> Row:
    pairs = list(combinations(some, 2))
    if len(pairs) > MOST:
        chosen = np.random.default_rng(SEED).choice(len(pairs), MOST, replace=False)
        pairs = [pairs[number] for number in sorted(chosen.tolist())]
    looks = [_met(one, other) for one, other in pairs]
    return Row(family, len(pairs), [told for told in looks if told is not None])


def _columns(row: Row) -> tuple[object, ...]:
    if not row.told:
        return (row.kind, row.pairs, 0, *[""] * 9)
    agreements = np.array([told.agreement for told in row.told])
    kinds = [told.kind for told in row.told]
    quantiles = (f"{value:.2f}" for value in (*np.quantile(agreements, (0.05, 0.5, 0.95)), agreements.max()))
    over = (f"{np.mean(agreements >= threshold):.3f}" for threshold in (0.80, 0.86))
    return (
        row.kind,
        row.pairs,
        len(kinds),
        *quantiles,
        *over,
        *(f"{kinds.count(kind) / len(kinds):.3f}" for kind in Judgement),
    )
