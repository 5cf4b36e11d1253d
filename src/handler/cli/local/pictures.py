"""The demo's pictures: photographs that scikit-image ships, and edited copies made on the spot."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.resources import files

from PIL import Image, ImageDraw, ImageEnhance, ImageFont

OTHERS = ("brick.png", "grass.png", "hubble_deep_field.jpg", "page.png")  # resemble none of the rest


@dataclass(frozen=True, slots=True)
class Upload:
    """A picture to upload."""

    key: str
    body: bytes
    copy_of: str | None = None  # the key of the picture that it shows again


def photograph(name: str) -> bytes:
    """Return one file of scikit-image's, as it ships it."""
    return (files("skimage") / "data" / name).read_bytes()


def encoded(picture: Image.Image, kind: str, **options: int) -> bytes:
    """Return *picture* as a file of *kind* (Pillow's name)."""
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def gallery() -> tuple[list[Upload], list[Upload]]:
    """Return the pictures to begin with, all different, and then the edited copies of some of them."""
    originals = [Upload(f"photos/{name}", photograph(name)) for name, *_ in _EDITS]
    others = [Upload(f"photos/{name}", photograph(name)) for name in OTHERS]
    return originals + others, list(_copies())


def _copies() -> Iterator[Upload]:
    for name, edit, suffix, change, kind, options in _EDITS:
        stem = name.split(".")[0]
        with Image.open(io.BytesIO(photograph(name))) as picture:
            body = encoded(change(picture.convert("RGB")), kind, **options)
        yield Upload(f"edited/{stem} {edit}.{suffix}", body, copy_of=f"photos/{name}")


def _same(picture: Image.Image) -> Image.Image:
    return picture


def _half(picture: Image.Image) -> Image.Image:
    return picture.resize((picture.width // 2, picture.height // 2), Image.Resampling.LANCZOS)


def _grey(picture: Image.Image) -> Image.Image:
    return picture.convert("L")


def _cropped(picture: Image.Image) -> Image.Image:
    width, height = picture.size
    return picture.crop((round(width * 0.1), round(height * 0.1), width, height))


def _brighter(picture: Image.Image) -> Image.Image:
    return ImageEnhance.Brightness(picture).enhance(1.2)


def _watermarked(picture: Image.Image) -> Image.Image:
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(size=picture.height // 16)
    draw.text((picture.width * 0.62, picture.height * 0.9), "(c) lookalike", fill=(255, 255, 255), font=font)
    return picture


# photograph, edit, suffix, change, kind, options
_EDITS: tuple[tuple[str, str, str, Callable[[Image.Image], Image.Image], str, dict[str, int]], ...] = (
    ("astronaut.png", "re-encoded", "jpg", _same, "JPEG", {"quality": 40}),
    ("chelsea.png", "half size", "jpg", _half, "JPEG", {"quality": 85}),
    ("coffee.png", "grey", "jpg", _grey, "JPEG", {"quality": 85}),
    ("rocket.jpg", "cropped 10 %", "jpg", _cropped, "JPEG", {"quality": 90}),
    ("camera.png", "brighter", "jpg", _brighter, "JPEG", {"quality": 85}),
    ("coins.png", "watermarked", "jpg", _watermarked, "JPEG", {"quality": 85}),
    ("retina.jpg", "as PNG", "png", _half, "PNG", {}),
    ("motorcycle_left.png", "as WebP", "webp", _same, "WEBP", {"quality": 75}),
)
