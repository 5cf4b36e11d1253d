"""All windows of a picture that could be views, in groups that turn into themselves when the picture is turned."""

import numpy as np
from numpy.typing import NDArray

from handler.core.windows import UNITS, Rectangle, trim

TWENTIETHS = range(19, 11, -1)  # how much of a side a window keeps
PLACES = {
    "centre": ((0, 0),),
    "sides": ((-1, 0), (1, 0), (0, -1), (0, 1)),
    "corners": ((-1, -1), (-1, 1), (1, -1), (1, 1)),
}
ANCHOR_GROUPS = ("whole", "trimmed")
LOOK1_GROUPS = (*ANCHOR_GROUPS, "16:9", "4:3", *(f"centre {part} %" for part in (90, 80, 70, 60)), "corners 80 %")


def windows_by_group(luma: NDArray[np.uint8]) -> dict[str, list[Rectangle]]:
    """Return all windows of *luma*; the anchors come first."""
    height, width = luma.shape
    trimmed = _Trimmed(luma)
    windows = {
        "whole": [(0, height * UNITS, 0, width * UNITS)],
        "trimmed": [(trimmed.top, trimmed.top + trimmed.down, trimmed.left, trimmed.left + trimmed.across)],
        "1:1": [trimmed.shaped(1, 1)],
        "4:3": [trimmed.shaped(4, 3)],
        "16:9": [trimmed.shaped(16, 9)],
    }
    for part in TWENTIETHS:
        for name, places in PLACES.items():
            windows[f"{name} {5 * part} %"] = [
                trimmed.placed(
                    trimmed.down * part // 20 if row or name != "sides" else trimmed.down,
                    trimmed.across * part // 20 if column or name != "sides" else trimmed.across,
                    row=row,
                    column=column,
                )
                for row, column in places
            ]
    return windows


def numbers_by_group() -> dict[str, list[int]]:
    """Return the numbers of the windows of each group, counted through all groups."""
    sizes = {name: len(windows) for name, windows in windows_by_group(np.zeros((64, 64), np.uint8)).items()}
    ends = np.cumsum(list(sizes.values())).tolist()
    return {name: list(range(end - size, end)) for (name, size), end in zip(sizes.items(), ends, strict=True)}


class _Trimmed:
    """The picture without uniform borders, and windows of that."""

    def __init__(self, luma: NDArray[np.uint8]) -> None:
        self.top, bottom, self.left, right = (edge * UNITS for edge in trim(luma))
        self.down, self.across = bottom - self.top, right - self.left

    def placed(self, tall: int, broad: int, *, row: int = 0, column: int = 0) -> Rectangle:
        """Return a window of that size; *row* and *column* place it: -1 at the start, 0 in the middle, 1 at the end."""
        y, x = self.top + (self.down - tall) * (row + 1) // 2, self.left + (self.across - broad) * (column + 1) // 2
        return y, y + tall, x, x + broad

    def shaped(self, longer: int, shorter: int) -> Rectangle:
        """Return the largest window with sides of that ratio, the longer one along the longer side, in the middle."""
        long, short = max(self.down, self.across), min(self.down, self.across)
        length, breadth = min(long, short * longer // shorter), min(short, long * shorter // longer)
        return self.placed(length, breadth) if self.down > self.across else self.placed(breadth, length)
