"""Bytes to a small grey picture, inside the limits: the only user of Pillow.

Nothing here trusts the bytes. Only the formats below ever reach a decoder; the size of the file, and the size
that its header claims, are checked before a pixel is decoded or memory is set aside for one; and whatever a
decoder makes of broken input comes out as `PictureRejected`, with one of the codes `empty`, `too_many_bytes`,
`too_many_pixels`, `unsupported`, `truncated` and `corrupt`.

Pillow's `Image.open` is not used: it imports plugins for formats that are not asked for, has a pixel limit of its
own that is global and only warns at first, and hides why a plugin refused a file.
"""

import re
import struct
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from io import BytesIO
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL.Image import DecompressionBombError, Image, Resampling, alpha_composite, fromarray, new
from PIL.ImageFile import ImageFile

from handler.core.formats import check_header, check_pixels, identify
from handler.core.model import Limits, PictureRejected

# What Pillow has to say of odd files is in the reason of the rejection, or not worth a line in the log. A filter,
# not `catch_warnings`, which swaps the filters of the whole process and is not safe in threads.
warnings.filterwarnings("ignore", module=r"PIL\.")

# Pillow's name of each accepted format, and what its plugin's module and class begin with. Each is imported when
# the first such file comes: all seven together are a tenth of what a cold start costs. HEIC's is no part of Pillow.
_PLUGINS = {"AVIF": "Avif", "BMP": "Bmp", "GIF": "Gif", "JPEG": "Jpeg", "PNG": "Png", "TIFF": "Tiff", "WEBP": "WebP"}

_HEIC_IS_MISSING = "HEIC, which needs pillow-heif: set the stack's parameter Heic to true, or install lookalike[heic]"

# Pillow and the libraries below it have no error codes, only these words.
_CODES = (
    ("truncated|unpack|requires a buffer|only got|end of file|incomplete", "truncated"),
    ("unsupported|not supported|unknown pixel mode|unknown compression|cannot handle", "unsupported"),
)
_OUT_OF_MEMORY = re.compile("out of memory|memory allocation error: unspecified", re.IGNORECASE)
_END_OF_DATA = (EOFError, IndexError, struct.error)  # what Pillow's own parsers raise there

_REASON_LENGTH = 160  # a decoder may quote the file; nobody needs to read more of it


_ORIENTATION = 0x0112  # the EXIF tag
_TILE_WIDTH, _TILE_LENGTH = 322, 323  # of a TIFF
_PART_PIXELS = 1 << 18  # of a decoded picture that are converted at once
MAX_PAGES = 1000  # of a TIFF that are counted: Pillow's time grows with their square, 23 s for 60,000 in 8 MB
MAX_PROFILE_BYTES = 4 << 20  # real ones are under 3 MB, those of printing presses; a JPEG has room for 16


