"""What the families are drawn with: words, colours, dates and empty pages."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]

WORDS = """
above after again along annual apple around artist autumn balance basket before bridge bright brother butter
camera candle carbon castle centre change choice circle clever clouds coffee colour common copper corner
cotton course danger daughter decide detail dinner doctor double dragon during early engine enough evening
expert family farmer figure finger flower forest friend future garden gentle ginger golden ground growth
hammer harbour health hidden honest hunter income insect island jacket jungle kettle kitchen ladder laptop
letter listen little market matter meadow member mirror modern moment mother museum narrow nature needle
nobody normal number object office orange orchard output oxygen palace parcel people pepper person planet
player pocket poetry police portal potato prince profit public purple quarter quiet rabbit record remote
result rhythm ribbon rocket saddle salmon school season second secret shadow signal silver simple singer
sister smooth social source spirit square stable station stream street studio summer supper system talent
target theory thread ticket timber toward travel trophy tunnel twenty useful valley velvet victim violin
vision volume walnut weapon weekly weight window winter wisdom wonder yellow
""".split()  # noqa: SIM905  # a list would take 140 lines
INKS: tuple[Colour, ...] = (
    (31, 119, 180),
    (255, 127, 14),
    (44, 160, 44),
    (214, 39, 40),
    (148, 103, 189),
    (140, 86, 75),
)


def words(rng: np.random.Generator, count: int) -> str:
    """Return *count* words."""
    return " ".join(WORDS[int(place)] for place in rng.integers(0, len(WORDS), count))


def title(rng: np.random.Generator, count: int) -> str:
    """Return *count* words, capitalised."""
    return words(rng, count).title()


def font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return the face that Pillow brings, *size* pixels high."""
    return ImageFont.load_default(size)


def digits(rng: np.random.Generator, count: int) -> str:
    """Return *count* digits."""
    return "".join(str(digit) for digit in rng.integers(0, 10, count))


def whole(rng: np.random.Generator, low: int, high: int) -> int:
    """Return a whole number from *low* to below *high*."""
    return int(rng.integers(low, high))


def bright(rng: np.random.Generator) -> Colour:
    """Return any colour but the darkest and the lightest."""
    red, green, blue = rng.integers(30, 230, 3).tolist()
    return red, green, blue


def pale(rng: np.random.Generator) -> Colour:
    """Return a light colour."""
    red, green, blue = rng.integers(170, 250, 3).tolist()
    return red, green, blue


def date(rng: np.random.Generator) -> str:
    """Return a day."""
    return f"{rng.integers(1, 29):02d}.{rng.integers(1, 13):02d}.{rng.integers(1950, 2025)}"


def page(width: int, height: int, paper: Colour = (255, 255, 255)) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """Return an empty page, and what draws on it."""
    image = Image.new("RGB", (width, height), paper)
    return image, ImageDraw.Draw(image)
