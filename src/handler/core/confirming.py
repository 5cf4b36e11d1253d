"""Check words: whether pictures that met by their hashes may be the same.

The check word of a view is its first 64 check bits. Journal entries have them, and they reject most strangers before
anything is read. The nearer two hashes are, the more of the bits may differ.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from handler.core.asker import Asker
from handler.core.entry import Question, Words
from handler.core.generations import GENERATIONS
from handler.core.look1 import WORD_BITS

_WORD_BYTES = WORD_BITS // 8
IN_DOUBT = 1  # bit beyond the radius by which words near a window may differ, and those of a window that is cut not
_AT_ONCE = 65_536  # hits: each takes 128 bytes a window while it is compared


class Confirming:
    """Tells what meets some questions from strangers, by the check words of the windows that asked them."""

    def __init__(self, asker: Asker, questions: Sequence[Question]) -> None:
        self._asker, self._questions = asker, questions
        self._generation = GENERATIONS[asker.record.generation]
        self._own = np.array([question.check_word for question in questions], np.uint64)

    def __call__(self, asked: NDArray[np.int64], distances: NDArray[np.uint8], words: Words) -> NDArray[np.bool_]:
        """Return which may be the same: what met the questions *asked*, so many bits away, and has the check *words*.

        The asking window's own check word rejects most of them; those of many windows near it, the rest. These are
        close to what they would be if the windows were cut out, so what is a bit too far is compared with that, too.
        """
        radius, own_radius = self._generation.check_word_radius, self._generation.own_check_word_radius
        bits = np.bitwise_count(self._own[asked] ^ words) + distances
        for words_near, fewest, most in ((self._near, radius, own_radius), (self._cut, radius, radius + IN_DOUBT)):
            for some in _by_question(asked, np.flatnonzero((bits > fewest) & (bits <= most))):
                near = words_near(self._questions[asked[some[0]]])
                nearest = np.bitwise_count(words[some, None] ^ near).min(axis=1, initial=WORD_BITS)
                bits[some] = np.minimum(bits[some], nearest + distances[some])
        possible: NDArray[np.bool_] = bits <= radius
        return possible

    def _near(self, question: Question) -> Words:
        return np.concatenate([self._asker.words_near(window) for window in question.windows])

    def _cut(self, question: Question) -> Words:
        turned = self._generation.turned_check
        return check_words(
            [turned(check, to) for number, to in question.windows for check in self._asker.checks_near(number)]
        )


def _by_question(asked: NDArray[np.int64], some: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Yield those of *some* that met one question, for each question in turn; not too many at once."""
    some = some[np.argsort(asked[some], kind="stable")]
    for of_one in np.split(some, np.flatnonzero(np.diff(asked[some])) + 1):
        for at in range(0, len(of_one), _AT_ONCE):
            yield of_one[at : at + _AT_ONCE]


def check_words(checks: Sequence[bytes]) -> Words:
    """Return the first 64 bits of each of *checks*."""
    return np.array([check_word(check) for check in checks], np.uint64)


def check_word(check: bytes) -> int:
    """Return the first 64 of some check bits."""
    return int.from_bytes(check[:_WORD_BYTES], "big")
