"""Two pictures made as detailed and as toned as each other, so that what is left to differ is what they show.

A thumbnail has less detail than its original, a blurred copy, too; a noisy one has less above its noise. The spectra of
both tell by how much, and both are smoothed to what both have. And a copy may be lighter, flatter or have four levels:
one of the two is mapped to the levels of the other, each level to the mean of what lies under it.
"""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from handler.core.surface import Array

_BANDS = 48  # of frequency
_LOWEST = 0.06  # cycles a cell: below are large shapes, which say nothing of detail
_TOLERATED_NOISE = 0.12  # of the contrast
_MOST_FOR_NOISE = 2.0  # cells: however noisy, this much is smoothed, and no more
_MOST = 9.0  # variance of the smoothing, square cells
_PER_PIXEL = 0.4  # variance of the smoothing that hides the edges of a pixel, square pixels
_BEYOND = 0.5  # of more than one square cell that is added to one: what was enlarged is not the other one, smoothed
_HALVINGS = 30

_LEVELS = 24  # of the tone curve
_WORTH = 0.98  # a curve has to explain so much more than a line
_BORROWED = 0.05  # of the neighbours: a level that is rare says little for itself
_DOUBT = 4.0  # cells: as if so many lay on the straight line through all of them


def matched(
    mine: Array, theirs: Array, *, grains: tuple[float, float], pixels: tuple[float, float]
) -> tuple[Array, Array, float]:
    """Return both, smoothed to the detail that both have, and the larger deviation of the smoothing, in cells.

    *grains* are the noise from pixel to pixel, *pixels* how many of them a cell of each has.
    """
    side = len(mine)
    basis = _cosines(side)
    waves = [basis @ levels @ basis.T for levels in (mine, theirs)]
    powers = [_power(some) for some in waves]
    least = max(_needed(power, grain, count, side) for power, grain, count in zip(powers, grains, pixels, strict=True))
    fineness = [_fineness(power, least, side) for power in powers]
    added = [_excess(power, least, goal, side) for power, goal in zip(powers, reversed(fineness), strict=True)]
    least += _BEYOND * max(0.0, max(added) - 1.0)
    smoothed = [
        basis.T @ (some * np.exp(-2.0 * math.pi**2 * (least + more) * _squares(side))) @ basis
        for some, more in zip(waves, added, strict=True)
    ]
    return smoothed[0], smoothed[1], math.sqrt(least + max(added))


def toned(mine: Array, theirs: Array, weights: Array) -> tuple[Array, Array]:
    """Return both, the one mapped to the levels of the other whose levels tell more of them."""
    as_theirs, told = _told(mine, theirs, weights)
    as_mine, told_back = _told(theirs, mine, weights)
    return (as_theirs, theirs) if told >= told_back else (mine, as_mine)


def _power(waves: Array) -> Array:
    return np.bincount(_band(len(waves)).ravel(), (waves * waves).ravel(), _BANDS).astype(np.float64)


def _needed(power: Array, grain: float, pixels: float, side: int) -> float:
    """Return which variance of smoothing takes noise and pixels out of sight."""
    contrast = math.sqrt(float(power[_centres(side) >= _LOWEST**2].sum())) / side + 0.3
    for_pixels = _PER_PIXEL * max(0.0, 1.0 / pixels - 1.0)
    if pixels < 1.5:  # what looks like noise are its shapes
        return min(_MOST, for_pixels)
    deviation = grain / math.sqrt(pixels) / (2.0 * math.sqrt(math.pi) * _TOLERATED_NOISE * contrast)
    return min(_MOST, max(for_pixels, min(_MOST_FOR_NOISE, deviation) ** 2 - 0.1))


def _fineness(power: Array, smoothing: float, side: int) -> float:
    """Return the mean squared frequency of what is left after *smoothing* (a variance)."""
    squares = _centres(side)
    left = np.where(squares >= _LOWEST**2, power * np.exp(-4.0 * math.pi**2 * smoothing * squares), 0.0)
    return float((left * squares).sum() / (left.sum() + 1e-9))


