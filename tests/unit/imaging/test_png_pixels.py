"""The pixels of a PNG: how much of its image data has to be there, and what is transparent at every depth."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from handler.core.imaging import DecodedPicture, decode
from handler.core.model import Limits, PictureRejected
from tests.pictures import encode, photo, png, png_chunk
from tests.pngs import (
    DEPTHS,
    GREY,
    GREY_ALPHA,
    PALETTE,
    RGB,
    RGBA,
    Samples,
    chunks_of,
    png_file,
    rows,
    with_chunks,
    wrongly_summed,
)

LIMITS = Limits()
SCENE = photo(3, (60, 40))
PLAIN = png(SCENE)
END = png_chunk(b"IEND", b"")
SAMPLES = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGBA: 4}  # of a pixel


def seen(body: bytes) -> DecodedPicture:
    return decode(body, LIMITS, side=256)


def assert_same(body: bytes, note: str, plain: bytes = PLAIN) -> None:
    picture = seen(body)

    np.testing.assert_array_equal(picture.luma, seen(plain).luma)
    assert picture.notes == (note,)


def rejection(body: bytes) -> str:
    with pytest.raises(PictureRejected) as rejected:
        seen(body)
    return rejected.value.code


WRONG_END = "end of the image data ignored: it is wrong or missing"


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize(
    ("colour", "depth"), [(colour, depth) for colour, depths in DEPTHS.items() for depth in depths]
)
def test_checksum_of_all_image_data_may_be_wrong_or_missing(colour: int, depth: int, interlaced: bool) -> None:
    rng = np.random.default_rng(5)
    samples = rng.integers(0, 1 << depth, (13, 11, SAMPLES[colour]))
    palette = [png_chunk(b"PLTE", rng.bytes(3 << depth))] if colour == PALETTE else []
    plain = png_file(samples, depth, colour, interlaced=interlaced, before=palette)
    data = zlib.compress(rows(samples, depth, interlaced=interlaced))
    start = plain[: plain.index(b"IDAT") - 4]

    for end in (b"\1\2\3\4", b"", b"\1", data[-4:] + b"more"):
        for size in (1, 5, 1 << 20):
            whole = data[:-4] + end
            parts = b"".join(png_chunk(b"IDAT", whole[at : at + size]) for at in range(0, len(whole), size))
            np.testing.assert_array_equal(seen(start + parts + END).luma, seen(plain).luma)


def test_wrong_checksum_of_all_image_data_is_noted() -> None:
    data = next(whole for kind, whole in chunks_of(PLAIN) if kind == b"IDAT")[8:-4]

    body = PLAIN.replace(png_chunk(b"IDAT", data), png_chunk(b"IDAT", data[:-4] + b"\1\2\3\4"))

    assert_same(body, WRONG_END)


def test_picture_without_that_checksum_keeps_what_else_counts() -> None:
    turned = encode(SCENE, "PNG", exif=b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHIHHI", 0x0112, 3, 1, 6, 0, 0))
    data = next(whole for kind, whole in chunks_of(turned) if kind == b"IDAT")[8:-4]
    broken = turned.replace(png_chunk(b"IDAT", data), png_chunk(b"IDAT", data[:-4] + bytes(4)))
    at = broken.index(b"IDAT") - 4

    picture = seen(broken[:at] + wrongly_summed(b"tEXt", b"a\0b") + broken[at:])

    np.testing.assert_array_equal(picture.luma, seen(turned).luma)
    assert picture.luma.shape == (60, 40)
    assert picture.notes == ("chunk tEXt ignored: its checksum is wrong", WRONG_END)


def test_missing_rows_are_truncated_and_broken_ones_corrupt() -> None:
    data = next(whole for kind, whole in chunks_of(PLAIN) if kind == b"IDAT")[8:-4]
    start = PLAIN[: PLAIN.index(b"IDAT") - 4]

    for kept in (0, 2, 3, len(data) // 2, len(data) - 40):
        assert rejection(start + png_chunk(b"IDAT", data[:kept]) + END) == "truncated"
    broken = data[: len(data) // 2] + bytes(40) + data[len(data) // 2 + 40 :]
    assert rejection(start + png_chunk(b"IDAT", broken) + END) == "corrupt"


LEVELS = {1: [0, 1], 2: [0, 1, 2, 3], 4: [0, 3, 9, 15], 8: [0, 1, 128, 255], 16: [0, 0x1234, 0x1235, 0x1334, 0xFFFF]}


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("depth", DEPTHS[GREY])
def test_transparent_grey_of_any_depth_is_white_and_no_other(depth: int, interlaced: bool) -> None:
    samples = np.resize(LEVELS[depth], (12, 17, 1)).astype(int)
    opaque = samples[..., 0] * 255 // ((1 << depth) - 1)
    high_bits = 0 if depth == 16 else 1 << depth  # which do not count

    for key in LEVELS[depth]:
        trns = png_chunk(b"tRNS", struct.pack(">H", key | high_bits))
        picture = seen(png_file(samples, depth, GREY, interlaced=interlaced, before=[trns]))

        np.testing.assert_array_equal(picture.luma, np.where(samples[..., 0] == key, 255, opaque))
        assert picture.notes == ()
    np.testing.assert_array_equal(seen(png_file(samples, depth, GREY, interlaced=interlaced)).luma, opaque)


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("depth", DEPTHS[RGB])
def test_transparent_colour_of_any_depth_is_white_and_no_other(depth: int, interlaced: bool) -> None:
    rng = np.random.default_rng(depth)
    samples = rng.choice(LEVELS[depth], (30, 23, 3))
    cut = (samples >> depth - 8).astype(np.uint8)
    opaque = np.asarray(Image.fromarray(cut).convert("L"))

    for key in samples[:3, 0]:
        trns = png_chunk(b"tRNS", struct.pack(">3H", *(key | (0 if depth == 16 else 0x4200))))
        picture = seen(png_file(samples, depth, RGB, interlaced=interlaced, before=[trns]))

        np.testing.assert_array_equal(picture.luma, np.where((samples == key).all(axis=2), 255, opaque))
        assert picture.notes == ()


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("depth", DEPTHS[PALETTE])
def test_palette_of_any_depth_is_laid_on_white_by_the_opacities_it_has(depth: int, interlaced: bool) -> None:
    rng = np.random.default_rng(depth)
    colours = 1 << depth
    samples = rng.integers(0, colours, (20, 19, 1))
    grey = rng.integers(0, 256, colours)
    palette = png_chunk(b"PLTE", bytes(np.repeat(grey, 3).tolist()))

    for given in (1, colours // 2 + 1, colours):
        opacity = np.concatenate([rng.integers(0, 256, given), np.full(colours - given, 255)])
        trns = png_chunk(b"tRNS", bytes(opacity[:given].tolist()))
        picture = seen(png_file(samples, depth, PALETTE, interlaced=interlaced, before=[palette, trns]))

        on_white = grey * (opacity / 255) + 255 - opacity
        assert np.abs(picture.luma - on_white[samples[..., 0]]).max() <= 1
        assert picture.notes == ()


@pytest.mark.parametrize(
    ("colour", "content", "reason"),
    [
        (GREY, b"\0", "it has 1 bytes, for colours of type 0"),
        (GREY, bytes(3), "it has 3 bytes, for colours of type 0"),
        (RGB, bytes(5), "it has 5 bytes, for colours of type 2"),
        (GREY_ALPHA, bytes(2), "it has 2 bytes, for colours of type 4"),
        (RGBA, bytes(6), "it has 6 bytes, for colours of type 6"),
        (PALETTE, bytes(5), "it has 5 bytes, for 4 colours"),
        (PALETTE, b"", "it has 0 bytes, for 4 colours"),
    ],
)
def test_transparency_of_a_wrong_length_is_ignored_and_noted(colour: int, content: bytes, reason: str) -> None:
    samples: Samples = np.random.default_rng(1).integers(0, 4, (20, 20, SAMPLES[colour]))
    palette = [png_chunk(b"PLTE", bytes(range(12)))] if colour == PALETTE else []
    plain = png_file(samples, 8, colour, before=palette)

    assert_same(
        png_file(samples, 8, colour, before=[*palette, png_chunk(b"tRNS", content)]),
        f"transparency ignored: {reason}",
        plain=plain,
    )


def test_transparency_behind_the_image_data_or_before_the_palette_is_ignored() -> None:
    palette = png(SCENE.quantize(16))
    at = palette.index(b"PLTE") - 4

    assert_same(with_chunks(PLAIN, after=(png_chunk(b"tRNS", bytes(6)),)), "transparency ignored: it is out of place")
    assert_same(
        palette[:at] + png_chunk(b"tRNS", b"\0") + palette[at:],
        "transparency ignored: it has 1 bytes, for 0 colours",
        plain=palette,
    )


def test_transparent_16_bits_are_the_picture_that_8_bits_are() -> None:
    image = Image.new("L", (300, 300), 0)
    image.paste(SCENE.convert("L").resize((200, 200)).point(lambda level: max(1, level)), (50, 50))
    eight = encode(image, "PNG", transparency=0)
    grey = np.asarray(image).astype(int)[..., None] * 257

    deep = png_file(grey, 16, GREY, before=[png_chunk(b"tRNS", bytes(2))])
    coloured = png_file(np.repeat(grey, 3, axis=2), 16, RGB, before=[png_chunk(b"tRNS", bytes(6))])

    np.testing.assert_array_equal(seen(deep).luma, seen(eight).luma)
    np.testing.assert_array_equal(seen(coloured).luma, seen(eight).luma)
