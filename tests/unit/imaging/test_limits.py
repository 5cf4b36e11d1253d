"""What is over a limit is rejected by what its header says, before anything is decoded."""

import struct
import tracemalloc
from collections.abc import Callable

import pytest
from PIL import Image

from handler.core.model import Limits
from tests.pictures import encode, heic, jpeg, photo, png, png_claiming
from tests.unit.imaging.conftest import grey, rejection


def test_file_over_the_byte_limit_is_rejected_and_names_it() -> None:
    body = png(photo(1))

    code, message = rejection(body, Limits(max_bytes=len(body) - 1))

    assert (code, message) == ("too_many_bytes", f"{len(body)} bytes, over MAX_BYTES ({len(body) - 1})")


def test_limits_themselves_are_allowed() -> None:
    body = png(photo(1))

    assert grey(body, Limits(max_bytes=len(body), max_pixels=320 * 240)).width == 320


def test_pixel_limit_is_checked_before_anything_is_decoded() -> None:
    body = png_claiming(48_000, 36_000)

    assert rejection(body, Limits()) == (
        "too_many_pixels",
        "48000x36000 is 1728000000 pixels, over MAX_PIXELS (50000000)",
    )


def test_pillows_own_limit_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)

    assert grey(png(photo(1))).width == 320


def webp_claiming(width: int, height: int) -> bytes:
    canvas = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    chunk = b"VP8X" + struct.pack("<II", 10, 0) + canvas
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


@pytest.mark.parametrize(
    ("options", "kind"), [({}, b"VP8 "), ({"lossless": True}, b"VP8L"), ({"icc_profile": b"profile"}, b"VP8X")]
)
def test_size_of_a_webp_is_read_from_each_kind_of_header(options: dict[str, object], kind: bytes) -> None:
    body = encode(photo(1), "WEBP", **options)

    code, message = rejection(body, Limits(max_pixels=320 * 240 - 1))

    assert body[12:16] == kind
    assert (code, message) == ("too_many_pixels", "320x240 is 76800 pixels, over MAX_PIXELS (76799)")


def gif_claiming(width: int, height: int) -> bytes:
    body = bytearray(encode(photo(1), "GIF"))
    body[6:10] = struct.pack("<HH", width, height)
    return bytes(body)


def bmp_claiming(width: int, height: int) -> bytes:
    body = bytearray(encode(photo(1), "BMP"))
    body[18:26] = struct.pack("<ii", width, height)
    return bytes(body)


def jpeg_claiming(width: int, height: int) -> bytes:
    body = bytearray(jpeg(photo(1)))
    at = body.index(b"\xff\xc0")
    body[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(body)


def heic_claiming(width: int, height: int) -> bytes:
    return heic(photo(1)).replace(struct.pack(">II", 320, 240), struct.pack(">II", width, height))


def test_tile_over_the_limit_is_rejected_however_small_the_picture() -> None:
    tiles = heic(photo(1, (480, 240)), tile_size=256)
    body = tiles.replace(struct.pack(">II", 480, 240), struct.pack(">II", 30, 20))
    body = body.replace(struct.pack(">HH", 480, 240), struct.pack(">HH", 30, 20))

    assert grey(body).width == 30
    assert rejection(body, Limits(max_pixels=256 * 256 - 1))[0] == "too_many_pixels"


def test_heic_without_width_is_corrupt_and_no_lack_of_memory() -> None:
    assert rejection(heic_claiming(0, 240))[0] == "corrupt"


def test_heic_that_claims_less_than_it_holds_is_not_decoded() -> None:
    body = heic(photo(1, (640, 480))).replace(struct.pack(">II", 640, 480), struct.pack(">II", 16, 16))

    code, message = rejection(body)

    assert (code, message.partition(":")[0]) == ("corrupt", "HEIC")
    assert "640x480 exceeds" in message


@pytest.mark.parametrize(
    "claiming", [png_claiming, webp_claiming, gif_claiming, bmp_claiming, jpeg_claiming, heic_claiming]
)
def test_huge_claim_costs_no_memory(claiming: Callable[[int, int], bytes]) -> None:
    body = claiming(16_000, 16_000)
    tracemalloc.start()
    try:
        code, message = rejection(body, Limits())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert (code, message) == ("too_many_pixels", "16000x16000 is 256000000 pixels, over MAX_PIXELS (50000000)")
    assert peak < 1_000_000
