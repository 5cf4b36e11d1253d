"""The look: two pictures aligned by what they show, how far they agree, where they differ, and what that makes them."""

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from handler.core import detail
from handler.core.alignment import SHARE_OF_SIDE, SIDE, Aligned, aligned, covered, laid_under
from handler.core.surface import Array, Box, Surface, composed, normalised, turning, unturned

BLOCKS = 12  # a side
DIGITS = 5  # of an agreement: two machines may differ by one in the last
_FLOOR = 4.0  # levels: local contrast below that is what compression leaves
_DARK = 12.0  # levels: pictures with a smaller deviation are looked at as if they had it
_CONTENT = 0.15  # of the variance of full local contrast: a block with less has nothing to compare
_SEEN = 0.5  # of a block

# Measured by `benchmarks looks`: see there.
LEAST_AGREEMENT = 0.80
_LEAST_OF_ALL = 0.70  # enough where no block stands out: what is poor everywhere agrees less
_DIFFERS = 0.70  # of a block: squared differences, where two unlike ones have two
_TIMES_MEDIAN = 5.0  # a copy that is poor everywhere is poor in its worst block, too
_MOST_OF_MEDIAN = 0.90


class Judgement(StrEnum):
    """What two pictures are to each other once their pixels were compared."""

    NEAR = "near"  # the same picture, edited as a whole or cropped
    ALTERED = "altered"  # the same but for a part
    ALIKE = "alike"  # not the same


@dataclass(frozen=True, slots=True)
class Look:
    """What came of a look; boxes are in fractions of the first picture as it is, not turned."""

    agreement: float  # the correlation of what both show, locally normalised: 0 to 1
    way: tuple[
        float, ...
    ]  # the affine map from (down, across) in fractions of the first to fractions of the other, by row
    box: Box  # what both show: top, bottom, left, right
    covered: tuple[float, float]  # the share of each picture, without uniform borders, that is in it
    side: float  # pixels across it of detail that both have, up to 96
    # How much each of 12 x 12 blocks of the box differs, as the first picture was turned; -1: nothing to compare.
    differences: tuple[tuple[float, ...], ...]
    orientation: int = 1  # how the first picture was turned


NOTHING = Look(0.0, (1.0, 0.0, 0.0, 0.0, 1.0, 0.0), (0.0, 0.0, 0.0, 0.0), (0.0, 0.0), 0.0, ())


def look(one: Surface, other: Surface, window_one: Box, window_other: Box) -> Look:
    """Return how far *one* and *other* agree, where two windows of them (in pixels) seem to show the same."""
    found = aligned(one, other, window_one, window_other)
    if found is None:
        return NOTHING
    mine = one.averages(found.box, SIDE, SIDE)
    theirs, inside = laid_under(other, found)
    cell = (found.box[1] - found.box[0]) * (found.box[3] - found.box[2]) / SIDE**2
    scale = abs(float(np.linalg.det(found.way[:, :2])))
    mine, theirs, smoothing = detail.matched(mine, theirs, grains=(one.noise, other.noise), pixels=(cell, cell * scale))
    weights = inside.astype(np.float64)
    agreement, differences = _compared(*detail.toned(mine, theirs, weights), weights)
    return Look(
        agreement=round(max(0.0, agreement), DIGITS),
        way=tuple(_in_fractions(one, other, found).ravel().tolist()),
        box=unturned(_fractions(found.box, one), one.orientation),
        covered=covered(one, other, found.way, found.box),
        side=SIDE / math.hypot(1.0, 2.0 * smoothing),
        differences=tuple(map(tuple, np.round(differences, DIGITS).tolist())),
        orientation=one.orientation,
    )


