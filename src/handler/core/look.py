"""The look: two pictures aligned by what they show, how far they agree, where they differ, and what that makes them.

It is taken from the smaller picture to the larger, whichever comes first, so that what two pictures are to each other
does not depend on their order.
"""

import math
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from handler.core import detail
from handler.core.alignment import SIDE, Aligned, aligned, covered, laid_under
from handler.core.model import Box
from handler.core.placing import SHARE_OF_SIDE
from handler.core.surface import Array, Surface, bounds, composed, gaussian, inverse, normalised, turning

Affine = tuple[float, ...]  # a map of (down, across): six numbers, row by row

BLOCKS = 12  # a side
DIGITS = 5  # of an agreement: two machines may differ by one in the last
_FLOOR = 4.0  # levels: local contrast below that is what compression leaves
_DARK = 12.0  # levels: pictures with a smaller deviation are looked at as if they had it
_CONTENT = 0.15  # of the variance of full local contrast: a block with less has nothing to compare
_SEEN = 0.5  # of a block

# What a poor copy (JPEG 5, two bits a pixel) has in too many levels everywhere is noise, and no content.
_NOISES = 1.5  # the floor of local contrast, in deviations of that noise
_MOST_NOISE = 8.0  # levels: beyond, two pictures are not copies of each other but other pictures
_SMOOTH = 0.5  # cells: with less smoothing the outermost cells still show what was cut there

# Measured by `benchmarks looks`: see there.
LEAST_AGREEMENT = 0.80
LEAST_COLOUR = 0.60
_LEAST_OF_ALL = 0.70  # enough where no block stands out: what is poor everywhere agrees less
_DIFFERS = 0.70  # of a block: squared differences, where two unlike ones have two
_ALL_BUT_THE_SAME = 0.20  # of a block: one that differs by no more agrees
_LEAST_AGREEING = 0.50  # of the blocks: strangers have 0.34 at most, another shot of a scene 0.43
_LEAST_BLOCKS = 58  # with content, of 144: of fewer a share says little
_LEAST_DETAIL = 3.0 * BLOCKS  # pixels a side: in coarser blocks strangers agree; letters leave 44 and more
_USUAL = 0.18  # of the middle block, without noise: copies have 0.11, posts of one site on other matters 0.22 and more


class Judgement(StrEnum):
    """What two pictures are to each other once their pixels were compared."""

    NEAR = "near"  # the same picture, edited as a whole or cropped
    ALTERED = "altered"  # the same but for a part
    ALIKE = "alike"  # not the same


@dataclass(frozen=True, slots=True)
class Look:
    """What came of a look; boxes are in fractions of the first picture as it is, not turned."""

    agreement: float  # the correlation of what both show, locally normalised: 0 to 1
    way: Affine  # from (down, across) in fractions of the first to fractions of the other
    box: Box  # what both show: top, bottom, left, right
    covered: tuple[float, float]  # the share of each picture, without uniform borders, that is in it
    side: float  # pixels across it of detail that both have, up to 96
    # How much each of 12 x 12 blocks of what both show differs; -1: nothing to compare.
    differences: tuple[tuple[float, ...], ...]
    grid: Affine  # from (down, across) in fractions of those blocks to fractions of the first

    def moved(self, way: Array) -> "Look":
        """Return the look as a picture has it from whose fractions *way* leads; it is of those of the first now."""
        grid = composed(way, np.reshape(self.grid, (2, 3)))
        back = composed(np.reshape(self.way, (2, 3)), inverse(way))
        return replace(self, way=_flat(back), box=_mapped(self.box, way), grid=_flat(grid))


_SAME = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
NOTHING = Look(0.0, _SAME, (0.0, 0.0, 0.0, 0.0), (0.0, 0.0), 0.0, (), _SAME)


def look(one: Surface, other: Surface, window_one: Box, window_other: Box) -> Look:
    """Return how far *one* and *other* agree, where two windows of them (in pixels) seem to show the same."""
    if _order(one) <= _order(other):
        found = aligned(one, other, window_one, window_other)
        return NOTHING if found is None else _seen(one, other, found, one)
    found = aligned(other, one, window_other, window_one)
    return NOTHING if found is None else _seen(other, one, found, one)


