"""What people do to pictures, one edit at a time: each takes an RGB picture and returns another."""

from collections.abc import Callable
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont, ImageOps

Edit = Callable[[Image.Image], Image.Image]
Colour = tuple[int, int, int]

BLACK, WHITE = (0, 0, 0), (255, 255, 255)


def encoded(image: Image.Image, format: str = "JPEG", quality: int = 85) -> Image.Image:
    """Return *image* after a trip through a file."""
    file = BytesIO()
    options = {"speed": 9} if format == "AVIF" else {}
    image.save(file, format, quality=quality, **options)
    with Image.open(file) as back:
        return back.convert("RGB")


def in_file(image: Image.Image) -> bytes:
    """Return a file of *image*, without loss and quickly written."""
    file = BytesIO()
    image.save(file, "BMP")
    return file.getvalue()


def scaled(image: Image.Image, across: float, down: float | None = None) -> Image.Image:
    """Return *image* with its width times *across* and its height times *down*."""
    down = across if down is None else down
    size = (max(8, round(image.width * across)), max(8, round(image.height * down)))
    return image.resize(size, Image.Resampling.BICUBIC, reducing_gap=3.0)


def cropped(image: Image.Image, lost: float, x: float = 0.5, y: float = 0.5) -> Image.Image:
    """Return *image* without the fraction *lost* of its width and height; *x* and *y* place what is left."""
    return cut(image, lost, lost, x, y)


def cut(image: Image.Image, across: float, down: float, x: float, y: float) -> Image.Image:
    """Return *image* without *across* of its width and *down* of its height; *x* and *y* (0 to 1) place the rest."""
    left, top = image.width * across * x, image.height * down * y
    right, bottom = left + image.width * (1 - across), top + image.height * (1 - down)
    return image.crop((round(left), round(top), round(right), round(bottom)))


def aspect_cut(image: Image.Image, ratio: float, at: float = 0.5) -> Image.Image:
    """Return the largest window of *ratio* (width / height), *at* 0 to 1 along the side that is cut."""
    if image.width > image.height * ratio:
        return cut(image, 1 - image.height * ratio / image.width, 0.0, at, 0.5)
    return cut(image, 0.0, 1 - image.width / ratio / image.height, 0.5, at)


def rotated(image: Image.Image, degrees: float, fill: Colour = BLACK) -> Image.Image:
    """Return *image* rotated inside its own frame, its corners filled."""
    return image.rotate(degrees, Image.Resampling.BICUBIC, fillcolor=fill)


def straightened(image: Image.Image, degrees: float) -> Image.Image:
    """Return *image* rotated and cut to the largest window of its shape without corners to fill."""
    angle = abs(np.deg2rad(degrees))
    ratio = max(image.width / image.height, image.height / image.width)
    kept = 1.0 / (np.cos(angle) + ratio * np.sin(angle))
    return cropped(rotated(image, degrees), float(1 - kept))


def bordered(image: Image.Image, sides: tuple[float, float, float, float], colour: Colour = WHITE) -> Image.Image:
    """Return *image* in a border; *sides* are fractions of its width and height: left, top, right, bottom."""
    left, right = round(image.width * sides[0]), round(image.width * sides[2])
    top, bottom = round(image.height * sides[1]), round(image.height * sides[3])
    return ImageOps.expand(image, (left, top, right, bottom), colour)


def letterboxed(image: Image.Image, ratio: float = 4 / 3, colour: Colour = BLACK) -> Image.Image:
    """Return *image* inside a frame of *ratio*; one of nearly that ratio is put in a square one."""
    if abs(image.width / image.height / ratio - 1) < 0.1:
        ratio = 1.0
    if image.width > image.height * ratio:
        bar = (image.width / ratio / image.height - 1) / 2
        return bordered(image, (0, bar, 0, bar), colour)
    bar = (image.height * ratio / image.width - 1) / 2
    return bordered(image, (bar, 0, bar, 0), colour)


def screenshot(
    image: Image.Image, top: float = 0.06, bottom: float = 0.09, paper: Colour = (245, 245, 247)
) -> Image.Image:
    """Return *image* between a phone's status line and a row of buttons."""
    shot = bordered(image, (0, top, 0, bottom), paper)
    draw = ImageDraw.Draw(shot)
    ink = (30, 30, 30) if sum(paper) > 380 else (230, 230, 230)
    line = max(6, round(image.height * top * 0.5))
    draw.text((shot.width * 0.05, line * 0.4), "12:34", fill=ink, font=ImageFont.load_default(line))
    draw.rectangle((shot.width * 0.88, line * 0.6, shot.width * 0.95, line * 1.3), outline=ink)
    y = image.height * (1 + top + bottom / 2)
    for x in (0.12, 0.37, 0.63, 0.88):
        r = image.height * bottom * 0.2
        draw.ellipse((shot.width * x - r, y - r, shot.width * x + r, y + r), outline=ink, width=2)
    return shot


