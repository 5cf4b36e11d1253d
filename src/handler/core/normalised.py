"""Views whose light and contrast are the same everywhere: what check bits of generation `look1` are taken from.

Each cell, minus the mean around it, over the deviation around it. Large bright and dark shapes, which all potatoes on
black have in common, go; what is drawn in them stays. Sums are of whole numbers, held exactly, and the rest is done
cell by cell in operations that IEEE 754 rounds alike everywhere, so every machine finds the same.
"""

import math

import numpy as np
from numpy.typing import NDArray

from handler.core.windows import PER_LEVEL, SIDE

_SIGMA = 1.5  # cells
_WEIGHT = 256.0  # of the middle: with squares of 16-bit numbers, the weighted sums stay below 2^52
_LEAST_SHARE = 0.04  # of the view's whole contrast: fainter texture than that counts less
_LEAST_LEVELS = 0.3  # what rounding leaves
_SCALE = 4096.0  # results are whole numbers of this part of a deviation, below 2^15


def locally_normalised(views: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return *views*, shape (n, 32, 32), whole numbers of 1/256 level, normalised: whole numbers again."""
    sums, squares = _AROUND @ views @ _AROUND, _AROUND @ (views * views) @ _AROUND
    deviation = np.sqrt(np.maximum(squares * _WEIGHTS - sums * sums, 0.0)) / _WEIGHTS
    normalised: NDArray[np.float64] = (views - sums / _WEIGHTS) / (deviation + _least_deviations(views))
    return np.rint(normalised * _SCALE)


def _least_deviations(views: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what is added to the deviations of each view, in 1/256 level: shape (n, 1, 1)."""
    total, squares = views.sum(axis=(1, 2)), np.square(views).sum(axis=(1, 2))
    contrast = np.sqrt(SIDE**2 * squares - total * total) / SIDE**2
    least: NDArray[np.float64] = np.maximum(_LEAST_SHARE * contrast, _LEAST_LEVELS * PER_LEVEL)
    return least[:, None, None]


def _around() -> NDArray[np.float64]:
    """Return whole weights by which a row of cells becomes what is around each of them: symmetric, (32, 32)."""
    apart = np.subtract.outer(np.arange(SIDE), np.arange(SIDE))
    return (
        np.array([[round(_WEIGHT * math.exp(-(d**2) / (2 * _SIGMA**2))) for d in row] for row in apart.tolist()]) * 1.0
    )


_AROUND = _around()
_WEIGHTS = np.outer(_AROUND.sum(axis=0), _AROUND.sum(axis=0))
