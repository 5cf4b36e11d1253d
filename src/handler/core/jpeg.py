"""The markers of a JPEG: how many scans it has, and what says nothing of its pixels.

Source: ITU-T T.81, annexes B and G.
"""

import re
from collections.abc import Iterator

from handler.core.model import PictureRejected

# A progressive JPEG may repeat a scan of a few bytes that costs a pass over the whole picture.
_MAX_SCANS = 100  # encoders write about ten
# Inside coded data 0xFF is followed by 0, or by the number of a restart.
_MARKER = re.compile(rb"\xff([^\x00\x01\xff\xd0-\xd8])", re.DOTALL)
_START_OF_SCAN, _END_OF_IMAGE = b"\xda", b"\xd9"
_SEQUENTIAL = (b"\xc0", b"\xc1")  # frames that are not progressive; their sixth byte is the number of components
_COMMENT, _APPLICATION = b"\xfe", tuple(bytes([kind]) for kind in range(0xE0, 0xF0))
_NEEDED = re.compile(rb"JFIF\0.{9}|Exif\0\0|ICC_PROFILE\0..|Adobe.{7}", re.DOTALL)


def check_scans(body: bytes) -> None:
    """Raise PictureRejected if a JPEG has more than _MAX_SCANS scans.

    Goes from marker to marker, past the contents of segments (a thumbnail has markers of its own), to the end
    of the first image: what follows it is not decoded (the film of a motion photo). Nor is a scan that
    follows one of all components, unless the picture is progressive, so of most files only the header is read here.
    """
    scans, components = 0, b""
    for kind, content, _ in _segments(body):
        if kind == _END_OF_IMAGE:
            return
        if kind in _SEQUENTIAL:
            components = body[content + 5 : content + 6]
        if kind == _START_OF_SCAN and body[content : content + 1] == components:
            return
        scans += kind == _START_OF_SCAN
        if scans > _MAX_SCANS:
            raise PictureRejected("corrupt", f"JPEG: over {_MAX_SCANS} scans, which would take very long to decode")


def without_asides(body: bytes) -> bytes | None:
    """Return a JPEG without comments and application data that do not change how its pixels are decoded.

    What decoders and we look for there is kept if it is whole. None if there is nothing to be left out.
    """
    kept, start = bytearray(), 0
    for kind, content, end in _segments(body):
        if kind == _START_OF_SCAN:
            break
        if kind == _COMMENT or (kind in _APPLICATION and not _NEEDED.match(body, content, end)):
            kept += body[start : content - 4]
            start = end
    return bytes(kept + memoryview(body)[start:]) if start else None


def _segments(body: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield the marker of each segment, and where its content begins and ends."""
    at = 2
    while marker := _MARKER.search(body, at):
        content = marker.end() + 2
        at = marker.end() + int.from_bytes(body[marker.end() : content], "big")
        yield marker[1], content, at
