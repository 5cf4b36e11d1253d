"""The picture that people see, or that ImageHash sees, of the bytes of a file, inside the limits.

What a file is turned into here is part of a generation: it decides what is compared.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from importlib import import_module
from io import BytesIO
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image, Resampling, alpha_composite, fromarray, new

from handler.core.capture import taken
from handler.core.decoders import Opened, count_frames, orientation_of, profile_of, rejecting
from handler.core.loading import load
from handler.core.model import Limits
from handler.core.png import MAX_PROFILE_BYTES
from handler.core.tiff import Layout

COLOURS_SIDE = 64  # a side of the small picture in colour has fewer than twice as many pixels
_PART_PIXELS = 1 << 18  # of a decoded picture that are converted at once
_WHITES = (1.0, 255.0, 1023.0, 4095.0, 16383.0, 65535.0)


@dataclass(frozen=True, slots=True)
class DecodedPicture:
    """A picture as people see it: upright, opaque, grey; and once more, small, in colour."""

    luma: NDArray[np.uint8]  # shape (height, width), reduced; 0 black to 255 white
    colours: NDArray[np.uint8]  # shape (height, width, 3), red, green, blue; reduced to fewer than 2 x COLOURS_SIDE
    width: int  # pixels, as the header has them
    height: int
    format: str  # one of FORMATS
    taken: str | None  # by the camera's clock: see `core.capture`
    frames: int  # or pages, of which this is the first; a TIFF's are counted up to MAX_PAGES
    notes: tuple[str, ...]  # what was ignored


@dataclass(frozen=True, slots=True)
class GreyPicture:
    """A whole picture, shrunk to a small square whatever its shape."""

    luma: NDArray[np.uint8]  # shape (side, side), 0 black to 255 white
    width: int  # pixels, as the header has them
    height: int
    format: str  # one of FORMATS


def decode_like_imagehash(body: bytes, limits: Limits, *, side: int) -> GreyPicture:
    """Return the picture in *body* as ImageHash sees it: fully decoded, then grey, then shrunk with LANCZOS.

    Of an animation that is the first frame. An orientation in the EXIF data is not applied (a TIFF's is, as
    by Pillow). Raises PictureRejected; raises MemoryError where memory runs out, which is not the picture's fault.
    """
    opened = load(body, limits)
    with rejecting(opened.format):
        grey = opened.image.convert("L")
        if opened.format == "TIFF":
            grey = fromarray(_upright(np.asarray(grey), orientation_of(opened)))
        grey = grey.resize((side, side), Resampling.LANCZOS)
    return GreyPicture(np.asarray(grey), opened.width, opened.height, opened.format)


def decode(body: bytes, limits: Limits, *, side: int) -> DecodedPicture:
    """Return the picture in *body* as people see it, with at least *side* pixels on its shorter side where it has them.

    The steps and their order are part of the generation `look1`: a JPEG is decoded at the smallest scale that leaves
    *side* pixels, other files in full; 16-bit, palette, CMYK and float samples become RGB or grey; transparency is
    laid on white; then as few pixels as leave *side* are averaged; a colour profile other than sRGB, of up to
    MAX_PROFILE_BYTES, is applied; luma; and the EXIF orientation last. Of an animation or a file of several pages that
    is the first.

    Raises PictureRejected; raises MemoryError where memory runs out, which is not the picture's fault.
    """
    opened = load(body, limits, partial(_at_small_scale, side=side))
    with rejecting(opened.format):
        averaged, orientation = _averaged(opened, side), orientation_of(opened)
        luma, colours = (_upright(np.asarray(one), orientation) for one in averaged)
        when, frames = taken(opened), count_frames(opened)
    return DecodedPicture(luma, colours, opened.width, opened.height, opened.format, when, frames, tuple(opened.notes))


def _at_small_scale(opened: Opened, side: int) -> None:
    if opened.format == "JPEG":
        # Luma and chroma as the file keeps them, unless a profile wants red, green and blue.
        opened.image.draft("YCbCr" if _has_chroma(opened.image) and not profile_of(opened) else "RGB", (side, side))


def _has_chroma(image: Image) -> bool:
    """Return whether a JPEG of three channels surely keeps luma and chroma: libjpeg does not make them of others."""
    transform = image.info.get("adobe_transform")
    if transform is not None:
        return bool(transform == 1)
    return "jfif" in image.info or [channel[0] for channel in getattr(image, "layer", [])] == [1, 2, 3]


def _averaged(opened: Opened, side: int) -> tuple[Image, Image]:
    """Return a picture's luma, with blocks of pixels averaged before they are made sRGB, and its colours, small.

    In parts: a second copy of a large picture, whatever its shape, would be most of the memory that decoding takes.
    """
    image = _on_white(opened)
    in_srgb = _in_srgb(opened)
    factor = max(1, min(image.size) // side)
    white = _white(image, opened.layout)
    luma = new("L", _divided(image.size, (factor, factor)))
    fewer = max(1, luma.width // COLOURS_SIDE), max(1, luma.height // COLOURS_SIDE)
    colours = new("RGB", _divided(luma.size, fewer))
    for left, top, right, bottom in _parts(image.size, (factor * fewer[0], factor * fewer[1])):
        part = _flattened(image.crop((left, top, right, bottom)), white, opened.layout)
        part = in_srgb(part.reduce(factor) if factor > 1 else part)
        at = left // factor, top // factor
        luma.paste(part.convert("L"), at)
        colours.paste(part.reduce(fewer).convert("RGB"), (at[0] // fewer[0], at[1] // fewer[1]))
    return luma, colours


def _divided(size: tuple[int, int], factors: tuple[int, int]) -> tuple[int, int]:
    return -(-size[0] // factors[0]), -(-size[1] // factors[1])


def _parts(size: tuple[int, int], step: tuple[int, int] = (1, 1)) -> Iterator[tuple[int, int, int, int]]:
    """Yield the rectangles that a picture of *size* is cut into, at multiples of *step*: whole rows if they fit."""
    width, height = size
    across = min(width, max(1, _PART_PIXELS // (step[0] * step[1])) * step[0])
    down = max(1, _PART_PIXELS // (across * step[1])) * step[1]
    for top in range(0, height, down):
        for left in range(0, width, across):
            yield left, top, min(left + across, width), min(top + down, height)


def _on_white(opened: Opened) -> Image:
    """Return Pillow's picture, white where its pixels have the transparent colour, if that takes 16 bits to tell."""
    if opened.hidden:
        opened.image.paste((255, 255, 255), None, opened.hidden)
    return opened.image


