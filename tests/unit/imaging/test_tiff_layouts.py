"""TIFF in every layout: seen as it is meant, or rejected by its name."""

import zlib
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from io import BytesIO
from itertools import product

import imagecodecs
import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image

from handler.core.imaging import decode, decode_like_imagehash, opened
from handler.core.model import Limits, PictureRejected
from tests.pictures import encode, photo
from tests.tiffs import (
    DEFLATE,
    FLOAT,
    JPEG,
    LZMA,
    LZW,
    OLD_DEFLATE,
    PACKBITS,
    RAW,
    SIGNED,
    UNSIGNED,
    ZSTD,
    Samples,
    Tiff,
)

Floats = NDArray[np.float64]

LIMITS = Limits()
WIDTH, HEIGHT = 36, 28
SCENE = np.asarray(photo(3, (320, 240)).resize((WIDTH, HEIGHT))) / 255.0
OPACITY = np.rint(np.linspace(0.2, 1.0, WIDTH) * np.ones((HEIGHT, 1)) * 255) / 255
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, CMYK, YCBCR, LAB = 0, 1, 2, 3, 5, 6, 8
UNKNOWN, ASSOCIATED, UNASSOCIATED = 0, 1, 2  # extra samples: of no known meaning, and two kinds of alpha
LEVELS = 2.6  # of 255, by which roundings may differ
TO_YCBCR = np.array([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])


def luma(rgb: Floats) -> Floats:
    weighed: Floats = rgb @ [0.299, 0.587, 0.114]
    return weighed


GREY = luma(SCENE)


def lightness_seen(samples: Floats) -> Floats:
    """Return what is seen of CIELab without colour."""
    level = (samples[..., 0] * 100 + 16) / 116
    light = np.where(level > 6 / 29, level**3, (level - 4 / 29) * 108 / 841)
    seen: Floats = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return seen


# The samples of the scene, from 0 to 1, by photometric interpretation; and what is seen of such samples.
COLOURS = {
    WHITE_IS_ZERO: 1 - GREY[..., None],
    BLACK_IS_ZERO: GREY[..., None],
    RGB: SCENE,
    PALETTE: GREY[..., None],
    CMYK: np.concatenate([(1 - SCENE) * 0.8, np.full((HEIGHT, WIDTH, 1), 0.3)], axis=2),
    YCBCR: SCENE @ TO_YCBCR.T + [0, 128 / 255, 128 / 255],
    LAB: np.stack([GREY, 0 * GREY, 0 * GREY], axis=2),
}
SEEN = {
    WHITE_IS_ZERO: lambda samples: 1 - samples[..., 0],
    BLACK_IS_ZERO: lambda samples: samples[..., 0],
    RGB: luma,
    PALETTE: lambda samples: 1 - samples[..., 0],  # by its table, which begins with white
    CMYK: lambda samples: luma((1 - samples[..., :3]) * (1 - samples[..., 3:])),
    YCBCR: lambda samples: samples[..., 0],
    LAB: lightness_seen,
}


def full(layout: Tiff) -> float:
    return 1.0 if layout.format == FLOAT else float((1 << layout.depth - (layout.format == SIGNED)) - 1)


def quantised(levels: Floats, layout: Tiff) -> Samples:
    """Return *levels* from 0 to 1 as samples."""
    if layout.format == FLOAT:
        return levels.astype(f"f{layout.depth // 8}")
    size = next(size for size in (8, 16, 32, 64) if size >= layout.depth)
    kind = "int" if layout.format == SIGNED else "uint"
    return np.rint(np.clip(levels, 0, 1) * full(layout)).astype(f"{kind}{size}")


def drawn(layout: Tiff) -> tuple[Samples, Floats]:
    """Return the samples of a scene, and what is to be seen of them, 0 black to 1 white."""
    premultiplied = ASSOCIATED in layout.extra
    samples = quantised(COLOURS[layout.photometric] * (OPACITY[..., None] if premultiplied else 1), layout)
    seen = SEEN[layout.photometric](samples / full(layout))
    if any(layout.extra):
        seen = seen * (1 if premultiplied else OPACITY) + 1 - OPACITY
    extra = [quantised(OPACITY[..., None], layout)] * len(layout.extra)
    return np.concatenate([samples, *extra], axis=2), seen


ORDERS = ("<", ">")


def in_every_way(layout: Tiff) -> Iterator[Tiff]:
    """Yield *layout* in both orders of bytes and of bits, by each compression, and in strips and tiles."""
    for order, fill, compression in product(ORDERS, (1, 2), (RAW, LZW, DEFLATE, PACKBITS)):
        written = replace(layout, order=order, fill=fill, compression=compression)
        yield from (
            written,
            replace(written, rows=10),
            replace(written, tile=(16, 16)),
            replace(written, tile=(48, 32)),
        )