@dataclass(frozen=True, slots=True)
class DecodedPicture:
    """A picture as people see it: upright, opaque, grey."""

    luma: NDArray[np.uint8]  # shape (height, width), reduced; 0 black to 255 white
    width: int  # pixels, as the header has them
    height: int
    format: str  # one of FORMATS
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

    Of an animation that is the first frame. An orientation in the EXIF data is not applied (a TIFF's is, by
    Pillow). Raises PictureRejected; raises MemoryError where memory runs out, which is not the picture's fault.
    """
    name = identify(body, limits)
    with _rejecting(name):
        image = _open(body, name, limits)
        width, height = image.size
        image.load()
        grey = image.convert("L").resize((side, side), Resampling.LANCZOS)
    return GreyPicture(np.asarray(grey), width, height, name)


def decode(body: bytes, limits: Limits, *, side: int) -> DecodedPicture:
    """Return the picture in *body* as people see it, with at least *side* pixels on its shorter side where it has them.

    The steps and their order are part of the generation `look1`: a JPEG is decoded at the smallest scale that leaves
    *side* pixels, other files in full; 16-bit, palette, CMYK and float samples become RGB or grey; transparency is
    laid on white; then as few pixels as leave *side* are averaged; a colour profile other than sRGB, of up to
    MAX_PROFILE_BYTES, is applied; luma; and the EXIF orientation last. Of an animation or a file of several pages that
    is the first.

    Raises PictureRejected; raises MemoryError where memory runs out, which is not the picture's fault.
    """
    name = identify(body, limits)
    with _rejecting(name):
        image = _open(body, name, limits)
        width, height = image.size
        notes: list[str] = []
        profile = _profile(image)
        if name == "JPEG":
            image.draft("RGB" if profile else "L", (side, side))
        image.load()
        small = _averaged(image, side, _in_srgb(image, profile, notes) if profile else _unchanged)
        luma = _upright(np.asarray(small), _orientation(image, name, notes))
        return DecodedPicture(luma, width, height, name, _frames(image), tuple(notes))


def _averaged(image: Image, side: int, in_srgb: Callable[[Image], Image]) -> Image:
    """Return the luma of *image*, with blocks of pixels averaged before they are made *in_srgb*.

    In parts: a second copy of a large picture, whatever its shape, would be most of the memory that decoding takes.
    """
    factor = max(1, min(image.size) // side)
    white = _white(image)
    luma = new("L", (-(-image.width // factor), -(-image.height // factor)))
    for left, top, right, bottom in _parts(image.size, factor):
        part = _flattened(image.crop((left, top, right, bottom)), white)
        part = in_srgb(part.reduce(factor) if factor > 1 else part)
        luma.paste(part.convert("L"), (left // factor, top // factor))
    return luma


def _parts(size: tuple[int, int], factor: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield the rectangles that a picture of *size* is cut into, at multiples of *factor*: whole rows if they fit."""
    width, height = size
    across = min(width, max(1, _PART_PIXELS // factor**2) * factor)
    down = max(1, _PART_PIXELS // (across * factor)) * factor
    for top in range(0, height, down):
        for left in range(0, width, across):
            yield left, top, min(left + across, width), min(top + down, height)


def _flattened(image: Image, white: float) -> Image:
    """Return *image* as L, RGB or CMYK, on white where it is transparent."""
    if image.mode.startswith("I") or image.mode == "F":
        return fromarray(np.clip(_samples(image) * (255.0 / white), 0, 255).astype(np.uint8))
    if image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        opaque = image.convert("RGBA")
        paper = new("RGBA", image.size, (255, 255, 255, 255))
        return alpha_composite(paper, opaque).convert("RGB")
    if image.mode in ("L", "RGB", "CMYK"):
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def _white(image: Image) -> float:
    """Return which sample of *image* is white: known by the type, or by the largest sample there is."""
    if image.mode not in ("I", "F"):
        return 65535.0 if image.mode.startswith("I;16") else 255.0
    largest = max(float(_samples(image.crop(box)).max()) for box in _parts(image.size, 1))
    return next((level for level in (1.0, 255.0, 65535.0) if largest <= level), largest)


def _samples(image: Image) -> NDArray[np.float32]:
    return np.nan_to_num(np.asarray(image, np.float32), posinf=0.0, neginf=0.0)


def _profile(image: Image) -> bytes | None:
    """Return the colour profile of *image*, unless it is sRGB or says nothing about the colours."""
    profile: bytes | None = image.info.get("icc_profile")
    if not profile or image.mode not in ("RGB", "RGBA", "CMYK", "P"):
        return None
    return None if b"sRGB" in profile or "sRGB".encode("utf-16-be") in profile else profile


def _in_srgb(image: Image, profile: bytes, notes: list[str]) -> Callable[[Image], Image]:
    """Return what makes parts of *image* sRGB; leaves them as they are, with a note, if its profile cannot be used."""
    if len(profile) > MAX_PROFILE_BYTES:
        notes.append(f"colour profile ignored: it has {len(profile)} bytes, over {MAX_PROFILE_BYTES}")
        return _unchanged
    cms = import_module("PIL.ImageCms")
    mode = _flattened(image.crop((0, 0, 1, 1)), 255.0).mode
    try:
        transform = _to_srgb(profile, mode)
    except (cms.PyCMSError, OSError, ValueError):
        notes.append("colour profile ignored: it cannot be read or is for another kind of picture")
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


def _orientation(image: Image, name: str, notes: list[str]) -> int:
    """Return the EXIF orientation, 1 to 8; 1 if there is none, or, with a note, if it cannot be read.

    The first EXIF block counts. XMP does where that has none, and in AVIF the box that says it, whatever EXIF says.
    """
    if name == "HEIC":  # its container turns it, which its decoder obeys; cameras say the same in EXIF once more
        return 1
    try:
        orientation = image.getexif().get(_ORIENTATION, 1)
    except MemoryError:
        raise
    except Exception:  # whatever the parser makes of a broken block: the picture itself has been decoded
        orientation = 0
    if not isinstance(orientation, int) or orientation not in range(1, 9):  # 6.0 is equal to 6
        notes.append("EXIF orientation ignored: it cannot be read or is none")
        return 1
    return int(orientation)


def _upright(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Return *pixels*, shape (height, width, ...), turned and mirrored as the EXIF *orientation* asks."""
    if orientation >= 5:
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def _frames(image: Image) -> int:
    """Return how many frames or pages the file has; 1 if those behind the first cannot be counted.

    The pages of a TIFF are counted up to MAX_PAGES: a file with more has that number.
    """
    try:
        if image.format == "TIFF":
            return _pages(image)
        return int(getattr(image, "n_frames", 1))
    except MemoryError:
        raise
    except Exception:  # a later frame is broken, which is nothing to the first
        return 1


def _pages(tiff: Image) -> int:
    for page in range(1, MAX_PAGES):
        try:
            tiff.seek(page)
        except EOFError:
            return page
    return MAX_PAGES


def opened(body: bytes, limits: Limits) -> Image:
    """Return the picture in *body* as people see it: RGB, on white where it is transparent, and upright; to be shown.

    White, profile and orientation are those of `decode`. It is converted in one piece, which takes more memory.

    Raises PictureRejected.
    """
    name = identify(body, limits)
    with _rejecting(name):
        image = _open(body, name, limits)
        profile = _profile(image)
        image.load()
        in_srgb = _in_srgb(image, profile, []) if profile else _unchanged
        seen = in_srgb(_flattened(image, _white(image))).convert("RGB")
        return fromarray(_upright(np.asarray(seen), _orientation(image, name, [])))


def _open(body: bytes, name: str, limits: Limits) -> ImageFile:
    """Return the picture with its header read and its size checked, but nothing decoded."""
    check_header(body, name, limits)
    image = _decoder(name)(BytesIO(body))
    check_pixels(*image.size, name, limits)
    if name == "TIFF":  # a tile is decoded whole, however little of it is picture
        tags = cast(Any, image).tag_v2
        check_pixels(tags.get(_TILE_WIDTH, 1), tags.get(_TILE_LENGTH, 1), name, limits)
    return image


def _decoder(name: str) -> Callable[[BytesIO], ImageFile]:
    """Return Pillow's class for files of the format *name*; making one reads the header."""
    if name == "HEIC":
        return _heic_decoder()
    plugin = import_module(f"PIL.{_PLUGINS[name]}ImagePlugin")
    if name == "TIFF":
        plugin.logger.disabled = True  # it logs errors that it raises as well
    kind = getattr(plugin, f"{_PLUGINS[name]}ImageFile")
    if name in ("AVIF", "WEBP"):
        kind = type(kind.__name__, (_Released, kind), {})
    return cast(Callable[[BytesIO], ImageFile], kind)


class _Released:
    """Lets go of the decoder, which has a picture or two of its own, before Pillow makes one of the pixels."""

    def load_prepare(self) -> None:
        self._decoder = None
        super().load_prepare()  # type: ignore[misc]  # of the class that it is put before


def _heic_decoder() -> Callable[[BytesIO], ImageFile]:
    """Return pillow-heif's class, not registered with Pillow; raise PictureRejected if it is not installed."""
    try:
        plugin = import_module("pillow_heif")
    except ModuleNotFoundError as error:
        raise PictureRejected("unsupported", _HEIC_IS_MISSING) from error
    return cast(Callable[[BytesIO], ImageFile], plugin.HeifImageFile)


@contextmanager
def _rejecting(name: str) -> Iterator[None]:
    """Turn what Pillow raises for a bad file into PictureRejected.

    That is any exception: SyntaxError, OSError, ValueError and RuntimeError were seen on broken files, and no
    decoder promises a list. The bytes are in memory, so none of them is a failure that a second try could mend,
    but for a lack of memory and a library that cannot be loaded.
    """
    try:
        yield
    except (PictureRejected, MemoryError, ImportError):
        raise
    except DecompressionBombError as error:  # a frame or a part far larger than the picture that was checked
        raise PictureRejected("too_many_pixels", f"{name}: {error}") from error
    except Exception as error:
        if _OUT_OF_MEMORY.search(str(error)):  # a C decoder's, as an OSError or a RuntimeError
            raise MemoryError(f"{name}: {error}") from error
        raise PictureRejected(*_rejection(name, error)) from error


def _rejection(name: str, error: Exception) -> tuple[str, str]:
    """Return code and message for what a decoder raised."""
    words = " ".join(str(error).split()) or type(error).__name__
    code = next((code for pattern, code in _CODES if re.search(pattern, words, re.IGNORECASE)), "corrupt")
    if isinstance(error, _END_OF_DATA) or isinstance(error.__cause__, _END_OF_DATA):
        code = "truncated"
    return code, f"{name}: {words[:_REASON_LENGTH]}"
