"""What a rotation or a shear filled: even corners of the frame, cut off by a straight edge that lies obliquely.

Two pictures that were turned alike have the same corners, and their edge would say that they agree. A product on white
has no such corners: where it ends belongs to what it shows. And what lies around a picture that was cut to a circle.
"""

from itertools import product

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Line = tuple[float, float, float]

_EVEN = 3.0  # levels: what a JPEG file leaves of an even corner
_SHORTEST = 5  # cells along the edges of the frame
_OFF = 1.25  # cells from a straight edge
_STRAIGHT = 0.85  # of the edge
_MOSTLY_ROUND = 0.8  # of the rows
_WITHIN = 0.64  # of the squared radius: beyond are the slopes of the outline
_SLOPE, _LEAST_CONTENT = 2.5, 0.25  # levels a cell, and the share of the cells that slope by more in a photograph
_TANGENTS = 24
_PARALLEL = 0.996  # the cosine of five degrees: what was a rectangle has opposite edges, a shirt has shoulders
_STEEPEST, _FLATTEST = -1.5, -0.03  # cells across for each cell down: steeper ones are found by columns


def cuts(levels: Array) -> Array:
    """Return the edges of what is filled of *levels*, a picture without its borders: rows (a, b, c).

    In fractions (down, across) of *levels*, a x down + b x across + c is above 0 where the picture is.
    """
    rounded = _round(levels)
    if rounded is not None:
        return rounded
    lines = []
    for down, across in product((False, True), repeat=2):
        line = _cut(levels[:: -1 if down else 1, :: -1 if across else 1])
        if line is not None:
            a, b, c = line
            lines.append((-a if down else a, -b if across else b, c + a * down + b * across))
    found = np.array(lines).reshape(-1, 3)
    ways = found[:, :2] / np.hypot(found[:, :1], found[:, 1:2])
    kept: Array = found[(ways @ ways.T < -_PARALLEL).any(axis=1)]
    return kept


def _round(levels: Array) -> Array | None:
    """Return the tangents of the ellipse outside which *levels* are even, if there is a picture in it; else None.

    A plain plate on white has nothing else to be compared by: its outline stays.
    """
    side = len(levels)
    even = np.abs(levels - levels[0, 0]) <= _EVEN
    if not (even[0, 0] and even[0, -1] and even[-1, 0] and even[-1, -1]) or even[side // 2, side // 2 :].all():
        return None
    place = (np.arange(side) + 0.5) * 2.0 / side - 1.0
    runs = np.stack([np.cumprod(one, axis=1).sum(axis=1) for one in (even, even[:, ::-1])])
    for radius in 1.0 + np.arange(3) * 2.0 / side:  # outermost lines may have been taken for a border
        ends = (1.0 - np.sqrt(radius**2 - place**2)) * side / 2.0
        if np.mean(np.abs(runs + 0.5 - np.maximum(0.5, ends)) <= _OFF) >= _MOSTLY_ROUND:
            break
    else:
        return None
    within = place[:, None] ** 2 + place**2 < _WITHIN
    slopes = np.hypot(*np.gradient(levels))[within]
    if np.mean(slopes > _SLOPE) < _LEAST_CONTENT:
        return None
    angles = np.arange(_TANGENTS) * 2.0 * np.pi / _TANGENTS
    down, across = np.sin(angles), np.cos(angles)
    return np.stack([-down, -across, (radius + down + across) / 2.0], axis=1)


def _cut(levels: Array) -> Line | None:
    """Return the edge that cuts off the first corner, in fractions; None if none does."""
    even = np.abs(levels - levels[0, 0]) <= _EVEN
    if not even[:_SHORTEST, 0].all() or not even[0, :_SHORTEST].all():
        return None
    line = _straight(even)  # by rows, and where the edge is too flat for that, by columns
    if line is None:
        turned = _straight(even.T)
        line = turned and (turned[1], turned[0], turned[2])
    return line


def _straight(even: NDArray[np.bool_]) -> Line | None:
    """Return the straight edge at which the even cells of each row end; None if they do not end so."""
    rows, columns = even.shape
    runs = np.cumprod(even, axis=1).sum(axis=1).astype(np.float64)
    first = int(np.cumprod(runs == columns).sum())  # rows that are filled from side to side
    place = np.arange(first, int(np.cumprod(runs > 0.0).sum())) + 0.5
    runs = runs[first : first + len(place)]
    if len(runs) < _SHORTEST:
        return None
    half = len(runs) // 2
    slope = float(np.median(runs[half : 2 * half] - runs[:half])) / half
    if not _STEEPEST <= slope <= _FLATTEST:
        return None
    start = float(np.median(runs - slope * place))
    ends = min(len(runs), int(-start / slope) - first)
    off = np.abs(runs[:ends] - slope * place[:ends] - start)
    if ends < _SHORTEST or np.mean(off <= _OFF) < _STRAIGHT:
        return None
    return -slope * rows, float(columns), -start
