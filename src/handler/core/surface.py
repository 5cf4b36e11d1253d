"""A luma whose average over any rectangle is at hand, and small pictures sampled from it; numpy alone.

Coordinates are (down, across). An affine map is a 2 x 3 matrix, from a point of one picture to a point of another.
"""

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handler.core.asked import ASKING
from handler.core.filled import cuts
from handler.core.model import Box
from handler.core.turns import UPRIGHT
from handler.core.windows import TURNS, UNITS, trim, window

Array = NDArray[np.float64]

NO_LINES: NDArray[np.float64] = np.empty((0, 3))
_EXACT = 1 << 24  # pixels that add up to 32 bits
_GRID = (96, 96)  # cells, of which what was filled is found
_LEAST = 96  # pixels a side: a smaller picture has too few to tell
_NEGLIGIBLE = 1e-4  # of a Gaussian's weights


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """A luma, turned, ready to be looked at: made once for a picture that is compared with many."""

    sums: NDArray[Any]  # of all pixels above and left of each crossing of lines, with one more line and column
    height: int
    width: int
    trimmed: Box  # the part inside uniform borders
    noise: float  # levels: the standard deviation of the grain from pixel to pixel
    orientation: int = 1
    # Beyond these lines a frame is filled, as by a rotation: (a, b, c), where a x down + b x across + c is the
    # distance in pixels, above 0 where the picture is.
    edges: Array = field(default_factory=lambda: NO_LINES)

    @classmethod
    def of(cls, luma: NDArray[np.uint8], orientation: int = 1, edges: Array = NO_LINES) -> "Surface":
        """Return the surface of *luma* turned as EXIF *orientation* (1 to 8) asks.

        *edges* are lines beyond which nothing is known, besides those that are found; in fractions of *luma*.
        """
        luma = turned(luma, orientation)
        height, width = luma.shape
        sums = np.zeros((height + 2, width + 2), np.uint32 if luma.size <= _EXACT else np.float64)
        sums[1:-1, 1:-1] = luma
        np.cumsum(sums, axis=0, out=sums)
        np.cumsum(sums, axis=1, out=sums)
        top, bottom, left, right = trim(luma)
        bare = cls(sums, height, width, (top, bottom, left, right), _grain(luma), orientation)
        to_pixels = composed(np.array([[height, 0.0, 0.0], [0.0, width, 0.0]]), turning(orientation))
        box = np.array([[bottom - top, 0.0, top], [0.0, right - left, left]])
        found = cuts(bare.averages(bare.trimmed, *_GRID)) if min(bottom - top, right - left) >= _LEAST else NO_LINES
        return replace(bare, edges=np.vstack([moved_lines(edges, to_pixels), moved_lines(found, box)]))

    def depths(self, y: Array, x: Array) -> Array:
        """Return how far inside its edges each point is, in pixels: below 0 what was filled, infinite without any."""
        depth = np.full(np.shape(y), np.inf)
        for down, across, start in self.edges:
            np.minimum(depth, down * y + across * x + start, out=depth)
        return depth

    def window(self, number: int) -> Box:
        """Return what that *number* of ASKING shows of the turned picture, in pixels."""
        asking = ASKING[number]
        top, bottom, left, right = (int(edge) for edge in self.trimmed)
        if number == 0 or asking.turn != UPRIGHT:  # the whole, or in a picture that was turned back
            top, bottom, left, right = 0, self.height, 0, self.width
        box = window(asking.shape, (top, bottom, left, right))
        return box[0] / UNITS, box[1] / UNITS, box[2] / UNITS, box[3] / UNITS

    def averages(self, box: Box, rows: int, columns: int) -> Array:
        """Return the mean levels of *rows* by *columns* cells of *box*, which lies inside the picture."""
        y = np.clip(np.linspace(box[0], box[1], rows + 1), 0.0, self.height)
        x = np.clip(np.linspace(box[2], box[3], columns + 1), 0.0, self.width)
        above, before = y.astype(np.int64), x.astype(np.int64)
        down, across = (y - above)[:, None], x - before
        around = self.sums.take(np.concatenate([above, above + 1]), axis=0)
        around = around.take(np.concatenate([before, before + 1]), axis=1).astype(np.float64)
        sums = around[: len(y)] * (1.0 - down) + around[len(y) :] * down
        bands = sums[1:] - sums[:-1]
        cells = bands[:, : len(x)] * (1.0 - across) + bands[:, len(x) :] * across
        levels: Array = (cells[:, 1:] - cells[:, :-1]) / ((y[1:] - y[:-1])[:, None] * (x[1:] - x[:-1]))
        return levels

    def clipped(self, box: Box) -> Box:
        """Return the part of *box* inside the picture."""
        return max(0.0, box[0]), min(float(self.height), box[1]), max(0.0, box[2]), min(float(self.width), box[3])


