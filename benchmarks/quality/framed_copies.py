"""Copies in another frame, which only windows that are not stored find: crops, turns, captions and others."""

import math
from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
from PIL import Image, ImageFilter, ImageOps

from benchmarks.quality.manipulations import rotated
from training import edits


def _sheared(image: Image.Image, degrees: float) -> Image.Image:
    slope = math.tan(math.radians(degrees))
    parts = (1, slope, -slope * image.height / 2, 0, 1, 0)
    return image.transform(image.size, Image.Transform.AFFINE, parts, Image.Resampling.BICUBIC)


def _story(image: Image.Image) -> Image.Image:
    """Return *image* between parts of its own blurred copy, 9:16."""
    across = max(image.width, round(image.height * 0.7))
    page = image.resize((across, across * 16 // 9)).filter(ImageFilter.GaussianBlur(across / 20))
    shown = image.resize((across, round(image.height * across / image.width)))
    page.paste(shown, (0, (page.height - shown.height) // 2))
    return page


def _shadowed(image: Image.Image) -> Image.Image:
    """Return *image* on white, with the shadow of a window around it."""
    margin = round(0.07 * max(image.size))
    page = ImageOps.expand(Image.new("RGB", image.size, (127, 127, 127)), margin, "white")
    page = page.filter(ImageFilter.GaussianBlur(margin / 2.5))
    page.paste(image, (margin, margin))
    return page


def collage(images: Sequence[Image.Image], *, fit: bool) -> Image.Image:
    """Return two or four *images* in one, squeezed or cut to fit."""
    size = (256, 384 // (len(images) // 2))
    page = Image.new("RGB", (512, 384))
    for number, image in enumerate(images):
        one = ImageOps.fit(image, size) if fit else image.resize(size)
        page.paste(one, (number % 2 * 256, number // 2 * size[1]))
    return page


FIXED: Mapping[str, edits.Edit] = {
    "centre, 60 % of each side": partial(edits.cropped, lost=0.4),
    **{f"rotated {angle}, squeezed": partial(rotated, degrees=angle) for angle in (5, 10, -20, 30, -45)},
    **{f"rotated {angle} in its frame": partial(edits.rotated, degrees=angle) for angle in (-5, 10)},
    **{f"sheared {angle} across": partial(_sheared, degrees=angle) for angle in (-10, 20)},
    "caption of a third above": partial(edits.captioned, text="You will not believe this", share=0.35),
    "caption of a third below": partial(edits.captioned, text="You will not believe this", share=0.35, below=True),
    "between blurred bars": _story,
    "shadow of a window": _shadowed,
    "4:5": partial(edits.aspect_cut, ratio=0.8),
    "9:16": partial(edits.aspect_cut, ratio=9 / 16),
    "negative": ImageOps.invert,
}
CROPS = {"crop to 78 to 84 %": (0.78, 0.84), "crop to 68 to 75 %": (0.68, 0.75)}  # of each side, drawn apart, anywhere


def random_crop(image: Image.Image, rng: np.random.Generator, kind: str) -> Image.Image:
    """Return one of the CROPS of *image*."""
    across, down = 1 - rng.uniform(*CROPS[kind], 2)
    return edits.encoded(edits.cut(image, float(across), float(down), *rng.uniform(0, 1, 2).tolist()))
