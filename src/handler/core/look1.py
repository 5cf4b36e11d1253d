"""Luma to the hashes, check bits and quality of fourteen views: generation `look1`.

A view is a window of the picture, averaged to 32 x 32 and hashed like a picture of its own. All arithmetic is on
whole numbers, held exactly, so the order of additions does not matter: every processor and every BLAS finds the
same bits, and a picture that is turned or mirrored has the same bits in other places.
"""

import base64
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handler.core.look1_filters import FILTERS, PARITIES

GENERATION = "look1"
# The picture; the picture without uniform borders; and windows of that, each the share of its height and width that
# it keeps. Two views of two pictures are compared if they have the same name or one is `whole` or `trimmed`.
VIEWS = (
    "whole",
    "trimmed",
    "square",  # 1:1, in the middle
    "wide",  # 16:9 along the longer side, in the middle
    "centre",  # 85 %
    "inner",  # 95 %
    "top",  # 85 % of the height, the whole width: a caption or a row of buttons is cut off
    "bottom",
    "left",
    "right",
    "top_left",  # 90 %
    "top_right",
    "bottom_left",
    "bottom_right",
)
ANCHORS = 2  # the first so many views are compared with every view
LUMA_SIDE = 256  # decode to at least this many pixels on the shorter side; up to twice as many cost little
# Of ten million pairs of different pictures, most of them landscapes, one to three are within both.
RADIUS = 12
CHECK_RADIUS = 70
QUALITY_FLOOR = 4.0  # pages of text and gradients stay below 3, and 3 photographs in 400 are below it

HASH_BITS = 64
CHECK_SIDE = 19  # the low corner of the DCT in which the check bits are
CHECK_BITS = 256  # the signs of its coefficients in a ring around the mean
# Of row² + column². Those further in tell least of two pictures of which the hashes are alike: they made them alike.
CHECK_RING = (29, 338)
FILTER_SIDE = 14  # the low corner of the DCT that the filters weigh
SIDE = 32  # of a view once it is averaged

# Whole numbers in float64 are exact up to 2^53. Luma is in 1/256 of a level (16 bits), a basis value has 11 bits,
# twice, and the sums of 32 x 32 products gain 10: 48 bits. Coefficients are cut to 27 bits before they meet filters
# of 15 bits, 196 products each.
_PER_LEVEL = 256
_BASIS_SCALE = 2.0**13
_COEFFICIENT_CUT = 2.0**-20
_QUALITY_CUT = 2.0**-24  # their squares are added

# The edges of a view, and of its 32 x 32 cells, are whole numbers of this part of a pixel, whatever the picture's size.
UNITS = 5 * 9 * 1024

# A border is a run of lines of which nearly every pixel is near the median of the outermost one.
_BORDER_TOLERANCE = 8  # levels: what a JPEG file of low quality leaves of a flat border
_BORDER_SHARE = (49, 50)
_LEAST_LEFT = 4  # if less than a quarter of a side would be left, it is no border: a blank page in one stays
_TRIM_ROUNDS = 3  # a letterbox inside a frame

# A picture with a longer side than this is worked through in parts: 4096 x 4096 pixels add up to 32 bits.
_LONG = 4096
_PART_PIXELS = 1 << 18

_EDGES = np.arange(SIDE + 1)
Rectangle = tuple[int, int, int, int]  # top, bottom, left, right


@dataclass(frozen=True, slots=True)
class Views:
    """What is stored of a picture and compared: one of each per name in VIEWS, in that order."""

    hashes: tuple[int, ...]
    checks: tuple[bytes, ...]  # CHECK_BITS each
    qualities: tuple[float, ...]  # below QUALITY_FLOOR a view has too little content to be compared


def fingerprint_views(luma: NDArray[np.uint8]) -> Views:
    """Return the hashes, check bits and qualities of *luma*, of any shape (height, width) from 1 x 1.

    Best with LUMA_SIDE pixels or more on the shorter side; a smaller picture is hashed as it is.
    """
    averages = averaged_views(luma)
    corner = coefficients(averages)
    return Views(tuple(hashes_of(corner)), tuple(checks_of(corner)), tuple(_qualities(averages, luma)))


