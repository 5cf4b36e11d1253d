"""Parts of a file that are read as one, without a copy of them."""

from bisect import bisect_right
from itertools import accumulate


class Spliced:
    """As much of a file as Pillow needs of one."""

    def __init__(self, parts: tuple[memoryview, ...]) -> None:
        self._parts = parts
        self._ends = list(accumulate(map(len, parts)))
        self._at = 0

    def tell(self) -> int:
        """Return where the next byte is."""
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        """Read on at *offset*, from the start, from here, or from the end."""
        self._at = offset + (0, self._at, self._ends[-1])[whence]
        return self._at

    def read(self, size: int = -1) -> bytes:
        """Return the next *size* bytes, or as many as there are."""
        stop = self._ends[-1] if size < 0 else min(self._at + size, self._ends[-1])
        read = []
        while self._at < stop:
            number = bisect_right(self._ends, self._at)
            part, start = self._parts[number], self._ends[number] - len(self._parts[number])
            read.append(part[self._at - start : stop - start])
            self._at += len(read[-1])
        return b"".join(read)
