"""A picture as it was seen while it was at hand: more than is stored of it, for check bits and for looks."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from handler.core.surface import Box, Surface


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What was seen of a picture, upright; it is not stored."""

    luma: NDArray[np.uint8]  # shape (height, width), reduced; 0 black to 255 white
    colours: NDArray[np.uint8]  # shape (height, width, 3): red, green, blue; reduced further
    shown: Sequence[int]  # by view: the view that is shown in its place, where it has too little content of its own
    _surfaces: dict[int, Surface] = field(default_factory=dict)

    def surface(self, orientation: int = 1) -> Surface:
        """Return what looks are taken of, turned as EXIF *orientation* asks: made once."""
        if orientation not in self._surfaces:
            self._surfaces[orientation] = Surface.of(self.luma, orientation)
        return self._surfaces[orientation]

    def window(self, view: int, orientation: int = 1) -> Box:
        """Return what *view* shows of the picture turned as EXIF *orientation* asks, in pixels of its surface."""
        return self.surface(orientation).window(view)
