import random
import struct
import subprocess
import sys
import tracemalloc
from collections.abc import Callable

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from handler.core.formats import FORMATS
from handler.core.imaging import GreyPicture, decode_like_imagehash
from handler.core.model import Limits, PictureRejected
from tests.pictures import decode, encode, heic, jpeg, photo, png, png_claiming

# pytest sets aside the filter that the module under test sets; `test_pillow_warns_and_logs_nothing` is without pytest.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

MANY = Limits(max_bytes=10_000_000, max_pixels=1_000_000)


def grey(body: bytes, limits: Limits = MANY) -> GreyPicture:
    return decode_like_imagehash(body, limits, side=32)


def rejection(body: bytes, limits: Limits = MANY) -> tuple[str, str]:
    with pytest.raises(PictureRejected) as rejected:
        grey(body, limits)
    return rejected.value.code, str(rejected.value)


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


def test_photograph_with_a_second_picture_inside_is_a_jpeg() -> None:
    body = encode(photo(1), "MPO", save_all=True, append_images=[photo(2)])

    assert grey(body).format == "JPEG"


@pytest.mark.parametrize("format_", ["GIF", "PNG", "WEBP", "AVIF"])
def test_animation_counts_as_its_first_frame(format_: str) -> None:
    still = encode(photo(1), format_, lossless=True)

    moving = encode(photo(1), format_, lossless=True, save_all=True, append_images=[photo(2), photo(3)])

    assert np.abs(grey(moving).luma.astype(int) - grey(still).luma).max() <= 2  # two encoders may round apart


def test_empty_file_is_rejected() -> None:
    assert rejection(b"") == ("empty", "the file has 0 bytes")


def test_file_over_the_byte_limit_is_rejected_with_the_name_of_the_setting() -> None:
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


