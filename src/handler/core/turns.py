"""Pictures turned or sheared by a few degrees, turned back: what asks for the upright ones that they may show.

Nothing of this is stored. A picture that was turned shows its original in no window that is upright, so the picture
that asks tries how it would look upright.
"""

import math
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from handler.core.windows import TURNS

_ONE = 1 << 8  # of a pixel: whole numbers, so every machine samples the same
_SMALL = 1 << 14  # pixels
_EVEN_BYTES, _LOWER_HALF = 0x00FF00FF, 0x0000FFFF


class Turn(NamedTuple):
    """What may have been done to a picture before it came."""

    degrees: int = 0  # counter-clockwise
    sheared: int = 0  # degrees by which lower rows lie further to the right
    leaning: int = 0  # degrees by which columns to the right lie further down
    squeezed: bool = False  # the frame grew with the rotation, and was squeezed to the old size; else corners were cut


UPRIGHT = Turn()


def mirrored(turn: Turn, orientation: int) -> Turn:
    """Return the turn that the picture turned as EXIF *orientation* asks has instead."""
    transposed, downwards, sideways = TURNS[orientation]
    degrees, sheared, leaning, squeezed = turn
    if transposed:
        degrees, sheared, leaning = -degrees, leaning, sheared
    sign = -1 if downwards ^ sideways else 1
    return Turn(sign * degrees, sign * sheared, sign * leaning, squeezed)


def way(turn: Turn, height: int, width: int) -> NDArray[np.float64]:
    """Return the affine map from pixels (down, across, 1) of a picture turned back to pixels of the picture: (2, 3)."""
    cosine, sine = math.cos(math.radians(turn.degrees)), math.sin(math.radians(turn.degrees))
    turning = np.array([[cosine, -sine], [sine, cosine]])
    turning = turning @ np.array(
        [[1.0, math.tan(math.radians(turn.leaning))], [math.tan(math.radians(turn.sheared)), 1.0]]
    )
    if turn.squeezed:
        grown = np.abs(turning) @ np.array([height, width])
        turning = np.diag([height / grown[0], width / grown[1]]) @ turning
    middle = np.array([height / 2, width / 2])
    return np.column_stack([turning, middle - turning @ middle])


def turned_back(pixels: NDArray[np.uint8], turn: Turn) -> NDArray[np.uint8]:
    """Return *pixels*, shape (height, width, ...), as before the *turn*, as many; outside, the edge goes on.

    Two machines may differ by a level where a coordinate lies between two numbers.
    """
    return turned_squares_back(squares_of(pixels), turn)


def turned_squares_back(squares: NDArray[np.uint32], turn: Turn) -> NDArray[np.uint8]:
    """Return the pixels of *squares* as before the *turn*, as `turned_back` does: sooner by many turns."""
    height, width, *channels = squares.shape
    places = _small_places if height * width <= _SMALL else _places
    corner, down, across = places(turn, height, width)
    if channels:
        down, across = down[..., None], across[..., None]
    square: Any = squares.reshape(height * width, *channels).take(corner, axis=0)
    # A level times _ONE has 16 bits: both rows are worked out at once, and what wraps around comes back.
    left, right = square & _EVEN_BYTES, square >> 8 & _EVEN_BYTES
    between = (left << 8) + (right - left) * across
    upper, lower = between & _LOWER_HALF, between >> 16
    back: NDArray[np.uint8] = ((upper << 8) + (lower - upper) * down + _ONE**2 // 2 >> 16).astype(np.uint8)
    return back


def squares_of(pixels: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Return each pixel with the next one to the right, and both below them, in a word: all four are found at once."""
    rows: NDArray[Any] = np.concatenate([pixels, pixels[:, -1:]], axis=1).astype(np.uint32)
    pairs = rows[:, :-1] | rows[:, 1:] << 8
    pairs = np.concatenate([pairs, pairs[-1:]])
    squares: NDArray[np.uint32] = pairs[:-1] | pairs[1:] << 16
    return squares


def _places(turn: Turn, height: int, width: int) -> tuple[NDArray[np.intp], NDArray[np.uint32], NDArray[np.uint32]]:
    """Return where each pixel lies before the turn: which one, and its parts of the next ones down and across."""
    to_down, to_across, start = (way(turn, height, width).T * _ONE).tolist()
    row, column = np.arange(height)[:, None] + 0.5, np.arange(width) + 0.5
    y, x = (
        np.clip(np.rint(row * to_down[axis] + column * to_across[axis] + start[axis]) - _ONE / 2, 0, last * _ONE)
        for axis, last in enumerate((height - 1, width - 1))
    )
    (above, down), (before, across) = np.divmod(y.astype(np.uint32), _ONE), np.divmod(x.astype(np.uint32), _ONE)
    return above.astype(np.intp) * width + before, down, across


# Pictures of one camera come together, and this takes longer than sampling.
_small_places = lru_cache(maxsize=48)(_places)