def whole(*depths: int) -> list[tuple[int, int]]:
    return [(depth, UNSIGNED) for depth in depths]


ALPHA = ((ASSOCIATED,), (UNASSOCIATED,))
MORE = ((UNKNOWN,), (UNKNOWN, UNKNOWN))
# What must be decoded: photometric interpretation, bits and formats of samples, extra samples together, and apart.
DECODED = [
    (WHITE_IS_ZERO, [*whole(1, 2, 4, 8, 12, 16, 32), (32, FLOAT)], ((),), ((), *MORE)),
    (BLACK_IS_ZERO, [*whole(1, 2, 4, 12, 16, 32), (16, SIGNED), (32, SIGNED), (32, FLOAT)], ((),), ((), *MORE)),
    (BLACK_IS_ZERO, whole(8), ((), (UNKNOWN,), *ALPHA), ((), *MORE)),
    (RGB, whole(8), ((), *MORE, *ALPHA, (UNASSOCIATED, UNKNOWN)), ((), *MORE, *ALPHA)),
    (RGB, whole(16), ((), (UNKNOWN,), *ALPHA), ((), *MORE, *ALPHA)),
    (PALETTE, whole(1, 2, 4), ((),), ((), *MORE)),
    (PALETTE, whole(8), ((), (UNKNOWN,), (UNASSOCIATED,)), ((), *MORE)),
    (CMYK, whole(8), ((), *MORE), ((), *MORE)),
    (CMYK, whole(16), ((),), ((), *MORE)),
    (YCBCR, whole(8), ((),), ((),)),
    (LAB, whole(8), ((),), ()),
]
EXPECTED = {
    (photometric, depth, format_, extra, planar)
    for photometric, samples, together, apart in DECODED
    for depth, format_ in samples
    for planar, extras in ((1, together), (2, apart))
    for extra in extras
}
SAMPLES = [
    *whole(1, 2, 3, 4, 6, 8, 10, 12, 14, 16, 24, 32),
    (8, SIGNED),
    (16, SIGNED),
    (32, SIGNED),
    (32, FLOAT),
    (64, FLOAT),
]
LAYOUTS = [
    (photometric, depth, format_)
    for photometric, (depth, format_) in product(COLOURS, SAMPLES)
    if (photometric != PALETTE or depth <= 8) and (photometric, depth, format_) != (BLACK_IS_ZERO, 8, SIGNED)
]


def is_decoded(layout: Tiff) -> bool:
    key = (layout.photometric, layout.depth, layout.format, layout.extra, layout.planar)
    return key in EXPECTED and not (
        (layout.depth == 12 and layout.order == ">")
        or (layout.photometric == YCBCR and layout.compression == RAW and layout.fill == 2)
    )


def difference(body: bytes, seen: Floats, layout: Tiff) -> float:
    """Return by how many levels a pixel differs at most from what is to be seen.

    Which sample is white is a guess where samples have no largest one, or far more room than they use.
    """
    shown = decode(body, LIMITS, side=256).luma / 255
    if layout.depth == 32 or layout.format == SIGNED:
        shown, seen = shown / shown.max(), seen / seen.max()
    return float(np.abs(shown - seen).max() * 255)


@pytest.mark.thorough
@pytest.mark.parametrize("planar", [1, 2])
@pytest.mark.parametrize(("photometric", "depth", "format_"), LAYOUTS)
def test_picture_is_seen_as_its_layout_means_it_or_rejected_by_name(
    photometric: int, depth: int, format_: int, planar: int
) -> None:
    colours = (np.linspace(65535, 0, 1 << depth).astype(int).tolist() * 3) if photometric == PALETTE else []
    tags = {530: [1, 1]} if photometric == YCBCR else {}
    for extra in ((), *MORE, *ALPHA, (UNASSOCIATED, UNKNOWN)):
        layout = Tiff(photometric, depth, format_, extra, planar, colours=colours, tags=tags)
        samples, seen = drawn(layout)
        for written in in_every_way(layout):
            if is_decoded(written):
                assert difference(written.file(samples), seen, written) <= LEVELS, written
            elif not written.rows and not written.tile and written.compression in (RAW, LZW):
                with pytest.raises(PictureRejected) as rejected:
                    decode(written.file(samples), LIMITS, side=256)
                assert rejected.value.code == "unsupported", written
                assert str(rejected.value).startswith("TIFF: "), written


