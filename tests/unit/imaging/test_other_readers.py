"""Every kind of file that Pillow writes is seen as others read it: libraries of imagecodecs, and tifffile.

HEIC is written by no library but the one that reads it here: see `test_16_bits_grey_palette_and_cmyk_look_as_they_are`.
"""

from collections.abc import Callable, Iterator
from io import BytesIO
from itertools import product
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image

from handler.core.imaging import decode
from handler.core.model import Limits
from tests.pictures import encode, photo

LIMITS = Limits()
SIZE = (61, 43)
SCENE = photo(3, SIZE)
GREY = SCENE.convert("L")
OPACITY = Image.linear_gradient("L").resize(SIZE)
Pixels = NDArray[Any]


def with_opacity(mode: str) -> Image.Image:
    image = SCENE.convert(mode.removesuffix("A"))
    image.putalpha(OPACITY)
    return image


def deep(dtype: str, white: float) -> Image.Image:
    return Image.fromarray((np.asarray(GREY) / 255 * white).astype(dtype))


PICTURES: dict[str, Image.Image] = {
    "1": SCENE.convert("1"), "L": GREY, "LA": with_opacity("LA"), "I;16": deep("<u2", 65535),
    "I;16B": deep(">u2", 65535), "I": deep("<i4", 65535), "F": deep("<f4", 1.0), "P": SCENE.quantize(200),
    "P of 2": SCENE.quantize(2), "P of 4": SCENE.quantize(4), "P of 16": SCENE.quantize(16), "RGB": SCENE,
    "RGBA": with_opacity("RGBA"), "RGBX": SCENE.convert("RGBX"), "CMYK": SCENE.convert("CMYK"),
    "YCbCr": SCENE.convert("YCbCr"),
}  # fmt: skip

# The modes and options that Pillow writes, and by how many levels the luma may differ at most, and on average.
WRITTEN: dict[str, list[tuple[list[str], list[dict[str, Any]], float, float]]] = {
    "PNG": [
        (["1", "L", "P", "P of 2", "P of 4", "P of 16", "RGB", "LA", "RGBA", "I;16"],
         [{}, {"optimize": True}, {"compress_level": 0}, {"compress_level": 9}, {"compress_type": 2}], 1, 0.5),
        (["P", "P of 16"], [{"transparency": 3}, {"transparency": bytes(range(0, 240, 16))}], 1, 0.5),
        (["1", "L", "I;16"], [{"transparency": level} for level in (0, 120, 255)], 1, 0.5),
        (["RGB"], [{"transparency": SCENE.getpixel((5, 5))}], 1, 0.5),
    ],
    "JPEG": [
        (["L", "RGB", "CMYK", "YCbCr"],
         [{"quality": quality, "progressive": progressive, "optimize": optimize}
          for quality, progressive, optimize in product((1, 75, 100), (False, True), (False, True))], 3, 0.6),
        (["RGB"], [{"subsampling": subsampling, "quality": 90} for subsampling in (0, 1, 2)], 3, 0.6),
        (["L", "RGB", "CMYK"], [{"restart_marker_rows": 1}, {"restart_marker_blocks": 3}], 3, 0.6),
        (["RGB"], [{"keep_rgb": True, "quality": 90}], 3, 0.6),
    ],
    "GIF": [(["1", "L", "P", "P of 2", "P of 16", "RGB"], [{}, {"interlace": 0}, {"optimize": True}], 1, 0.5)],
    "BMP": [(["1", "L", "P", "P of 2", "P of 16", "RGB"], [{}], 1, 0.5)],
    "WEBP": [
        (["L", "P", "RGB", "RGBA", "LA"],
         [{"quality": 1}, {"quality": 80}, {"quality": 100, "method": 6}, {"quality": 50, "alpha_quality": 10},
          {"lossless": True}, {"lossless": True, "exact": True}], 1, 0.5),
    ],
    "AVIF": [
        (["L", "RGB", "RGBA", "LA"],
         [{}, {"quality": 20}, {"quality": 100, "subsampling": "4:4:4"}, {"subsampling": "4:2:2"}, {"range": "limited"},
          {"subsampling": "4:0:0"}, {"codec": "aom", "speed": 10}], 3, 0.8),
    ],
    "TIFF": [
        (["1", "L", "P", "RGB", "CMYK", "LA", "RGBA", "RGBX", "I;16", "I;16B", "I", "F"],
         [{}, *({"compression": name} for name in ("tiff_lzw", "tiff_adobe_deflate", "packbits", "zstd", "lzma")),
          {"strip_size": 500}], 1, 0.5),
        (["1", "L", "P", "RGB", "CMYK", "RGBA", "I;16", "F"], [{"big_tiff": True}], 1, 0.5),  # not I;16B: Pillow cannot
        (["1"], [{"compression": name} for name in ("group3", "group4", "tiff_ccitt")], 1, 0.5),
        (["L", "RGB", "CMYK", "YCbCr"], [{"compression": "jpeg", "quality": 95}], 3, 0.6),
        (["YCbCr"], [{}, {"compression": "tiff_lzw"}], 3, 0.6),
        (["L", "RGB", "I;16"], [{"tiffinfo": {317: 2}, "compression": "tiff_lzw"}], 1, 0.5),
    ],
}  # fmt: skip


