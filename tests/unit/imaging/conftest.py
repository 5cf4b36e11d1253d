"""What the tests of decoding share: how a file is seen by each generation, and files that say how to be seen."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from handler.core.fingerprint import fingerprint
from handler.core.imaging import GreyPicture, decode, decode_like_imagehash, opened
from handler.core.model import Limits, PictureRejected
from tests.pictures import encode, photo

LIMITS = Limits()


SIDE = 256


SCENE = photo(3, (640, 480))


DISPLAY = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()  # none of a picture's: it cannot be applied


MANY = Limits(max_bytes=10_000_000, max_pixels=1_000_000)


def luma(body: bytes) -> NDArray[np.uint8]:
    return decode(body, LIMITS, side=SIDE).luma


def hash_of(body: bytes) -> int:
    return fingerprint(body, "look1", LIMITS).hash


def saved(image: Image.Image, format_: str = "PNG", **options: object) -> bytes:
    return encode(image, format_, **options)


def shown(image: Image.Image, format_: str = "PNG", **options: object) -> NDArray[np.uint8]:
    return np.asarray(opened(saved(image, format_, **options), LIMITS))


def grey(body: bytes, limits: Limits = MANY) -> GreyPicture:
    return decode_like_imagehash(body, limits, side=32)


def rejection(body: bytes, limits: Limits = MANY) -> tuple[str, str]:
    with pytest.raises(PictureRejected) as rejected:
        grey(body, limits)
    return rejected.value.code, str(rejected.value)


# What has to be done to the pixels so that, with the orientation in the file, people see the picture as it was.
STORED = {
    1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}  # fmt: skip


def with_orientation(image: Image.Image, orientation: int, format_: str = "PNG", **options: object) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return saved(image, format_, exif=exif, **options)


def profile_with_red_and_blue_exchanged() -> bytes:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exchanged = srgb.replace(b"rXYZ", b"----").replace(b"bXYZ", b"rXYZ").replace(b"----", b"bXYZ")
    return exchanged.replace("sRGB".encode("utf-16-be"), "Test".encode("utf-16-be"))
