"""Nearly blank pictures, drawn in code: their hashes say nothing, or what all of their kind say."""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from training.edits import contrasted, encoded, with_noise
from training.random_edits import LINES

SIZES = ((640, 480), (480, 640), (600, 600), (800, 450))
WORDS = " ".join(LINES).split()


def flat(number: int) -> Image.Image:
    """Return a picture of one colour, with the noise of a JPEG file now and then."""
    rng = np.random.default_rng([1, number])
    return encoded(Image.new("RGB", SIZES[number % 4], tuple(rng.integers(0, 256, 3).tolist())), quality=60)


def gradient(number: int) -> Image.Image:
    """Return a picture that changes evenly from one colour to another, in any direction."""
    rng = np.random.default_rng([2, number])
    width, height = SIZES[number % 4]
    angle = rng.uniform(0, 2 * np.pi) if number % 3 else rng.integers(4) * np.pi / 2
    y, x = np.mgrid[0:height, 0:width]
    along = x / width * np.cos(angle) + y / height * np.sin(angle)
    along = (along - along.min()) / (along.max() - along.min())
    start, stop = rng.integers(0, 256, (2, 3))
    pixels = start + along[:, :, None] * (stop - start)
    return encoded(Image.fromarray(np.rint(pixels).astype(np.uint8)), quality=85)


def glow(number: int) -> Image.Image:
    """Return a picture that changes evenly from one colour in a point to another around it."""
    rng = np.random.default_rng([9, number])
    width, height = SIZES[number % 4]
    y, x = np.mgrid[0:height, 0:width]
    distance = np.hypot((x / width - rng.uniform(0.2, 0.8)) * width / height, y / height - rng.uniform(0.2, 0.8))
    start, stop = rng.integers(0, 256, (2, 3))
    pixels = start + (distance[:, :, None] / distance.max()) ** rng.uniform(0.6, 2.5) * (stop - start)
    return encoded(Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8)))


def four_corners(number: int) -> Image.Image:
    """Return a picture that changes evenly between the colours of its four corners."""
    rng = np.random.default_rng([10, number])
    width, height = SIZES[number % 4]
    (first, second), (third, fourth) = rng.integers(0, 256, (2, 2, 1, 1, 3)).astype(float)
    y, x = np.linspace(0, 1, height)[:, None, None], np.linspace(0, 1, width)[None, :, None]
    pixels = (first * (1 - x) + second * x) * (1 - y) + (third * (1 - x) + fourth * x) * y
    return encoded(Image.fromarray(np.rint(pixels).astype(np.uint8)))


def scanned_blank(number: int) -> Image.Image:
    """Return an empty sheet of grey on a white page."""
    rng = np.random.default_rng([11, number])
    width, height = SIZES[number % 4]
    margin, level = rng.uniform(0.03, 0.12), int(rng.integers(190, 245))
    page = Image.new("RGB", (width, height), "white")
    sheet = (width * margin, height * margin, width * (1 - margin), height * (1 - margin))
    ImageDraw.Draw(page).rectangle(sheet, fill=(level, level, level))
    return encoded(page)


def text_page(number: int) -> Image.Image:
    """Return a page of paragraphs, black on white or nearly so."""
    rng = np.random.default_rng([3, number])
    width, height = (850, 1100) if number % 4 else (1100, 850)
    paper = int(rng.integers(235, 256))
    page = Image.new("L", (width, height), paper)
    draw = ImageDraw.Draw(page)
    size = int(rng.integers(11, 26))
    font = ImageFont.load_default(size)
    margin, y = rng.uniform(0.06, 0.14) * width, rng.uniform(0.05, 0.12) * height
    while y < height * 0.93:
        for _ in range(int(rng.integers(2, 9))):
            last = rng.random() < 0.2
            line, right = "", width - margin * (2.5 if last else 1)
            while draw.textlength(line, font) < right - margin - size * 3:
                line += " " * bool(line) + WORDS[int(rng.integers(len(WORDS)))]
            if y < height * 0.93:
                draw.text((margin, y), line, fill=20, font=font)
            y += size * 1.35
        y += size * 0.8
    return encoded(page.convert("RGB"), quality=80)


