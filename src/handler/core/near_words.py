"""The check words of windows near one that asks, by its own cells: nothing is averaged anew.

A crop seldom ends where a stored view ends, so what asks is also tried with a twentieth cut off some of its sides. What
was normalised once is weighed by waves that begin and end there, which is what a cut window would show, but for what
its own average and its own normalisation make of it: two of the 96 bits.
"""

from collections.abc import Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from handler.core.entry import Words
from handler.core.look1 import CHECKED
from handler.core.windows import SIDE
from handler.core.words import CHECK_BYTES, CHECK_WORDS, WORD_BYTES

_INSET = 1 / 20
_SCALE = 2.0**12  # waves are whole numbers: with cells below 2^15, what they weigh stays below 2^53
_FINE = 16  # parts of a cell, of which its share of a wave is the mean
_BITS = 8 * CHECK_BYTES
_ROWS, _COLUMNS = (frequencies[:_BITS] for frequencies in CHECKED)
_FREQUENCIES = int(max(_ROWS.max(), _COLUMNS.max())) + 1


def words_near(normalised: NDArray[np.float64]) -> Words:
    """Return the check words of windows, shape (n, 32, 32), normalised, and of what is cut out of each: (n, 16, 2).

    The first of each are its own, nearly.
    """
    weighed = (_DOWN @ normalised @ _ACROSS).reshape(len(normalised), -1)
    chosen, tapers = weighed.take(_CHOSEN, axis=1), weighed.take(_TAPERS, axis=1)
    words = np.zeros((*tapers.shape, WORD_BYTES * CHECK_WORDS), np.uint8)
    words[..., :CHECK_BYTES] = np.packbits(chosen > tapers[..., None] * _OF_ONES, axis=2)  # beyond the mean's part
    return words.view(">u8").astype(np.uint64)


def no_words(windows: Sequence[object]) -> Words:
    """Return none for each of *windows*: shape (n, 0, 2)."""
    return np.empty((len(windows), 0, CHECK_WORDS), np.uint64)


def _waves() -> NDArray[np.float64]:
    """Return the tapered waves of the DCT, and the taper last, in a row of cells, for what each cut leaves of it.

    Shape (4, waves, 32), whole numbers.
    """
    place = (np.arange(SIDE * _FINE) + 0.5) / (SIDE * _FINE)
    cuts = [(first * _INSET, 1.0 - last * _INSET) for first, last in product((0, 1), repeat=2)]
    waves = []
    for start, end in cuts:
        within = np.clip((place - start) / (end - start), 0.0, 1.0)
        taper = np.sqrt(np.sin(np.pi * within).clip(0.0))
        shape = np.cos(np.pi * np.arange(_FREQUENCIES)[:, None] * within)
        waves.append(np.vstack([shape, np.ones_like(place)]) * taper)
    cells: NDArray[np.float64] = np.array(waves).reshape(len(cuts), -1, SIDE, _FINE).mean(axis=-1)
    return np.rint(_SCALE * cells)


_WAVES = _waves()
_DOWN = _WAVES.reshape(-1, SIDE)
_ACROSS = _DOWN.T.copy()  # products of small matrices are slower with one that is transposed
_SUMS = _WAVES.sum(axis=-1)
_CUTS = _SUMS.shape[0] ** 2
# Where in what they weigh each bit is, shape (16, 96), and what the taper weighs, (16).
_PLACES = np.arange(_SUMS.size**2).reshape(*_SUMS.shape, *_SUMS.shape)
_CHOSEN = _PLACES[:, _ROWS, :, _COLUMNS].reshape(_BITS, _CUTS).T
_TAPERS = _PLACES[:, -1, :, -1].reshape(_CUTS)
# What they make of a window of ones, in parts of what the taper makes of it: shape (16, 96).
_SHARES = _SUMS / _SUMS[:, -1:]
_OF_ONES = (_SHARES.T[_ROWS, :, None] * _SHARES.T[_COLUMNS, None, :]).reshape(_BITS, _CUTS).T.copy()
