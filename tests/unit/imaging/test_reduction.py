"""Large pictures are reduced as they are decoded, in parts, as if they were whole."""

import numpy as np
import pytest
from PIL import Image

from handler.core.imaging import decode
from handler.core.phash import hamming
from tests.pictures import jpeg, photo, png
from tests.unit.imaging.conftest import LIMITS, SIDE, hash_of, luma, saved


def test_jpeg_is_decoded_small_and_close_to_the_full_decode() -> None:
    large = photo(3, (1600, 1200))

    picture = decode(jpeg(large), LIMITS, side=SIDE)

    assert picture.luma.shape == (300, 400)
    assert (picture.width, picture.height) == (1600, 1200)
    assert hamming(hash_of(jpeg(large)), hash_of(png(large))) <= 2


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1), (255, 256), (256, 5000), (700, 513)])
def test_any_shape_keeps_the_asked_side_where_it_has_it(size: tuple[int, int]) -> None:
    width, height = size

    shape = luma(png(photo(4, size))).shape

    assert min(shape) >= min(SIDE, width, height)
    assert min(shape) <= max(2 * SIDE, 1)


def test_strips_give_what_the_whole_picture_gives() -> None:
    large = photo(5, (1500, 1200)).convert("RGB")
    expected = np.asarray(large.reduce(1200 // SIDE).convert("L"))

    np.testing.assert_array_equal(luma(png(large)), expected)


def test_long_thin_picture_is_converted_in_parts_of_any_shape() -> None:
    wide = photo(5, (300_000, 2)).convert("RGB")

    np.testing.assert_array_equal(luma(png(wide)), np.asarray(wide.convert("L")))
    np.testing.assert_array_equal(luma(png(wide.transpose(Image.Transpose.TRANSPOSE))), np.asarray(wide.convert("L")).T)


def test_white_of_float_samples_is_that_of_the_whole_picture() -> None:
    """The dark half alone has no sample over 1, and large pictures are converted in parts."""
    dark, bright = np.full((800, 1600), 0.5, np.float32), np.full((800, 1600), 200.0, np.float32)

    shown = luma(saved(Image.fromarray(np.concatenate([dark, bright])), "TIFF"))

    assert (shown[0, 0], shown[-1, 0]) == (0, 200)