def _excess(power: Array, smoothing: float, goal: float, side: int) -> float:
    """Return how much more smoothing makes the fineness *goal*: none if it is that coarse already."""
    if _fineness(power, smoothing, side) <= goal:
        return 0.0
    low, high = 0.0, _MOST
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        if _fineness(power, smoothing + middle, side) > goal:
            low = middle
        else:
            high = middle
    return high


def _told(levels: Array, others: Array, weights: Array) -> tuple[Array, float]:
    """Return *levels*, each as the mean of the *others* under it, and which share of their variance that explains.

    Along a straight line where that explains no less: a curve of few points bends equal pictures apart.
    """
    low, high = float(levels.min()), float(levels.max())
    weight, other = weights.ravel(), others.ravel()
    total = float(weight.sum()) + 1e-9
    mean = float(weight @ other) / total
    if high - low < 1e-3:
        return np.full_like(levels, mean), 0.0
    place = ((levels - low) * ((_LEVELS - 1) / (high - low))).ravel()
    below = np.minimum(place.astype(np.int64), _LEVELS - 2)
    share = place - below
    lower, upper = weight * (1.0 - share), weight * share
    counts = _totals(below, lower, upper)
    sums = _totals(below, lower * other, upper * other)
    centred = place - float(weight @ place) / total
    slope = float(weight @ (centred * (other - mean))) / (float(weight @ (centred * centred)) + 1e-9)
    line = mean + slope * (np.arange(_LEVELS) - float(weight @ place) / total)
    curve = (_lending(sums) + _DOUBT * line) / (_lending(counts) + _DOUBT)
    mapped = curve[below] * (1.0 - share) + curve[below + 1] * share
    straight = mean + slope * centred
    rest, rest_of_line = weight @ (mapped - other) ** 2, weight @ (straight - other) ** 2
    if rest_of_line * _WORTH <= rest:
        mapped, rest = straight, rest_of_line
    return mapped.reshape(levels.shape), float(1.0 - rest / (weight @ (other - mean) ** 2 + 1e-9))


def _totals(below: NDArray[np.int64], lower: Array, upper: Array) -> Array:
    return (np.bincount(below, lower, _LEVELS) + np.bincount(below + 1, upper, _LEVELS)).astype(np.float64)


def _lending(numbers: Array) -> Array:
    lent = numbers.copy()
    lent[1:] += _BORROWED * numbers[:-1]
    lent[:-1] += _BORROWED * numbers[1:]
    return lent


@lru_cache(maxsize=4)
def _cosines(side: int) -> Array:
    """Return the orthonormal DCT-II of *side* numbers."""
    frequency, place = np.arange(side)[:, None], np.arange(side)
    basis: Array = math.sqrt(2.0 / side) * np.cos(math.pi * frequency * (2 * place + 1) / (2 * side))
    basis[0] /= math.sqrt(2.0)
    return basis


@lru_cache(maxsize=4)
def _squares(side: int) -> Array:
    """Return the squared frequency of each coefficient, in cycles a cell."""
    frequency = np.arange(side) / (2.0 * side)
    squares: Array = frequency[:, None] ** 2 + frequency**2
    return squares


@lru_cache(maxsize=4)
def _band(side: int) -> NDArray[np.int64]:
    return np.minimum((np.sqrt(_squares(side)) / 0.72 * _BANDS).astype(np.int64), _BANDS - 1)


@lru_cache(maxsize=4)
def _centres(side: int) -> Array:
    """Return the mean squared frequency of each band."""
    band = _band(side).ravel()
    means: Array = np.bincount(band, _squares(side).ravel(), _BANDS) / np.maximum(
        1, np.bincount(band, minlength=_BANDS)
    )
    return means
