"""Luma to the hashes, check bits and quality of fourteen views: generation `look1`.

A view is a window of the picture, averaged to 32 x 32 and hashed like a picture of its own. All arithmetic is on
whole numbers, held exactly, so the order of additions does not matter: every processor and every BLAS finds the
same bits, and a picture that is turned or mirrored has the same bits in other places.
"""

import base64
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from handler.core.look1_filters import FILTERS, PARITIES
from handler.core.normalised import locally_normalised
from handler.core.windows import (
    PER_LEVEL,
    SIDE,
    TURNS,
    VIEW_NAMES,
    VIEWS,
    Averages,
    Rectangle,
    trim,
    turned_shape,
    windows_of,
)

GENERATION = "look1"
ANCHORS = 2  # the first so many views are in the buckets, too
LUMA_SIDE = 256  # decode to at least this many pixels on the shorter side; up to twice as many cost little
RADIUS = 12  # bits
CHECK_RADIUS = 80  # of two million pairs of different pictures, most of them landscapes, none is within it at radius 14
# Beyond the strict limits a look decides. The nearer two hashes are, the more check bits may differ.
LOOKS_RADIUS = 16  # bits
LOOKS_CHECK_RADIUS = 118  # of check bits and twice the distance of the hashes
# Before anything is read: of check words and the distance. Of a million landscapes some 20 are left.
CHECK_WORDS_RADIUS = 36
OWN_CHECK_WORDS_RADIUS = 49  # of the asking window's own; beyond it, no window near it is within the other limit
QUALITY_FLOOR = 1.0

HASH_BITS = 64
CHECK_SIDE = 19  # the low corner of the DCT in which the check bits are
CHECK_BITS = 256  # the signs of its coefficients in a ring around the mean
# Of row² + column². Those further in say least about two pictures whose hashes are alike: they made the hashes alike.
CHECK_RING = (29, 338)
FILTER_SIDE = 14  # the low corner of the DCT that the filters weigh

# Whole numbers in float64 are exact up to 2^53. Luma is in 1/256 of a level (16 bits), a basis value has 11 bits,
# twice, and the sums of 32 x 32 products gain 10: 48 bits. Coefficients are cut to 27 bits before they meet filters
# of 15 bits, 196 products each.
_BASIS_SCALE = 2.0**13
_COEFFICIENT_CUT = 2.0**-20
_QUALITY_CUT = 2.0**-24  # their squares are added

# What the contrast of a view's large shapes has to be. Gradients, in steps of a level, reach 0.8 levels when they are
# dark or faint; other gradients a tenth of their whole contrast; pages of text and noise 0.7 of their fine contrast.
_LEAST_LEVELS = 0.9
_LEAST_OF_WHOLE = 0.2
_LEAST_OF_FINE = 0.78
_FINE_OF_ANY = 0.2  # levels: what rounding and a JPEG file leave, and hide


@dataclass(frozen=True, slots=True)
class HashedViews:
    """What is stored of a picture and compared: one of each per name in VIEW_NAMES, in that order."""

    hashes: tuple[int, ...]
    checks: tuple[bytes, ...]  # CHECK_BITS each
    qualities: tuple[float, ...]  # below QUALITY_FLOOR a view has too little content to be compared


def fingerprint_views(luma: NDArray[np.uint8]) -> HashedViews:
    """Return the hashes, check bits and qualities of *luma*, of any shape (height, width) from 1 x 1.

    Best with LUMA_SIDE pixels or more on the shorter side; a smaller picture is hashed as it is.
    """
    height, width = luma.shape
    windows = windows_of(height, width, trim(luma))
    picture = Averages(luma)
    averages = picture.of(windows)
    qualities = content_of(averages, fine_contrast_of(picture, windows[1]))
    return HashedViews(
        tuple(hashes_of(coefficients(averages))), tuple(checks_of(locally_normalised(averages))), tuple(qualities)
    )


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
    shape = VIEWS[VIEW_NAMES[view]]
    return view if view < ANCHORS else list(VIEWS.values()).index(turned_shape(shape, orientation))


