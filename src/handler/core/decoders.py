"""Bytes to Pillow's picture: the only module that opens pictures.

Nothing here trusts the bytes. Only the formats below ever reach a decoder; the size of the file, and the size
that its header claims, are checked before a pixel is decoded or memory is set aside for one; and whatever a
decoder makes of broken input comes out as `PictureRejected`, with one of the codes `empty`, `too_many_bytes`,
`too_many_pixels`, `unsupported`, `truncated` and `corrupt`. What is beside the pixels, colour profile and EXIF
data and the like, never decides whether there is a picture.

Pillow's `Image.open` is not used: it imports plugins for formats that are not asked for, has a pixel limit of its
own that is global and only warns at first, and hides why a plugin refused a file.
"""

import re
import struct
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from io import BytesIO
from typing import Any, cast

from PIL.Image import DecompressionBombError, Exif, Image
from PIL.ImageFile import ImageFile

from handler.core import jpeg, png
from handler.core.formats import check_header, check_pixels
from handler.core.gif import without_empty_extensions
from handler.core.model import Limits, PictureRejected
from handler.core.tiff import PLAIN, Layout

# What Pillow has to say of odd files is in the reason of the rejection, or not worth a line in the log. A filter,
# not `catch_warnings`, which swaps the filters of the whole process and is not safe in threads.
warnings.filterwarnings("ignore", module=r"PIL\.")

# Pillow's name of each accepted format, and what its plugin's module and class begin with. Each is imported when
# the first such file comes: all together are a tenth of what a cold start costs. TIFF's is made from Pillow's by
# `tiff_decoder`; HEIC's is no part of Pillow.
_PLUGINS = {"AVIF": "Avif", "BMP": "Bmp", "GIF": "Gif", "JPEG": "Jpeg", "PNG": "Png", "WEBP": "WebP"}

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
_BIG_ENDIAN_BIGTIFF = b"MM\0+"
_TILE_WIDTH, _TILE_LENGTH = 322, 323  # of a TIFF
_AVIF_EXIF = re.compile(rb"(infe[\2\3].{3}.{2}.{2}(?:.{2})?)Exif", re.DOTALL)  # the entry of EXIF data among the items
MAX_PAGES = 1000  # of a TIFF that are counted: Pillow's time grows with their square, 23 s for 60,000 in 8 MB


@dataclass(slots=True)
class Opened:
    """A picture file: Pillow's picture, and what of the file counts beside its pixels."""

    image: ImageFile
    format: str  # one of FORMATS
    width: int  # pixels, as the header has them
    height: int
    profile: bytes | None = None
    exif: bytes | None = None
    turned: bool = False  # by the decoder, as the container says
    frames: int | None = None  # None: Pillow counts them
    transparent: tuple[int, ...] | None = None  # a colour of 16 bits a sample, of which Pillow keeps only 8
    hidden: Image | None = None  # 255 where a pixel has that colour, once it is decoded
    layout: Layout = PLAIN  # of the samples
    notes: list[str] = field(default_factory=list)  # what was ignored


def open_picture(body: bytes, name: str, limits: Limits) -> Opened:
    """Return the picture with its header read and its size checked, but nothing decoded. May raise anything."""
    check_header(body, name, limits)
    opened = _OPENERS.get(name, _open_plain)(body, name)
    check_pixels(opened.width, opened.height, name, limits)
    if name == "TIFF":  # a tile is decoded whole, however little of it is picture
        tags = cast(Any, opened.image).tag_v2
        check_pixels(tags.get(_TILE_WIDTH, 1), tags.get(_TILE_LENGTH, 1), name, limits)
    return opened


def _open_plain(body: bytes, name: str) -> Opened:
    image = _decoder(name)(BytesIO(body))
    profile, exif = image.info.get("icc_profile"), image.info.get("exif")
    return Opened(image, name, *image.size, profile if isinstance(profile, bytes) else None, exif)


def _open_png(body: bytes, name: str) -> Opened:
    parts = png.take_apart(body)
    image = _decoder(name)(cast(BytesIO, png.readable(parts)))
    return Opened(
        image,
        name,
        *image.size,
        profile=parts.profile,
        exif=parts.exif,
        frames=parts.frames,
        transparent=parts.transparent,
        notes=list(parts.notes),
    )


def _open_jpeg(body: bytes, name: str) -> Opened:
    return _open_without(jpeg.without_asides, "application data", body, name)


def _open_avif(body: bytes, name: str) -> Opened:
    return _open_without(_without_exif, "EXIF data", body, name)


def _open_without(strip: Callable[[bytes], bytes | None], what: str, body: bytes, name: str) -> Opened:
    """Return the picture; of a copy without *what*, which decoders read first, if they refuse it for that."""
    try:
        return _open_plain(body, name)
    except Exception as error:
        stripped = None if is_out_of_memory(error) else strip(body)
        if stripped is None:
            raise
        try:
            opened = _open_plain(stripped, name)
        except Exception:  # so that was not it
            raise error from None
    opened.notes.append(f"{what} ignored: it cannot be read")
    return opened