def cases() -> Iterator[Any]:
    for format_, kinds in WRITTEN.items():
        for modes, options, most, mean in kinds:
            for mode, option in product(modes, options):
                told = " ".join(f"{name}={str(value)[:12]}" for name, value in option.items())
                yield pytest.param(format_, mode, option, most, mean, id=f"{format_} {mode} {told}".strip())


def tiff_pixels(body: bytes) -> Pixels:
    """Return what tifffile reads, as grey, RGB or CMYK of 8 bits, with opacity behind it if there is one."""
    with tifffile.TiffFile(BytesIO(body)) as file:
        page = file.pages.first
        pixels: Pixels = page.asarray()
        if page.colormap is not None:
            return (page.colormap.T[pixels] >> 8).astype(np.uint8)
        if page.photometric == tifffile.PHOTOMETRIC.MINISWHITE:
            pixels = ~pixels
        if page.photometric == tifffile.PHOTOMETRIC.YCBCR and page.compression != tifffile.COMPRESSION.JPEG:
            with_colours: Pixels = np.asarray(Image.fromarray(pixels, "YCbCr").convert("RGB"))
            return with_colours
    if pixels.dtype == bool:
        return pixels * np.uint8(255)
    if pixels.dtype.kind in "fi" or pixels.dtype.itemsize > 1:
        white = 1.0 if pixels.dtype.kind == "f" else 65535.0
        return pixels / white * 255
    return pixels


def jpeg_pixels(body: bytes) -> Pixels:
    pixels: Pixels = imagecodecs.jpeg8_decode(body)
    if pixels.shape[2:] == (4,):
        return ~pixels  # Adobe's inks are inverted
    if b"JFIF" in body:  # its luma is as it is stored, where that of RGB has lost what no screen shows
        return imagecodecs.jpeg8_decode(body, outcolorspace="GRAYSCALE")
    return pixels


READERS: dict[str, Callable[[bytes], Pixels]] = {
    "AVIF": imagecodecs.avif_decode,
    "BMP": imagecodecs.bmp_decode,
    "GIF": imagecodecs.gif_decode,
    "JPEG": jpeg_pixels,
    "PNG": imagecodecs.png_decode,
    "TIFF": tiff_pixels,
    "WEBP": imagecodecs.webp_decode,
}


def luma_of(pixels: Pixels, mode: str) -> NDArray[np.float64]:
    """Return the luma of grey, RGB or CMYK *pixels*, on white where they are transparent."""
    levels = pixels.astype(float)
    if pixels.dtype == np.uint16:
        levels /= 257
    if levels.ndim == 2:
        return levels
    if mode in ("CMYK", "RGBX"):
        if mode == "RGBX":
            return levels[..., :3] @ [0.299, 0.587, 0.114]
        levels = 255 - np.minimum(255, levels[..., :3] + levels[..., 3:])
    opacity = levels[..., -1] / 255 if levels.shape[2] in (2, 4) else 1.0
    grey = levels[..., 0] if levels.shape[2] < 3 else levels[..., :3] @ [0.299, 0.587, 0.114]
    seen: NDArray[np.float64] = grey * opacity + 255 * (1 - opacity)
    return seen


@pytest.mark.parametrize(("format_", "mode", "options", "most", "mean"), list(cases()))
def test_luma_is_that_of_another_reader(
    format_: str, mode: str, options: dict[str, Any], most: float, mean: float
) -> None:
    body = encode(PICTURES[mode], format_, **options)

    seen = decode(body, LIMITS, side=256)

    difference = np.abs(seen.luma - luma_of(READERS[format_](body), mode))
    assert seen.notes == ()
    assert difference.max() <= most
    assert difference.mean() <= mean
