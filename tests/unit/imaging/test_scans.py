"""A JPEG may not have its decoder read one scan for ever."""

import numpy as np
import pytest

from handler.core.imaging import decode_like_imagehash
from handler.core.model import Limits, PictureRejected
from tests.pictures import encode, jpeg, photo
from tests.unit.imaging.conftest import rejection


def test_jpeg_that_repeats_a_scan_for_ever_is_rejected_unread() -> None:
    body = encode(photo(1).convert("L"), "JPEG", progressive=True)
    last_scan = body[body.rindex(b"\xff\xda") : -2]

    ordinary = decode_like_imagehash(body, Limits(), side=32)
    with pytest.raises(PictureRejected, match="over 100 scans") as caught:
        decode_like_imagehash(body[:-2] + last_scan * 200 + body[-2:], Limits(), side=32)

    assert ordinary.format == "JPEG"
    assert caught.value.code == "corrupt"


def test_scan_after_one_of_all_components_is_broken_data() -> None:
    """So such files need no count of their scans."""
    body = encode(photo(1), "JPEG")
    scan = body[body.rindex(b"\xff\xda") : -2]

    assert rejection(body[:-2] + scan * 200 + body[-2:]) == (
        "corrupt",
        "JPEG: broken data stream when reading image file",
    )


def test_sequential_jpeg_may_not_repeat_its_scans_for_ever() -> None:
    body = encode(photo(1), "JPEG")
    scan = body.rindex(b"\xff\xda")
    alone = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"

    with pytest.raises(PictureRejected, match="over 100 scans"):
        decode_like_imagehash(body[:scan] + alone * 200 + body[-2:], Limits(), side=32)


def test_what_follows_or_is_embedded_in_a_jpeg_is_no_scan() -> None:
    body = encode(photo(1), "JPEG", exif=b"Exif\0\0" + b"\xff\xda" * 500)

    with_film = decode_like_imagehash(body + b"\xff\xda" * 500, Limits(), side=32)

    assert np.array_equal(with_film.luma, decode_like_imagehash(jpeg(photo(1), quality=75), Limits(), side=32).luma)