def _without_exif(body: bytes) -> bytes | None:
    """Return an AVIF whose EXIF data is called free space; None if it has none."""
    hidden, count = _AVIF_EXIF.subn(rb"\1free", body)
    return hidden if count else None


def _open_gif(body: bytes, name: str) -> Opened:
    return _open_plain(without_empty_extensions(body), name)


def _open_heic(body: bytes, name: str) -> Opened:
    opened = _open_plain(body, name)
    opened.turned = b"irot" in body or b"imir" in body
    return opened


def _open_tiff(body: bytes, name: str) -> Opened:
    if body.startswith(_BIG_ENDIAN_BIGTIFF):  # which Pillow reads as if its offsets had 32 bits
        raise PictureRejected("unsupported", "TIFF: a BigTIFF with the high byte first")
    opened = _open_plain(body, name)
    opened.layout = cast(Any, opened.image).layout
    return opened


_OPENERS: dict[str, Callable[[bytes, str], Opened]] = {
    "AVIF": _open_avif,
    "GIF": _open_gif,
    "HEIC": _open_heic,
    "JPEG": _open_jpeg,
    "PNG": _open_png,
    "TIFF": _open_tiff,
}


def _decoder(name: str) -> Callable[[BytesIO], ImageFile]:
    """Return Pillow's class for files of the format *name*; making one reads the header."""
    if name == "HEIC":
        return _heic_decoder()
    if name == "TIFF":
        return cast(Callable[[BytesIO], ImageFile], import_module("handler.core.tiff_decoder").Tiff)
    plugin = import_module(f"PIL.{_PLUGINS[name]}ImagePlugin")
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
def rejecting(name: str) -> Iterator[None]:
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
        if is_out_of_memory(error):
            raise MemoryError(f"{name}: {error}") from error
        raise PictureRejected(*_rejection(name, error)) from error


def is_out_of_memory(error: Exception) -> bool:
    """Return whether a decoder's *error* is a lack of memory: C decoders have an OSError or a RuntimeError for it."""
    return isinstance(error, MemoryError) or bool(_OUT_OF_MEMORY.search(str(error)))


def _rejection(name: str, error: Exception) -> tuple[str, str]:
    """Return code and message for what a decoder raised."""
    words = " ".join(str(error).split()) or type(error).__name__
    code = next((code for pattern, code in _CODES if re.search(pattern, words, re.IGNORECASE)), "corrupt")
    if isinstance(error, _END_OF_DATA) or isinstance(error.__cause__, _END_OF_DATA):
        code = "truncated"
    return code, f"{name}: {words[:_REASON_LENGTH]}"


def profile_of(opened: Opened) -> bytes | None:
    """Return the colour profile of a picture, unless it is sRGB or says nothing about the colours."""
    profile = opened.profile
    if not profile or opened.image.mode not in ("RGB", "RGBA", "CMYK", "P"):
        return None
    return None if b"sRGB" in profile or "sRGB".encode("utf-16-be") in profile else profile


def orientation_of(opened: Opened) -> int:
    """Return the EXIF orientation, 1 to 8; 1 if there is none, or, with a note, if it is not obeyed.

    The first EXIF block counts, a TIFF's own tag, and in AVIF the box that says it: Pillow puts that in the block. XMP
    never does: it may be left over from before the pixels were turned, and browsers do not look there.
    """
    if opened.format == "HEIC" and opened.turned:  # by its decoder; cameras say the same in EXIF once more
        return 1
    try:
        orientation = _told(opened)
    except MemoryError:
        raise
    except Exception:  # whatever the parser makes of a broken block: the picture itself has been decoded
        orientation = 0
    if not isinstance(orientation, int) or orientation not in range(1, 9):  # 6.0 is equal to 6
        opened.notes.append("EXIF orientation ignored: it cannot be read or is none")
        return 1
    if opened.format == "HEIC" and orientation != 1:
        opened.notes.append("EXIF orientation ignored: only its container turns a HEIC")
        return 1
    return int(orientation)


def _told(opened: Opened) -> Any:
    """Return what the file says of its orientation. May raise anything."""
    if opened.format == "TIFF":
        return cast(Any, opened.image).tag_v2.get(_ORIENTATION, 1)
    if not opened.exif:
        return 1
    tags = Exif()
    tags.load(opened.exif)
    told = tags.get(_ORIENTATION, 1)
    if opened.format == "HEIC" and _ORIENTATION in tags and told == 1:  # which pillow-heif has written there
        return opened.image.info.get("original_orientation") or 1
    return told


def count_frames(opened: Opened) -> int:
    """Return how many frames or pages the file has; 1 if those behind the first cannot be counted.

    The pages of a TIFF are counted up to MAX_PAGES: a file with more has that number.
    """
    if opened.frames is not None:
        return opened.frames
    try:
        if opened.format == "TIFF":
            return _pages(opened.image)
        return int(getattr(opened.image, "n_frames", 1))
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
