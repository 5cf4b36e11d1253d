"""Check words: whether pictures that met by their hashes may be the same.

The check word of a view is its first 64 check bits. Journal entries have them, and they reject most strangers before
anything is read. The nearer two hashes are, the more of the bits may differ.
"""

from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from handler.core.asker import Asker
from handler.core.entry import AskingWindow, Question
from handler.core.generations import GENERATIONS
from handler.core.matches import HashedWindow

Words = NDArray[np.uint64]

_WORD_BYTES = 8
_AT_ONCE = 65_536  # hits: each takes 128 bytes a window while it is compared


class Confirming:
    """Tells what meets some questions from strangers, by the check words of the windows that asked them."""

    def __init__(self, asker: Asker, windows: Mapping[int, HashedWindow], questions: Sequence[Question]) -> None:
        self._asker, self._windows, self._questions = asker, windows, questions
        self._generation = GENERATIONS[asker.record.generation]
        self._own = np.array([question.check_word for question in questions], np.uint64)
        self._near = cache(self._words_near)

    def __call__(self, asked: NDArray[np.int64], distances: NDArray[np.uint8], words: Words) -> NDArray[np.bool_]:
        """Return which may be the same: what met the questions *asked*, so many bits away, and has the check *words*.

        The asking window's own check word rejects most of them; many windows near it, which take longer, the rest.
        """
        generation = self._generation
        own_bits = np.bitwise_count(self._own[asked] ^ words)
        possible: NDArray[np.bool_] = own_bits + distances <= generation.own_check_word_radius
        for number in np.flatnonzero(np.bincount(asked[possible])).tolist():
            some = np.flatnonzero(possible & (asked == number))
            near = np.concatenate([self._near(window) for window in self._questions[number].windows])
            for at in range(0, len(some), _AT_ONCE):
                part = some[at : at + _AT_ONCE]
                bits = np.bitwise_count(words[part, None] ^ near).min(axis=1)
                possible[part] = bits + distances[part] <= generation.check_word_radius
        return possible

    def _words_near(self, window: AskingWindow) -> Words:
        number, orientation = window
        checks = self._asker.checks_near(number) or [self._windows[number].check]
        return check_words([self._generation.turned_check(check, orientation) for check in checks])


def check_words(checks: Sequence[bytes]) -> Words:
    """Return the first 64 bits of each of *checks*."""
    return np.array([check_word(check) for check in checks], np.uint64)


def check_word(check: bytes) -> int:
    """Return the first 64 of some check bits."""
    return int.from_bytes(check[:_WORD_BYTES], "big")
