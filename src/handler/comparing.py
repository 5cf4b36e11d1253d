"""Which of many hashes are near which others."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from handler.core.entry import Words

AT_ONCE = 65_536  # hashes that are compared at once: their differences stay in the processor's second cache
_ROWS = AT_ONCE // 4
_STEPS = 8  # of so many hashes, after which what is near is picked out

Near = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint8]]  # which of some are near which others, and how


class Comparing:
    """Compares hashes, many at once, in memory that is asked for once."""

    def __init__(self, radius: int) -> None:
        self._radius = radius
        self._differing, self._distances = np.empty(AT_ONCE, np.uint64), np.empty(_STEPS * AT_ONCE, np.uint8)

    def near(self, wanted: Words, stored: Words) -> Iterator[Near]:
        """Yield which of *wanted* are within the radius of which of *stored*, and the distances; many at a time."""
        found, count = [], 0
        for part in self._near(wanted, stored):
            found.append(part)
            count += len(part[0])
            if count > AT_ONCE:
                yield _joined(found)
                found, count = [], 0
        if found:
            yield _joined(found)

    def _near(self, wanted: Words, stored: Words) -> Iterator[Near]:
        rows_at_once = max(_ROWS, AT_ONCE // len(wanted))  # many: each of *wanted* has a cost of its own
        for start in range(0, len(stored), rows_at_once):
            some = stored[start : start + rows_at_once]
            most = _STEPS * (AT_ONCE // len(some))
            for at in range(0, len(wanted), most):
                distances = self._compared(wanted[at : at + most, None], some)
                rows = np.flatnonzero(distances.min(axis=0) <= self._radius)  # few, so the others are passed over soon
                if len(rows):
                    by, place = np.nonzero(distances[:, rows] <= self._radius)
                    row = rows[place]
                    yield by + at, row + start, distances[by, row]

    def _compared(self, wanted: Words, stored: Words) -> NDArray[np.uint8]:
        """Return the distances of each of *wanted*, shape (n, 1), to all *stored*: in memory that is used again."""
        step, count = AT_ONCE // len(stored), len(stored)
        for at in range(0, len(wanted), step):
            some = wanted[at : at + step]
            xor = np.bitwise_xor(some, stored, out=self._differing[: len(some) * count].reshape(len(some), count))
            np.bitwise_count(xor.ravel(), out=self._distances[at * count :][: xor.size])
        return self._distances[: len(wanted) * count].reshape(len(wanted), count)


def _joined(found: Sequence[Near]) -> Near:
    by, rows, distances = (np.concatenate(column) for column in zip(*found, strict=True))
    return by, rows, distances
