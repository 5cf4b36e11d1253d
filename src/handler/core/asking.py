"""The windows by which a picture at hand asks and which it does not store, averaged, hashed and checked when needed."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from handler.core import look1, surface
from handler.core.asked import ASKING, MEETS
from handler.core.entry import AskingWindow, Words
from handler.core.matches import HashedWindow
from handler.core.near_words import words_near
from handler.core.normalised import locally_normalised
from handler.core.turns import UPRIGHT, Turn, squares_of, turned_squares_back, way
from handler.core.windows import SIDE, UNITS, VIEW_NAMES, WHOLE, Averages, Rectangle, averaged_at_once, trim, window
from handler.core.words import repeated

_ALL_BITS = 2**look1.HASH_BITS - 1
_CHECKED_BITS = np.array(repeated(_ALL_BITS), np.uint64)
_AT_ONCE = 16  # windows, or turns with one or two each: what is made of them stays in the processor's second cache
_LONGEST = 8  # times the shorter side: a longer strip shows little of itself once it is turned, and takes long to turn
_TURNED_SIDE = 64  # pixels at least on the shorter side of what is turned back: enough for 32 x 32 cells, and quick


class AskingWindows:
    """The windows of one picture by which it asks."""

    def __init__(self, luma: NDArray[np.uint8]) -> None:
        self._luma = luma
        self._laid = cache(self._turned_back)
        self._normalised: dict[int, NDArray[np.int16]] = {}  # what was hashed, as small as it may be kept
        self._near: dict[AskingWindow, Words] = {}
        self._averages = cache(lambda turn: Averages(self._laid(turn)[0]))

    def hashed(self, effort: str) -> Mapping[int, HashedWindow]:
        """Return by what those of ASKING ask that are not stored, ask with *effort*, and have content."""
        numbers = [number for number, met in enumerate(MEETS[effort].upright) if met and number >= len(VIEW_NAMES)]
        upright = [number for number in numbers if ASKING[number].turn == UPRIGHT]
        turned = sorted({ASKING[number].turn for number in numbers} - {UPRIGHT}) if self._may_be_turned else []
        parts = [upright[at : at + _AT_ONCE] for at in range(0, len(upright), _AT_ONCE)]
        for at in range(0, len(turned), _AT_ONCE):
            some = turned[at : at + _AT_ONCE]
            parts.append([number for number in numbers if ASKING[number].turn in some])
        return {number: window for part in parts for number, window in self._hashed(part)}

    def _hashed(self, numbers: Sequence[int]) -> Iterator[tuple[int, HashedWindow]]:
        views = self._averaged(numbers)
        contents = look1.content_of(views, self._fine_contrast)
        normalised = self._normalise(numbers, views)
        hashes, checks = look1.hashes_of(look1.coefficients(views)), look1.checks_of(normalised)
        for number, content, hash, check in zip(numbers, contents, hashes, checks, strict=True):
            if content >= look1.QUALITY_FLOOR:
                if ASKING[number].negative:
                    yield number, HashedWindow(hash ^ _ALL_BITS, _negative(check))
                else:
                    yield number, HashedWindow(hash, check)

    def checks(self, number: int) -> tuple[bytes, ...]:
        """Return the check bits of 16 windows: that *number* of ASKING, and with 5 % cut off some of its four sides.

        A crop seldom ends where a stored view ends. The picture that asks confirms a match by whichever of these is
        nearest to the stored check bits; only the views' own are stored.
        """
        averages = self._averages(ASKING[number].turn).of_insets(self._window(number))
        checks = look1.checks_of(locally_normalised(averages))
        return tuple(_negative(check) if ASKING[number].negative else check for check in checks)

    def words_near(self, asking: Sequence[AskingWindow]) -> Words:
        """Return the check words of nearly the same 16 windows for each of *asking*, sooner: shape (asking, 16, 2).

        They tell strangers apart before anything is read.
        """
        new = [one for one in dict.fromkeys(asking) if one not in self._near]
        for at in range(0, len(new), _AT_ONCE):
            self._near.update(self._words_near(new[at : at + _AT_ONCE]))
        return np.stack([self._near[one] for one in asking])

    def _words_near(self, asking: Sequence[AskingWindow]) -> Iterator[tuple[AskingWindow, Words]]:
        if new := list(dict.fromkeys(number for number, _ in asking if number not in self._normalised)):
            self._normalise(new, self._averaged(new))
        turned = [surface.turned(self._normalised[number], orientation) for number, orientation in asking]
        for one, words in zip(asking, words_near(np.array(turned, np.float64)), strict=True):
            yield one, words ^ _CHECKED_BITS if ASKING[one[0]].negative else words

    def averages(self, number: int) -> NDArray[np.float64]:
        """Return that *number* of ASKING averaged to 32 x 32, in 1/256 level; a negative one as it is."""
        average: NDArray[np.float64] = self._averaged([number])[0]
        return average

    def placed(self, number: int) -> NDArray[np.float64]:
        """Return where that *number* of ASKING lies: the affine map, shape (2, 3), to pixels of the luma.

        It maps (down, across, 1), each from 0 to 1 in the window as it would be upright.
        """
        turn = ASKING[number].turn
        top, bottom, left, right = self._window(number)
        (height, width), laid = self._luma.shape, self._laid(turn)[0].shape
        inside = np.array([[bottom - top, 0.0, top], [0.0, right - left, left], [0.0, 0.0, 1.0]])
        inside[:2] *= np.array([[height / laid[0]], [width / laid[1]]]) / UNITS
        placed: NDArray[np.float64] = way(turn, height, width) @ inside
        return placed

    def _normalise(self, numbers: Sequence[int], views: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return *views* normalised, and remember them as those *numbers* of ASKING."""
        normalised = locally_normalised(views)
        self._normalised.update(zip(numbers, normalised.astype(np.int16), strict=True))
        return normalised

    def _averaged(self, numbers: Sequence[int]) -> NDArray[np.float64]:
        """Return those *numbers* of ASKING averaged."""
        averages = np.empty((len(numbers), SIDE, SIDE))
        turns = [ASKING[number].turn for number in numbers]
        for turn in set(turns):
            places = [place for place, one in enumerate(turns) if one == turn]
            windows = [self._window(numbers[place]) for place in places]
            upright = turn == UPRIGHT
            averages[places] = (
                self._averages(turn).of(windows) if upright else averaged_at_once(self._laid(turn)[0], windows)
            )
        return averages

    @cached_property
    def _fine_contrast(self) -> float:
        return look1.fine_contrast_of(self._averages(UPRIGHT), window(WHOLE, self._laid(UPRIGHT)[1]))

    def _window(self, number: int) -> Rectangle:
        _, edges = self._laid(ASKING[number].turn)
        height, width = self._luma.shape
        return window(ASKING[number].shape, edges if number else (0, height, 0, width))

    def _turned_back(self, turn: Turn) -> tuple[NDArray[np.uint8], Rectangle]:
        """Return the luma in which windows lie, and between which edges."""
        if turn == UPRIGHT:
            return self._luma, trim(self._luma)
        laid = turned_squares_back(self._small_squares, turn)
        return laid, (0, laid.shape[0], 0, laid.shape[1])

    @property
    def _may_be_turned(self) -> bool:
        shorter, longer = sorted(self._luma.shape)
        return bool(longer <= _LONGEST * shorter)

    @cached_property
    def _small_squares(self) -> NDArray[np.uint32]:
        return squares_of(self._small)

    @property
    def _small(self) -> NDArray[np.uint8]:
        """The averages of squares of pixels, as large as leave _TURNED_SIDE; a rest at the end is cut off."""
        factor = max(1, min(self._luma.shape) // _TURNED_SIDE)
        height, width = (side // factor for side in self._luma.shape)
        lines = self._luma[: height * factor].reshape(height, factor, -1).sum(axis=1, dtype=np.uint32)
        sums = np.add.reduceat(lines[:, : width * factor], range(0, width * factor, factor), axis=1)
        averages: NDArray[np.uint32] = (sums + factor**2 // 2) // factor**2
        return averages.astype(np.uint8)


def _negative(check: bytes) -> bytes:
    return bytes(255 - byte for byte in check)
