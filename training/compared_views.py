"""Hashes and check bits of all windows that could be views, of training pictures and their edited copies."""

import argparse
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from handler.core import look1
from handler.core.look1 import ANCHORS, CHECK_RADIUS, RADIUS
from handler.core.normalised import locally_normalised
from handler.core.windows import averaged, insets_of
from training import corpus, edits, fixed_edits
from training.originals import Original, shrunk
from training.parts import positive_integer
from training.printing import console, progress
from training.random_edits import compound
from training.window_groups import windows_by_group

PICTURES = 400  # of those to train on
FIXED = len(fixed_edits.GEOMETRIC)
COPIES = 10  # random edits of each, after those that are fixed and change the frame
SEED = 77
SIDE = 512  # pixels on the longer side of what is edited
STORED = slice(29, 29 + look1.CHECK_BITS)  # look1's own check bits among the signs
ALIKE = 45  # check bits of whole pictures: below it they show the same

Words = NDArray[np.uint64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ComparedViews:
    """What is compared: of each picture the original first, then its copies."""

    hashes: Words  # (pictures, versions, views)
    checks: Words  # (pictures, versions, views, 6): the signs of all coefficients, from the mean outwards
    asking: Words  # (pictures, versions, anchors, windows, 6)

    def least_differing(self, a: int, b: int, bits: slice) -> NDArray[np.int64]:
        """Return how many check *bits* differ between view *a* of each copy and *b* of its original."""
        asked = self.asking[:, 1:, a] if a < ANCHORS else self.checks[:, 1:, a, None]
        least: NDArray[np.int64] = differing(asked, self.checks[:, :1, b, None], bits).min(axis=-1)
        return least

    def found(self, a: int, b: int, *, radius: int = RADIUS, bits: slice = STORED, limit: int = CHECK_RADIUS) -> Flags:
        """Return which copies find their original by views *a* and *b*: shape (pictures, copies)."""
        near = np.bitwise_count(self.hashes[:, 1:, a] ^ self.hashes[:, :1, b]) <= radius
        found: Flags = near & (self.least_differing(a, b, bits) <= limit)
        return found


def add_pictures_option(parser: argparse.ArgumentParser) -> None:
    """Add the option that says how many pictures are compared."""
    parser.add_argument(
        "--pictures",
        type=positive_integer,
        default=PICTURES,
        metavar="N",
        help="compare about so many of the pictures to train on (default: %(default)s)",
    )


def compared_views(about: int) -> ComparedViews:
    """Return what is compared of *about* so many pictures to train on, without those that show the same."""
    pictures = corpus.evenly(corpus.training_pictures(), about)
    console.print(
        f"{len(pictures)} of the pictures that the filters are trained on, {FIXED + COPIES} edited copies of each"
    )
    with ProcessPoolExecutor() as pool, progress() as bar:
        results = pool.map(_of_picture, pictures, range(len(pictures)))
        parts = [one for one in bar.track(results, total=len(pictures), description="views") if one is not None]
    return _without_repeats(ComparedViews(*(np.stack(column) for column in zip(*parts, strict=True))))


def compared_pairs(views: Sequence[int]) -> list[tuple[int, int]]:
    """Return which views are compared because of *views*: those with the anchors, and each with its like."""
    pairs = {(view, view) for view in views}
    for anchor in range(ANCHORS):
        pairs |= {pair for view in views for pair in ((anchor, view), (view, anchor))}
    return sorted(pairs)


def differing(a: Words, b: Words, bits: slice) -> NDArray[np.int64]:
    """Return in how many of *bits* the rows of *a* and *b* differ."""
    chosen = np.zeros(a.shape[-1] * 64, np.bool_)
    chosen[bits] = True
    mask = np.packbits(chosen).view(np.uint64)
    count: NDArray[np.int64] = np.bitwise_count((a ^ b) & mask).sum(axis=-1, dtype=np.int64)
    return count


def by_kind_of_edit(found: Flags) -> tuple[Flags, Flags]:
    """Return what was *found* of the copies by fixed edits, and of those by random ones."""
    return found[:, :FIXED], found[:, FIXED:]


def _of_picture(picture: Original, number: int) -> tuple[Words, Words, Words] | None:
    """Return what is compared of *picture* and its copies; None if it has too little content."""
    image = shrunk(picture.image, SIDE)
    fixed = (edit(image) for edit in fixed_edits.GEOMETRIC.values())
    random = (compound(image, np.random.default_rng([SEED, number, copy])) for copy in range(COPIES))
    lumas = [edits.luma_of(version, look1.LUMA_SIDE) for version in (image, *fixed, *random)]
    if look1.fingerprint_views(lumas[0]).qualities[0] < look1.QUALITY_FLOOR:
        return None
    hashes, checks, asking = (np.stack(column) for column in zip(*map(_of_luma, lumas), strict=True))
    return hashes, checks, asking


def _of_luma(luma: NDArray[np.uint8]) -> tuple[Words, Words, Words]:
    windows = [window for group in windows_by_group(luma).values() for window in group]
    insets = [inset for window in windows[:ANCHORS] for inset in insets_of(window)]
    views = averaged(luma, [*windows, *insets])
    corner = look1.coefficients(views)
    signs = np.packbits(look1.coefficients(locally_normalised(views))[:, *_outwards()] > 0.0, axis=1)
    words = np.ascontiguousarray(np.pad(signs, ((0, 0), (0, -signs.shape[1] % 8)))).view(np.uint64)
    hashes = np.array(list(look1.hashes_of(corner[: len(windows)])), np.uint64)
    return hashes, words[: len(windows)], words[len(windows) :].reshape(ANCHORS, -1, words.shape[1])


def _outwards() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return rows and columns of all coefficients but the mean, nearest to it first."""
    rows, columns = np.indices((look1.CHECK_SIDE, look1.CHECK_SIDE)).reshape(2, -1)
    order = np.lexsort((rows, np.maximum(rows, columns), rows**2 + columns**2))[1:]
    return rows[order], columns[order]


def _without_repeats(views: ComparedViews) -> ComparedViews:
    """Return *views* without pictures that show what an earlier one shows: pairs that no limit could tell apart."""
    whole = [(a, b) for a in range(ANCHORS) for b in range(ANCHORS)]
    kept = [
        number
        for number in range(len(views.hashes))
        if not any(
            (differing(views.asking[number, 0, a, :1], views.checks[:number, 0, b], STORED) <= ALIKE).any()
            for a, b in whole
        )
    ]
    return ComparedViews(views.hashes[kept], views.checks[kept], views.asking[kept])
