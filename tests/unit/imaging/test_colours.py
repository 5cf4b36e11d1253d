"""Whatever the samples and the colour space, pictures look as they were meant."""

import struct
import zlib
from io import BytesIO

import numpy as np
import pillow_heif
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from handler.core.imaging import decode
from handler.core.phash import hamming
from tests.pictures import encode, heic, png, png_chunk
from tests.unit.imaging.conftest import (
    DISPLAY,
    LIMITS,
    SCENE,
    SIDE,
    hash_of,
    luma,
    profile_with_red_and_blue_exchanged,
    saved,
    shown,
)

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # what Pillow has to say of damaged files


def heic_of_10_bits(mode: str, levels: NDArray[np.uint8]) -> bytes:
    file = BytesIO()
    quick = {"preset": "ultrafast"}
    pillow_heif.encode(mode, SCENE.size, (levels.astype(np.uint16) * 257).tobytes(), file, enc_params=quick)
    return file.getvalue()


def test_16_bits_grey_palette_and_cmyk_look_as_they_are() -> None:
    grey = SCENE.convert("L")
    deep = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    same = {
        "grey": png(grey),
        "16 bits": saved(deep),
        "16 bits TIFF": saved(deep, "TIFF"),
        "float TIFF": saved(Image.fromarray(np.asarray(grey).astype(np.float32) / 255), "TIFF"),
        "grey with alpha": saved(grey.convert("LA")),
        "palette": saved(grey.convert("P")),
        "CMYK": saved(SCENE.convert("CMYK"), "JPEG", quality=95),
        "GIF": encode(SCENE, "GIF"),
        "BMP": encode(SCENE, "BMP"),
        "AVIF": encode(SCENE, "AVIF"),
        "HEIC": heic(SCENE),
        "grey HEIC": heic(grey),
        "HEIC in tiles": heic(SCENE, tile_size=256),
        "HEIC of 10 bits": heic_of_10_bits("RGB;16", np.asarray(SCENE)),
        "grey HEIC of 10 bits": heic_of_10_bits("I;16", np.asarray(grey)),
    }

    distances = {name: hamming(hash_of(body), hash_of(png(grey))) for name, body in same.items()}

    assert max(distances.values()) <= 2, distances


@pytest.mark.parametrize(
    ("dtype", "white", "format_"),
    [
        *((np.uint16, (1 << bits) - 1, format_) for bits in (10, 12, 14, 16) for format_ in ("PNG", "TIFF")),
        *((np.float32, white, "TIFF") for white in (1.0, 255.0, 4095.0)),
    ],
)
def test_deep_samples_are_shown_as_bright_as_they_are(dtype: type[np.generic], white: float, format_: str) -> None:
    levels = np.array([[0.0, 0.2], [0.4, 1.0]])

    pixels = shown(Image.fromarray((levels * white).astype(dtype)), format_)

    np.testing.assert_allclose(pixels, np.repeat([[[0], [51]], [[102], [255]]], 3, axis=2), atol=1)


def deep_png(image: Image.Image) -> bytes:
    """Return *image*, RGB or RGBA, as a PNG of 16 bits, which Pillow does not write."""
    samples = np.asarray(image).astype(">u2") * 257
    header = struct.pack(">IIBBBBB", *image.size, 16, 6 if image.mode == "RGBA" else 2, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples), 1)
    chunks = ((b"IHDR", header), (b"IDAT", rows), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(kind, content) for kind, content in chunks)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_16_bits_a_channel_look_like_8(mode: str) -> None:
    image = SCENE.copy()
    if mode == "RGBA":
        image.putalpha(SCENE.convert("L"))

    np.testing.assert_array_equal(luma(deep_png(image)), luma(png(image)))


