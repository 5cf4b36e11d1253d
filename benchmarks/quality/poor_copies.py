"""Copies that are small, coarse, noisy, dark or faint, or that much was laid over."""

from collections.abc import Mapping
from functools import partial
from zlib import crc32

from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps

from training.edits import Edit, brightened, captioned, contrasted, cropped, encoded, scaled, with_noise
from training.originals import shrunk


def _thumbnail(side: int, image: Image.Image) -> Image.Image:
    return shrunk(image, side)


def _enlarged(side: int, image: Image.Image) -> Image.Image:
    return encoded(shrunk(image, side)).resize(image.size, Image.Resampling.BICUBIC)


def _darkened(factor: float, image: Image.Image) -> Image.Image:
    return encoded(brightened(image, factor))


def _faint(factor: float, image: Image.Image) -> Image.Image:
    return encoded(contrasted(image, factor))


def _noisy(image: Image.Image, levels: float) -> Image.Image:
    """Return *image* with noise of its own: one noise in all pictures would make them alike."""
    return with_noise(image, levels, seed=crc32(image.tobytes()))


def _watermarked(image: Image.Image) -> Image.Image:
    layer = Image.new("RGBA", image.size, (255, 255, 255, 0))
    draw = ImageDraw.Draw(layer)
    for y in range(10, image.height, 90):
        for x in range(-40 + (y * 37) % 80, image.width, 220):
            draw.text((x, y), "(c) example.com", fill=(255, 255, 255, 90), font=ImageFont.load_default(26))
    return Image.alpha_composite(image.convert("RGBA"), layer).convert("RGB")


POOR: Mapping[str, Edit] = {
    **{f"thumbnail of {side}": partial(_thumbnail, side) for side in (32, 48, 64)},
    **{f"thumbnail of {side}, enlarged": partial(_enlarged, side) for side in (32, 48, 64)},
    "JPEG 5": partial(encoded, quality=5),
    "blur 8": lambda image: encoded(image.filter(ImageFilter.GaussianBlur(8))),
    "noise 40": lambda image: encoded(_noisy(image, 40)),
    "noise 80": lambda image: encoded(_noisy(image, 80)),
    "noise 80, half size": lambda image: encoded(scaled(_noisy(image, 80), 0.5)),
    "two-bit": partial(ImageOps.posterize, bits=2),
    "dithered": lambda image: image.convert("1").convert("RGB"),
    "dithered, half size": lambda image: encoded(scaled(image.convert("1").convert("RGB"), 0.5)),
    "watermark all over": lambda image: encoded(_watermarked(image)),
    **{f"levels x {factor}": partial(_darkened, factor) for factor in (0.2, 0.12, 0.1, 0.05)},
    **{f"contrast x {factor}": partial(_faint, factor) for factor in (0.2, 0.12, 0.1)},
    "caption of a third": lambda image: encoded(captioned(image, "You will not believe this", 0.33)),
    "corner crop 20 %": lambda image: encoded(cropped(image, 0.2, 0.0, 0.0)),
}
