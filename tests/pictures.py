"""Pictures drawn in code, the edits that near-duplicates undergo, and files that are broken on purpose.

`photo(seed)` looks natural to a perceptual hash: smooth fields of light with shapes and a little grain. The same
seed is the same scene at every size; different seeds are unrelated pictures, with hashes about 32 bits apart.
"""

import struct
import zlib
from collections.abc import Iterable
from functools import lru_cache
from io import BytesIO
from typing import Any, cast

import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

OCTAVES = ((3, 1.0), (5, 0.8), (9, 0.5), (17, 0.25), (33, 0.12))  # (cells across, contrast) of each layer of light
CHANNEL_SHADE = 0.35  # how much a colour channel departs from the common light
SHAPES = 7
GRAIN = 3.0  # grey levels, standard deviation
# How encoders are asked not to try hard: the size of a file is no matter here, and most of the tests' time would be.
QUICKLY: dict[str, dict[str, Any]] = {"AVIF": {"speed": 10}, "PNG": {"compress_level": 1}, "WEBP": {"method": 0}}


def photo(seed: int, size: tuple[int, int] = (320, 240)) -> Image.Image:
    """Return the RGB picture of scene *seed*, drawn at *size* (width, height)."""
    return _photo(seed, size).copy()


@lru_cache(maxsize=64)
def _photo(seed: int, size: tuple[int, int]) -> Image.Image:
    rng = np.random.default_rng([seed, 0x10A11])
    light = _field(rng, size)
    channels = [light + CHANNEL_SHADE * _field(rng, size) for _ in range(3)]
    image = Image.fromarray(_levels(np.stack(channels, axis=-1)))
    _draw_shapes(image, rng)
    grain = rng.normal(0.0, GRAIN, (size[1], size[0], 1))
    return Image.fromarray(np.clip(np.asarray(image) + grain, 0, 255).astype(np.uint8))


def textured(seed: int) -> bytes:
    """Return a picture of which every *seed* has the same large shapes, as phash1 sees them, and its own details."""
    shapes = photo(1, (640, 480)).filter(ImageFilter.GaussianBlur(24)).convert("L")
    coarse = np.random.default_rng(seed).normal(0, 40, (96, 128)).astype(np.float32)
    details = np.asarray(Image.fromarray(coarse).resize(shapes.size, Image.Resampling.BICUBIC))
    return png(Image.fromarray(np.clip(np.asarray(shapes).astype(np.float64) + details, 0, 255).astype(np.uint8)))


def _field(rng: np.random.Generator, size: tuple[int, int]) -> NDArray[np.float64]:
    """Return a smooth random field, shape (height, width), mean 0 and standard deviation 1."""
    field = np.zeros((size[1], size[0]))
    for cells, contrast in OCTAVES:
        coarse = Image.fromarray(rng.normal(0.0, contrast, (cells, cells)).astype(np.float32))
        field += np.asarray(coarse.resize(size, Image.Resampling.BICUBIC))
    return cast(NDArray[np.float64], (field - field.mean()) / (field.std() or 1.0))  # of one pixel it is 0


def _levels(field: NDArray[np.float64]) -> NDArray[np.uint8]:
    return np.clip(field * 50.0 + 120.0, 0, 255).astype(np.uint8)


def _draw_shapes(image: Image.Image, rng: np.random.Generator) -> None:
    draw = ImageDraw.Draw(image)
    for _ in range(SHAPES):
        x, y = rng.uniform(0.0, 0.85, 2) * image.size
        width, height = rng.uniform(0.05, 0.35, 2) * image.size
        colour = cast(tuple[int, int, int], tuple(int(level) for level in rng.integers(0, 256, 3)))
        outline = draw.ellipse if rng.random() < 0.5 else draw.rectangle
        outline((x, y, x + width, y + height), fill=colour)


def encode(image: Image.Image, format: str, **options: Any) -> bytes:
    """Return the file that Pillow writes for *image* in *format* ("JPEG", "PNG", ...), or pillow-heif ("HEIC")."""
    if format == "HEIC":
        return heic(image, **options)
    file = BytesIO()
    image.save(file, format, **QUICKLY.get(format, {}) | options)
    return file.getvalue()


