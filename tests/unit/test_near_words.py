"""The check words of windows near those that ask, beside those of windows that are cut out and averaged."""

import numpy as np
import pytest
from numpy.typing import NDArray

from handler.core.asked import ASKING, MEETS, turned_asking
from handler.core.asking import AskingWindows
from handler.core.confirming import check_words
from handler.core.entry import differing
from handler.core.look1 import turned_check
from handler.core.surface import turned
from handler.core.turns import UPRIGHT
from tests.pictures import photo

NUMBERS = [number for number, met in enumerate(MEETS["thorough"].upright) if met]


def luma(seed: int) -> NDArray[np.uint8]:
    return np.asarray(photo(seed).convert("L"))


def words(windows: AskingWindows, number: int, orientation: int = 1) -> NDArray[np.uint64]:
    """Return the check words of what is cut out of the picture."""
    return check_words([turned_check(check, orientation) for check in windows.checks(number)])


@pytest.mark.parametrize("orientation", [1, 2, 6])
def test_they_are_those_of_what_is_cut_out_but_for_a_few_bits(orientation: int) -> None:
    apart = list[int]()
    for seed in range(3):
        windows = AskingWindows(luma(seed))
        for number in NUMBERS:
            (near,) = windows.words_near([(number, orientation)])
            bits = differing(near[:, None], words(windows, number, orientation))
            apart += bits.min(axis=0).tolist()

    assert np.mean(apart) < 2.25
    assert max(apart) <= 12


def test_they_come_in_the_order_in_which_windows_are_cut() -> None:
    windows = AskingWindows(luma(1))

    (near,) = windows.words_near([(0, 1)])
    apart = differing(near[:, None], words(windows, 0))

    assert apart.argmin(axis=1).tolist() == list(range(16))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turned_picture_has_the_same_ones(orientation: int) -> None:
    upright, other = AskingWindows(luma(2)), AskingWindows(turned(luma(2), orientation))
    numbers = [number for number in NUMBERS if ASKING[number].turn == UPRIGHT]

    near = upright.words_near([(number, orientation) for number in numbers])
    there = other.words_near([(turned_asking(number, orientation), 1) for number in numbers])

    assert [sorted(some.tolist()) for some in near] == [sorted(some.tolist()) for some in there]


def test_they_are_the_same_hashed_before_or_not_alone_or_together() -> None:
    new, hashed = AskingWindows(luma(3)), AskingWindows(luma(3))
    hashed.hashed("thorough")

    together = hashed.words_near([(number, 1) for number in NUMBERS])

    for number, near in zip(NUMBERS, together, strict=True):
        assert new.words_near([(number, 1)])[0].tolist() == near.tolist()
