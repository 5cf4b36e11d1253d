"""For phash1 a picture is made grey, then small, as ImageHash does it: what a file says of itself is not applied."""

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from tests.pictures import decode, encode, heic, photo
from tests.unit.imaging.conftest import grey


@pytest.mark.parametrize(
    ("mode", "format_"),
    [("RGB", "JPEG"), ("L", "JPEG"), ("CMYK", "JPEG"), ("RGB", "PNG"), ("P", "PNG"), ("RGBA", "PNG"), ("LA", "PNG"),
     ("1", "PNG"), ("I;16", "PNG"), ("I;16", "TIFF"), ("CMYK", "TIFF"), ("P", "GIF"), ("RGBA", "WEBP"), ("L", "BMP"),
     ("RGB", "AVIF")]
)  # fmt: skip
def test_picture_is_grey_then_small_as_imagehash_does_it(mode: str, format_: str) -> None:
    image = photo(3)
    if mode == "I;16":
        image = Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)
    body = encode(image.convert(mode), format_)

    picture = grey(body)

    expected = decode(body).convert("L").resize((32, 32), Image.Resampling.LANCZOS)
    assert np.array_equal(picture.luma, np.asarray(expected))
    assert (picture.width, picture.height, picture.format) == (320, 240, format_)


def test_heic_is_grey_then_small_as_imagehash_does_it() -> None:
    body = heic(photo(3), exif=with_orientation_6())

    picture = grey(body)

    expected = pillow_heif.open_heif(body).to_pillow().convert("L").resize((32, 32), Image.Resampling.LANCZOS)
    assert np.array_equal(picture.luma, np.asarray(expected))
    assert (picture.width, picture.height, picture.format) == (240, 320, "HEIC")


def with_orientation_6() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    return exif


def test_exif_orientation_is_not_applied() -> None:
    turned = grey(encode(photo(1), "JPEG", exif=with_orientation_6()))

    assert np.array_equal(turned.luma, grey(encode(photo(1), "JPEG")).luma)
    assert (turned.width, turned.height) == (320, 240)