def _flattened(image: Image, white: float, layout: Layout) -> Image:
    """Return *image* as L, RGB, YCbCr or CMYK, on white where it is transparent."""
    if image.mode.startswith("I") or image.mode == "F":
        samples = _samples(image, layout)
        grey = np.clip(samples * (255.0 / white), 0, 255)
        if layout.inverted:
            grey = 255.0 - grey
        return fromarray(np.where(samples == image.info.get("transparency"), 255, grey).astype(np.uint8))
    if image.mode == "La":
        image = image.convert("LA")
    if image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        opaque = image.convert("RGBA")
        paper = new("RGBA", image.size, (255, 255, 255, 255))
        return alpha_composite(paper, opaque).convert("RGB")
    if image.mode in ("L", "RGB", "YCbCr", "CMYK"):
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def _white(image: Image, layout: Layout) -> float:
    """Return which sample of *image* is white: known by the type, or by the largest sample there is.

    Samples of 8 to 14 bits come in 16 and in floating point, by scientific cameras and converters of raw files.
    """
    if layout.white is not None:
        return layout.white
    if not image.mode.startswith(("I", "F")):
        return 255.0
    largest = max(float(_samples(image.crop(box), layout).max()) for box in _parts(image.size))
    return next((level for level in _WHITES if largest <= level), largest)


def _samples(image: Image, layout: Layout) -> NDArray[np.float32]:
    samples = np.asarray(image)
    if layout.unsigned:
        samples = samples.view(np.uint32)
    return np.nan_to_num(samples.astype(np.float32), posinf=0.0, neginf=0.0)


def _in_srgb(opened: Opened) -> Callable[[Image], Image]:
    """Return what makes parts of a picture sRGB; leaves them as they are, with a note, if its profile is of no use."""
    profile = profile_of(opened)
    if profile is None:
        return _unchanged
    if len(profile) > MAX_PROFILE_BYTES:
        opened.notes.append(f"colour profile ignored: it has {len(profile)} bytes, over {MAX_PROFILE_BYTES}")
        return _unchanged
    cms = import_module("PIL.ImageCms")
    mode = _flattened(opened.image.crop((0, 0, 1, 1)), 255.0, opened.layout).mode
    try:
        transform = _to_srgb(profile, mode)
    except (cms.PyCMSError, OSError, ValueError):
        opened.notes.append("colour profile ignored: it cannot be read or is for another kind of picture")
        return _unchanged
    return cast(Callable[[Image], Image], transform.apply)


def _unchanged(image: Image) -> Image:
    return image


# Pictures of one camera come together, and making a transform takes as long as using it; what is kept has the profile.
@lru_cache(maxsize=2)
def _to_srgb(profile: bytes, mode: str) -> Any:
    """Return the transform of pictures with *profile*. Raises PyCMSError, OSError or ValueError if there is none."""
    cms = import_module("PIL.ImageCms")
    return cms.buildTransform(cms.ImageCmsProfile(BytesIO(profile)), cms.createProfile("sRGB"), mode, "RGB")


def _upright(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Return *pixels*, shape (height, width, ...), turned and mirrored as the EXIF *orientation* asks."""
    if orientation >= 5:
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def opened(body: bytes, limits: Limits) -> Image:
    """Return the picture in *body* as people see it: RGB, on white where it is transparent, and upright; to be shown.

    White, profile and orientation are those of `decode`. It is converted in one piece, which takes more memory.

    Raises PictureRejected.
    """
    opened = load(body, limits)
    with rejecting(opened.format):
        image = _on_white(opened)
        seen = _in_srgb(opened)(_flattened(image, _white(image, opened.layout), opened.layout)).convert("RGB")
        return fromarray(_upright(np.asarray(seen), orientation_of(opened)))