def judge(seen: Look) -> tuple[Judgement, tuple[Box, ...]]:
    """Return what the two pictures are to each other, and in which boxes of the first they differ."""
    if seen.agreement < _LEAST_OF_ALL:
        return Judgement.ALIKE, ()
    blocks = np.array(seen.differences)
    content = blocks >= 0.0
    if not content.any():
        return Judgement.ALIKE, ()
    usual = min(_MOST_OF_MEDIAN, _TIMES_MEDIAN * float(np.median(blocks[content])))
    differs = blocks > max(_DIFFERS, usual)
    if not differs.any():
        return Judgement.NEAR, ()
    if seen.agreement < LEAST_AGREEMENT:
        return Judgement.ALIKE, ()
    grown = blocks > max(_DIFFERS, usual) / 2.0  # what surrounds a block that differs belongs to it
    return Judgement.ALTERED, tuple(_placed(part, seen) for part in _parts(differs, grown))


def _compared(mine: Array, theirs: Array, weights: Array) -> tuple[float, Array]:
    """Return the correlation of both, and how much each block differs: -1 where there is nothing to compare."""
    gain = max(1.0, _DARK / max(0.5, float(theirs.std()), float(mine.std())))
    one, other = (normalised(levels * gain, SIDE * SHARE_OF_SIDE, _FLOOR) for levels in (mine, theirs))
    own, their, both = one * one * weights, other * other * weights, one * other * weights
    agreement = float(both.sum() / math.sqrt(own.sum() * their.sum() + 1e-9))
    seen, own, their, both = (_pooled(some) for some in (weights, own, their, both))
    content = (np.maximum(own, their) > _CONTENT * seen) & (seen > _SEEN)
    return agreement, np.where(content, np.maximum(0.0, own + their - 2.0 * both) / np.maximum(seen, 1e-9), -1.0)


def _pooled(cells: Array) -> Array:
    means: Array = cells.reshape(BLOCKS, SIDE // BLOCKS, BLOCKS, SIDE // BLOCKS).mean(axis=(1, 3))
    return means


def _fractions(box: Box, one: Surface) -> Box:
    return box[0] / one.height, box[1] / one.height, box[2] / one.width, box[3] / one.width


def _in_fractions(one: Surface, other: Surface, found: Aligned) -> Array:
    """Return the map from fractions of the first picture, before it was turned, to fractions of the other."""
    to_pixels = np.array([[one.height, 0.0, 0.0], [0.0, one.width, 0.0]])
    to_fractions = np.array([[1.0 / other.height, 0.0, 0.0], [0.0, 1.0 / other.width, 0.0]])
    return composed(to_fractions, composed(found.way, composed(to_pixels, turning(one.orientation))))


def _parts(seeds: NDArray[np.bool_], grown: NDArray[np.bool_]) -> list[Box]:
    """Return the bounds, in blocks, of each connected part of *grown* that holds one of *seeds*, largest first."""
    left = grown | seeds
    boxes = []
    for start in zip(*np.nonzero(seeds), strict=True):
        if not left[start]:
            continue
        part = np.zeros_like(left)
        part[start] = True
        while True:
            wider = part.copy()
            wider[1:] |= part[:-1]
            wider[:-1] |= part[1:]
            wider[:, 1:] |= wider[:, :-1].copy()
            wider[:, :-1] |= wider[:, 1:].copy()
            wider &= left
            if (wider == part).all():
                break
            part = wider
        left &= ~part
        rows, columns = np.flatnonzero(part.any(axis=1)), np.flatnonzero(part.any(axis=0))
        boxes.append((float(rows[0]), float(rows[-1] + 1), float(columns[0]), float(columns[-1] + 1)))
    return sorted(boxes, key=lambda box: -(box[1] - box[0]) * (box[3] - box[2]))


def _placed(blocks: Box, seen: Look) -> Box:
    """Return *blocks* of the box of what both show in fractions of the first picture."""
    share = blocks[0] / BLOCKS, blocks[1] / BLOCKS, blocks[2] / BLOCKS, blocks[3] / BLOCKS
    top, bottom, left, right = unturned(share, seen.orientation)
    height, width = seen.box[1] - seen.box[0], seen.box[3] - seen.box[2]
    return (
        round(seen.box[0] + top * height, 4),
        round(seen.box[0] + bottom * height, 4),
        round(seen.box[2] + left * width, 4),
        round(seen.box[2] + right * width, 4),
    )
