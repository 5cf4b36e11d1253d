"""Where a window of one picture roughly lies in another one, at 24 x 24: by correlation, over shifts and scales."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from handler.core.model import Box
from handler.core.surface import Array, Surface, averaging, inverse, normalised

COARSE = 24  # cells a side
_SCALES = (0.82, 1.0, 1.22)  # a view seldom ends where the other picture does
_MARGIN = 6  # of 24: how far beyond a window the other one is looked for
_TRANSFORM = 48  # holds 24 x 1.22 and twice the margin
_STARTS = 2  # places that are refined
SHARE_OF_SIDE = 1 / 16  # the deviation of the Gaussian that is taken for local
FLOOR = 3.5  # levels: a local deviation below that is noise


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """A part of a picture in cells."""

    levels: Array
    box: Box

    @property
    def cells(self) -> Array:
        """The map from pixels to cells."""
        top, bottom, left, right = self.box
        down, across = self.levels.shape[0] / (bottom - top), self.levels.shape[1] / (right - left)
        return np.array([[down, 0.0, -top * down], [0.0, across, -left * across]])


def direct(window: Box, other: Box) -> Array:
    """Return the map that lays *window* on *other*."""
    down, across = (other[1] - other[0]) / (window[1] - window[0]), (other[3] - other[2]) / (window[3] - window[2])
    return np.array([[down, 0.0, other[0] - down * window[0]], [0.0, across, other[2] - across * window[2]]])


def locally_normalised(levels: Array, side: int | None = None) -> Array:
    """Return *levels* against what is around them; a picture has *side* cells a side, if not as many as *levels*."""
    return normalised(levels, (side or levels.shape[0]) * SHARE_OF_SIDE, FLOOR)


def surroundings(other: Surface, window: Box) -> Canvas:
    """Return *window* at 24 cells a side, and a margin of whole cells as far as there is picture; normalised."""
    down, across = (window[1] - window[0]) / COARSE, (window[3] - window[2]) / COARSE
    rooms = (
        window[0] / down,
        (other.height - window[1]) / down,
        window[2] / across,
        (other.width - window[3]) / across,
    )
    above, below, before, after = (max(0, min(_MARGIN, int(room + 1e-6))) for room in rooms)
    box = window[0] - above * down, window[1] + below * down, window[2] - before * across, window[3] + after * across
    levels = other.averages(box, COARSE + above + below, COARSE + before + after)
    return Canvas(locally_normalised(levels, COARSE), box)


def rough_places(one: Surface, other: Surface, window: Box, window_other: Box) -> list[Array]:
    """Return the maps that lay *window* where it correlates best with what is around the other one."""
    canvas = surroundings(other, window_other)
    fine = one.averages(window, 2 * COARSE, 2 * COARSE)
    sizes = [(round(COARSE * down), round(COARSE * across)) for down in _SCALES for across in _SCALES]
    stack = np.zeros((len(sizes), _TRANSFORM, _TRANSFORM))
    for layer, (rows, columns) in zip(stack, sizes, strict=True):
        small = averaging(2 * COARSE, rows) @ fine @ averaging(2 * COARSE, columns).T
        layer[:rows, :columns] = locally_normalised(small, COARSE)
    padded = np.zeros((2, _TRANSFORM, _TRANSFORM))
    height, width = canvas.levels.shape
    padded[0, :height, :width] = canvas.levels
    padded[1, :height, :width] = canvas.levels**2
    seen, energy = np.fft.rfft2(padded)
    meeting = np.fft.irfft2(seen * np.fft.rfft2(stack).conj(), (_TRANSFORM, _TRANSFORM))
    under = np.fft.irfft2(energy * _extents(), (_TRANSFORM, _TRANSFORM))
    own = (stack * stack).sum(axis=(1, 2))[:, None, None]
    score = meeting / np.sqrt(own * np.maximum(under, own / 4.0) + 1e-9)
    best = []
    slack = _MARGIN // 2  # beyond the edge of the picture
    for number, (rows, columns) in enumerate(sizes):
        down = np.arange(min(0, height - rows) - slack, max(0, height - rows) + slack + 1)
        across = np.arange(min(0, width - columns) - slack, max(0, width - columns) + slack + 1)
        part = np.round(score[number][np.ix_(down % _TRANSFORM, across % _TRANSFORM)], 9)
        y, x = divmod(int(part.argmax()), len(across))
        best.append((-part[y, x], number, int(down[y]), int(across[x])))
    ways = []
    for _, number, y, x in sorted(best)[:_STARTS]:
        rows, columns = sizes[number]
        (down_, _, top), (_, across_, left) = inverse(canvas.cells)
        place = top + y * down_, top + (y + rows) * down_, left + x * across_, left + (x + columns) * across_
        ways.append(direct(window, place))
    return ways


@lru_cache(maxsize=1)
def _extents() -> NDArray[np.complex128]:
    ones = np.zeros((len(_SCALES) ** 2, _TRANSFORM, _TRANSFORM))
    for layer, (down, across) in zip(ones, ((a, b) for a in _SCALES for b in _SCALES), strict=True):
        layer[: round(COARSE * down), : round(COARSE * across)] = 1.0
    transform: NDArray[np.complex128] = np.fft.rfft2(ones).conj()
    return transform
