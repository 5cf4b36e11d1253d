"""Copies in another frame, which only windows that are not stored find: crops, turns, captions, collages and others.

The pictures had no part in the training. Every copy asks for its original, and every original for its copies, by hash
and check bits alone: what is within the wider radii waits for a look.
"""

import argparse
import math
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import product

import numpy as np
from PIL import Image, ImageFilter, ImageOps

from benchmarks.quality.edited_versions import SIDE
from handler.core import look1
from handler.core.asker import Asker
from handler.core.fingerprint import examine
from handler.core.model import EFFORTS, Limits, ObjectRef, Outcome, PictureRecord, Settings
from handler.core.policy import meetings
from training import corpus, edits
from training.originals import Original, shrunk
from training.parts import positive_integer
from training.printing import print_table, progress
from training.random_edits import compound

# Radius and check radius.
RADII = ((12, 80), (12, 92), (14, 80), (14, 92), (14, 100), (16, 92), (16, 100))
SEED = 9
COMPOUNDS = 6  # random edits, and three of each random crop

Nearness = Sequence[tuple[int, int]]  # bits and check bits of each meeting


def _rotated(image: Image.Image, degrees: float) -> Image.Image:
    """Return *image* rotated in a frame that grows, and is squeezed to the old size."""
    grown = image.rotate(degrees, Image.Resampling.BICUBIC, expand=True)
    return grown.resize(image.size, Image.Resampling.BICUBIC)


def _sheared(image: Image.Image, degrees: float) -> Image.Image:
    slope = math.tan(math.radians(degrees))
    parts = (1, slope, -slope * image.height / 2, 0, 1, 0)
    return image.transform(image.size, Image.Transform.AFFINE, parts, Image.Resampling.BICUBIC)