def asking_checks(luma: NDArray[np.uint8], views: Sequence[int]) -> list[tuple[bytes, ...]]:
    """Return for each of *views* the check bits of 16 windows: its own, and with 5 % cut off some of its four sides.

    A crop seldom ends where a stored view ends. The picture that asks confirms a match by whichever of these is
    nearest to the stored check bits; only the views' own are stored.
    """
    height, width = luma.shape
    windows = _windows(height, width, trim(luma))
    insets = [inset for view in views for inset in insets_of(windows[view])]
    checks = checks_of(coefficients(averaged(luma, insets)))
    return [tuple(islice(checks, 2**4)) for _ in views]


def turned(hash: int, orientation: int) -> int:
    """Return the hash of the same view after the picture is turned as EXIF *orientation* (1 to 8) asks."""
    if orientation == 1:
        return hash
    bits = np.unpackbits(np.frombuffer(hash.to_bytes(8, "big"), np.uint8))
    return int.from_bytes(np.packbits(_turned_bits(bits, orientation, _HASH_PLACES, _HASH_FLIPS)).tobytes(), "big")


def turned_check(check: bytes, orientation: int) -> bytes:
    """Return the check bits of the same view after the picture is turned as EXIF *orientation* (1 to 8) asks."""
    if orientation == 1:
        return check
    bits = np.unpackbits(np.frombuffer(check, np.uint8))
    return np.packbits(_turned_bits(bits, orientation, _CHECK_PLACES, _CHECK_FLIPS)).tobytes()


def turned_view(view: int, orientation: int) -> int:
    """Return which view of the picture turned as EXIF *orientation* (1 to 8) asks shows what *view* shows now."""
    transposed, downwards, sideways = _TURNS[orientation]
    row, column = _PLACES[view]
    if transposed:
        row, column = column, row
    row, column = (-row if downwards else row), (-column if sideways else column)
    return view if row == column == 0 else _PLACES.index((row, column))


def compared(a: int, b: int) -> bool:
    """Return whether view *a* of one picture is compared with view *b* of another."""
    return a == b or a < ANCHORS or b < ANCHORS