def coefficients(views: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the low 19 x 19 corner of the DCT of each view, windowed and without its mean: whole numbers."""
    mean = np.rint((views @ _WINDOW @ _WINDOW) / _WINDOW.sum() ** 2)
    corner: NDArray[np.float64] = _BASIS @ (views - mean[:, None, None]) @ _BASIS.T
    corner[:, 0, 0] = 0.0
    return corner


def hashes_of(corner: NDArray[np.float64]) -> Iterator[int]:
    """Yield the hash of each view, from its `coefficients`."""
    low = np.rint(corner[:, :FILTER_SIDE, :FILTER_SIDE] * _COEFFICIENT_CUT).reshape(len(corner), -1)
    for bits in np.packbits(low @ _FILTERS.T > 0.0, axis=1):
        yield int.from_bytes(bits.tobytes(), "big")


def checks_of(normalised: NDArray[np.float64]) -> Iterator[bytes]:
    """Yield the check bits of each view, averaged and locally normalised."""
    corner = coefficients(normalised)
    for bits in np.packbits(corner[:, *CHECKED] > 0.0, axis=1):
        yield bits.tobytes()


def content_of(views: NDArray[np.float64], fine_contrast: float) -> list[float]:
    """Return how much there is to compare in each view, in multiples of the least that is enough.

    That is the contrast of its large shapes: the rms of 8 x 8 low DCT coefficients, without those of rows and columns
    alone and without the lowest, which are all that gradients have. It has to stand out from what rounding leaves,
    from the whole contrast of the view, and from the fine contrast of the picture: what an average over 2 x 2 of
    64 x 64 cells takes away, which is much of a page of text and of noise, and little of a photograph, however dark
    or faint it is or coarsely dithered.
    """
    least_of_fine = _LEAST_OF_FINE * (fine_contrast + _FINE_OF_ANY)
    low = np.rint(_PLAIN @ views @ _PLAIN.T * _QUALITY_CUT) * _DETAIL
    large = np.sqrt(np.mean(low * low, axis=(1, 2))) / (_BASIS_SCALE**2 * _QUALITY_CUT * PER_LEVEL)
    whole = np.sqrt(_variances(views)) / PER_LEVEL
    contents: list[float] = (large / np.maximum(_LEAST_OF_WHOLE * whole, max(_LEAST_LEVELS, least_of_fine))).tolist()
    return contents


def fine_contrast_of(picture: Averages, trimmed: Rectangle) -> float:
    """Return the fine contrast of the picture without borders, in levels."""
    cells = picture.of([trimmed], 2 * SIDE)[0]
    blocks = cells.reshape(SIDE, 2, SIDE, 2).sum(axis=(1, 3))
    rest = float(np.square(cells).sum() - np.square(blocks).sum() / 4)
    return math.sqrt(rest) / (2 * SIDE * PER_LEVEL)


def _variances(views: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the variance of the whole numbers of each view, the same in whatever order they come."""
    totals, squares = views.sum(axis=(1, 2)), np.square(views).sum(axis=(1, 2))
    variances: NDArray[np.float64] = (SIDE**2 * squares - totals * totals) / SIDE**4
    return variances


def _turned_bits(
    bits: NDArray[np.uint8], orientation: int, places: NDArray[np.int64], flips: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    transposed, downwards, sideways = TURNS[orientation]
    if transposed:
        bits = bits[places] ^ flips[0]
    turned: NDArray[np.uint8] = bits ^ (flips[1] * downwards) ^ (flips[2] * sideways)
    return turned


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
    """Return the rows and columns of the coefficients whose signs are check bits: a quarter of a ring, from inside."""
    rows, columns = np.indices((CHECK_SIDE, CHECK_SIDE)).reshape(2, -1)
    inner, outer = CHECK_RING
    squares = rows**2 + columns**2
    chosen = np.lexsort((rows, squares))
    chosen = chosen[(squares[chosen] > inner) & (squares[chosen] <= outer)]
    return rows[chosen], columns[chosen]


def _check_turns() -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    rows, columns = CHECKED
    places = [int(np.flatnonzero((rows == column) & (columns == row))[0]) for row, column in zip(*CHECKED, strict=True)]
    return np.array(places), np.stack([np.zeros_like(rows), rows % 2, columns % 2]).astype(np.uint8)


_PARITIES = [(int(pair[0]), int(pair[1])) for pair in PARITIES.split()]
_FILTERS = _filters().reshape(HASH_BITS, -1)
_HASH_PLACES, _HASH_FLIPS = _hash_turns()
CHECKED = _checked()  # rows and columns of the coefficients whose signs are check bits
_CHECK_PLACES, _CHECK_FLIPS = _check_turns()

_TAPER = np.sqrt(np.sin(math.pi * (np.arange(SIDE // 2) + 0.5) / SIDE))
_WINDOW = _mirrored(_TAPER[None])[0]
_BASIS = _mirrored(_half_basis() * _TAPER)
_PLAIN = _mirrored(_half_basis())[1:9]
_DETAIL = np.add.outer(np.arange(1, 9), np.arange(1, 9)) >= 7  # by frequency down plus frequency across