def jpeg(image: Image.Image, quality: int = 90) -> bytes:
    """Return *image* as a JPEG file."""
    return encode(image, "JPEG", quality=quality)


def png(image: Image.Image) -> bytes:
    """Return *image* as a PNG file."""
    return encode(image, "PNG")


def heic(image: Image.Image, *, append_images: Iterable[Image.Image] = (), **options: Any) -> bytes:
    """Return *image* as a HEIC file; *options* are those of pillow-heif.

    An orientation in `exif` is written as iPhones write it: into the EXIF data, and into the container as well.
    """
    file = BytesIO()
    if isinstance(options.get("exif"), Image.Exif):
        options["exif"] = options["exif"].tobytes()  # of anything else pillow-heif does not see the orientation
    options.setdefault("enc_params", {"preset": "ultrafast"})
    others = [pillow_heif.from_pillow(other)[0] for other in append_images]
    pillow_heif.encode(image.mode, image.size, image.tobytes(), file, append_images=others, **options)
    return file.getvalue()


def decode(body: bytes) -> Image.Image:
    """Return the picture of the file *body*, decoded."""
    with Image.open(BytesIO(body)) as image:
        image.load()
        return image.copy()


def near_copy(image: Image.Image) -> Image.Image:
    """Return *image* as people pass it on: smaller, a little brighter, through a JPEG of quality 75."""
    return recompressed(brightened(resized(image, 0.8), 1.05), quality=75)


def resized(image: Image.Image, factor: float) -> Image.Image:
    """Return *image* with both sides times *factor*."""
    return image.resize((max(1, round(image.width * factor)), max(1, round(image.height * factor))))


def recompressed(image: Image.Image, quality: int = 60) -> Image.Image:
    """Return *image* after a trip through a JPEG file."""
    return decode(jpeg(image, quality))


def brightened(image: Image.Image, factor: float = 1.1) -> Image.Image:
    """Return *image* with every level times *factor*."""
    return ImageEnhance.Brightness(image).enhance(factor)


def contrasted(image: Image.Image, factor: float = 1.1) -> Image.Image:
    """Return *image* with levels *factor* times as far from its mean."""
    return ImageEnhance.Contrast(image).enhance(factor)


def grey(image: Image.Image) -> Image.Image:
    """Return *image* without colour (mode L)."""
    return image.convert("L")


def cropped(image: Image.Image, fraction: float = 0.02) -> Image.Image:
    """Return *image* with *fraction* of its width and height cut off at each of the four sides."""
    dx, dy = round(image.width * fraction), round(image.height * fraction)
    return image.crop((dx, dy, image.width - dx, image.height - dy))


def watermarked(image: Image.Image, text: str = "(c) example") -> Image.Image:
    """Return *image* with *text* across its lower right corner."""
    marked = image.convert("RGB")
    draw = ImageDraw.Draw(marked)
    left, top, right, bottom = draw.textbbox((0, 0), text)
    draw.text((marked.width - (right - left) - 6, marked.height - (bottom - top) - 8), text, fill=(255, 255, 255))
    return marked


def mirrored(image: Image.Image) -> Image.Image:
    """Return *image*'s left half beside its mirror image: symmetric about the vertical axis."""
    pixels = np.asarray(image)
    half = pixels[:, : image.width // 2]
    return Image.fromarray(np.concatenate([half, half[:, ::-1]], axis=1))


def flat(level: int, size: tuple[int, int] = (64, 48)) -> Image.Image:
    """Return a grey picture of one *level* everywhere."""
    return Image.new("L", size, level)


def png_chunk(kind: bytes, body: bytes) -> bytes:
    """Return one PNG chunk with its length and checksum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_claiming(width: int, height: int, chunks: Iterable[bytes] = ()) -> bytes:
    """Return a PNG file of a few bytes whose header claims *width* x *height* grey pixels."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks)
