"""The 58 manipulations of Vallez et al., "Needle In A Haystack, Fast" (arXiv 2206.00282), and what they published.

Strengths are those of the authors' code. It edits PNG files of BSDS500, which is not among our pictures. What was
chosen here: noise is independent for each value of a pixel; filters reach as far as Pillow's (theirs end after the
kernel); text is in the face that Pillow brings (theirs is Impact), which is as high and half as bold.
"""

import math
import string
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from benchmarks.quality.drawing import font
from training.edits import cropped, encoded

Manipulation = Callable[[Image.Image, np.random.Generator], Image.Image]
Levels = NDArray[np.float64]  # 0 to 1

# Recall without a false positive on BSDS500, the mean over all 58.
PUBLISHED: Mapping[str, float] = {
    "aHash": 0.625,
    "pHash": 0.783,
    "dHash": 0.778,
    "wHash": 0.567,
    "crop-resistant hash": 0.638,
    "SIFT": 0.567,
    "ORB": 0.699,
    "FAST + LATCH": 0.718,
    "Inception v3": 0.596,
    "EfficientNet B7": 0.633,
    "ResNet50": 0.739,
    "SimCLR v1": 0.834,
    "SimCLR v2": 0.772,
    "the best of 16 for each manipulation": 0.919,
}
LINE = 20  # letters
CHARACTERS = list(string.ascii_letters + string.digits)


def _noisy(
    image: Image.Image, rng: np.random.Generator, change: Callable[[Levels, np.random.Generator], Levels]
) -> Image.Image:
    levels = change(np.asarray(image) / 255.0, rng)
    return Image.fromarray(np.rint(levels.clip(0, 1) * 255).astype(np.uint8))


def _gaussian(levels: Levels, rng: np.random.Generator, variance: float) -> Levels:
    return levels + rng.normal(0.0, math.sqrt(variance), levels.shape)


def _speckle(levels: Levels, rng: np.random.Generator, variance: float) -> Levels:
    return levels + levels * rng.normal(0.0, math.sqrt(variance), levels.shape)


def _salt_and_pepper(levels: Levels, rng: np.random.Generator, amount: float) -> Levels:
    drawn = rng.random(levels.shape)
    return np.where(drawn < amount, (drawn < amount / 2).astype(np.float64), levels)


def _cropped(image: Image.Image, lost: float) -> Image.Image:
    return cropped(image, lost).resize(image.size, Image.Resampling.BICUBIC)


def rotated(image: Image.Image, degrees: float) -> Image.Image:
    """Return *image* rotated in a frame that grows, and is squeezed to the old size."""
    grown = image.rotate(degrees, Image.Resampling.BICUBIC, expand=True)
    return grown.resize(image.size, Image.Resampling.BICUBIC)


def _sheared(image: Image.Image, degrees: float) -> Image.Image:
    """Return *image* sheared along both axes about its middle, in its frame."""
    slope, x, y = math.tan(math.radians(degrees)), image.width / 2, image.height / 2
    across, down = (1 + slope**2, -slope), (-slope, 1.0)
    parts = (*across, x - across[0] * x - across[1] * y, *down, y - down[0] * x - down[1] * y)
    return image.transform(image.size, Image.Transform.AFFINE, parts, Image.Resampling.BICUBIC)


def _scaled(image: Image.Image, factor: float) -> Image.Image:
    return image.resize((round(image.width * factor), round(image.height * factor)), Image.Resampling.BICUBIC)


def _enhanced(
    image: Image.Image, enhancer: Callable[[Image.Image], ImageEnhance._Enhance], factor: float
) -> Image.Image:
    return enhancer(image).enhance(factor)


def _lettered(image: Image.Image, rng: np.random.Generator, length: int) -> Image.Image:
    """Return *image* with random letters somewhere, white with black edges."""
    letters = "".join(rng.choice(CHARACTERS, length))
    text = "\n".join(letters[at : at + LINE] for at in range(0, length, LINE))
    marked, face = image.copy(), font(round(40 * image.width / 512))
    pen = ImageDraw.Draw(marked)
    left, top, right, bottom = pen.multiline_textbbox((0, 0), text, font=face, stroke_width=2)
    x, y = (
        float(rng.uniform(1, max(2, room - 1))) for room in (image.width - right + left, image.height - bottom + top)
    )
    pen.multiline_text((x, y), text, "white", face, stroke_fill="black", stroke_width=2, align="center")
    return marked


def _drawing_nothing(edit: Callable[[Image.Image], Image.Image]) -> Manipulation:
    return lambda image, _rng: edit(image)


NOISES: Mapping[str, Manipulation] = {
    **{f"gaussian noise {v}": partial(_noisy, change=partial(_gaussian, variance=v)) for v in (0.01, 0.02, 0.05)},
    **{f"speckle noise {v}": partial(_noisy, change=partial(_speckle, variance=v)) for v in (0.01, 0.02, 0.05)},
    **{f"salt and pepper {a}": partial(_noisy, change=partial(_salt_and_pepper, amount=a)) for a in (0.05, 0.1, 0.15)},
}
EDITS: Mapping[str, Callable[[Image.Image], Image.Image]] = {
    **{
        f"gaussian filter {size}": partial(Image.Image.filter, filter=ImageFilter.GaussianBlur(0.3 * size + 0.1))
        for size in (3, 5, 7)
    },
    **{
        f"median filter {size}": partial(Image.Image.filter, filter=ImageFilter.MedianFilter(size))
        for size in (3, 5, 7)
    },
    **{f"JPEG {quality}": partial(encoded, quality=quality) for quality in (10, 50, 90)},
    **{f"scaled by {factor}": partial(_scaled, factor=factor) for factor in (0.4, 0.8, 1.2, 1.6)},
    **{f"centre crop {lost} %": partial(_cropped, lost=lost / 100) for lost in (5, 10, 20, 40, 60)},
    **{f"rotated {degrees}": partial(rotated, degrees=degrees) for degrees in (5, 10, 20, 40, 60)},
    **{f"sheared {degrees}": partial(_sheared, degrees=degrees) for degrees in (1, 2, 5, 10, 20)},
    **{
        f"{name} x {factor}": partial(_enhanced, enhancer=enhancer, factor=factor)
        for name, enhancer in (
            ("contrast", ImageEnhance.Contrast),
            ("colour", ImageEnhance.Color),
            ("brightness", ImageEnhance.Brightness),
            ("sharpness", ImageEnhance.Sharpness),
        )
        for factor in (0.5, 0.66, 1.5, 2)
    },
}
MANIPULATIONS: Mapping[str, Manipulation] = {
    **NOISES,
    **{name: _drawing_nothing(edit) for name, edit in EDITS.items()},
    **{f"{length} letters": partial(_lettered, length=length) for length in (10, 20, 30, 40, 50)},
}