def _story(image: Image.Image) -> Image.Image:
    """Return *image* between parts of its own blurred copy, 9:16."""
    across = max(image.width, round(image.height * 0.7))
    page = image.resize((across, across * 16 // 9)).filter(ImageFilter.GaussianBlur(across / 20))
    shown = image.resize((across, round(image.height * across / image.width)))
    page.paste(shown, (0, (page.height - shown.height) // 2))
    return page


def _shadowed(image: Image.Image) -> Image.Image:
    """Return *image* on white, with the shadow of a window around it."""
    margin = round(0.07 * max(image.size))
    page = ImageOps.expand(Image.new("RGB", image.size, (127, 127, 127)), margin, "white")
    page = page.filter(ImageFilter.GaussianBlur(margin / 2.5))
    page.paste(image, (margin, margin))
    return page


def _collage(images: Sequence[Image.Image], *, fit: bool) -> Image.Image:
    """Return two or four *images* in one, squeezed or cut to fit."""
    size = (256, 384 // (len(images) // 2))
    page = Image.new("RGB", (512, 384))
    for number, image in enumerate(images):
        one = ImageOps.fit(image, size) if fit else image.resize(size)
        page.paste(one, (number % 2 * 256, number // 2 * size[1]))
    return page


FIXED: Mapping[str, edits.Edit] = {
    "centre, 60 % of each side": partial(edits.cropped, lost=0.4),
    **{f"rotated {angle}, squeezed": partial(_rotated, degrees=angle) for angle in (5, 10, -20, 30, -45)},
    **{f"rotated {angle} in its frame": partial(edits.rotated, degrees=angle) for angle in (-5, 10)},
    **{f"sheared {angle}": partial(_sheared, degrees=angle) for angle in (-10, 20)},
    "caption of a third above": partial(edits.captioned, text="You will not believe this", share=0.35),
    "caption of a third below": partial(edits.captioned, text="You will not believe this", share=0.35, below=True),
    "between blurred bars": _story,
    "shadow of a window": _shadowed,
    "4:5": partial(edits.aspect_cut, ratio=0.8),
    "9:16": partial(edits.aspect_cut, ratio=9 / 16),
    "negative": ImageOps.invert,
}
CROPS = {"crop to 78 to 84 %": (0.78, 0.84), "crop to 68 to 75 %": (0.68, 0.75)}  # of each side, drawn apart, anywhere


def _copies(image: Image.Image, others: Sequence[Image.Image], number: int) -> Iterator[tuple[str, Image.Image]]:
    rng = np.random.default_rng([SEED, number])
    for _ in range(COMPOUNDS):
        yield "random compound", compound(image, rng)
    for (kind, ends), _ in product(CROPS.items(), range(3)):
        across, down = 1 - rng.uniform(*ends, 2)
        yield kind, edits.encoded(edits.cut(image, float(across), float(down), *rng.uniform(0, 1, 2).tolist()))
    for kind, edit in FIXED.items():
        yield kind, edits.encoded(edit(image))
    for some, fit in product((1, 3), (False, True)):
        kind = f"one of {some + 1} in a collage, {'cut' if fit else 'squeezed'}"
        yield kind, edits.encoded(_collage((others[0], image, *others[1:some]), fit=fit))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this part."""
    parser.add_argument(
        "--pictures", type=positive_integer, default=60, metavar="N", help="test about so many (default: %(default)s)"
    )


def run(options: argparse.Namespace) -> int:
    """Print the tables."""
    pictures = corpus.evenly(corpus.unseen_pictures(), options.pictures)
    with ProcessPoolExecutor() as pool, progress() as bar:
        work = (
            (number, [pictures[(number + step) % len(pictures)] for step in range(4)])
            for number in range(len(pictures))
        )
        found = list(bar.track(pool.map(_of_picture, work), total=len(pictures), description="copies"))
    kinds = list(dict.fromkeys(kind for one in found for kind, *_ in one))
    columns = [f"{radius}/{check}" for radius, check in RADII]
    for effort, (who, place) in product(EFFORTS, (("the copy", 0), ("the original", 1))):
        rows = []
        for kind in kinds:
            met = [pair[place] for one in found for name, asked, *pair in one if (name, asked) == (kind, effort)]
            rows.append((kind, *(f"{np.mean([_within(one, *radii) for one in met]):.2f}" for radii in RADII)))
        print_table(
            f"Share of copies of {len(pictures)} pictures within radius and check radius, if {who} asks ({effort})",
            ("kind", *columns),
            rows,
        )
    return 0


def _within(met: Nearness, radius: int, check_radius: int) -> bool:
    return any(distance <= radius and check <= check_radius for distance, check in met)


def _of_picture(work: tuple[int, Sequence[Original]]) -> list[tuple[str, str, Nearness, Nearness]]:
    number, pictures = work
    image, *others = (shrunk(picture.image, SIDE) for picture in pictures)
    original = _asker("original", image)
    copies = [
        (kind, _asker(f"{kind} {place}", copy)) for place, (kind, copy) in enumerate(_copies(image, others, number))
    ]
    return [
        (kind, effort, _met(copy, original, effort), _met(original, copy, effort))
        for effort, (kind, copy) in product(EFFORTS, copies)
    ]


def _met(one: Asker, other: Asker, effort: str) -> Nearness:
    """Return how near all views that meet are; nothing if one picture has too little content."""
    mine, theirs = one.record.fingerprint, other.record.fingerprint
    if mine is None or theirs is None or mine.flat or theirs.flat:
        return []
    radius = max(radius for radius, _ in RADII)
    settings = Settings(look1.GENERATION, radius, max_matches=1, scope_depth=0, limits=Limits(), effort=effort)
    return [(meeting.distance, meeting.check_bits or 0) for meeting in meetings(one, theirs, settings, radius)]


def _asker(name: str, image: Image.Image) -> Asker:
    computed, seen = examine(edits.in_file(image), look1.GENERATION, Limits())
    record = PictureRecord(ObjectRef("", name), look1.GENERATION, Outcome.INDEXED, fingerprint=computed, digest=name)
    return Asker.at_hand(record, seen)
