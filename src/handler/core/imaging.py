"""Bytes to a small grey picture, inside the limits: the only user of Pillow.

Nothing here trusts the bytes. Only the formats below ever reach a decoder; the size of the file, and the size
that its header claims, are checked before a pixel is decoded or memory is set aside for one; and whatever a
decoder makes of broken input comes out as `ImageRejected`, with one of the codes `empty`, `too_many_bytes`,
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
from importlib import import_module
from io import BytesIO
from typing import cast

import numpy as np
from numpy.typing import NDArray
from PIL.Image import DecompressionBombError, Resampling
from PIL.ImageFile import ImageFile

from handler.core.model import ImageRejected, Limits

# What Pillow has to say of odd files is in the reason of the rejection, or not worth a line in the log. A filter,
# not `catch_warnings`, which swaps the filters of the whole process and is not safe in threads.
warnings.filterwarnings("ignore", module=r"PIL\.")

# Pillow's name of each accepted format, and what its plugin's module and class begin with. Each is imported when
# the first such file comes: all seven together are a tenth of what a cold start costs.
_PLUGINS = {"AVIF": "Avif", "BMP": "Bmp", "GIF": "Gif", "JPEG": "Jpeg", "PNG": "Png", "TIFF": "Tiff", "WEBP": "WebP"}
FORMATS = tuple(_PLUGINS)

_SIGNATURES = (
    (rb"\xff\xd8\xff", "JPEG"),
    (rb"\x89PNG\r\n\x1a\n", "PNG"),
    (rb"RIFF.{4}WEBP", "WEBP"),
    (rb"GIF8[79]a", "GIF"),
    (rb"II[*+]\0|MM\0[*+]", "TIFF"),
    (rb"BM", "BMP"),
    # The brands that follow `ftyp` tell AVIF and HEIC apart where the first one names only their container.
    (rb".{4}ftyp(avif|avis|(mif1|msf1).{4}(.{4}){0,8}?(avif|avis))", "AVIF"),
    (rb".{4}ftyp(hei[cxms]|hev[cxms]|mif1|msf1)", "HEIC"),
    (rb"%PDF-", "PDF"),
    (rb"%!PS|\xc5\xd0\xd3\xc6", "EPS"),
    (rb"8BPS", "PSD"),
    (rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51", "JPEG 2000"),
    (rb"\0\0\0\x0cJXL |\xff\x0a", "JPEG XL"),
    (rb"\0\0\x01\0", "ICO"),
    (rb"(\xef\xbb\xbf)?\s*<.{0,1000}?<?svg[\s>]", "SVG"),
)
_COMPILED_SIGNATURES = tuple((re.compile(pattern, re.DOTALL), name) for pattern, name in _SIGNATURES)
_SIGNATURE_BYTES = 1024

# Pillow and the libraries below it have no error codes, only these words.
_CODES = (
    ("truncated|unpack|requires a buffer|only got|end of file|incomplete", "truncated"),
    ("unsupported|not supported|unknown pixel mode|unknown compression|cannot handle", "unsupported"),
)
_END_OF_DATA = (EOFError, IndexError, struct.error)  # what Pillow's own parsers raise there

# A progressive JPEG may repeat a scan of a few bytes that costs a pass over the whole picture.
_MAX_SCANS = 100  # encoders write about ten
# Inside coded data 0xFF is followed by 0, or by the number of a restart.
_JPEG_MARKER = re.compile(rb"\xff([^\x00\x01\xff\xd0-\xd8])", re.DOTALL)
_START_OF_SCAN, _END_OF_IMAGE = b"\xda", b"\xd9"

_REASON_LENGTH = 160  # a decoder may quote the file; nobody needs to read more of it


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
    Pillow). Raises ImageRejected; raises MemoryError where memory runs out, which is not the picture's fault.
    """
    name = _identify(body, limits)
    with _rejecting(name):
        image = _open(body, name, limits)
        width, height = image.size
        image.load()
        grey = image.convert("L").resize((side, side), Resampling.LANCZOS)
    return GreyPicture(np.asarray(grey), width, height, name)


def check_bytes(size: int, limits: Limits) -> None:
    """Raise ImageRejected if a file of *size* bytes is empty or too large: so much is known before it is read."""
    if size == 0:
        raise ImageRejected("empty", "the file has 0 bytes")
    if size > limits.max_bytes:
        raise ImageRejected("too_many_bytes", f"{size} bytes, over MAX_BYTES ({limits.max_bytes})")


