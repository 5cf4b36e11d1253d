"""How well the colours of two pictures agree, after one change of tone and saturation for all of them."""

import numpy as np
from numpy.typing import NDArray

from handler.core.model import Box
from handler.core.surface import Array

WHOLE: Box = (0.0, 1.0, 0.0, 1.0)
SIDE = 24  # cells a side: colours are coarse
_SHADE = 4.0  # levels of chroma: with less a picture is grey
_TINT = 0.25  # of luma: sepia is no stronger
_TONED = 0.25  # of the colour may be of other kinds: highlights of sepia are white
_LUMA = np.array([0.299, 0.587, 0.114])
_CAST = 10.0  # levels: white balance
_LEAST_SATURATION, _MOST_SATURATION = 0.2, 5.0


def agreement(mine: NDArray[np.uint8], theirs: NDArray[np.uint8], way: tuple[float, ...], box: Box = WHOLE) -> float:
    """Return how far the colours agree, 0 to 1, of RGB pictures of any size; *way* is that of a look.

    Compared where the first shows *box*.

    1 if one of them is grey, or brown as sepia is: then there is nothing to compare.
    """
    colours = _both(mine, theirs, way, box)
    if not colours:
        return 1.0
    one, other = (_chroma(some) for some in colours)
    if any(_uncoloured(chroma, some @ _LUMA) for chroma, some in zip((one, other), colours, strict=True)):
        return 1.0
    saturation = float(np.clip((one * other).sum() / ((one * one).sum() + 1e-9), 0.0, _MOST_SATURATION))
    if saturation < _LEAST_SATURATION:
        saturation = float(np.sqrt((other * other).sum() / (one * one).sum()))  # other hues: none explains them
    one = one * saturation
    cast = np.clip((other - one).mean(axis=0), -_CAST, _CAST)
    rest = other - one - cast
    return round(float(np.clip(1.0 - (rest**2).sum() / ((one**2).sum() + (other**2).sum()), 0.0, 1.0)), 5)


def _both(mine: NDArray[np.uint8], theirs: NDArray[np.uint8], way: tuple[float, ...], box: Box) -> tuple[Array, ...]:
    """Return the colours of both at the places of *box* that the other shows, too; nothing if there are few."""
    place = (np.arange(SIDE) + 0.5) / SIDE
    y, x = np.repeat(place, SIDE), np.tile(place, SIDE)
    y_there, x_there = way[0] * y + way[1] * x + way[2], way[3] * y + way[4] * x + way[5]
    inside = (y_there > 0.0) & (y_there < 1.0) & (x_there > 0.0) & (x_there < 1.0)
    inside &= (y >= box[0]) & (y <= box[1]) & (x >= box[2]) & (x <= box[3])
    if np.count_nonzero(inside) < SIDE:
        return ()
    return _at(mine, y[inside], x[inside]), _at(theirs, y_there[inside], x_there[inside])


def _at(picture: NDArray[np.uint8], y: Array, x: Array) -> Array:
    """Return the mean colours of *picture* around places in fractions of it: of 5 x 5 points a cell."""
    height, width = picture.shape[:2]
    around = np.arange(-2, 3)[:, None] / 5.0 / SIDE
    rows = np.clip((y + around) * height, 0, height - 1).astype(np.int64)
    columns = np.clip((x + around) * width, 0, width - 1).astype(np.int64)
    points = (rows[:, None] * width + columns).reshape(25, -1)
    levels: Array = picture.reshape(-1, 3).take(points, axis=0).sum(axis=0) / 25.0
    return levels


def _chroma(colours: Array) -> Array:
    """Return blue less luma and red less luma."""
    luma = colours @ _LUMA
    return np.stack([0.564 * (colours[:, 2] - luma), 0.713 * (colours[:, 0] - luma)], axis=1)


def _uncoloured(chroma: Array, luma: Array) -> bool:
    """Return whether there is next to no colour, or the brown of sepia, as strong as the picture is light."""
    power = float((chroma**2).sum())
    if power < _SHADE**2 * len(chroma):
        return True
    tint = luma @ chroma / (luma @ luma)
    rest = chroma - luma[:, None] * tint
    return bool(tint[0] < 0.0 < tint[1] and np.hypot(*tint) < _TINT and (rest**2).sum() < _TONED * power)