def line_drawing(number: int) -> Image.Image:
    """Return a few thin strokes on white."""
    rng = np.random.default_rng([4, number])
    width, height = SIZES[number % 4]
    drawing = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(drawing)
    for _ in range(int(rng.integers(3, 12))):
        points = rng.uniform(0.1, 0.9, (int(rng.integers(2, 6)), 2)) * (width, height)
        draw.line([(x, y) for x, y in points.tolist()], fill="black", width=int(rng.integers(1, 4)))
    for _ in range(int(rng.integers(0, 4))):
        x, y, r = rng.uniform(0.2, 0.8) * width, rng.uniform(0.2, 0.8) * height, rng.uniform(0.05, 0.2) * height
        draw.ellipse((x - r, y - r, x + r, y + r), outline="black", width=2)
    return drawing


def icon(number: int) -> Image.Image:
    """Return a bold shape or two on one colour."""
    rng = np.random.default_rng([5, number])
    picture = Image.new("RGB", (256, 256), tuple(rng.integers(0, 256, 3).tolist()))
    draw = ImageDraw.Draw(picture)
    for _ in range(int(rng.integers(1, 4))):
        colour = tuple(rng.integers(0, 256, 3).tolist())
        x, y = rng.uniform(20, 110, 2).tolist()
        w, h = rng.uniform(60, 130, 2).tolist()
        shape = int(rng.integers(3))
        if shape == 0:
            draw.ellipse((x, y, x + w, y + h), fill=colour)
        elif shape == 1:
            draw.rounded_rectangle((x, y, x + w, y + h), 12, fill=colour)
        else:
            draw.polygon([(x, y + h), (x + w / 2, y), (x + w, y + h)], fill=colour)
    return picture


def night_sky(number: int) -> Image.Image:
    """Return stars on black, with a glow along one side now and then."""
    rng = np.random.default_rng([6, number])
    width, height = SIZES[number % 4]
    light = np.zeros((height, width))
    if number % 2:
        light += rng.uniform(5, 40) * np.linspace(0, 1, height)[:, None] ** 2
    sky = Image.fromarray(np.clip(light + rng.normal(6, 2, light.shape), 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(sky)
    for _ in range(int(rng.integers(100, 600))):
        x, y, r = rng.uniform(0, width), rng.uniform(0, height), float(rng.exponential(0.6))
        draw.ellipse((x - r, y - r, x + r, y + r), fill=int(rng.integers(80, 256)))
    return encoded(sky.convert("RGB"), quality=85)


def noise(number: int) -> Image.Image:
    """Return one colour under grain of any strength."""
    rng = np.random.default_rng([12, number])
    paper = Image.new("RGB", SIZES[number % 4], tuple(rng.integers(0, 256, 3).tolist()))
    return encoded(with_noise(paper, float(rng.uniform(1, 80)), seed=number), quality=int(rng.integers(30, 95)))


def _darkened(draw: Callable[[int], Image.Image], number: int) -> Image.Image:
    return encoded(draw(number).point([round(level * 0.1) for level in range(256)] * 3))


def _faint(draw: Callable[[int], Image.Image], number: int) -> Image.Image:
    return encoded(contrasted(draw(number), 0.1))


_EVEN = {"gradient": gradient, "glow": glow, "scanned blank": scanned_blank}
KINDS: Mapping[str, Callable[[int], Image.Image]] = {
    "flat": flat,
    "gradient": gradient,
    "glow": glow,
    "four corners": four_corners,
    "scanned blank": scanned_blank,
    "text page": text_page,
    "line drawing": line_drawing,
    "icon": icon,
    "night sky": night_sky,
    "noise": noise,
    **{f"dark {name}": partial(_darkened, draw) for name, draw in _EVEN.items()},
    **{f"faint {name}": partial(_faint, draw) for name, draw in _EVEN.items()},
}