def judge(seen: Look, colour: float = 1.0) -> tuple[Judgement, tuple[Box, ...]]:
    """Return what the two pictures are to each other, and in which boxes of the first they differ.

    *colour* is how far their colours agree. One shape in two colours is altered, all of it: a copy whose hues were
    turned is told, and no subscriber takes a shirt in blue for the red one.
    """
    blocks = np.array(seen.differences)
    if not (blocks >= 0.0).any():
        return Judgement.ALIKE, ()
    differs = blocks > _DIFFERS
    if seen.agreement >= _LEAST_OF_ALL and _same(blocks) and colour >= LEAST_COLOUR:
        return Judgement.NEAR, ()
    if seen.agreement < LEAST_AGREEMENT and not _same_but_for_parts(blocks, seen.side):
        return Judgement.ALIKE, ()
    if colour < LEAST_COLOUR or not differs.any():
        return Judgement.ALTERED, (_rounded(seen.box),)
    grown = blocks > _DIFFERS / 2.0  # what surrounds a block that differs belongs to it
    return Judgement.ALTERED, tuple(_placed(part, seen) for part in _parts(differs, grown))


def _same_but_for_parts(blocks: Array, side: float) -> bool:
    """Return whether enough blocks agree, at *side* pixels across all, however much the others differ."""
    content = blocks[blocks >= 0.0]
    if content.size < _LEAST_BLOCKS or side < _LEAST_DETAIL:
        return False
    return bool(np.mean(content <= _ALL_BUT_THE_SAME) >= _LEAST_AGREEING)


def _same(blocks: Array) -> bool:
    """Return whether no block differs much, nor all of them somewhat."""
    content = blocks[blocks >= 0.0]
    return not content.size or bool(content.max() <= _DIFFERS and np.median(content) <= _USUAL)


def _order(surface: Surface) -> tuple[float, ...]:
    """Return what orders two pictures by what they show: the smaller first."""
    top, bottom, left, right = surface.trimmed
    return (bottom - top) * (right - left), float(surface.sums[-2, -2]), surface.height, surface.noise


def _seen(mine: Surface, theirs: Surface, found: Aligned, first: Surface) -> Look:
    """Return the look at *mine* and *theirs*, which *found* lays on each other, as *first* of the two sees it."""
    agreement, differences, smoothing = _compared(mine, theirs, found)
    second, way = (theirs, found.way) if first is mine else (mine, inverse(found.way))
    top, bottom, left, right = found.box
    grid = np.array([[bottom - top, 0.0, top], [0.0, right - left, left]])
    if first is not mine:
        grid = composed(found.way, grid)
    grid = composed(inverse(_to_pixels(first)), grid)
    shares = covered(mine, theirs, found.way, found.box)
    return Look(
        agreement=round(max(0.0, agreement), DIGITS),
        way=_flat(composed(_to_fractions(second), composed(way, _to_pixels(first)))),
        box=_mapped((0.0, 1.0, 0.0, 1.0), grid),
        covered=shares if first is mine else (shares[1], shares[0]),
        side=SIDE / math.hypot(1.0, 2.0 * smoothing),
        differences=tuple(map(tuple, np.round(differences, DIGITS).tolist())),
        grid=_flat(grid),
    )


def _compared(one: Surface, other: Surface, found: Aligned) -> tuple[float, Array, float]:
    """Return the correlation of what both show, how much each block differs, and by how much they were smoothed."""
    mine = one.averages(found.box, SIDE, SIDE)
    theirs, inside = laid_under(other, found)
    shown, shown_there = (depths > 0.0 for depths in _depths(one, other, found))
    if not shown_there.all():
        theirs = _gone_on(theirs, _shrunk(shown_there))
    inside &= shown & shown_there
    if not inside.all():  # beyond the edge of one of them is nothing to compare: the corners of what was rotated
        inside = _shrunk(inside)
        mine = _filled(mine, theirs, inside)
    cell = (found.box[1] - found.box[0]) * (found.box[3] - found.box[2]) / SIDE**2
    scale = abs(float(np.linalg.det(found.way[:, :2])))
    mine, theirs, smoothing = detail.matched(mine, theirs, grains=(one.noise, other.noise), pixels=(cell, cell * scale))
    if smoothing < _SMOOTH or not inside.all():
        mine, theirs = (np.pad(levels[1:-1, 1:-1], 1, mode="edge") for levels in (mine, theirs))
    weights = inside.astype(np.float64)
    mine, theirs = detail.toned(mine, theirs, weights)
    gain = max(1.0, _DARK / max(0.5, float(theirs.std()), float(mine.std())))
    return *_correlated(mine * gain, theirs * gain, weights), smoothing


