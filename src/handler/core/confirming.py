"""Check words: whether pictures that met by their hashes may be the same.

The check words of a view are its first 96 check bits. Journal entries have them, and they reject most strangers before
anything is read. The nearer two hashes are, the more of the bits may differ.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from handler.core.asker import Asker
from handler.core.entry import Question, Words, differing, own_words
from handler.core.generations import GENERATIONS
from handler.core.words import CHECK_BYTES, CHECK_WORDS, first_words

_AT_ONCE = 32_768  # hits: each takes 16 bytes for each of 16 windows while it is compared
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
        for some in _by_question(asked, np.flatnonzero((bits > radius) & (bits <= own_radius))):
            near = self._near(self._questions[asked[some[0]]])
            nearest = differing(words[some, None], near).min(axis=1, initial=_ALL_BITS)
            bits[some] = np.minimum(bits[some], nearest + distances[some])
        possible: NDArray[np.bool_] = bits <= radius
        return possible

    def _near(self, question: Question) -> Words:
        return np.concatenate([self._asker.words_near(window) for window in question.windows])


def _by_question(asked: NDArray[np.int64], some: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Yield those of *some* that met one question, for each question in turn; not too many at once."""
    some = some[np.argsort(asked[some], kind="stable")]
    for of_one in np.split(some, np.flatnonzero(np.diff(asked[some])) + 1):
        for at in range(0, len(of_one), _AT_ONCE):
            yield of_one[at : at + _AT_ONCE]


def check_words(checks: Sequence[bytes]) -> Words:
    """Return the check words of each of *checks*, shape (checks, 2)."""
    return np.array([first_words(check) for check in checks], np.uint64).reshape(-1, CHECK_WORDS)
