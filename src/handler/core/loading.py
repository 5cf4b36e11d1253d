"""Pictures decoded, and mended where all that they lack is the end of the file."""

import zlib
from collections.abc import Callable, Iterator
from traceback import clear_frames
from typing import cast

import numpy as np
from PIL.Image import Image, fromarray, new

from handler.core import jpeg, png
from handler.core.decoders import Opened, is_out_of_memory, open_picture, rejecting
from handler.core.formats import identify
from handler.core.model import Limits, PictureRejected

_LAST_BYTES = 3  # of a JPEG's data, of which one at least must matter
_ROWS = 64  # of a picture that are copied at once

Prepare = Callable[[Opened], object]


def load(body: bytes, limits: Limits, prepare: Prepare = bool) -> Opened:
    """Return the decoded picture of the file *body*; *prepare* is called before it is decoded.

    Raises PictureRejected; raises MemoryError where memory runs out, which is not the picture's fault.
    """
    name = identify(body, limits)
    with rejecting(name):
        opened = open_picture(body, name, limits)
        problem = _unended(body, name) or _failure(opened, body, limits, prepare)
        if problem is None:
            return opened
        del opened  # and what was decoded, before there is more
        mender = None if is_out_of_memory(problem) else _MENDERS.get(name)
        mended, note = mender(body, limits) if mender else (None, "")
        if mended is None:
            raise problem
        opened = open_picture(mended, name, limits)
        if problem := _failure(opened, mended, limits, prepare):
            raise problem
        opened.notes.append(note)
        return opened


def _unended(body: bytes, name: str) -> Exception | None:
    """Return why a JPEG is not decoded as it is: its decoder would take for data what was appended to less than all."""
    if name != "JPEG" or body.endswith(jpeg.END) or jpeg.ending(body) is None:
        return None
    return OSError("image file is truncated in its data")


def _failure(opened: Opened, body: bytes, limits: Limits, prepare: Prepare) -> Exception | None:
    """Decode the picture; return the error that this ends with, None if it does not."""
    try:
        low = _with_low_bytes(body, limits) if opened.transparent else None
        prepare(opened)
        opened.image.load()
        if low and opened.transparent:
            opened.hidden = _equal(opened.image, tuple(sample >> 8 for sample in opened.transparent), low)
    except (PictureRejected, MemoryError, ImportError):
        raise
    except Exception as error:
        clear_frames(error.__traceback__)  # they hold what was decoded
        return error
    return None


def _with_low_bytes(body: bytes, limits: Limits) -> Image:
    """Return where samples of 16 bits have the low bytes of the transparent colour: of other bytes they are cut."""
    opened = open_picture(body, "PNG", limits)
    image, key = opened.image, cast(tuple[int, ...], opened.transparent)
    image.tile = [tile._replace(args="RGB;16L") for tile in image.tile]  # of two bytes, the second, whichever is high
    image.load()
    return _equal(image, tuple(sample & 0xFF for sample in key), new("L", image.size, 255))


def _equal(image: Image, colour: tuple[int, ...], among: Image) -> Image:
    """Return 255 where *image* has the *colour* and *among* is 255, else 0; of mode L, as is *among*."""
    equal = new("L", image.size)
    for box in _strips(image):
        same = (np.asarray(image.crop(box)) == colour).all(axis=2) & (np.asarray(among.crop(box)) == 255)
        equal.paste(fromarray(same.astype(np.uint8) * 255), box)
    return equal


def _strips(image: Image) -> Iterator[tuple[int, int, int, int]]:
    for top in range(0, image.height, _ROWS):
        yield 0, top, image.width, min(top + _ROWS, image.height)


def _mended_png(body: bytes, _: Limits) -> tuple[bytes | None, str]:
    """Return a PNG whose image data is whole without the checksum behind it."""
    return png.without_checksum(body), "end of the image data ignored: it is wrong or missing"


def _mended_jpeg(body: bytes, limits: Limits) -> tuple[bytes | None, str]:
    """Return a JPEG that has all its data with the end marker that it lacks.

    Nothing in the data says where it ends. But if it is whole, nothing that follows changes a pixel; and if its last
    bytes are exchanged, something does, so it does not end in the middle of what was appended to less than all. (A
    scan may have nothing to say: then none of its bytes matters.)
    """
    start, ends = jpeg.ending(body) or (0, ())
    for end in ends:
        checksum = _pixel_checksum(body, end, b"", limits)
        if checksum is None or not _stays(checksum, body, end, limits):
            continue
        shorter = max(start, end - _LAST_BYTES)
        if not _stays(checksum, body, shorter, limits) or _stays(checksum, body, start, limits):
            return _ended(body, end), "missing end marker ignored: the picture is whole"
    return None, ""


def _ended(body: bytes, end: int, continued: bytes = b"") -> bytes:
    return b"".join((memoryview(body)[:end], continued, jpeg.END))


def _stays(checksum: int, body: bytes, end: int, limits: Limits) -> bool:
    """Return whether the pixels are the same however the data goes on behind *end*."""
    return all(_pixel_checksum(body, end, continued, limits) == checksum for continued in jpeg.CONTINUATIONS)


def _pixel_checksum(body: bytes, end: int, continued: bytes, limits: Limits) -> int | None:
    """Return a checksum of all pixels of a JPEG whose data goes on like that; None if it cannot be decoded."""
    try:
        image = open_picture(_ended(body, end, continued), "JPEG", limits).image
        image.load()
    except Exception as error:
        if is_out_of_memory(error):
            raise
        return None
    checksum = 0
    for box in _strips(image):
        checksum = zlib.crc32(image.crop(box).tobytes(), checksum)
    return checksum


_MENDERS: dict[str, Callable[[bytes, Limits], tuple[bytes | None, str]]] = {"JPEG": _mended_jpeg, "PNG": _mended_png}