def averaged_views(luma: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the views of *luma*, each averaged to 32 x 32: shape (14, 32, 32), whole numbers of 1/256 level."""
    height, width = luma.shape
    return averaged(luma, _windows(height, width, trim(luma)))


def shown(luma: NDArray[np.uint8], view: int) -> tuple[float, float, float, float]:
    """Return which part of *luma* a view shows: top, bottom, left, right, in pixels."""
    top, bottom, left, right = (edge / UNITS for edge in _windows(luma.shape[0], luma.shape[1], trim(luma))[view])
    return top, bottom, left, right


def coefficients(views: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the low 19 x 19 corner of the DCT of each view, windowed and without its mean: whole numbers."""
    mean = np.rint((views @ _WINDOW @ _WINDOW) / _WINDOW.sum() ** 2)
    corner: NDArray[np.float64] = _BASIS @ (views - mean[:, None, None]) @ _BASIS.T
    corner[:, 0, 0] = 0.0
    return corner


def trim(luma: NDArray[np.uint8]) -> Rectangle:
    """Return the rectangle of *luma* inside uniform borders: all of it if there are none."""
    height, width = luma.shape
    top, bottom, left, right = 0, height, 0, width
    for _ in range(_TRIM_ROUNDS):
        inner = luma[top:bottom, left:right]
        above, below = _border(inner), _border(inner[::-1])
        before, after = _border(inner.T), _border(inner.T[::-1])
        if not (above or below or before or after):
            break
        if (bottom - top - above - below) * _LEAST_LEFT < height or (
            right - left - before - after
        ) * _LEAST_LEFT < width:
            break
        top, bottom, left, right = top + above, bottom - below, left + before, right - after
    return top, bottom, left, right


def _border(lines: NDArray[np.uint8]) -> int:
    """Return how many of the first *lines* are uniform and alike."""
    outermost = lines[0].astype(np.int16)
    level = np.partition(outermost, [(outermost.size - 1) // 2, outermost.size // 2])
    twice = level[(outermost.size - 1) // 2] + level[outermost.size // 2]
    some, all_ = _BORDER_SHARE

    def uniform(part: NDArray[np.uint8]) -> NDArray[np.bool_]:
        near = np.abs(2 * part.astype(np.int16) - twice) <= 2 * _BORDER_TOLERANCE
        uniformity: NDArray[np.bool_] = np.count_nonzero(near, axis=1) * all_ >= some * part.shape[1]
        return uniformity

    if not uniform(lines[:1])[0]:  # nearly every picture, and cheaper to ask
        return 0
    step = max(1, _PART_PIXELS // lines.shape[1])
    for start in range(0, len(lines), step):
        others = np.flatnonzero(~uniform(lines[start : start + step]))
        if others.size:
            return start + int(others[0])
    return len(lines)


def _windows(height: int, width: int, trimmed: Rectangle) -> list[Rectangle]:
    """Return the windows of the views, in UNITS of a pixel; each side is a multiple of SIDE."""
    top, bottom, left, right = (edge * UNITS for edge in trimmed)
    down, across = bottom - top, right - left

    def window(tall: int, broad: int, row: int = 0, column: int = 0) -> Rectangle:
        """Place it in the trimmed picture; *row* and *column* are -1 at the start, 0 in the middle, 1 at the end."""
        y, x = top + (down - tall) * (row + 1) // 2, left + (across - broad) * (column + 1) // 2
        return y, y + tall, x, x + broad

    def share(twentieths: int, row: int, column: int) -> Rectangle:
        return window(
            down * twentieths // 20 if row or not column else down,
            across * twentieths // 20 if column or not row else across,
            row,
            column,
        )

    longer, shorter = max(down, across), min(down, across)
    length, breadth = min(longer, shorter * 16 // 9), min(shorter, longer * 9 // 16)
    return [
        (0, height * UNITS, 0, width * UNITS),
        (top, bottom, left, right),
        window(shorter, shorter),
        window(length, breadth) if down > across else window(breadth, length),
        share(17, 0, 0),
        share(19, 0, 0),
        *(share(17, row, column) for row, column in _SIDES),
        *(share(18, row, column) for row, column in _CORNERS),
    ]


def insets_of(window: Rectangle) -> list[Rectangle]:
    """Return *window*, and what is left of it without a twentieth at some of its sides."""
    top, bottom, left, right = window
    y, x = (bottom - top) // 20, (right - left) // 20
    return [
        (top + above * y, bottom - below * y, left + before * x, right - after * x)
        for above, below, before, after in product((0, 1), repeat=4)
    ]


def averaged(luma: NDArray[np.uint8], windows: Sequence[Rectangle]) -> NDArray[np.float64]:
    """Return each of *windows* averaged to 32 x 32, in whole numbers of 1/256 level."""
    top, bottom, left, right = np.array(windows).T[:, :, None]
    down, across = (bottom - top) // SIDE, (right - left) // SIDE  # of one cell
    cells = np.diff(np.diff(_sums(luma, top + down * _EDGES, left + across * _EDGES), axis=1), axis=2)
    averages: NDArray[np.float64] = np.rint(cells * (_PER_LEVEL / (down * across))[:, :, None])
    return averages


def _sums(luma: NDArray[np.uint8], y: NDArray[np.int64], x: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the sum of *luma* above and left of each crossing of *y* and *x*, in UNITS of a pixel, a row per view.

    Between pixels that sum is bilinear, so an edge inside a pixel divides it exactly.
    """
    (above, down), (before, across) = np.divmod(y[:, :, None], UNITS), np.divmod(x[:, None, :], UNITS)
    size = np.uint32 if max(luma.shape) <= _LONG else np.uint64
    lines, above = _condensed(luma, above, axis=0)
    lines, before = _condensed(lines, before, axis=1)
    height, width = lines.shape
    table = np.zeros((height + 2, width + 2), size)  # a line more than there are edges, for the last to look up
    table[1:-1, 1:-1] = lines
    np.cumsum(table, axis=0, out=table)
    np.cumsum(table, axis=1, out=table)
    corner, line = above * (width + 2) + before, width + 2
    upper = table.take(corner) * (UNITS - across) + table.take(corner + 1) * across
    lower = table.take(corner + line) * (UNITS - across) + table.take(corner + line + 1) * across
    sums: NDArray[np.int64] = upper * (UNITS - down) + lower * down
    return sums


def _condensed(lines: NDArray[Any], edges: NDArray[np.int64], *, axis: int) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return *lines* with those added up, if they are many, between which no edge is, and where *edges* are now."""
    if lines.shape[axis] <= _LONG:
        return lines, edges
    starts = np.unique([edges, edges + 1])  # from 0, where the whole picture begins
    starts = starts[starts < lines.shape[axis]]
    parts = np.split(lines, starts[1:], axis=axis)  # `add.reduceat` would widen the whole picture to 64 bits
    return np.stack([part.sum(axis, np.uint64) for part in parts], axis), np.searchsorted(starts, edges)


def hashes_of(corner: NDArray[np.float64]) -> Iterator[int]:
    """Yield the hash of each view, from its `coefficients`."""
    low = np.rint(corner[:, :FILTER_SIDE, :FILTER_SIDE] * _COEFFICIENT_CUT).reshape(len(corner), -1)
    for bits in np.packbits(low @ _FILTERS.T > 0.0, axis=1):
        yield int.from_bytes(bits.tobytes(), "big")


def checks_of(corner: NDArray[np.float64]) -> Iterator[bytes]:
    """Yield the check bits of each view, from its `coefficients`."""
    for bits in np.packbits(corner[:, *_CHECKED] > 0.0, axis=1):
        yield bits.tobytes()


def _qualities(views: NDArray[np.float64], luma: NDArray[np.uint8]) -> Iterator[float]:
    """Yield how much there is to compare in each view: contrast of its large shapes, times their share of all contrast.

    The contrast is the rms of 8 x 8 low DCT coefficients, without those of rows and columns alone and without the
    lowest, which are all that gradients have. The share tells a photograph, nearly all of whose variance is left at
    32 x 32, from a page of text.
    """
    share = _variance(views[0].astype(np.int64)) / _PER_LEVEL**2 / (_variance(luma) or 1.0)
    low = np.rint(_PLAIN @ views @ _PLAIN.T * _QUALITY_CUT) * _DETAIL
    for mean in np.mean(low * low, axis=(1, 2)).tolist():
        yield share * math.sqrt(mean) / (_BASIS_SCALE**2 * _QUALITY_CUT * _PER_LEVEL)


def _variance(levels: NDArray[np.uint8] | NDArray[np.int64]) -> float:
    """Return the variance of whole numbers from 0, the same in whatever order they come."""
    flat, kinds = levels.ravel(), int(levels.max()) + 1
    counts = np.zeros(kinds, np.int64)
    for start in range(0, flat.size, _PART_PIXELS):  # each is widened to 64 bits
        counts += np.bincount(flat[start : start + _PART_PIXELS], minlength=kinds)
    values = np.arange(len(counts))
    total, squares = int(counts @ values), int(counts @ values**2)
    return (levels.size * squares - total * total) / levels.size**2


def _turned_bits(
    bits: NDArray[np.uint8], orientation: int, places: NDArray[np.int64], flips: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    transposed, downwards, sideways = _TURNS[orientation]
    if transposed:
        bits = bits[places] ^ flips[0]
    turned: NDArray[np.uint8] = bits ^ (flips[1] * downwards) ^ (flips[2] * sideways)
    return turned


# What each EXIF orientation asks for: rows and columns exchanged or not, then rows reversed, then columns reversed.
_TURNS = {
    1: (0, 0, 0), 2: (0, 0, 1), 3: (0, 1, 1), 4: (0, 1, 0), 5: (1, 0, 0), 6: (1, 0, 1), 7: (1, 1, 1), 8: (1, 1, 0),
}  # fmt: skip

# Where the last eight views lie: row and column, -1 at the start, 1 at the end.
_SIDES = ((-1, 0), (1, 0), (0, -1), (0, 1))
_CORNERS = ((-1, -1), (-1, 1), (1, -1), (1, 1))
_PLACES = ((0, 0),) * (len(VIEWS) - 8) + _SIDES + _CORNERS


def _half_basis() -> NDArray[np.float64]:
    """Return the first 16 columns of the orthonormal DCT-II of 32 numbers, its 19 lowest rows."""
    frequency, place = np.arange(CHECK_SIDE)[:, None], np.arange(SIDE // 2)
    half = math.sqrt(2.0 / SIDE) * np.cos(math.pi * frequency * (2 * place + 1) / (2 * SIDE))
    half[0] /= math.sqrt(2.0)
    return half


def _mirrored(half: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return whole numbers whose other 16 columns mirror *half*, with the sign of each frequency."""
    half = np.rint(half * _BASIS_SCALE)
    signs = np.where(np.arange(len(half)) % 2, -1.0, 1.0)
    return np.hstack([half, (signs[:, None] * half)[:, ::-1]])


def _filters() -> NDArray[np.float64]:
    """Return the 64 filters, each 14 x 14: what is stored are those weights of each that are not 0."""
    stored = np.frombuffer(base64.b64decode(FILTERS), "<i2").reshape(HASH_BITS, FILTER_SIDE // 2, FILTER_SIDE // 2)
    filters = np.zeros((HASH_BITS, FILTER_SIDE, FILTER_SIDE))
    for number, (row, column) in enumerate(_PARITIES):
        filters[number, row::2, column::2] = stored[number]
    return filters


def _hash_turns() -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Return which filter is each one transposed, and the bits that flip with transposition and with both mirrors."""
    transposed = _FILTERS.reshape(HASH_BITS, FILTER_SIDE, FILTER_SIDE).transpose(0, 2, 1).reshape(HASH_BITS, -1)
    same = (transposed[:, None] == _FILTERS).all(axis=2)
    opposite = (transposed[:, None] == -_FILTERS).all(axis=2)
    places = (same | opposite).argmax(axis=1)
    rows, columns = np.array(_PARITIES, np.uint8).T
    return places, np.stack([opposite.any(axis=1).astype(np.uint8), rows, columns])


def _checked() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows and columns of the coefficients whose signs are check bits: a quarter of a ring."""
    rows, columns = np.indices((CHECK_SIDE, CHECK_SIDE))
    inner, outer = CHECK_RING
    chosen = np.nonzero((rows**2 + columns**2 > inner) & (rows**2 + columns**2 <= outer))
    return chosen[0], chosen[1]


def _check_turns() -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    rows, columns = _CHECKED
    places = [
        int(np.flatnonzero((rows == column) & (columns == row))[0]) for row, column in zip(*_CHECKED, strict=True)
    ]
    return np.array(places), np.stack([np.zeros_like(rows), rows % 2, columns % 2]).astype(np.uint8)


_PARITIES = [(int(pair[0]), int(pair[1])) for pair in PARITIES.split()]
_FILTERS = _filters().reshape(HASH_BITS, -1)
_HASH_PLACES, _HASH_FLIPS = _hash_turns()
_CHECKED = _checked()
_CHECK_PLACES, _CHECK_FLIPS = _check_turns()

_TAPER = np.sqrt(np.sin(math.pi * (np.arange(SIDE // 2) + 0.5) / SIDE))
_WINDOW = _mirrored(_TAPER[None])[0]
_BASIS = _mirrored(_half_basis() * _TAPER)
_PLAIN = _mirrored(_half_basis())[1:9]
_DETAIL = np.add.outer(np.arange(1, 9), np.arange(1, 9)) >= 7  # by frequency down plus frequency across