@pytest.mark.parametrize(
    ("photometric", "depth", "format_"),
    [layout for layout in LAYOUTS if layout[1] != 24],  # which it does not read
)
def test_tifffile_reads_the_same_samples(photometric: int, depth: int, format_: int) -> None:
    """So what is written by hand here is TIFF."""
    for planar, order, fill, compression in product((1, 2), ORDERS, (1, 2), (RAW, LZW)):
        layout = Tiff(photometric, depth, format_, (), planar, order, fill, compression, tags={530: [1, 1]})
        samples, _ = drawn(layout)

        read = tifffile.imread(BytesIO(layout.file(samples)))

        pixels = np.moveaxis(read, 0, 2) if planar == 2 and samples.shape[2] > 1 else read
        np.testing.assert_array_equal(pixels.reshape(samples.shape), samples)


def test_samples_of_8_bits_that_are_called_signed_are_seen_as_others_show_them() -> None:
    signed = Tiff(BLACK_IS_ZERO, 8, SIGNED)
    samples, seen = drawn(replace(signed, format=UNSIGNED))

    assert difference(signed.file(samples), seen, replace(signed, format=UNSIGNED)) <= LEVELS


@pytest.mark.parametrize("compression", [OLD_DEFLATE, LZMA, ZSTD])
@pytest.mark.parametrize("photometric", [BLACK_IS_ZERO, RGB])
def test_rarer_compression_is_decoded(compression: int, photometric: int) -> None:
    for order, depth, planar in product(ORDERS, (8, 16), (1, 2)):
        layout = Tiff(photometric, depth, planar=planar, order=order, compression=compression)
        samples, seen = drawn(layout)

        assert difference(layout.file(samples), seen, layout) <= LEVELS


@pytest.mark.parametrize("planar", [1, 2])
@pytest.mark.parametrize("depth", [8, 16, 32])
@pytest.mark.parametrize("photometric", [WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, CMYK])
def test_samples_that_are_coded_as_differences_are_decoded(photometric: int, depth: int, planar: int) -> None:
    for order, compression, tile in product(ORDERS, (LZW, DEFLATE), (None, (16, 16))):
        layout = Tiff(photometric, depth, planar=planar, order=order, compression=compression, predictor=2, tile=tile)
        samples, seen = drawn(layout)

        assert not is_decoded(layout) or difference(layout.file(samples), seen, layout) <= LEVELS


@pytest.mark.parametrize("order", ORDERS)
def test_bytes_of_floats_that_are_coded_as_differences_are_decoded(order: str) -> None:
    def coded(block: Samples) -> bytes:
        planes = block[..., 0].astype(">f4").view(np.uint8).reshape(len(block), -1, 4).swapaxes(1, 2)
        rows = planes.reshape(len(block), -1)
        return zlib.compress(np.diff(rows, axis=1, prepend=np.zeros_like(rows[:, :1])).tobytes())

    layout = Tiff(BLACK_IS_ZERO, 32, FLOAT, order=order, compression=DEFLATE, predictor=3, encode=coded)
    samples, seen = drawn(layout)

    assert difference(layout.file(samples), seen, layout) <= LEVELS


