"""The rows of journal entries that are near to what asks, and which of them are nearest."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from handler.core.entry import Confirms, Words
from handler.core.words import CHECK_WORDS

MOST_HITS = 50_000  # of a scan: several times as many as anybody follows up


class Hits(NamedTuple):
    """The rows within a radius, each once, nearest first: arrays of one length."""

    rows: NDArray[np.int64]
    distances: NDArray[np.uint8]  # bits
    questions: NDArray[np.int64]  # which question came nearest to the row
    views: NDArray[np.int64]  # and which of the row's views it met
    checks: Words  # the check words of those views, two each; nothing that counts where rows have none
    complete: bool  # False: there are more, at least as far as the last one

    def those(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> "Hits":
        """Return the *chosen* ones."""
        rows, distances, questions, views, checks, complete = self
        return Hits(rows[chosen], distances[chosen], questions[chosen], views[chosen], checks[chosen], complete)


_NOWHERE = np.empty(0, np.int64)
_NO_WORDS = np.empty((0, CHECK_WORDS), np.uint64)
NO_HITS = Hits(_NOWHERE, np.empty(0, np.uint8), _NOWHERE, _NOWHERE, _NO_WORDS, complete=True)


class Nearest:
    """The nearest hits of one asker so far."""

    def __init__(self, most: int, confirms: Confirms | None) -> None:
        self._most, self._confirms, self._best = most, confirms, NO_HITS
        self._coming: list[Hits] = []
        self._count = 0

    def add(self, hits: Hits) -> None:
        """Take in what has come."""
        self._coming.append(hits)
        self._count += len(hits.rows)
        if self._count > 2 * self._most:
            self.hits()

    def hits(self) -> Hits:
        """Return the nearest of all that has come."""
        if self._coming:
            coming = joined(self._coming)
            if self._confirms:
                coming = coming.those(self._confirms(coming.questions, coming.distances, coming.checks))
            self._best = _nearest_first([self._best, coming], self._most)
            self._coming, self._count = [], 0
        return self._best


def _nearest_first(found: Sequence[Hits], most: int) -> Hits:
    """Return the nearest of each row, in order, and no more than *most* of them."""
    hits = joined(found)
    by_row = np.lexsort((hits.distances, hits.rows))
    nearest = by_row[np.flatnonzero(np.diff(hits.rows[by_row], prepend=-1))]
    kept = nearest[np.lexsort((hits.rows[nearest], hits.distances[nearest]))]
    return hits.those(kept[:most])._replace(complete=hits.complete and len(kept) <= most)


def joined(found: Sequence[Hits]) -> Hits:
    """Return all that was *found*, in that order."""
    rows, distances, questions, views, checks = (
        np.concatenate(column) for column in list(zip(*found, strict=True))[:-1]
    )
    return Hits(rows, distances, questions, views, checks, all(hits.complete for hits in found))