def turned(levels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Return a picture, its first two axes turned as EXIF *orientation* (1 to 8) asks."""
    transposed, downwards, sideways = TURNS[orientation]
    if transposed:
        levels = levels.swapaxes(0, 1)
    return levels[:: -1 if downwards else 1, :: -1 if sideways else 1]


def unturned(box: Box, orientation: int) -> Box:
    """Return where *box*, in fractions of a turned picture, is in the picture before it was turned."""
    transposed, downwards, sideways = TURNS[orientation]
    top, bottom, left, right = box
    if downwards:
        top, bottom = 1.0 - bottom, 1.0 - top
    if sideways:
        left, right = 1.0 - right, 1.0 - left
    return (left, right, top, bottom) if transposed else (top, bottom, left, right)


def turning(orientation: int) -> Array:
    """Return the map from fractions of a picture to those of the turned one."""
    transposed, downwards, sideways = TURNS[orientation]
    turn = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]] if transposed else [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    for row, reverses in enumerate((downwards, sideways)):
        if reverses:
            turn[row] = [-turn[row, 0], -turn[row, 1], 1.0]
    return turn


def _grain(luma: NDArray[np.uint8]) -> float:
    """Return the deviation of the noise of single pixels: by the median of what no edge or gradient explains."""
    if min(luma.shape) < 2:
        return 0.0
    levels = luma.astype(np.int16)
    lines = levels[1:] - levels[:-1]
    counts = np.bincount(np.abs(lines[:, 1:] - lines[:, :-1]).ravel())
    below = np.cumsum(counts)
    middle = int(np.searchsorted(below, below[-1] / 2.0))
    if middle == 0:
        return 0.0
    median = middle - 0.5 + (below[-1] / 2.0 - below[middle - 1]) / counts[middle]
    return float(median / 0.6745 / 2.0)  # of a sum of four


def normalised(levels: Array, sigma: float, floor: float) -> Array:
    """Return *levels* less their Gaussian mean, over their local deviation and *floor*."""
    return normalised_by(gaussian(levels.shape[0], sigma), levels, gaussian(levels.shape[1], sigma), floor=floor)


def normalised_by(down: Array, levels: Array, across: Array, *, floor: float) -> Array:
    """Return *levels* less what they are smoothed to by *down* and *across*, over the local deviation and *floor*."""
    rest = levels - down @ levels @ across.T
    normal: Array = rest / np.sqrt(down @ (rest * rest) @ across.T + floor * floor)
    return normal


@lru_cache(maxsize=256)
def gaussian(size: int, sigma: float) -> Array:
    """Return the matrix that smooths *size* numbers: each row adds up to one, at the edges, too."""
    place = np.arange(size)
    weights: Array = np.exp(-((place[:, None] - place) ** 2) / (2.0 * sigma * sigma))
    weights[weights < _NEGLIGIBLE] = 0.0
    weights /= weights.sum(axis=1, keepdims=True)
    return weights


@lru_cache(maxsize=64)
def averaging(size: int, fewer: int) -> Array:
    """Return the matrix that averages *size* numbers to *fewer*."""
    edges, place = np.linspace(0, size, fewer + 1), np.arange(size)
    shares: Array = np.clip(np.minimum(edges[1:, None], place + 1) - np.maximum(edges[:-1, None], place), 0.0, 1.0)
    shares /= shares.sum(axis=1, keepdims=True)
    return shares


def interpolated(levels: Array, y: Array, x: Array) -> Array:
    """Return *levels* at (y, x), bilinearly, where 0 is the centre of the first; those outside repeat the edge."""
    height, width = levels.shape
    y, x = np.clip(y, 0.0, height - 1.000001), np.clip(x, 0.0, width - 1.000001)
    above, before = np.floor(y), np.floor(x)
    corner, flat = (above * width + before).astype(np.intp), levels.ravel()
    y, x = y - above, x - before
    upper: Array = flat.take(corner)
    lower = flat[width:].take(corner)
    upper += (flat[1:].take(corner) - upper) * x
    lower += (flat[width + 1 :].take(corner) - lower) * x
    upper += (lower - upper) * y
    return upper


def moved_lines(lines: Array, way: Array) -> Array:
    """Return *lines* (a, b, c) as they are after *way*, of which a and b are a unit together."""
    if not len(lines):
        return NO_LINES
    moved = lines @ np.vstack([inverse(way), [0.0, 0.0, 1.0]])
    scaled: Array = moved / np.hypot(moved[:, 0], moved[:, 1])[:, None]
    return scaled


def composed(second: Array, first: Array) -> Array:
    """Return the map that is *first*, then *second*; either may be many maps."""
    both: Array = second[..., :2] @ first
    both[..., 2] += second[..., 2]
    return both


def bounds(box: Box, way: Array) -> Box:
    """Return the box that holds all of *box* after *way*."""
    corners = np.array([[box[0], box[0], box[1], box[1]], [box[2], box[3], box[2], box[3]]])
    y, x = way[:, :2] @ corners + way[:, 2:]
    return float(y.min()), float(y.max()), float(x.min()), float(x.max())


def inverse(way: Array) -> Array:
    """Return the map back."""
    (a, b, c), (d, e, f) = way
    area = a * e - b * d
    back: Array = np.array([[e, -b, b * f - c * e], [-d, a, c * d - a * f]]) / area
    return back