def sharing_colours(across: int, down: int, compression: int, tags: dict[int, list[int]]) -> tuple[bytes, Floats]:
    """Return a YCbCr file in which so many pixels share their colour, and what is to be seen of it."""
    pale = 0.3 + 0.4 * SCENE  # so that no shared colour would be brighter than white, or darker than black
    samples = quantised(pale @ TO_YCBCR.T + [0, 128 / 255, 128 / 255], Tiff(YCBCR, 8))
    light = samples[..., 0].reshape(HEIGHT // down, down, WIDTH // across, across).swapaxes(1, 2)
    shared = samples[..., 1:].reshape(HEIGHT // down, down, WIDTH // across, across, 2).mean(axis=(1, 3))
    units = np.concatenate([light.reshape(*light.shape[:2], -1), np.rint(shared)], axis=2).astype(np.uint8).tobytes()
    coded = bytes(imagecodecs.lzw_encode(units)) if compression == LZW else units
    return Tiff(YCBCR, 8, compression=compression, tags=tags, encode=lambda _: coded).file(samples), luma(pale)


@pytest.mark.parametrize(("across", "down"), [(1, 1), (2, 1), (1, 2), (2, 2), (4, 1), (4, 2)])
@pytest.mark.parametrize("compression", [RAW, LZW])
def test_colours_that_pixels_share_are_decoded(across: int, down: int, compression: int) -> None:
    body, seen = sharing_colours(across, down, compression, {530: [across, down]})

    assert np.abs(decode(body, LIMITS, side=256).luma - seen * 255).max() <= LEVELS


def test_four_pixels_share_a_colour_unless_the_file_says_otherwise() -> None:
    body, seen = sharing_colours(2, 2, RAW, {})

    assert np.abs(decode(body, LIMITS, side=256).luma - seen * 255).max() <= LEVELS


@pytest.mark.parametrize("across", [1, 2, 4])
def test_colours_that_four_lines_share_are_not_decoded(across: int) -> None:
    """libtiff loses the end of each strip where a line is not a whole number of bytes: 4.5 for four pixels."""
    body, _ = sharing_colours(across, 4, RAW, {530: [across, 4]})

    with pytest.raises(PictureRejected, match="TIFF: YCbCr") as rejected:
        decode(body, LIMITS, side=256)
    assert rejected.value.code == "unsupported"


JPEG_COLOURS = {RGB: ("RGB", "RGB"), YCBCR: ("RGB", "YCBCR"), CMYK: ("CMYK", "CMYK")}


@pytest.mark.parametrize("block", [None, "rows", "tile"])
@pytest.mark.parametrize(
    ("photometric", "planar"),
    [(WHITE_IS_ZERO, 1), (BLACK_IS_ZERO, 1), (RGB, 1), (RGB, 2), (YCBCR, 1), (CMYK, 1), (CMYK, 2)],
)
def test_jpeg_inside_is_decoded(photometric: int, planar: int, block: str | None) -> None:
    before, after = JPEG_COLOURS.get(photometric, (None, None)) if planar == 1 else (None, None)

    def coded(part: Samples) -> bytes:
        pixels = np.ascontiguousarray(part if before else part[..., 0])
        coder = partial(imagecodecs.jpeg8_encode, level=98, colorspace=before, outcolorspace=after)
        return bytes(coder(pixels, subsampling="444"))

    samples, seen = drawn(Tiff(RGB if photometric == YCBCR else photometric, 8))
    for order in ORDERS:
        layout = Tiff(photometric, 8, planar=planar, order=order, compression=JPEG, encode=coded, tags={530: [1, 1]})
        layout = replace(layout, rows=16 if block == "rows" else None, tile=(32, 16) if block == "tile" else None)

        assert difference(layout.file(samples), seen, layout) <= 12


def test_palette_whose_colours_have_8_bits_is_not_black() -> None:
    layout = Tiff(PALETTE, 8, colours=[*range(255, -1, -1)] * 3)
    samples, seen = drawn(layout)

    assert difference(layout.file(samples), seen, layout) <= LEVELS


def test_bigtiff_is_decoded_unless_its_high_byte_comes_first() -> None:
    layout = Tiff(RGB, 16, planar=2, big=True)
    samples, seen = drawn(layout)

    assert difference(layout.file(samples), seen, layout) <= LEVELS
    with pytest.raises(PictureRejected, match="a BigTIFF with the high byte first") as rejected:
        decode(replace(layout, order=">").file(samples), LIMITS, side=256)
    assert rejected.value.code == "unsupported"


@pytest.mark.parametrize(
    ("compression", "name"),
    [(34712, "JPEG 2000"), (33005, "JPEG 2000"), (50001, "WebP"), (50002, "JPEG XL"), (52546, "JPEG XL"),
     (34887, "LERC"), (34713, "Nikon NEF"), (12345, "unknown compression 12345")]
)  # fmt: skip
def test_other_compression_is_rejected_by_its_name(compression: int, name: str) -> None:
    layout = Tiff(RGB, 8, compression=compression, encode=lambda block: block.tobytes())
    body = layout.file(drawn(layout)[0])

    for decoder in (lambda: decode(body, LIMITS, side=256), lambda: decode_like_imagehash(body, LIMITS, side=32)):
        with pytest.raises(PictureRejected, match=f"TIFF: {name} inside") as rejected:
            decoder()
        assert rejected.value.code == "unsupported"


def test_layout_that_is_not_decoded_is_named() -> None:
    layout = Tiff(BLACK_IS_ZERO, 8, extra=(UNASSOCIATED,), planar=2)

    with pytest.raises(PictureRejected) as rejected:
        decode(layout.file(drawn(layout)[0]), LIMITS, side=256)

    assert str(rejected.value) == "TIFF: grey, 8-bit samples, more samples: alpha, in separate planes"


def test_white_is_zero_is_shown_as_black_is_zero() -> None:
    deep, plain = Tiff(WHITE_IS_ZERO, 16), Tiff(BLACK_IS_ZERO, 8)

    shown, expected = (
        np.asarray(opened(layout.file(drawn(layout)[0]), LIMITS)).astype(int) for layout in (deep, plain)
    )

    assert np.abs(shown - expected).max() <= LEVELS


@pytest.mark.parametrize("compression", [None, "tiff_lzw"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_tiff_is_as_upright_to_imagehash_as_pillow_makes_it(orientation: int, compression: str | None) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    body = encode(photo(3, (64, 48)), "TIFF", exif=exif, compression=compression)

    picture = decode_like_imagehash(body, LIMITS, side=32)

    with Image.open(BytesIO(body)) as image:
        expected = image.convert("L").resize((32, 32), Image.Resampling.LANCZOS)
        assert (picture.width, picture.height) == image.size
    np.testing.assert_array_equal(picture.luma, np.asarray(expected))