def _correlated(mine: Array, theirs: Array, weights: Array) -> tuple[float, Array]:
    """Return the correlation of both, and how much each block differs: -1 where there is nothing to compare."""
    agreement, differences = _blocks(mine, theirs, weights, _FLOOR)
    if agreement < _LEAST_OF_ALL or _same(differences):
        return agreement, differences
    noise = float(np.median(np.abs(mine - theirs)[weights > 0.0])) / 0.6745
    if noise >= _MOST_NOISE:
        return agreement, differences
    above, without_noise = _blocks(mine, theirs, weights, math.hypot(_FLOOR, _NOISES * noise))
    return (agreement, differences) if above < LEAST_AGREEMENT else (agreement, without_noise)


def _blocks(mine: Array, theirs: Array, weights: Array, floor: float) -> tuple[float, Array]:
    one, other = (normalised(levels, SIDE * SHARE_OF_SIDE, floor) for levels in (mine, theirs))
    own, their, both = one * one * weights, other * other * weights, one * other * weights
    agreement = float(both.sum() / math.sqrt(own.sum() * their.sum() + 1e-9))
    seen, own, their, both = (_pooled(some) for some in (weights, own, their, both))
    content = (np.maximum(own, their) > _CONTENT * seen) & (seen > _SEEN)
    return agreement, np.where(content, np.maximum(0.0, own + their - 2.0 * both) / np.maximum(seen, 1e-9), -1.0)


def _depths(one: Surface, other: Surface, found: Aligned) -> tuple[Array, Array]:
    """Return how far inside what each shows the cells of the box are, in pixels of each."""
    top, bottom, left, right = found.box
    place = (np.arange(SIDE) + 0.5) / SIDE
    y, x = np.meshgrid(top + place * (bottom - top), left + place * (right - left), indexing="ij")
    (a, b, c), (d, e, f) = found.way
    return one.depths(y, x), other.depths(a * y + b * x + c, d * y + e * x + f)


def _gone_on(levels: Array, shown: NDArray[np.bool_]) -> Array:
    """Return *levels* with the mean of what is shown around in place of what is not: no edge where there is none."""
    if not shown.any():
        return levels
    spread = gaussian(SIDE, SIDE * SHARE_OF_SIDE)
    weights = shown.astype(np.float64)
    near = spread @ weights @ spread.T
    mean = float(levels[shown].mean())
    around = (spread @ (levels * weights) @ spread.T + 1e-3 * mean) / (near + 1e-3)
    return np.where(shown, levels, around)


def _shrunk(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the cells of *inside* that are two cells or more from one that is not."""
    for _ in range(2):
        around = np.pad(inside, 1, constant_values=True)
        inside = np.logical_and.reduce(
            [around[down : down + SIDE, across : across + SIDE] for down in range(3) for across in range(3)]
        )
    return inside


def _filled(mine: Array, theirs: Array, inside: NDArray[np.bool_]) -> Array:
    """Return *mine* with, outside *inside*, what *theirs* has, in the tones of *mine*: no edge where there is none."""
    if not inside.any():
        return mine
    here, there = mine[inside], theirs[inside]
    slope = float(((here - here.mean()) * (there - there.mean())).mean() / (there.var() + 1e-9))
    return np.where(inside, mine, np.clip(here.mean() + slope * (theirs - there.mean()), 0.0, 255.0))


def _pooled(cells: Array) -> Array:
    means: Array = cells.reshape(BLOCKS, SIDE // BLOCKS, BLOCKS, SIDE // BLOCKS).mean(axis=(1, 3))
    return means


def _to_pixels(surface: Surface) -> Array:
    """Return the map from fractions of a picture as it is to pixels of it as it was turned."""
    return composed(np.array([[surface.height, 0.0, 0.0], [0.0, surface.width, 0.0]]), turning(surface.orientation))


def _to_fractions(surface: Surface) -> Array:
    """Return the map from pixels of a picture as it was turned to fractions of it as it is."""
    return inverse(_to_pixels(surface))


def _flat(way: Array) -> Affine:
    return tuple(way.ravel().tolist())


def _mapped(box: Box, way: Array) -> Box:
    """Return what holds *box* after *way*, within the picture."""
    top, bottom, left, right = np.clip(bounds(box, way), 0.0, 1.0).tolist()
    return top, bottom, left, right


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
    """Return where *blocks* are, in fractions of the first picture."""
    top, bottom, left, right = (edge / BLOCKS for edge in blocks)
    return _rounded(_mapped((top, bottom, left, right), np.reshape(seen.grid, (2, 3))))


def _rounded(box: Box) -> Box:
    return round(box[0], 4), round(box[1], 4), round(box[2], 4), round(box[3], 4)
