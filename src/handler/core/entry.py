"""A journal entry: the id of an object and some words of its picture; and what is asked of entries.

Its words are the hashes of all views and, if the generation has check bits, their check words (`core.words`).
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from handler.core.words import CHECK_WORDS, WORD_BYTES, CheckWords

ID_BYTES = 16

Words = NDArray[np.uint64]
AskingWindow = tuple[int, int]  # its number, and the EXIF orientation in which the picture asks
# By numbers of questions, distances in bits and check words of what they met, two each: whether both may be the same.
Confirms = Callable[[NDArray[np.int64], NDArray[np.uint8], Words], NDArray[np.bool_]]


class Question(NamedTuple):
    """A hash, and the stored views that it is compared with."""

    hash: int
    stored_views: tuple[int, ...] = (0,)
    bucketed: bool = True  # where the buckets have to answer, it is asked there, too
    windows: tuple[AskingWindow, ...] = ()  # of the picture that asks, which have this hash
    check_words: CheckWords = (0, 0)  # of the first of them; those of one hash show much the same


def to_entry(object_id: str, words: Sequence[int]) -> bytes:
    """Return the entry of an object (32 hex digits) and its *words*: 16 + 8 n bytes, big-endian."""
    return bytes.fromhex(object_id) + b"".join(word.to_bytes(WORD_BYTES, "big") for word in words)


def from_entry(entry: bytes) -> tuple[str, tuple[int, ...]]:
    """Return the object id and the words of an *entry*: the inverse of `to_entry`."""
    words = (entry[at : at + WORD_BYTES] for at in range(ID_BYTES, len(entry), WORD_BYTES))
    return entry[:ID_BYTES].hex(), tuple(int.from_bytes(word, "big") for word in words)


def entry_bytes(word_count: int) -> int:
    """Return the length of an entry."""
    return ID_BYTES + WORD_BYTES * word_count


def own_words(questions: Sequence[Question]) -> Words:
    """Return the check words of *questions*, shape (questions, 2)."""
    return np.array([question.check_words for question in questions], np.uint64).reshape(-1, CHECK_WORDS)


def differing(one: Words, other: Words) -> NDArray[np.uint8]:
    """Return in how many bits check words differ, which are the last axis of both."""
    counts = np.bitwise_count(one ^ other)
    total: NDArray[np.uint8] = counts[..., 0] + counts[..., 1]  # sooner than a sum over so short an axis
    return total


def word_count_of(entry: bytes) -> int:
    """Return how many words are in *entry*."""
    return (len(entry) - ID_BYTES) // WORD_BYTES
