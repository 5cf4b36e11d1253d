"""Pictures turned or sheared by a few degrees, turned back: what asks for the upright ones that they may show.

Nothing of this is stored. A picture that was turned shows its original in no window that is upright, so the picture
that asks tries how it would look upright.
"""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from handler.core.windows import TURNS

_ONE = 1 << 8  # of a pixel: whole numbers, so every machine samples the same
_SMALL = 1 << 14  # pixels


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
    height, width, *channels = pixels.shape
    places = _small_places(turn, height, width) if height * width <= _SMALL else _places(turn, height, width)
    corner, below, after, down, across = places
    if channels:
        down, across = down[..., None], across[..., None]
    flat = pixels.reshape(height * width, *channels)
    upper = flat.take(corner, axis=0) * (_ONE - across) + flat.take(corner + after, axis=0) * across
    lower = flat.take(corner + below, axis=0) * (_ONE - across) + flat.take(corner + below + after, axis=0) * across
    return ((upper * (_ONE - down) + lower * down + _ONE**2 // 2) // _ONE**2).astype(np.uint8)


def _places(turn: Turn, height: int, width: int) -> tuple[NDArray[np.int32], ...]:
    """Return where each pixel lies before the turn: which one, how far the next ones are, and its parts of them."""
    to_down, to_across, start = (way(turn, height, width).T * _ONE).tolist()
    row, column = np.arange(height)[:, None] + 0.5, np.arange(width) + 0.5
    y, x = (
        np.clip(np.rint(row * to_down[axis] + column * to_across[axis] + start[axis]) - _ONE / 2, 0, last * _ONE)
        for axis, last in enumerate((height - 1, width - 1))
    )
    (above, down), (before, across) = np.divmod(y.astype(np.int32), _ONE), np.divmod(x.astype(np.int32), _ONE)
    below, after = np.where(above < height - 1, width, 0), np.where(before < width - 1, 1, 0)
    return above * np.int32(width) + before, below.astype(np.int32), after.astype(np.int32), down, across


# Pictures of one camera come together, and this takes longer than sampling.
_small_places = lru_cache(maxsize=48)(_places)
