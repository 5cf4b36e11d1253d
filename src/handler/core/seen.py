"""A picture as it was seen while it was at hand: more than is stored of it, for check bits and for looks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from handler.core.asking import AskingWindows
from handler.core.matches import HashedWindow
from handler.core.surface import Box, Surface
from handler.core.turns import UPRIGHT, Turn, turned_back


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What was seen of a picture, upright; it is not stored."""

    luma: NDArray[np.uint8]  # shape (height, width), reduced; 0 black to 255 white
    colours: NDArray[np.uint8]  # shape (height, width, 3): red, green, blue; reduced further
    shown: Sequence[int]  # by view: the view that is shown in its place, where it has too little content of its own
    _surfaces: dict[int, Surface] = field(default_factory=dict)
    _further: dict[str, Mapping[int, HashedWindow]] = field(default_factory=dict)
    _laid: dict[tuple[Turn, bool], "Seen"] = field(default_factory=dict)

    def surface(self, orientation: int = 1) -> Surface:
        """Return what looks are taken of, turned as EXIF *orientation* asks: made once."""
        if orientation not in self._surfaces:
            self._surfaces[orientation] = Surface.of(self.luma, orientation)
        return self._surfaces[orientation]

    def window(self, number: int, orientation: int = 1) -> Box:
        """Return what that *number* of ASKING shows of the picture turned as EXIF *orientation* asks, in pixels."""
        return self.surface(orientation).window(number)

    def further(self, effort: str) -> Mapping[int, HashedWindow]:
        """Return by what those of ASKING ask that are not stored and ask with *effort*: made once."""
        if effort not in self._further:
            self._further[effort] = AskingWindows(self.luma).hashed(effort)
        return self._further[effort]

    def standing_in(self, number: int) -> int:
        """Return which of ASKING is shown in place of that *number*: itself, or the whole picture for a view."""
        return self.shown[number] if number < len(self.shown) else number

    def laid(self, turn: Turn, *, negative: bool) -> "Seen":
        """Return the picture turned back, its light and dark exchanged if *negative*: made once for each."""
        if turn == UPRIGHT and not negative:
            return self
        if (turn, negative) not in self._laid:
            luma, colours = (turned_back(pixels, turn) for pixels in (self.luma, self.colours))
            if negative:
                luma, colours = 255 - luma, 255 - colours
            self._laid[turn, negative] = Seen(luma, colours, self.shown)
        return self._laid[turn, negative]