def captioned(image: Image.Image, text: str, share: float, *, below: bool = False, dark: bool = False) -> Image.Image:
    """Return *image* with a bar of text above or below it, as memes have it."""
    paper, ink = (BLACK, WHITE) if dark else (WHITE, BLACK)
    sides = (0.0, 0.0, 0.0, share) if below else (0.0, share, 0.0, 0.0)
    meme = bordered(image, sides, paper)
    height = meme.height - image.height
    top = image.height if below else 0
    size = min(height * 0.55, 1.7 * image.width / len(text))
    font = ImageFont.load_default(max(6, round(size)))
    ImageDraw.Draw(meme).text((meme.width / 2, top + height / 2), text, fill=ink, font=font, anchor="mm")
    return meme


def impact(image: Image.Image, text: str) -> Image.Image:
    """Return *image* with outlined text over its lower edge."""
    marked = image.copy()
    font = ImageFont.load_default(max(8, round(min(image.height * 0.1, 1.6 * image.width / len(text)))))
    place = (image.width / 2, image.height * 0.9)
    ImageDraw.Draw(marked).text(
        place, text, fill=WHITE, font=font, anchor="mm", stroke_width=max(1, image.height // 200), stroke_fill=BLACK
    )
    return marked


def watermarked(image: Image.Image, strength: int = 90, text: str = "(c) example.com") -> Image.Image:
    """Return *image* with half-transparent text across its middle."""
    layer = Image.new("RGBA", image.size, (255, 255, 255, 0))
    font = ImageFont.load_default(max(8, round(1.5 * image.width / len(text))))
    place = (image.width / 2, image.height / 2)
    ImageDraw.Draw(layer).text(place, text, fill=(255, 255, 255, strength), font=font, anchor="mm")
    return Image.alpha_composite(image.convert("RGBA"), layer).convert("RGB")


def with_logo(image: Image.Image, share: float = 0.15, x: float = 0.95, y: float = 0.95) -> Image.Image:
    """Return *image* with a disc in a box stuck on it; *share* of its shorter side, *x* and *y* (0 to 1) its place."""
    side = share * min(image.size)
    left, top = (image.width - side) * x, (image.height - side) * y
    marked = image.copy()
    draw = ImageDraw.Draw(marked)
    draw.rectangle((left, top, left + side, top + side), fill=(250, 250, 250))
    draw.ellipse((left + side / 6, top + side / 6, left + side * 5 / 6, top + side * 5 / 6), fill=(200, 30, 40))
    return marked


def with_gamma(image: Image.Image, gamma: float) -> Image.Image:
    """Return *image* with levels to the power *gamma*."""
    table = [round(255 * (level / 255) ** gamma) for level in range(256)]
    return image.point(table * 3)


def with_noise(image: Image.Image, levels: float, seed: int = 7) -> Image.Image:
    """Return *image* with independent grain in each channel; *levels* is its standard deviation."""
    pixels = np.asarray(image).astype(np.float32)
    pixels += np.random.default_rng(seed).normal(0.0, levels, pixels.shape).astype(np.float32)
    return Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8))


def grey(image: Image.Image) -> Image.Image:
    """Return *image* without colour."""
    return image.convert("L").convert("RGB")


def brightened(image: Image.Image, factor: float) -> Image.Image:
    """Return *image* with levels times *factor*."""
    return ImageEnhance.Brightness(image).enhance(factor)


def contrasted(image: Image.Image, factor: float) -> Image.Image:
    """Return *image* with levels *factor* times as far from their mean."""
    return ImageEnhance.Contrast(image).enhance(factor)


def saturated(image: Image.Image, factor: float) -> Image.Image:
    """Return *image* with colours *factor* times as far from grey."""
    return ImageEnhance.Color(image).enhance(factor)


def blurred(image: Image.Image, share: float) -> Image.Image:
    """Return *image* through a Gaussian blur, its radius a *share* of the longer side."""
    return image.filter(ImageFilter.GaussianBlur(share * max(image.size)))


def sharpened(image: Image.Image) -> Image.Image:
    """Return *image* through an unsharp mask."""
    return image.filter(ImageFilter.UnsharpMask(2, 150, 2))


def luma_of(image: Image.Image, side: int) -> NDArray[np.uint8]:
    """Return the luma of *image*, shrunk by a whole factor to *side* pixels or more on its shorter side."""
    factor = max(1, min(image.size) // side)
    return np.asarray(image.convert("L").reduce(factor))
