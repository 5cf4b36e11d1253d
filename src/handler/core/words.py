"""Words of 64 bits, of which journal entries are made: the hashes of views, and their check words.

The check words of a view are its first 96 check bits: a word, and half a word that it shares with its neighbour.
"""

from collections.abc import Sequence

WORD_BYTES = 8
CHECK_BYTES = 12  # of each view
CHECK_WORDS = 2  # the second with nothing in its lower half
HALF_BITS = 32

CheckWords = tuple[int, int]


def first_words(check: bytes) -> CheckWords:
    """Return the check words of a view, from its check bits."""
    half = int.from_bytes(check[WORD_BYTES:CHECK_BYTES], "big")
    return int.from_bytes(check[:WORD_BYTES], "big"), half << HALF_BITS


def repeated(word: int) -> CheckWords:
    """Return the check words of what has the same *word* in the place of all bits."""
    return first_words(2 * word.to_bytes(WORD_BYTES, "big"))


def entry_words(hashes: Sequence[int], checks: Sequence[CheckWords]) -> tuple[int, ...]:
    """Return the words of an entry: all *hashes*, the first check word of each view, then the halves, two in a word."""
    halves = [half for _, half in checks]
    if len(halves) % 2:
        halves.append(0)
    pairs = zip(halves[::2], halves[1::2], strict=True)
    return (*hashes, *(word for word, _ in checks), *(one | other >> HALF_BITS for one, other in pairs))


def word_count(views: int) -> int:
    """Return how many words an entry has of so many *views* with check words."""
    return 2 * views + (views + 1) // 2


def check_columns(view: int, word_count: int) -> tuple[int, int, int]:
    """Return which of *word_count* words have the first check word of *view* and its half, and in which half that is.

    Some word or other if there are no check words.
    """
    views = 2 * word_count // 5
    return (views + view) % word_count, (2 * views + view // 2) % word_count, view % 2
