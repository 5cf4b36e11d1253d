"""Nothing but a rejection comes of a damaged file: random bytes of real files are changed."""

import random

import pytest
from PIL import Image

from handler.core.formats import FORMATS
from handler.core.model import PictureRejected
from tests.pictures import encode, photo
from tests.unit.imaging.conftest import DISPLAY, grey, luma, saved

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # what Pillow has to say of damaged files


@pytest.mark.parametrize("format_", FORMATS)
def test_nothing_but_a_rejection_comes_of_a_damaged_file(format_: str) -> None:
    rng = random.Random(f"decode {format_}")
    exif = Image.Exif()
    exif[0x0112] = 6
    options: dict[str, object] = {} if format_ in ("BMP", "GIF") else {"exif": exif, "icc_profile": DISPLAY}
    whole = saved(photo(1, (300, 280)), format_, **options)

    for _ in range(60):
        body = bytearray(whole[: rng.randrange(1, len(whole) + 1)] if rng.random() < 0.3 else whole)
        for _ in range(rng.choice((1, 2, 8))):
            body[int(rng.random() ** 3 * len(body))] = rng.randrange(256)  # headers more often than pixels
        try:
            luma(bytes(body))
        except PictureRejected as rejected:
            assert rejected.code in {"unsupported", "truncated", "corrupt", "too_many_pixels"}  # noqa: PT017


@pytest.mark.parametrize("format_", FORMATS)
def test_nothing_but_a_rejection_comes_of_a_file_damaged_for_phash1(format_: str) -> None:
    rng = random.Random(format_)
    whole = encode(photo(1, (40, 30)), format_)

    for _ in range(150):
        body = bytearray(whole[: rng.randrange(1, len(whole) + 1)] if rng.random() < 0.3 else whole)
        for _ in range(rng.choice((1, 2, 8))):
            body[int(rng.random() ** 3 * len(body))] = rng.randrange(256)  # headers more often than pixels
        try:
            grey(bytes(body))
        except PictureRejected as rejected:
            assert rejected.code in {"unsupported", "truncated", "corrupt", "too_many_pixels"}  # noqa: PT017
