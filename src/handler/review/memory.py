"""What was read a moment ago, for the pages that follow a first one."""

import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

SECONDS = 60.0
MOST = 4  # of the largest, 10,000 pairs, some 30 MB each


class Remembered(Generic[T]):
    """Keeps what was read last of each of a few scopes, for a while. Whoever uses it has to check what it shows."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: dict[str, tuple[float, T]] = {}

    def get(self, scope: str) -> T | None:
        """Return what was read of *scope*; None if it was not, or too long ago."""
        at, found = self._kept.get(scope, (0.0, None))
        return found if self._clock() - at < SECONDS else None

    def keep(self, scope: str, found: T) -> T:
        """Remember what was *found* just now, and return it."""
        self._kept.pop(scope, None)
        self._kept[scope] = self._clock(), found
        while len(self._kept) > MOST:
            del self._kept[next(iter(self._kept))]
        return found

    def forget(self, scope: str) -> None:
        """Let what follows read *scope* anew."""
        self._kept.pop(scope, None)
