"""The map between two pictures, found by what they show: from the windows of two views that met to all that both show.

A window of one is placed in the other at 24 x 24 by correlation, over shifts and scales; the best places are refined as
affine maps by robust Gauss-Newton steps. Then the map is taken to be one between the whole pictures, without uniform
borders, and refined there at 24, 48 and 96, so that what agrees in the window alone does not pass.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handler.core.model import Box
from handler.core.placing import COARSE, Canvas, direct, locally_normalised, rough_places, surroundings
from handler.core.surface import (
    Array,
    Surface,
    composed,
    interpolated,
    inverse,
)

SIDE = 96  # pixels a side at which all that both show is sampled in the end
_Level = tuple[int, int]
_LEVELS = ((24, 2), (48, 3), (SIDE, 2))  # pixels a side, and steps
_SURE = 0.95  # of SIDE x SIDE: no other way is tried
_BETTER = 0.02  # what another way has to gain there: less may be that it leads to a smaller part
_WINDOW_STEPS = 3
_HOPELESS = 0.34  # of 24 x 24: copies have 0.37 and more, strangers a median of 0.25
_BREADTH = 1.0  # of the robust weights, in local deviations
_LEAST_COMMON = 0.3  # of the picture that is covered more
_LEAST_SIDE = 0.15  # of each side
_MOST_SQUEEZED = 1.8  # one way against the other, beyond what the windows say


@dataclass(frozen=True, slots=True, eq=False)
class Aligned:
    """Where two pictures show the same, if they do."""

    way: Array  # from pixels of one to pixels of the other
    box: Box  # of one: what both show
    score: float = 0.0  # the correlation of what both show, locally normalised, at all of SIDE


def aligned(one: Surface, other: Surface, window_one: Box, window_other: Box) -> Aligned | None:
    """Return how *one* lies on *other*, beginning with two windows that seem to show the same; None if in no way."""
    start = direct(window_one, window_other)
    theirs = surroundings(other, window_other)
    places = np.stack([*rough_places(one, window_one, theirs), start])
    mine = locally_normalised(one.averages(window_one, COARSE, COARSE))
    tried = np.concatenate([places, _refined(mine, window_one, theirs, places, _WINDOW_STEPS)])
    scores = _scores(mine, window_one, theirs, tried)
    if scores.max() < _HOPELESS:
        return None
    found = _descended(one, other, tried[int(np.argmax(np.round(scores, 9)))], start, _LEVELS)
    if found is None or found.score < _SURE:
        # Few pixels of a picture with few slopes lead away from a place that was right: begin there, with more pixels.
        for levels in (_LEVELS[1:], _LEVELS[2:]):
            rival = _descended(one, other, start, start, levels)
            if rival and (found is None or rival.score > found.score + _BETTER):
                found = rival
    return found


def _descended(one: Surface, other: Surface, way: Array, start: Array, levels: Sequence[_Level]) -> Aligned | None:
    """Return *way* refined on all that both show, at more and more pixels; None if it is not plausible any more."""
    score = 0.0
    for side, steps in levels:
        box = common(one, other, way)
        if box is None or not _plausible(way, start):
            return None
        mine = locally_normalised(one.averages(box, side, side))
        theirs = _under(other, box, way, side)
        canvas = Canvas(locally_normalised(theirs.levels, side), theirs.box)
        before, way = way, _refined(mine, box, canvas, way, steps)
        if side == COARSE:
            way = _better(mine, box, canvas, before, way)
        if side == SIDE:
            score = round(float(_scores(mine, box, canvas, way)), 9)
    box = common(one, other, way)
    return Aligned(way, box, score) if box is not None and _plausible(way, start) else None


def common(one: Surface, other: Surface, way: Array) -> Box | None:
    """Return the box of *one* that holds what both show inside their borders; None if that is too little."""
    back = inverse(way)
    top, bottom, left, right = other.trimmed
    y, x = back[:, :2] @ np.array([[top, top, bottom, bottom], [left, right, left, right]]) + back[:, 2:]
    mine = one.trimmed
    box = max(mine[0], y.min()), min(mine[1], y.max()), max(mine[2], x.min()), min(mine[3], x.max())
    down, across = box[1] - box[0], box[3] - box[2]
    if down < _LEAST_SIDE * (mine[1] - mine[0]) or across < _LEAST_SIDE * (mine[3] - mine[2]):
        return None
    if max(covered(one, other, way, box)) < _LEAST_COMMON:
        return None
    return float(box[0]), float(box[1]), float(box[2]), float(box[3])


def covered(one: Surface, other: Surface, way: Array, box: Box) -> tuple[float, float]:
    """Return the share of each picture, without its borders, that *box* of *one* shows."""
    area = (box[1] - box[0]) * (box[3] - box[2])
    scale = abs(float(way[0, 0] * way[1, 1] - way[0, 1] * way[1, 0]))
    shares = [
        part / ((b - t) * (r - le)) for part, (t, b, le, r) in ((area, one.trimmed), (area * scale, other.trimmed))
    ]
    return min(1.0, shares[0]), min(1.0, shares[1])


def laid_under(other: Surface, aligned: Aligned, side: int = SIDE) -> tuple[Array, NDArray[np.bool_]]:
    """Return the levels of *other* where the *side* x *side* cells of the box lie on it, and which of them do."""
    canvas = _under(other, aligned.box, aligned.way, side)
    way = composed(canvas.cells, composed(aligned.way, _from_unit(aligned.box)))
    y, x, inside = _points(way, side, canvas.levels)
    return interpolated(canvas.levels, y, x).reshape(side, side), inside.reshape(side, side)


def _under(other: Surface, box: Box, way: Array, side: int) -> Canvas:
    """Return what of *other* lies under *box* and two cells around it, in cells as large as *side* a side of *box*."""
    (a, b, _), (d, e, _) = way
    down = (box[1] - box[0]) / side * float(np.hypot(a, d))
    across = (box[3] - box[2]) / side * float(np.hypot(b, e))
    y, x = way[:, :2] @ np.array([[box[0], box[0], box[1], box[1]], [box[2], box[3], box[2], box[3]]]) + way[:, 2:]
    around = (
        float(y.min()) - 2 * down,
        float(y.max()) + 2 * down,
        float(x.min()) - 2 * across,
        float(x.max()) + 2 * across,
    )
    top, bottom, left, right = other.clipped(around)
    rows, columns = (max(2, min(2 * side, round(size))) for size in ((bottom - top) / down, (right - left) / across))
    return Canvas(other.averages((top, bottom, left, right), rows, columns), (top, bottom, left, right))


def _from_unit(box: Box) -> Array:
    """Return the map from the square of one around 0 to *box*."""
    down, across = box[1] - box[0], box[3] - box[2]
    return np.array([[down, 0.0, box[0] + down / 2.0], [0.0, across, box[2] + across / 2.0]])


@lru_cache(maxsize=8)
def _places(side: int) -> Array:
    """Return the centres of *side* cells of a line of one around 0."""
    places: Array = (np.arange(side) + 0.5) / side - 0.5
    return places


def _points(way: Array, side: int, levels: Array) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Return where the cells of the unit square lie in *levels*, from centre to centre, and which are inside."""
    place, shape = _places(side), (*way.shape[:-2], side * side)
    y, x = (
        (
            (way[..., row, :1] * place)[..., :, None]
            + (way[..., row, 1:2] * place)[..., None, :]
            + (way[..., row, 2:, None] - 0.5)
        ).reshape(shape)
        for row in (0, 1)
    )
    height, width = levels.shape
    return y, x, (y > -0.501) & (y < height - 0.499) & (x > -0.501) & (x < width - 0.499)


