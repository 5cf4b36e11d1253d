"""A picture as it was seen while it was at hand: more than is stored of it, for check bits and for looks."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from handler.core.asked import Asking
from handler.core.asking import AskingWindows
from handler.core.matches import HashedWindow
from handler.core.model import Box
from handler.core.surface import NO_LINES, Array, Surface, inverse, moved_lines
from handler.core.turns import UPRIGHT, Turn, turned_back, way
from handler.core.windows import Share

_HALF = 50  # per cent of a side


class Seen:
    """What was seen of a picture, upright; it is not stored. What is made of it is made once, when it is asked for."""

    __slots__ = ("_cells", "_further", "_laid", "_surfaces", "colours", "edges", "luma", "shown")

    def __init__(
        self,
        luma: NDArray[np.uint8],  # shape (height, width), reduced; 0 black to 255 white
        colours: NDArray[np.uint8],  # shape (height, width, 3): red, green, blue; reduced further
        shown: Sequence[int],  # by view: what is shown in its place, where it has too little content of its own
        edges: Array = NO_LINES,  # beyond which nothing is known; in fractions
    ) -> None:
        self.luma, self.colours, self.shown, self.edges = luma, colours, shown, edges
        self._surfaces: dict[int, Surface] = {}
        self._further: dict[str, Mapping[int, HashedWindow]] = {}
        self._laid: dict[tuple[Turn, bool], Seen] = {}
        self._cells: dict[int, Seen] = {}

    def surface(self, orientation: int = 1) -> Surface:
        """Return what looks are taken of, turned as EXIF *orientation* asks."""
        if orientation not in self._surfaces:
            self._surfaces[orientation] = Surface.of(self.luma, orientation, self.edges)
        return self._surfaces[orientation]

    def window(self, number: int, orientation: int = 1) -> Box:
        """Return what that *number* of ASKING shows of the picture turned as EXIF *orientation* asks, in pixels."""
        return self.surface(orientation).window(number)

    def further(self, effort: str, windows: Callable[[], AskingWindows] | None = None) -> Mapping[int, HashedWindow]:
        """Return by what those of ASKING ask that are not stored and ask with *effort*.

        Somebody who needs *windows* of the picture besides has their own used, for they remember what was turned.
        """
        if effort not in self._further:
            self._further[effort] = (windows() if windows else AskingWindows(self.luma)).hashed(effort)
        return self._further[effort]

    def standing_in(self, number: int) -> int:
        """Return which of ASKING is shown in place of that *number*: itself, or the whole picture for a view."""
        return self.shown[number] if number < len(self.shown) else number

    def laid(self, turn: Turn, *, negative: bool) -> "Seen":
        """Return the picture turned back, its light and dark exchanged if *negative*."""
        if turn == UPRIGHT and not negative:
            return self
        if (turn, negative) not in self._laid:
            luma, colours = (turned_back(pixels, turn) for pixels in (self.luma, self.colours))
            if negative:
                luma, colours = 255 - luma, 255 - colours
            self._laid[turn, negative] = Seen(luma, colours, self.shown, self._frame(turn))
        return self._laid[turn, negative]

    def cell(self, number: int) -> tuple["Seen", Array]:
        """Return what that *number* of ASKING shows, as a picture, and the map from its fractions.

        Its colours are those of the whole picture: they are compared once the map is that of the whole picture.
        """
        height, width = self.luma.shape
        top, bottom, left, right = (round(edge) for edge in self.window(number))
        top, left = min(top, height - 1), min(left, width - 1)
        down, across = max(1, bottom - top), max(1, right - left)
        if number not in self._cells:
            to_cell = np.array([[1.0 / down, 0.0, -top / down], [0.0, 1.0 / across, -left / across]])
            edges = moved_lines(self.surface().edges, to_cell)
            self._cells[number] = Seen(
                self.luma[top : top + down, left : left + across], self.colours, self.shown, edges
            )
        return self._cells[number], np.array([[down / height, 0.0, top / height], [0.0, across / width, left / width]])

    def _frame(self, turn: Turn) -> Array:
        """Return the edges of the picture in the one that is turned back."""
        if turn == UPRIGHT:
            return self.edges
        sides = np.array([[1.0, 0.0, 0.0], [-1.0, 0.0, 1.0], [0.0, 1.0, 0.0], [0.0, -1.0, 1.0]])
        return moved_lines(sides, inverse(in_fractions(turn, *self.luma.shape)))


def is_cell(asking: Asking) -> bool:
    """Return whether *asking* is a half or a quarter of a picture: a cell of a collage."""
    shape = asking.shape
    beside = isinstance(shape, Share) and (shape.row, shape.column) != (0, 0)
    return beside and asking.turn == UPRIGHT and {shape.down, shape.across} <= {_HALF, 100}


def in_fractions(turn: Turn, height: int, width: int) -> Array:
    """Return the map from fractions of a picture that was turned back to those of the picture."""
    size = np.array([height, width])
    pixels = way(turn, height, width)
    fractions: Array = np.column_stack([pixels[:, :2] * size, pixels[:, 2]]) / size[:, None]
    return fractions
