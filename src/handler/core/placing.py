"""Where a window of one picture roughly lies in another one, at 24 x 24: by correlation, over shifts and scales."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handler.core.model import Box
from handler.core.surface import Array, Surface, averaging, gaussian, inverse, normalised, normalised_by

COARSE = 24  # cells a side
_SCALES = (0.82, 1.0, 1.22)  # a view seldom ends where the other picture does
_MARGIN = 6  # of 24: how far beyond a window the other one is looked for
_SLACK = _MARGIN // 2  # beyond the edge of the picture
_SIZES = tuple(round(COARSE * scale) for scale in _SCALES)
_BEFORE = max(_SIZES) - COARSE + _SLACK  # the largest shift up or to the left
_SHIFTS = _BEFORE + COARSE + 2 * _MARGIN - min(_SIZES) + _SLACK + 1
_TRANSFORM = 48  # holds a window, margins and _BEFORE; what goes beyond the end meets the zeros before the start
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


def rough_places(one: Surface, window: Box, canvas: Canvas) -> list[Array]:
    """Return the maps that lay *window* where it correlates best with *canvas*, what is around the other one."""
    shown = _in_all_sizes(one.averages(window, 2 * COARSE, 2 * COARSE))
    height, width = canvas.levels.shape
    padded = np.zeros((_TRANSFORM, _TRANSFORM))
    padded[_BEFORE : _BEFORE + height, _BEFORE : _BEFORE + width] = canvas.levels
    spectra = np.fft.rfft2(padded) * np.fft.rfft2(shown).conj()
    meeting = np.fft.irfft2(spectra, (_TRANSFORM, _TRANSFORM))[:, :_SHIFTS, :_SHIFTS]
    under = _by_pairs(_extents() @ (padded * padded) @ _extents().T)
    own = (shown * shown).sum(axis=(1, 2))[:, None, None]
    score = np.round(meeting / np.sqrt(own * np.maximum(under, own / 4.0) + 1e-9), 9)
    score = np.where(_within(height, width), score, -np.inf).reshape(len(score), -1)
    best = score.argmax(axis=1)
    (down, _, top), (_, across, left) = inverse(canvas.cells)
    ways = []
    for number in np.argsort(-score.max(axis=1), kind="stable")[:_STARTS].tolist():
        y, x = (place - _BEFORE for place in divmod(int(best[number]), _SHIFTS))
        rows, columns = (_SIZES[scale] for scale in divmod(number, len(_SIZES)))
        place = top + y * down, top + (y + rows) * down, left + x * across, left + (x + columns) * across
        ways.append(direct(window, place))
    return ways


def _in_all_sizes(fine: Array) -> Array:
    """Return a window of 48 x 48 cells in each pair of _SIZES, normalised: shape (9, 48, 48), with zeros around.

    All of them are parts of one matrix meanwhile, which is sooner than one after the other.
    """
    shrinking, spread = _shrinking()
    parts = normalised_by(spread, shrinking @ fine @ shrinking.T, spread, floor=FLOOR)
    ends = np.cumsum(_SIZES)[:-1]
    shown = np.zeros((len(_SIZES) ** 2, _TRANSFORM, _TRANSFORM))
    some = (part for rows in np.split(parts, ends) for part in np.split(rows, ends, axis=1))
    for layer, part in zip(shown, some, strict=True):
        layer[: part.shape[0], : part.shape[1]] = part
    return shown


def _by_pairs(of_all: NDArray[Any]) -> NDArray[Any]:
    """Return what is of all sizes down and across, below and beside each other, pair by pair of sizes."""
    several = len(_SIZES)
    pairs = of_all.reshape(several, _SHIFTS, several, _SHIFTS).swapaxes(1, 2)
    return pairs.reshape(several**2, _SHIFTS, _SHIFTS)


@lru_cache(maxsize=1)
def _shrinking() -> tuple[Array, Array]:
    """Return the matrices that average 48 cells to each of _SIZES, below each other, and that smooth each of these."""
    spread = np.zeros((sum(_SIZES), sum(_SIZES)))
    for size, end in zip(_SIZES, np.cumsum(_SIZES).tolist(), strict=True):
        spread[end - size : end, end - size : end] = gaussian(size, COARSE * SHARE_OF_SIDE)
    return np.vstack([averaging(2 * COARSE, size) for size in _SIZES]), spread


@lru_cache(maxsize=1)
def _extents() -> Array:
    """Return the matrix that adds up what lies under each of _SIZES at each shift."""
    first, place = np.arange(_SHIFTS)[:, None], np.arange(_TRANSFORM)
    return np.vstack([(place >= first) & (place < first + size) for size in _SIZES]).astype(np.float64)


@lru_cache(maxsize=64)
def _within(height: int, width: int) -> NDArray[np.bool_]:
    """Return at which shifts a window lies within a canvas of that size, but for _SLACK; pair by pair of sizes."""
    shift = np.arange(_SHIFTS) - _BEFORE
    down, across = (
        np.concatenate(
            [(shift >= min(0, side - size) - _SLACK) & (shift <= max(0, side - size) + _SLACK) for size in _SIZES]
        )
        for side in (height, width)
    )
    return _by_pairs(down[:, None] & across)