def _refined(mine: Array, box: Box, theirs: Canvas, way: Array, steps: int) -> Array:
    """Return *way*, or many of them, after Gauss-Newton steps that make *theirs* agree with *mine*, cells of *box*.

    Many at once are sooner: at 24 x 24 it is the number of numpy's calls that counts.
    """
    side = len(mine)
    unit = _from_unit(box)
    inner = composed(theirs.cells, composed(way, unit))
    slopes = [slope.ravel() * side for slope in _slopes(mine)]
    flat = mine.ravel()
    for _ in range(steps):
        y, x, inside = _points(inner, side, theirs.levels)
        shown = interpolated(theirs.levels, y, x)
        if side < SIDE:  # far from the place the slopes of both tell more
            down, across = (
                (slope.reshape(shown.shape) * side + own) / 2.0
                for slope, own in zip(_slopes(shown.reshape(*shown.shape[:-1], side, side)), slopes, strict=True)
            )
        else:
            down, across = slopes
        rest = flat - shown
        weights = inside / (1.0 + (rest / _BREADTH) ** 2)
        inner = composed(inner, _change(down, across, rest, weights) + _IDENTITY)
    (a, _, c), (_, e, f) = unit
    return composed(inverse(theirs.cells), composed(inner, np.array([[1 / a, 0.0, -c / a], [0.0, 1 / e, -f / e]])))


