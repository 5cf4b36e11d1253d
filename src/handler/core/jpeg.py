"""The markers of a JPEG: how many scans it has, where its picture ends, and what says nothing of its pixels.

Source: ITU-T T.81, annexes B and G.
"""

import re
import struct
from collections.abc import Iterator
from typing import NamedTuple

from handler.core.model import PictureRejected

END = b"\xff\xd9"  # the marker at the end of the picture
# Three ways in which coded data might go on. Each begins with a bit 1: a decoder that finds nothing reads zeros.
CONTINUATIONS = (b"\xa5\x3c\x96\x5a" * 8, b"\xc9\x71\x1e\xb2" * 8, b"\xf0\x4d\xa3\x17" * 8)

# A progressive JPEG may repeat a scan of a few bytes that costs a pass over the whole picture.
_MAX_SCANS = 100  # encoders write about ten
# Inside coded data 0xFF is followed by 0, or by the number of a restart.
_MARKER = re.compile(rb"\xff([^\x00\x01\xff\xd0-\xd8])", re.DOTALL)
_RESTART = re.compile(rb"\xff[\xd0-\xd7]")
_NO_DATA = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]", re.DOTALL)  # without a group, which would make it slow
# What is appended to pictures: a film, behind its length; an archive; a document; the next part of a message.
_APPENDED = re.compile(rb"\0\0..ftyp|PK\x03\x04|%PDF-|\r\n--", re.DOTALL)
_START_OF_SCAN, _END_OF_IMAGE, _RESTART_INTERVAL = b"\xda", b"\xd9", b"\xdd"
# Frames; their sixth byte is the number of components.
_SEQUENTIAL, _PROGRESSIVE, _ARITHMETIC = (b"\xc0", b"\xc1", b"\xc9"), (b"\xc2", b"\xca"), (b"\xc9", b"\xca")
_STRUCTURE = tuple(bytes([kind]) for kind in (*range(0xC0, 0xD0), *range(0xDA, 0xE0)))  # tables, frames, scans
_COMMENT, _APPLICATION = b"\xfe", tuple(bytes([kind]) for kind in range(0xE0, 0xF0))
_NEEDED = re.compile(rb"JFIF\0.{9}|Exif\0\0|ICC_PROFILE\0..|Adobe.{7}", re.DOTALL)
_COEFFICIENTS = 64  # of a block

_BLOCK = 1 << 16  # bytes that are searched at once
# A flat part of a picture may end in zeros; but what was never written of a file is zeros, too.
_MOST_ZEROS, _ZEROS = 16, 3  # that may all be data, and of more, how many ends are tried


class Ending(NamedTuple):
    """Where the data of a picture ends, if all of it is there."""

    start: int  # of the last scan's data
    ends: tuple[int, ...]  # one of these; none if data is known to be missing


class _Frame(NamedTuple):
    width: int
    height: int
    sampling: dict[int, tuple[int, int]]  # of each component: across and down

    def units(self, components: bytes) -> int:
        """Return how many units of blocks a scan of *components* has."""
        across = max(horizontal for horizontal, _ in self.sampling.values())
        down = max(vertical for _, vertical in self.sampling.values())
        width, height = self.width, self.height
        if len(components) == 1:  # those that only fill up the picture are left out
            own = self.sampling[components[0]]
            width, height = -(-width * own[0] // across), -(-height * own[1] // down)
            across = down = 1
        return -(-width // (8 * across)) * -(-height // (8 * down))


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


def ending(body: bytes) -> Ending | None:
    """Return where the data of a JPEG ends that has all scans of the picture, but no end marker behind them.

    None if a scan is missing, if there is an end marker, and of kinds that are hardly ever used.
    What follows may be another picture, a film or the like, zeros, or nothing: all else looks like more data.
    """
    frame, missing, interval = None, set[tuple[int, int]](), 0
    progressive = arithmetic = False
    for kind, content, end in _segments(body):
        segment = body[content:end]
        if kind == _END_OF_IMAGE:
            return None
        if kind == _RESTART_INTERVAL:
            interval = int.from_bytes(segment, "big")
        elif kind in _SEQUENTIAL or kind in _PROGRESSIVE:
            frame, progressive, arithmetic = _frame(segment), kind in _PROGRESSIVE, kind in _ARITHMETIC
            missing = {(component, place) for component in frame.sampling for place in range(_COEFFICIENTS)}
        elif kind == _START_OF_SCAN:
            scanned = segment[1 : 1 + 2 * segment[0] : 2] if segment else b""
            if not frame or not scanned or not frame.sampling.keys() >= set(scanned):
                return None
            missing -= _completed(scanned, segment, progressive)
            if not missing:
                found = _end_of_data(body, end, restarts=-(-frame.units(scanned) // interval) - 1 if interval else 0)
                return Ending(end, ()) if found and arithmetic else found  # such data may end anywhere
    return None


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


def _frame(segment: bytes) -> _Frame:
    height, width = struct.unpack_from(">HH", segment.ljust(5), 1)
    components = zip(segment[6::3], segment[7::3], strict=False)
    return _Frame(width, height, {number: (factors >> 4 or 1, factors & 15 or 1) for number, factors in components})


def _completed(scanned: bytes, header: bytes, progressive: bool) -> set[tuple[int, int]]:
    """Return which coefficients of the components *scanned* a scan with that *header* brings to full precision."""
    first, last, bits = 0, _COEFFICIENTS - 1, 0
    if progressive:
        first, last, bits = header[-3:] if len(header) >= 4 else (0, 0, 1)
    return {(component, place) for component in scanned for place in range(first, last + 1) if not bits & 15}


def _end_of_data(body: bytes, start: int, restarts: int) -> Ending | None:
    """Return where the data of the last scan, from *start*, ends; None if the file goes on from there as a JPEG."""
    marker = _NO_DATA.search(body, start)
    if marker and (marker[0] == END or marker[0][1:] in _STRUCTURE):
        return None
    end = marker.start() if marker else len(body)
    if appended := _APPENDED.search(body, start, end):
        end = appended.start()
    while end > start and body[end - 1] == 0xFF:  # the first half of a marker
        end -= 1
    if sum(1 for _ in _RESTART.finditer(body, start, end)) != restarts:
        return Ending(start, ())
    filled = _without_zeros(body, start, end)
    likely = (end,) if end - filled <= _MOST_ZEROS else ()
    return Ending(start, (*likely, *range(filled, min(filled + _ZEROS, end))))


def _without_zeros(body: bytes, start: int, end: int) -> int:
    """Return where zeros begin that end at *end*; the one behind 0xFF is none of them, since it belongs to that."""
    while end > start:
        block = body[max(start, end - _BLOCK) : end]
        filled = len(block.rstrip(b"\0"))
        end -= len(block) - filled
        if filled:
            return end + (body[end - 1] == 0xFF)
    return end
