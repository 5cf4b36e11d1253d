"""Luma to the windows of a picture that generation `look1` hashes, each averaged to 32 x 32 whole numbers.

A window's edges divide pixels, and the sums of its cells are exact: a picture that is turned or mirrored has the same
averages in other places.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import product
from math import isqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Share(NamedTuple):
    """A window that keeps so much of the height and of the width, in per cent: multiples of 5."""

    down: int
    across: int
    row: int = 0  # where it lies: -1 at the start, 0 in the middle, 1 at the end
    column: int = 0


class Cut(NamedTuple):
    """The largest window with that ratio of height to width, in the middle."""

    down: int
    across: int


Shape = Share | Cut

CORNERS = {"top_left": (-1, -1), "top_right": (-1, 1), "bottom_left": (1, -1), "bottom_right": (1, 1)}
WHOLE = Share(100, 100)
# What is stored of a picture: all of it; the picture without uniform borders; and windows of that.
VIEWS: Mapping[str, Shape] = {
    "whole": WHOLE,
    "trimmed": WHOLE,
    "wide": Cut(9, 16),
    "tall": Cut(16, 9),
    "landscape": Cut(3, 4),
    "portrait": Cut(4, 3),
    **{f"centre_{part}": Share(part, part) for part in (90, 80, 70, 60)},
    **{name: Share(80, 80, row, column) for name, (row, column) in CORNERS.items()},
}
VIEW_NAMES = tuple(VIEWS)
SIDE = 32  # of a view once it is averaged
PER_LEVEL = 256  # averages are whole numbers of this part of a level

# The edges of a view, and of its 32 x 32 cells, are whole numbers of this part of a pixel, whatever the picture's size.
UNITS = 5 * 9 * 1024

# A border is a run of lines of which nearly every pixel is near the median of the outermost one.
_BORDER_TOLERANCE = 8  # levels at most: what a JPEG file of low quality leaves of a flat border
_BORDER_PART_OF_CONTRAST = 2  # and no more than half the contrast: in a dark picture all levels are near each other
_BORDER_SHARE = (49, 50)
_LEAST_LEFT = 4  # if less than a quarter of a side would be left, it is no border: a blank page in one stays
_TRIM_ROUNDS = 3  # a letterbox inside a frame

# A picture with a longer side than this is worked through in parts: 4096 x 4096 pixels add up to 32 bits.
_LONG = 4096
PART_PIXELS = 1 << 18  # of a picture that are widened at once

Rectangle = tuple[int, int, int, int]  # top, bottom, left, right

# What each EXIF orientation asks for: rows and columns exchanged or not, then rows reversed, then columns reversed.
TURNS = {
    1: (0, 0, 0), 2: (0, 0, 1), 3: (0, 1, 1), 4: (0, 1, 0), 5: (1, 0, 0), 6: (1, 0, 1), 7: (1, 1, 1), 8: (1, 1, 0),
}  # fmt: skip


def averaged_views(luma: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the views of *luma*, each averaged to 32 x 32: shape (14, 32, 32), whole numbers of 1/256 level."""
    height, width = luma.shape
    return averaged(luma, windows_of(height, width, trim(luma)))


