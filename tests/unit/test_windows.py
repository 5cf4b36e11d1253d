"""Windows of a picture: borders that are trimmed, and views that are averaged in little memory."""

import tracemalloc

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from handler.core.look1 import (
    fingerprint_views,
)
from handler.core.windows import Averages, averaged, averaged_at_once, averaged_views, insets_of, trim, windows_of
from tests.pictures import photo

Luma = NDArray[np.uint8]


def luma(image: Image.Image) -> Luma:
    return np.asarray(image.convert("L"))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("border", [(10, 0, 0, 0), (0, 7, 0, 9), (20, 20, 30, 30), (0, 0, 0, 25)])
@pytest.mark.parametrize("level", [0, 128, 255])
def test_border_is_trimmed(seed: int, border: tuple[int, int, int, int], level: int) -> None:
    top, bottom, left, right = border
    picture = luma(photo(seed))
    framed = np.pad(picture, ((top, bottom), (left, right)), constant_values=level)

    assert trim(framed) == (top, top + picture.shape[0], left, left + picture.shape[1])
    assert fingerprint_views(framed).hashes[1:] == fingerprint_views(picture).hashes[1:]


def test_letterbox_inside_a_frame_is_trimmed() -> None:
    picture = luma(photo(1))
    letterboxed = np.pad(picture, ((30, 30), (0, 0)), constant_values=0)
    framed = np.pad(letterboxed, 12, constant_values=255)

    assert trim(framed) == (42, 42 + picture.shape[0], 12, 12 + picture.shape[1])


def test_flat_picture_is_not_trimmed_away() -> None:
    assert trim(np.full((30, 40), 9, np.uint8)) == (0, 30, 0, 40)


def long_picture(turn: bool) -> tuple[Luma, Luma]:
    """Return a picture of twenty million bright pixels, and the same at a hundredth of the length."""
    rng = np.random.default_rng(1)
    short = rng.integers(240, 256, (400, 500), np.uint8)
    long = short.repeat(100, axis=0)
    return (long.T, short.T) if turn else (long, short)


@pytest.mark.parametrize("turn", [False, True])
def test_long_picture_of_many_pixels_is_averaged_exactly(turn: bool) -> None:
    long, short = long_picture(turn)

    np.testing.assert_array_equal(averaged_views(long)[0], averaged_views(short)[0])


def test_window_of_a_long_picture_is_averaged_the_same_alone_and_among_others() -> None:
    long = np.random.default_rng(2).integers(0, 256, (4200, 32), np.uint8)
    windows = windows_of(4200, 32, (0, 4200, 0, 32))

    alone = [averaged(long, [window])[0] for window in windows]

    np.testing.assert_array_equal(averaged(long, windows), alone)


@pytest.mark.parametrize("turn", [False, True])
def test_long_picture_takes_little_memory_besides_its_own(turn: bool) -> None:
    long, _ = long_picture(turn)
    long = np.ascontiguousarray(long)
    long[:, :9] = long[:9] = 255  # a border to trim
    tracemalloc.start()
    try:
        fingerprint_views(long)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 1.5 * long.nbytes


@pytest.mark.parametrize("shape", [(1, 1), (33, 7), (76, 102), (64, 512)])
def test_small_picture_averaged_at_once_is_averaged_as_any(shape: tuple[int, int]) -> None:
    picture = np.random.default_rng(8).integers(0, 256, shape, dtype=np.uint8)
    windows = windows_of(*shape, (0, shape[0], 0, shape[1]))

    np.testing.assert_array_equal(averaged_at_once(picture, windows), averaged(picture, windows))


@pytest.mark.parametrize("shape", [(1, 1), (33, 7), (256, 338), (300, 512), (700, 900), (256, 4096), (64, 5000)])
def test_insets_at_once_are_what_each_is_alone(shape: tuple[int, int]) -> None:
    """Small ones are worked out in float64, larger ones in int64, and long ones one by one."""
    picture = np.random.default_rng(7).integers(0, 256, shape, dtype=np.uint8)
    framed = np.pad(picture, ((0, 0), (0, 20)), constant_values=255)
    windows, insets = windows_of(framed.shape[0], framed.shape[1], trim(framed)), Averages(framed)

    for window in windows:
        np.testing.assert_array_equal(insets.of_insets(window), averaged(framed, insets_of(window)))