def _identify(body: bytes, limits: Limits) -> str:
    """Return the format of *body*, by its first bytes; raise ImageRejected if it is none of FORMATS."""
    check_bytes(len(body), limits)
    start = body[:_SIGNATURE_BYTES]
    name = next((name for signature, name in _COMPILED_SIGNATURES if signature.match(start)), None)
    if name is None or name not in _PLUGINS:
        what = name or f"begins with {start[:8]!r}"
        raise ImageRejected("unsupported", f"{what}, want one of {', '.join(FORMATS)}")
    return name


def _open(body: bytes, name: str, limits: Limits) -> ImageFile:
    """Return the picture with its header read and its size checked, but nothing decoded."""
    if name == "PNG" and len(body) >= 24:
        width, height = struct.unpack(">II", body[16:24])  # known even if the file ends after its header
        _check_pixels(width, height, limits)
    elif name == "WEBP":
        _check_webp_header(body, limits)  # its decoder sets memory aside for the whole canvas when it is opened
    elif name == "JPEG":
        _check_scans(body)
    image = _decoder(name)(BytesIO(body))
    _check_pixels(*image.size, limits)
    return image


def _decoder(name: str) -> Callable[[BytesIO], ImageFile]:
    """Return Pillow's class for files of the format *name*; making one reads the header."""
    plugin = import_module(f"PIL.{_PLUGINS[name]}ImagePlugin")
    if name == "TIFF":
        plugin.logger.disabled = True  # it logs errors that it raises as well
    return cast(Callable[[BytesIO], ImageFile], getattr(plugin, f"{_PLUGINS[name]}ImageFile"))


def _check_scans(body: bytes) -> None:
    """Raise ImageRejected if a JPEG has more than _MAX_SCANS scans.

    Goes from marker to marker, past the contents of segments (a thumbnail has markers of its own), to the end
    of the first image: what follows it is not decoded (the film of a motion photo).
    """
    scans, at = 0, 2
    while marker := _JPEG_MARKER.search(body, at):
        kind, at = marker[1], marker.end()
        if kind == _END_OF_IMAGE:
            return
        scans += kind == _START_OF_SCAN
        if scans > _MAX_SCANS:
            raise ImageRejected("corrupt", f"JPEG: over {_MAX_SCANS} scans, which would take very long to decode")
        at += int.from_bytes(body[at : at + 2], "big")


def _check_pixels(width: int, height: int, limits: Limits) -> None:
    pixels = width * height
    if pixels > limits.max_pixels:
        raise ImageRejected(
            "too_many_pixels", f"{width}x{height} is {pixels} pixels, over MAX_PIXELS ({limits.max_pixels})"
        )


def _check_webp_header(body: bytes, limits: Limits) -> None:
    """Raise ImageRejected if the file claims more bytes than it has, or more pixels than allowed.

    Source: RFC 9649, sections 2.4 to 2.7. A first chunk of an unknown kind is left to the decoder to refuse.
    """
    claimed = 8 + int.from_bytes(body[4:8], "little")
    if claimed > len(body) or len(body) < 30:
        raise ImageRejected("truncated", f"WEBP: {len(body)} of {max(claimed, 30)} bytes are there")
    kind = body[12:16]
    if kind == b"VP8X":
        _check_pixels(1 + int.from_bytes(body[24:27], "little"), 1 + int.from_bytes(body[27:30], "little"), limits)
    elif kind == b"VP8 ":
        width, height = (int.from_bytes(body[at : at + 2], "little") & 0x3FFF for at in (26, 28))
        _check_pixels(width, height, limits)
    elif kind == b"VP8L":
        bits = int.from_bytes(body[21:25], "little")
        _check_pixels(1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF), limits)


@contextmanager
def _rejecting(name: str) -> Iterator[None]:
    """Turn what Pillow raises for a bad file into ImageRejected.

    That is any exception: SyntaxError, OSError, ValueError and RuntimeError were seen on broken files, and no
    decoder promises a list. The bytes are in memory, so none of them is a failure that a second try could mend.
    """
    try:
        yield
    except (ImageRejected, MemoryError):
        raise
    except DecompressionBombError as error:  # a frame or a part far larger than the picture that was checked
        raise ImageRejected("too_many_pixels", f"{name}: {error}") from error
    except Exception as error:
        if "out of memory" in str(error):  # a C decoder's, as an OSError
            raise MemoryError(f"{name}: {error}") from error
        raise ImageRejected(*_rejection(name, error)) from error


def _rejection(name: str, error: Exception) -> tuple[str, str]:
    """Return code and message for what a decoder raised."""
    words = " ".join(str(error).split()) or type(error).__name__
    code = next((code for pattern, code in _CODES if re.search(pattern, words, re.IGNORECASE)), "corrupt")
    if isinstance(error, _END_OF_DATA) or isinstance(error.__cause__, _END_OF_DATA):
        code = "truncated"
    return code, f"{name}: {words[:_REASON_LENGTH]}"