def cmyk_profile() -> bytes:
    """Return a profile whose black ink is lighter than its number says, and whose other inks cannot be seen."""
    identity = struct.pack(">9i", *(65536 if place % 4 == 0 else 0 for place in range(9)))
    ramp = bytes(range(256))
    corners = b"".join(bytes((128 if black else 255, 128, 128)) for _ in range(8) for black in (0, 1))  # of L, a, b
    table = b"mft1" + bytes(4) + bytes((4, 3, 2, 0)) + identity + ramp * 4 + corners + ramp * 3
    head = struct.pack(">4sI4s4s4s", b"lcms", 0x02400000, b"prtr", b"CMYK", b"Lab ")
    head += struct.pack(">6H", 2024, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    tags = struct.pack(">I4sII", 1, b"A2B0", 144, len(table))
    return struct.pack(">I", 144 + len(table)) + head.ljust(124, b"\0") + tags + table


def test_cmyk_jpeg_is_seen_through_its_profile() -> None:
    """Adobe's files have the inks inverted, and Pillow's are like them."""
    half_black = Image.new("CMYK", (300, 300), (0, 0, 0, 128))

    plain = luma(saved(half_black, "JPEG"))
    profiled = decode(saved(half_black, "JPEG", icc_profile=cmyk_profile()), LIMITS, side=SIDE)
    wrong = decode(saved(half_black, "JPEG", icc_profile=DISPLAY), LIMITS, side=SIDE)

    assert b"Adobe" in saved(half_black, "JPEG")
    assert (plain.max(), profiled.notes) == (127, ())
    assert profiled.luma.max() == pytest.approx(163, abs=2)
    assert (wrong.luma.max(), len(wrong.notes)) == (127, 1)


def test_broken_colour_profile_is_ignored_and_noted() -> None:
    lab = ImageCms.createProfile("LAB")
    swapped = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    broken = decode(saved(SCENE, icc_profile=b"no profile"), LIMITS, side=SIDE)
    wrong = decode(saved(SCENE, icc_profile=ImageCms.ImageCmsProfile(lab).tobytes()), LIMITS, side=SIDE)
    plain = decode(saved(SCENE, icc_profile=swapped.tobytes()), LIMITS, side=SIDE)

    assert plain.notes == ()
    for picture in (broken, wrong):
        assert "colour profile ignored" in picture.notes[0]
        np.testing.assert_array_equal(picture.luma, plain.luma)


@pytest.mark.parametrize("format_", ["PNG", "HEIC"])
def test_picture_in_another_colour_space_is_seen_as_it_was_meant(format_: str) -> None:
    red, green, blue = SCENE.split()
    profile = profile_with_red_and_blue_exchanged()

    options: dict[str, object] = {"quality": 90} if format_ == "HEIC" else {}
    body = saved(Image.merge("RGB", (blue, green, red)), format_, icc_profile=profile, **options)

    assert np.abs(luma(body).astype(int) - luma(png(SCENE))).mean() < 2


def test_picture_is_shown_in_the_colours_of_its_profile() -> None:
    red, green, blue = SCENE.split()

    pixels = shown(Image.merge("RGB", (blue, green, red)), icc_profile=profile_with_red_and_blue_exchanged())

    assert np.abs(pixels.astype(int) - np.asarray(SCENE)).mean() < 2


def test_overlarge_colour_profile_is_ignored_and_noted() -> None:
    profile = profile_with_red_and_blue_exchanged()
    padded = struct.pack(">I", 5 << 20) + profile[4:].ljust((5 << 20) - 4, b"\0")

    applied = decode(saved(SCENE, "TIFF", icc_profile=profile), LIMITS, side=SIDE)
    ignored = decode(saved(SCENE, "TIFF", icc_profile=padded), LIMITS, side=SIDE)

    assert applied.notes == ()
    assert ignored.notes == ("colour profile ignored: it has 5242880 bytes, over 4194304",)
    np.testing.assert_array_equal(ignored.luma, luma(saved(SCENE, "TIFF")))
    assert (applied.luma != ignored.luma).any()
