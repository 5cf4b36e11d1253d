"""Of several frames or pages the first counts."""

import struct

import numpy as np
import pytest

from handler.core.imaging import decode
from handler.core.phash import hamming
from tests.pictures import encode, heic, photo, png
from tests.unit.imaging.conftest import LIMITS, SIDE, grey, hash_of, luma, saved


def test_first_image_of_a_heic_is_its_primary_one() -> None:
    frames = [photo(scene, (300, 300)) for scene in range(3)]

    picture = decode(heic(frames[0], append_images=frames[1:], primary_index=1), LIMITS, side=SIDE)

    assert picture.frames == 3
    assert np.abs(picture.luma.astype(int) - luma(png(frames[1]))).mean() < 3


def test_first_frame_counts_and_the_others_are_counted() -> None:
    frames = [photo(scene, (300, 300)) for scene in range(3)]
    for format_ in ("GIF", "WEBP", "TIFF", "PNG", "AVIF", "HEIC"):
        body = saved(frames[0], format_, save_all=True, append_images=frames[1:])

        picture = decode(body, LIMITS, side=SIDE)

        assert (picture.frames, format_) == (3, format_)
        assert hamming(hash_of(body), hash_of(png(frames[0]))) <= 4
    assert decode(png(frames[0]), LIMITS, side=SIDE).frames == 1


def tiff_of_pages(count: int) -> bytes:
    """Return a TIFF of *count* pages, each a directory of its own for the one grey pixel that all share."""
    tags = ((256, 1), (257, 1), (258, 8), (259, 1), (262, 1), (273, 8), (278, 1), (279, 1))  # the pixel is at 8
    page = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    first, length = 9, len(page) + 4
    following = [*(first + number * length for number in range(1, count)), 0]
    return b"II*\0" + struct.pack("<IB", first, 128) + b"".join(page + struct.pack("<I", at) for at in following)


@pytest.mark.parametrize(("pages", "counted"), [(1, 1), (999, 999), (1000, 1000), (3000, 1000)])
def test_pages_of_a_tiff_are_counted_up_to_a_thousand(pages: int, counted: int) -> None:
    assert decode(tiff_of_pages(pages), LIMITS, side=SIDE).frames == counted


def test_photograph_with_a_second_picture_inside_is_a_jpeg() -> None:
    body = encode(photo(1), "MPO", save_all=True, append_images=[photo(2)])

    assert grey(body).format == "JPEG"


@pytest.mark.parametrize("format_", ["GIF", "PNG", "WEBP", "AVIF"])
def test_animation_counts_as_its_first_frame(format_: str) -> None:
    still = encode(photo(1), format_, lossless=True)

    moving = encode(photo(1), format_, lossless=True, save_all=True, append_images=[photo(2), photo(3)])

    assert np.abs(grey(moving).luma.astype(int) - grey(still).luma).max() <= 2  # two encoders may round apart
