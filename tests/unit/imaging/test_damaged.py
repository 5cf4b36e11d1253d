"""Nothing but a rejection comes of a damaged file: random bytes of real files are changed."""

import random
from collections.abc import Iterator

import pytest
from PIL import Image

from handler.core.formats import FORMATS
from handler.core.model import PictureRejected
from tests.pictures import encode, photo
from tests.unit.imaging.conftest import DISPLAY, grey, luma

pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning:PIL"),  # what Pillow has to say of damaged files
    pytest.mark.parametrize("format_", FORMATS),
    pytest.mark.parametrize("count", [60, pytest.param(5000, marks=pytest.mark.slow)]),
]
CODES = {"unsupported", "truncated", "corrupt", "too_many_pixels"}


def damaged(whole: bytes, rng: random.Random, count: int) -> Iterator[bytes]:
    """Yield *count* files that are *whole* but for some bytes, and often for their end."""
    for _ in range(count):
        body = bytearray(whole[: rng.randrange(1, len(whole) + 1)] if rng.random() < 0.3 else whole)
        for _ in range(rng.choice((1, 2, 8))):
            body[int(rng.random() ** 3 * len(body))] = rng.randrange(256)  # headers more often than pixels
        yield bytes(body)


def test_look1_rejects_a_damaged_file_or_reads_it(format_: str, count: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    options: dict[str, object] = {} if format_ in ("BMP", "GIF") else {"exif": exif, "icc_profile": DISPLAY}
    whole = encode(photo(1, (300, 280)), format_, **options)

    for body in damaged(whole, random.Random(f"decode {format_}"), count):
        try:
            luma(body)
        except PictureRejected as rejected:
            assert rejected.code in CODES  # noqa: PT017


def test_phash1_rejects_a_damaged_file_or_reads_it(format_: str, count: int) -> None:
    whole = encode(photo(1, (40, 30)), format_)

    for body in damaged(whole, random.Random(format_), count):
        try:
            grey(body)
        except PictureRejected as rejected:
            assert rejected.code in CODES  # noqa: PT017