def test_picture_over_pillows_own_limit_is_decoded_if_ours_allows_it(monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_tile_larger_than_the_limit_is_rejected_however_small_the_picture_that_is_cut_out_of_it() -> None:
    tiles = heic(photo(1, (480, 240)), tile_size=256)
    body = tiles.replace(struct.pack(">II", 480, 240), struct.pack(">II", 30, 20))
    body = body.replace(struct.pack(">HH", 480, 240), struct.pack(">HH", 30, 20))

    assert grey(body).width == 30
    assert rejection(body, Limits(max_pixels=256 * 256 - 1))[0] == "too_many_pixels"


def test_heic_without_width_is_corrupt_though_its_decoder_calls_that_a_lack_of_memory() -> None:
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


@pytest.mark.parametrize(
    ("start", "name"),
    [(b"%PDF-1.7\n", "PDF"), (b"%!PS-Adobe-3.0 EPSF-3.0", "EPS"), (b"<svg xmlns='http://www.w3.org/2000/svg'>", "SVG"),
     (b"<?xml version='1.0'?>\n<!-- drawn -->\n<svg>", "SVG"), (b"\0\0\x01\0\x01\0", "ICO"),
     (b"8BPS\0\x01", "PSD"), (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
     (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000")]
)  # fmt: skip
def test_picture_of_another_format_is_rejected_by_its_name(start: bytes, name: str) -> None:
    code, message = rejection(start + bytes(100))

    assert code == "unsupported"
    assert message == f"{name}, want one of {', '.join(FORMATS)}"


def test_heic_without_its_decoder_is_rejected_with_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    body = heic(photo(1))
    monkeypatch.setitem(sys.modules, "pillow_heif", None)

    assert rejection(body) == (
        "unsupported",
        "HEIC, which needs pillow-heif: set the stack's parameter Heic to true, or install lookalike[heic]",
    )


def test_heic_decoder_that_cannot_be_loaded_is_not_the_pictures_fault() -> None:
    program = (
        "import sys; from handler.core.imaging import decode_like_imagehash; from handler.core.model import Limits;"
        "sys.modules['_pillow_heif'] = None;"
        "decode_like_imagehash(sys.stdin.buffer.read(), Limits(), side=32)"
    )

    done = subprocess.run([sys.executable, "-c", program], input=heic(photo(1)), capture_output=True)  # noqa: S603

    assert done.stderr.splitlines()[-1].startswith(b"ModuleNotFoundError")


@pytest.mark.parametrize("brand", ["heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs", "mif1", "msf1"])
def test_heic_is_told_by_each_of_its_brands(brand: str) -> None:
    body = heic(photo(1))

    assert grey(body[:8] + brand.encode() + body[12:]).format == "HEIC"


def test_heic_is_decoded_without_a_change_to_pillow() -> None:
    grey(heic(photo(1)))

    assert "HEIF" not in Image.OPEN


@pytest.mark.parametrize("body", [b"hello", b"<html><body>404 Not Found", bytes(64), b"P6\n1 1\n255\n\0\0\0"])
def test_what_is_no_picture_is_rejected_with_its_first_bytes(body: bytes) -> None:
    code, message = rejection(body)

    assert code == "unsupported"
    assert message.startswith(f"begins with {body[:8]!r}")


def test_colours_that_cannot_be_made_grey_are_unsupported() -> None:
    lab = Image.new("LAB", (40, 30))

    code, _ = rejection(encode(lab, "TIFF"))

    assert code == "unsupported"


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "HEIC"])
def test_file_that_ends_in_the_middle_of_the_picture_is_truncated(format_: str) -> None:
    body = encode(photo(1), format_)

    code, message = rejection(body[: len(body) // 2])

    assert (code, message.partition(":")[0]) == ("truncated", format_)


@pytest.mark.parametrize("format_", FORMATS)
def test_file_of_nothing_but_a_signature_is_rejected(format_: str) -> None:
    code, _ = rejection(encode(photo(1), format_)[:24])

    assert code in {"truncated", "corrupt"}


def test_broken_data_is_corrupt() -> None:
    body = bytearray(png(photo(1)))
    at = body.index(b"IDAT")
    body[at + 4 : at + 40] = bytes(36)

    assert rejection(bytes(body))[0] == "corrupt"


@pytest.mark.parametrize(
    "error",
    [MemoryError(), OSError("out of memory when reading image file"), OSError("Out of memory"),
     RuntimeError("Memory allocation error: Unspecified: Allocating 12503311 bytes failed")]
)  # fmt: skip
def test_lack_of_memory_is_not_the_pictures_fault(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def exhausted(*_: object) -> None:
        raise error

    monkeypatch.setattr("PIL.Image.core.new", exhausted)

    with pytest.raises(MemoryError):
        grey(png(photo(1)))


@pytest.mark.parametrize("format_", FORMATS)
def test_nothing_but_a_rejection_comes_of_a_damaged_file(format_: str) -> None:
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


def test_pillow_warns_and_logs_nothing() -> None:
    # A TIFF whose description claims more bytes than the file has makes Pillow warn.
    tiff = encode(photo(1, (40, 30)), "TIFF", description="x" * 40)
    entry = struct.pack("<HHI", 270, 2, 41)
    damaged = tiff.replace(entry, struct.pack("<HHI", 270, 2, 1 << 20))
    program = (
        "import sys; from handler.core.imaging import decode_like_imagehash; from handler.core.model import Limits;"
        "print(decode_like_imagehash(sys.stdin.buffer.read(), Limits(), side=32).width)"
    )

    done = subprocess.run([sys.executable, "-W", "always", "-c", program], input=damaged, capture_output=True)  # noqa: S603

    assert damaged != tiff
    assert (done.stdout.strip(), done.stderr) == (b"40", b"")


def test_plugins_are_imported_only_when_their_format_comes() -> None:
    program = (
        "import sys; from handler.core.imaging import decode_like_imagehash; from handler.core.model import Limits;"
        "before = [m for m in sys.modules if m.endswith('ImagePlugin')];"
        "decode_like_imagehash(sys.stdin.buffer.read(), Limits(), side=32);"
        "print(before, [m for m in sys.modules if m.endswith('ImagePlugin')])"
    )

    done = subprocess.run([sys.executable, "-c", program], input=png(photo(1)), capture_output=True, check=True)  # noqa: S603

    assert done.stdout.split(b"\n")[0] == b"[] ['PIL.PngImagePlugin']"


def test_jpeg_that_repeats_a_scan_for_ever_is_rejected_unread() -> None:
    body = encode(photo(1).convert("L"), "JPEG", progressive=True)
    last_scan = body[body.rindex(b"\xff\xda") : -2]

    ordinary = decode_like_imagehash(body, Limits(), side=32)
    with pytest.raises(PictureRejected, match="over 100 scans") as caught:
        decode_like_imagehash(body[:-2] + last_scan * 200 + body[-2:], Limits(), side=32)

    assert ordinary.format == "JPEG"
    assert caught.value.code == "corrupt"


def test_scan_after_one_of_all_components_is_broken_data_to_the_decoder() -> None:
    """So such files need no count of their scans."""
    body = encode(photo(1), "JPEG")
    scan = body[body.rindex(b"\xff\xda") : -2]

    assert rejection(body[:-2] + scan * 200 + body[-2:]) == (
        "corrupt",
        "JPEG: broken data stream when reading image file",
    )


def test_sequential_jpeg_of_a_scan_for_each_component_may_not_repeat_them_for_ever() -> None:
    body = encode(photo(1), "JPEG")
    scan = body.rindex(b"\xff\xda")
    alone = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"

    with pytest.raises(PictureRejected, match="over 100 scans"):
        decode_like_imagehash(body[:scan] + alone * 200 + body[-2:], Limits(), side=32)


def test_what_follows_a_jpeg_or_is_embedded_in_it_is_not_counted_as_scans() -> None:
    body = encode(photo(1), "JPEG", exif=b"Exif\0\0" + b"\xff\xda" * 500)

    with_film = decode_like_imagehash(body + b"\xff\xda" * 500, Limits(), side=32)

    assert np.array_equal(with_film.luma, decode_like_imagehash(jpeg(photo(1), quality=75), Limits(), side=32).luma)