def _change(down: Array, across: Array, rest: Array, weights: Array) -> Array:
    """Return by what a map has to change so that slopes *down* and *across* explain *rest*: the least squares.

    A number of the map moves a cell by a slope times u, v or 1, its place in the unit square. So the products of two
    such levers are those of the slopes times one of six monomials, and no lever is made.
    """
    cells = rest.shape[-1]
    downs, acrosses = weights * down, weights * across
    products = np.stack([downs * down, downs * across, acrosses * across, downs * rest, acrosses * rest], axis=-2)
    sums = products @ _monomials(math.isqrt(cells))
    curved, pull = sums[..., _SLOPES, _TIMES], sums[..., 3:, :3]
    curved[..., _EACH, _EACH] = curved[..., _EACH, _EACH] * 1.001 + 1e-3 * cells * _STIFFNESS
    change: NDArray[Any] = np.linalg.solve(curved, pull.reshape(*pull.shape[:-2], 6, 1))
    return change.reshape(pull.shape)


_IDENTITY = np.eye(2, 3)
_EACH = np.arange(6)
_STIFFNESS = np.array([0.05, 0.05, 0.01, 0.05, 0.05, 0.01])  # holds what flat pictures leave free
# Of the product of two levers: which slopes it has (both down, one of each, both across), and which monomial.
_SLOPES = np.add.outer(_EACH // 3, _EACH // 3)
_TIMES = np.tile([[3, 4, 0], [4, 5, 1], [0, 1, 2]], (2, 2))


@lru_cache(maxsize=8)
def _monomials(side: int) -> Array:
    """Return u, v, 1, u x u, u x v and v x v at each cell of the unit square: a column for each."""
    place = _places(side)
    u, v = np.repeat(place, side), np.tile(place, side)
    return np.stack([u, v, np.ones(side * side), u * u, u * v, v * v], axis=1)


def _slopes(levels: Array) -> tuple[Array, Array]:
    """Return the differences down and across, over two cells; one at the edges is that of the cell beside it."""
    down, across = np.empty_like(levels), np.empty_like(levels)
    np.subtract(levels[..., 2:, :], levels[..., :-2, :], out=down[..., 1:-1, :])
    np.subtract(levels[..., 2:], levels[..., :-2], out=across[..., 1:-1])
    for slopes in (down.swapaxes(-1, -2), across):
        slopes[..., 0], slopes[..., -1] = slopes[..., 1], slopes[..., -2]
    return down / 2.0, across / 2.0


def _scores(mine: Array, box: Box, theirs: Canvas, way: Array) -> Array:
    """Return the correlation of *mine* with what lies under it by *way*, or by each of many.

    What lies outside agrees with nothing.
    """
    side = len(mine)
    y, x, inside = _points(composed(theirs.cells, composed(way, _from_unit(box))), side, theirs.levels)
    shown, flat = interpolated(theirs.levels, y, x) * inside, mine.ravel()
    own = flat @ flat
    scores: Array = shown @ flat / np.sqrt(own * np.maximum((shown * shown).sum(axis=-1), own / 4.0) + 1e-9)
    return scores


def _better(mine: Array, box: Box, theirs: Canvas, way: Array, other: Array) -> Array:
    """Return which of two ways agrees better: the first if neither does."""
    before, after = np.round(_scores(mine, box, theirs, np.stack([way, other])), 9)
    return other if after > before else way


def _plausible(way: Array, start: Array) -> bool:
    """Return whether *way* neither mirrors nor squeezes much more than the windows that met."""
    relative = way[:, :2] @ np.linalg.inv(start[:, :2])
    if not np.isfinite(relative).all() or np.linalg.det(relative) <= 0.0:
        return False
    longest, shortest = np.linalg.svd(relative, compute_uv=False)
    return bool(longest < _MOST_SQUEEZED * shortest and shortest > 0.4 and longest < 2.5)
