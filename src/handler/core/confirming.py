"""Check words: whether pictures that met by their hashes may be the same.

The check words of a view are its first 96 check bits. Journal entries have them, and they reject most strangers before
anything is read. The nearer two hashes are, the more of the bits may differ.
"""

from collections.abc import Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from handler.core.asker import Asker
from handler.core.entry import Question, Words, differing, own_words
from handler.core.generations import GENERATIONS
from handler.core.words import CHECK_BYTES, CHECK_WORDS, first_words

_AT_ONCE = 16_384  # hits: each takes 32 bytes for each of 16 windows while it is compared
_ALL_BITS = 8 * CHECK_BYTES


class Confirming:
    """Tells what meets some questions from strangers, by the check words of the windows that asked them."""

    def __init__(self, asker: Asker, questions: Sequence[Question]) -> None:
        self._asker, self._questions = asker, questions
        self._generation = GENERATIONS[asker.record.generation]
        self._own = own_words(questions)

    def __call__(self, asked: NDArray[np.int64], distances: NDArray[np.uint8], words: Words) -> NDArray[np.bool_]:
        """Return which may be the same: what met the questions *asked*, so many bits away, and has the check *words*.

        The asking window's own check words reject most of them; those of many windows near it, the rest.
        """
        radius, own_radius = self._generation.check_words_radius, self._generation.own_check_words_radius
        bits = differing(self._own[asked], words) + distances
        doubtful = np.flatnonzero((bits > radius) & (bits <= own_radius))
        for at in range(0, len(doubtful), _AT_ONCE):
            some = doubtful[at : at + _AT_ONCE]
            bits[some] = np.minimum(bits[some], self._nearest(asked[some], words[some]) + distances[some])
        possible: NDArray[np.bool_] = bits <= radius
        return possible

    def _nearest(self, asked: NDArray[np.int64], words: Words) -> NDArray[np.uint8]:
        """Return in how many bits *words* differ from those near any window of the question that each met, at least."""
        numbers, question = np.unique(asked, return_inverse=True)
        windows = [self._questions[number].windows for number in numbers]
        near = self._asker.words_near(list(chain.from_iterable(windows)))
        counts = np.array([len(some) for some in windows])
        first, count = (np.cumsum(counts) - counts)[question], counts[question]
        nearest = np.full(len(asked), _ALL_BITS, np.uint8)
        for further in range(max(counts)):  # seldom more than one: windows that have one hash
            some = np.flatnonzero(count > further)
            apart = differing(words[some, None], near[first[some] + further]).min(axis=1, initial=_ALL_BITS)
            nearest[some] = np.minimum(nearest[some], apart)
        return nearest


def check_words(checks: Sequence[bytes]) -> Words:
    """Return the check words of each of *checks*, shape (checks, 2)."""
    return np.array([first_words(check) for check in checks], np.uint64).reshape(-1, CHECK_WORDS)