def trim(luma: NDArray[np.uint8]) -> Rectangle:
    """Return the rectangle of *luma* inside uniform borders: all of it if there are none."""
    height, width = luma.shape
    top, bottom, left, right = 0, height, 0, width
    for _ in range(_TRIM_ROUNDS):
        inner = luma[top:bottom, left:right]
        tolerance = min(_BORDER_TOLERANCE, max(1, isqrt(variance(inner)) // _BORDER_PART_OF_CONTRAST))
        above, below = _border(inner, tolerance), _border(inner[::-1], tolerance)
        before, after = _border(inner.T, tolerance), _border(inner.T[::-1], tolerance)
        if not (above or below or before or after):
            break
        if (bottom - top - above - below) * _LEAST_LEFT < height or (
            right - left - before - after
        ) * _LEAST_LEFT < width:
            break
        top, bottom, left, right = top + above, bottom - below, left + before, right - after
    return top, bottom, left, right


def variance(levels: NDArray[np.uint8]) -> int:
    """Return the variance of *levels*, rounded down: the same in whatever order they come."""
    total = squares = 0
    step = max(1, PART_PIXELS // levels.shape[1])
    for start in range(0, len(levels), step):  # each is widened to 64 bits
        part = levels[start : start + step].ravel().astype(np.float64)  # whole numbers add up exactly below 2^53
        total, squares = total + int(part.sum()), squares + int(part @ part)
    return (levels.size * squares - total * total) // levels.size**2


def _border(lines: NDArray[np.uint8], tolerance: int) -> int:
    """Return how many of the first *lines* are uniform and alike, but for *tolerance* levels."""
    outermost = lines[0].astype(np.int16)
    level = np.partition(outermost, [(outermost.size - 1) // 2, outermost.size // 2])
    twice = level[(outermost.size - 1) // 2] + level[outermost.size // 2]
    some, all_ = _BORDER_SHARE

    def uniform(part: NDArray[np.uint8]) -> NDArray[np.bool_]:
        near = np.abs(2 * part.astype(np.int16) - twice) <= 2 * tolerance
        uniformity: NDArray[np.bool_] = np.count_nonzero(near, axis=1) * all_ >= some * part.shape[1]
        return uniformity

    if not uniform(lines[:1])[0]:  # nearly every picture, and cheaper to ask
        return 0
    step = max(1, PART_PIXELS // lines.shape[1])
    for start in range(0, len(lines), step):
        others = np.flatnonzero(~uniform(lines[start : start + step]))
        if others.size:
            return start + int(others[0])
    return len(lines)


def windows_of(height: int, width: int, trimmed: Rectangle) -> list[Rectangle]:
    """Return the windows of the views, in UNITS of a pixel; each side is a multiple of SIDE."""
    _, *further = VIEWS.values()
    return [(0, height * UNITS, 0, width * UNITS), *(window(shape, trimmed) for shape in further)]


def window(shape: Shape, trimmed: Rectangle) -> Rectangle:
    """Return where *shape* lies in a picture with these edges, in UNITS of a pixel."""
    top, bottom, left, right = (edge * UNITS for edge in trimmed)
    down, across = bottom - top, right - left
    if isinstance(shape, Cut):
        tall, broad = min(down, across * shape.down // shape.across), min(across, down * shape.across // shape.down)
        row = column = 0
    else:
        tall, broad, row, column = down * shape.down // 100, across * shape.across // 100, shape.row, shape.column
    y, x = top + (down - tall) * (row + 1) // 2, left + (across - broad) * (column + 1) // 2
    return y, y + tall, x, x + broad


def turned_shape(shape: Shape, orientation: int) -> Shape:
    """Return the window of the picture turned as EXIF *orientation* asks that shows what *shape* shows now."""
    transposed, downwards, sideways = TURNS[orientation]
    if transposed:
        shape = type(shape)(shape.across, shape.down, *shape[:1:-1])
    if isinstance(shape, Cut):
        return shape
    row, column = (-shape.row if downwards else shape.row), (-shape.column if sideways else shape.column)
    return shape._replace(row=row, column=column)


def insets_of(window: Rectangle) -> list[Rectangle]:
    """Return *window*, and what is left of it without a twentieth at some of its sides."""
    top, bottom, left, right = window
    y, x = (bottom - top) // 20, (right - left) // 20
    return [
        (top + above * y, bottom - below * y, left + before * x, right - after * x)
        for above, below, before, after in product((0, 1), repeat=4)
    ]


def averaged(luma: NDArray[np.uint8], windows: Sequence[Rectangle], side: int = SIDE) -> NDArray[np.float64]:
    """Return each of *windows* averaged to *side* x *side*, a power of 2, in whole numbers of 1/256 level."""
    return Averages(luma).of(windows, side)


def averaged_at_once(luma: NDArray[np.uint8], windows: Sequence[Rectangle]) -> NDArray[np.float64]:
    """Return each of *windows* averaged to 32 x 32, as `averaged` does: sooner where a small picture has few of them.

    Sums of its pixels have to stay below 2^53, in UNITS of a pixel both ways.
    """
    height, width = luma.shape
    levels, averages = luma.astype(np.float64), np.empty((len(windows), SIDE, SIDE))
    for average, (top, bottom, left, right) in zip(averages, windows, strict=True):
        sums = _shares(height, top, bottom).T @ (levels @ _shares(width, left, right))
        np.rint(sums * (PER_LEVEL / ((bottom - top) // SIDE * ((right - left) // SIDE))), out=average)
    return averages


@lru_cache(maxsize=8)  # a picture is turned in many ways, and few windows of each ask
def _shares(size: int, start: int, end: int) -> NDArray[np.float64]:
    """Return how much of each of *size* pixels is in each cell between two edges, in UNITS: shape (size, 32)."""
    edges = start + (end - start) // SIDE * np.arange(SIDE + 1)
    shares: NDArray[np.int64] = np.diff(np.clip(edges - UNITS * np.arange(size)[:, None], 0, UNITS), axis=1)
    return shares.astype(np.float64)


class Averages:
    """What windows of one picture are averaged to: its pixels are added up once."""

    def __init__(self, luma: NDArray[np.uint8]) -> None:
        self._luma = luma
        self._table = _added_up(luma, np.uint32) if max(luma.shape) <= _LONG else None  # beyond, sums are not whole

    def of(self, windows: Sequence[Rectangle], side: int = SIDE) -> NDArray[np.float64]:
        """Return each of *windows* averaged to *side* x *side*, a power of 2, in whole numbers of 1/256 level."""
        top, bottom, left, right = np.array(windows).T[:, :, None]
        down, across = (bottom - top) // side, (right - left) // side  # of one cell
        edges = np.arange(side + 1)
        sums = self._sums(top + down * edges, left + across * edges)
        cells = np.diff(np.diff(sums, axis=1), axis=2)
        averages: NDArray[np.float64] = np.rint(cells * (PER_LEVEL / (down * across))[:, :, None])
        return averages

    def of_insets(self, window: Rectangle) -> NDArray[np.float64]:
        """Return `insets_of` *window*, each averaged to 32 x 32, sooner: they share their edges."""
        if self._table is None:
            return self.of(insets_of(window))
        # The largest number below is the sum of a row of cells. Up to 2^53 float64 is exact, too, and faster.
        largest = 255 * (self._luma.shape[0] // SIDE + 2) * (self._luma.shape[1] + 2) * UNITS**2
        number = np.float64 if largest < 2**53 else np.int64
        top, bottom, left, right = window
        y, x = _spans(top, bottom), _spans(left, right)
        before, across = np.divmod(x.ravel(), UNITS)
        columns, of_next = np.concatenate([before, before + 1]), across.astype(number)
        of_first = UNITS - of_next
        averages = np.empty((len(y), len(x), SIDE, SIDE))
        for span, edges in enumerate(y):  # so few at a time stay in the processor's cache
            above, down = np.divmod(edges[:, None], UNITS)
            down = down.astype(number)
            upper, lower = (self._table.take(rows[:, 0], axis=0).take(columns, axis=1) for rows in (above, above + 1))
            lines = np.multiply(upper, UNITS - down)
            lines += lower * down
            lines = lines[1:] - lines[:-1]
            sums = (lines[:, : len(before)] * of_first + lines[:, len(before) :] * of_next).reshape(SIDE, *x.shape)
            areas = (edges[1] - edges[0]) * (x[:, 1] - x[:, 0])
            cells = (sums[..., 1:] - sums[..., :-1]) * (PER_LEVEL / areas)[:, None]
            np.rint(cells.transpose(1, 0, 2), out=averages[span])
        return averages.reshape(-1, SIDE, SIDE)

    def _sums(self, y: NDArray[np.int64], x: NDArray[np.int64]) -> NDArray[Any]:
        """Return the sum above and left of each crossing of *y* and *x*, in UNITS of a pixel, a row per window.

        Between pixels that sum is bilinear, so an edge inside a pixel divides it exactly. With _LONG pixels or fewer
        on the longer side these are whole numbers; beyond, float64, whose error is far below what averages are
        rounded to.
        """
        (above, down), (before, across) = np.divmod(y[:, :, None], UNITS), np.divmod(x[:, None, :], UNITS)
        table = self._table
        if table is None:
            lines, above = _condensed(self._luma, above, axis=0)
            lines, before = _condensed(lines, before, axis=1)
            table = _added_up(lines, np.uint64)
        line = table.shape[1]
        corner = above * line + before
        upper = table.take(corner) * (UNITS - across) + table.take(corner + 1) * across
        lower = table.take(corner + line) * (UNITS - across) + table.take(corner + line + 1) * across
        sums: NDArray[Any] = upper * (UNITS - down) + lower * down
        return sums


def _spans(start: int, end: int) -> NDArray[np.int64]:
    """Return the edges of the cells between two edges, with and without a twentieth at either: shape (4, 33)."""
    inset = (end - start) // 20
    ends = np.array([(start + first * inset, end - last * inset) for first, last in product((0, 1), repeat=2)])
    edges: NDArray[np.int64] = ends[:, :1] + (ends[:, 1:] - ends[:, :1]) // SIDE * np.arange(SIDE + 1)
    return edges


def _added_up(lines: NDArray[Any], size: type[np.unsignedinteger[Any]]) -> NDArray[Any]:
    """Return the sums of what is above and left of each crossing, and a line more, for the last edge to look up."""
    height, width = lines.shape
    table = np.zeros((height + 2, width + 2), size)
    table[1:-1, 1:-1] = lines
    np.cumsum(table, axis=0, out=table)
    np.cumsum(table, axis=1, out=table)
    return table


def _condensed(lines: NDArray[Any], edges: NDArray[np.int64], *, axis: int) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return *lines* with those added up, if they are many, between which no edge is, and where *edges* are now."""
    if lines.shape[axis] <= _LONG:
        return lines, edges
    starts = np.union1d([0], [edges, edges + 1])  # what is before the first edge is not of the first cell
    starts = starts[starts < lines.shape[axis]]
    parts = np.split(lines, starts[1:], axis=axis)  # `add.reduceat` would widen the whole picture to 64 bits
    return np.stack([part.sum(axis, np.uint64) for part in parts], axis), np.searchsorted(starts, edges)
