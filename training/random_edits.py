"""Random edits, repeatable by their generator: every parameter is drawn from a range, so that none lies on a grid.

Each returns what a decoder makes of the edited file.
"""

from typing import cast

import numpy as np
from PIL import Image

from training import edits

LINES = (
    "You will not believe this",
    "when you see it",
    "Good morning everyone",
    "me on a monday",
    "Best holiday ever 2019",
    "nobody: absolutely nobody:",
    "www.example.com/gallery",
    "share if you agree",
)


def compound(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Return *image* in another frame, tone, size and file.

    The frame: a crop, a 1:1 cut, a 16:9 cut, a rotation or a border, equally often; three times in ten a rotation or a
    border comes on top.
    """
    framings = (_random_crop, _random_square, _random_wide, _random_rotation, _random_borders)
    first = int(rng.integers(5))
    second = int(rng.integers(3, 5)) if rng.random() < 0.3 else first
    for number in sorted({first, second}):
        image = framings[number](image, rng)
    image = edits.scaled(_toned(image, rng), float(rng.uniform(0.35, 1.1)))
    return edits.encoded(image, quality=int(rng.integers(30, 93)))


def misaligned(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Return *image* as the nearest view of an edited copy shows it: a little cut, rotated, toned and re-encoded."""
    across, down = (rng.uniform(0.0, 0.12, 2) * (rng.random() < 0.85)).tolist()
    image = edits.cut(image, across, down, *rng.uniform(0, 1, 2).tolist())
    if rng.random() < 0.4:
        image = edits.straightened(image, float(rng.uniform(-3.0, 3.0)))
    image = _toned(image, rng)
    if rng.random() < 0.2:
        image = edits.with_logo(image, float(rng.uniform(0.05, 0.25)), *rng.uniform(0, 1, 2).tolist())
    image = edits.scaled(image, float(rng.uniform(0.4, 1.0)))
    return edits.encoded(image, quality=int(rng.integers(20, 93)))


def _random_crop(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    across, down = rng.uniform(0.03, 0.32, 2)
    x, y = rng.uniform(0, 1, 2)
    return edits.cut(image, float(across), float(down), float(x), float(y))


def _random_rotation(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    degrees = float(rng.uniform(0.3, 3.0) * rng.choice([-1, 1]))
    return edits.straightened(image, degrees) if rng.random() < 0.5 else edits.rotated(image, degrees, _colour(rng))


def _random_borders(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    sides = rng.uniform(0.0, 0.15, 4) * (rng.random(4) < 0.7)
    return edits.bordered(image, cast(tuple[float, float, float, float], tuple(sides.tolist())), _colour(rng))


def _random_square(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    return edits.aspect_cut(image, 1.0, float(rng.choice([0.5, rng.uniform(0, 1)], p=[0.7, 0.3])))


def _random_wide(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    ratio = 16 / 9 if image.width >= image.height else 9 / 16
    return edits.aspect_cut(image, ratio, float(rng.choice([0.5, rng.uniform(0, 1)], p=[0.7, 0.3])))


def _colour(rng: np.random.Generator) -> edits.Colour:
    if rng.random() < 0.75:
        return edits.BLACK if rng.random() < 0.5 else edits.WHITE
    red, green, blue = rng.integers(0, 256, 3).tolist()
    return red, green, blue


def _toned(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    image = edits.brightened(image, float(rng.uniform(0.75, 1.3)))
    image = edits.contrasted(image, float(rng.uniform(0.75, 1.35)))
    image = edits.saturated(image, float(rng.uniform(0.4, 1.7)))
    return edits.with_gamma(image, float(np.exp(rng.uniform(-0.3, 0.3))))


def decorated(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Return *image* after other things that people do: captions, stickers, screens, frames, filters, formats."""
    text = LINES[int(rng.integers(len(LINES)))]
    dark = bool(rng.random() < 0.3)
    match int(rng.integers(8)):
        case 0:
            image = edits.captioned(
                image, text, float(rng.uniform(0.1, 0.28)), below=bool(rng.random() < 0.3), dark=dark
            )
        case 1:
            image = edits.impact(image, text)
        case 2:
            grey_level = int(rng.choice([0, 18, 245, 255]))
            top, bottom = rng.uniform(0.04, 0.12, 2).tolist()
            image = edits.screenshot(image, top, bottom, (grey_level, grey_level, grey_level))
        case 3:
            image = edits.letterboxed(image, float(rng.choice([1.0, 4 / 3, 16 / 9, 9 / 16, 3 / 4])), _colour(rng))
        case 4:
            image = edits.with_logo(image, float(rng.uniform(0.1, 0.3)), *rng.uniform(0, 1, 2).tolist())
        case 5:
            image = edits.watermarked(image, int(rng.integers(60, 160)), text)
        case 6:
            image = edits.with_noise(edits.blurred(image, float(rng.uniform(0, 0.006))), float(rng.uniform(0, 20)))
        case _:
            image = edits.grey(image) if dark else edits.contrasted(image, float(rng.uniform(0.5, 1.8)))
    image = edits.scaled(image, *rng.uniform(0.4, 1.2) * np.exp(rng.uniform(-0.06, 0.06, 2)))
    format = str(rng.choice(["JPEG", "WEBP"]))
    return edits.encoded(image, format, int(rng.integers(15, 95)))
