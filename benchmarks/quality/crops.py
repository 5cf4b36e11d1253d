"""How much of a picture may be cut off until its crop is no longer told at the default settings, by where it is cut.

The photographs are those that scikit-image brings, none of which was used in training. Either the original is stored
and its crop comes later, or the other way around. Two minutes.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from PIL import Image

from benchmarks.quality.outcomes import asker, default_settings, stages
from benchmarks.quality.processes import all_cores
from training import corpus
from training.edits import cropped, cut, encoded
from training.originals import Original
from training.printing import print_table, progress

KEPT = (90, 85, 80, 75, 70, 65, 60)  # per cent of each side that is cut
CORNERS = ((0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0))
DRAWS = 4  # places anywhere
SEED = 29

CROP_LATER, ORIGINAL_LATER = "the crop came later", "the original came later"  # who comes later asks

Told = Mapping[tuple[str, str], Sequence[bool]]  # by order and place


def add_arguments(_: argparse.ArgumentParser) -> None:
    """Add no options: there are none."""


def run(_: argparse.Namespace) -> int:
    """Print a table for either order."""
    pictures = corpus.installed_pictures()
    work = [(picture, number, kept) for kept in KEPT for number, picture in enumerate(pictures)]
    with all_cores() as pool, progress() as bar:
        results = list(bar.track(pool.map(_told, work), total=len(work), description="crops"))
    of_share = [results[at : at + len(pictures)] for at in range(0, len(work), len(pictures))]
    for order in (CROP_LATER, ORIGINAL_LATER):
        places = [place for which, place in results[0] if which == order]
        print_table(
            f"Share of crops that is told, of {len(pictures)} photographs: {order}",
            ("per cent of each side kept", *places),
            [
                (kept, *(f"{np.mean([one[order, place] for one in some]):.2f}" for place in places))
                for kept, some in zip(KEPT, of_share, strict=True)
            ],
            note="Told: near or altered. A corner: what is left is one, each of the four. Anywhere: at four places "
            "each. Edge: what is cut off is one, each of both.",
        )
    return 0


def _told(work: tuple[Original, int, int]) -> Told:
    """Return which crops of a picture are told."""
    picture, number, kept = work
    settings = default_settings()
    original = asker("original", picture.image, settings)
    told = {}
    for place, images in _crops(picture.image, number, 1 - kept / 100):
        crops = [asker("crop", encoded(image), settings) for image in images]
        told[CROP_LATER, place] = [stages(crop, original, settings).told for crop in crops]
        told[ORIGINAL_LATER, place] = [stages(original, crop, settings).told for crop in crops]
    return told


def _crops(image: Image.Image, number: int, lost: float) -> Iterator[tuple[str, list[Image.Image]]]:
    rng = np.random.default_rng([SEED, number])
    yield "the centre", [cropped(image, lost)]
    yield "a corner", [cropped(image, lost, x, y) for x, y in CORNERS]
    yield "anywhere", [cropped(image, lost, *place) for place in rng.uniform(0, 1, (DRAWS, 2)).tolist()]
    yield "left or right edge", [cut(image, lost, 0, x, 0) for x in (0.0, 1.0)]
    yield "top or bottom edge", [cut(image, 0, lost, 0, y) for y in (0.0, 1.0)]
