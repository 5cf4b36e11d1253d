"""The chunks of a PNG, one after the other, whether anything in them can be used or not."""

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

SIGNATURE = b"\x89PNG\r\n\x1a\n"
HEADER = struct.Struct(">IIBBBBB")
MOST = (1 << 31) - 1  # that a number of 4 bytes may be: the length of a chunk, the count of frames
_LENGTHS = {b"gAMA": 4, b"cHRM": 32, b"sRGB": 1, b"pHYs": 9, b"tIME": 7, b"acTL": 8, b"fcTL": 26}


class Header(NamedTuple):
    """What the first chunk says."""

    width: int
    height: int
    depth: int  # bits of a sample
    colour: int
    compression: int
    filtering: int
    interlaced: int


class Chunk(NamedTuple):
    """A part of the file, as it stands there."""

    start: int  # in the file
    kind: bytes
    whole: memoryview  # with length, kind and checksum, as far as they are there
    content: memoryview
    complete: bool


class Unusable(Exception):
    """Why an ancillary chunk is ignored."""


def chunks(body: bytes) -> Iterator[Chunk]:
    """Yield the chunks of *body* up to IEND, to the end, or to the first that cannot be one, which comes last."""
    view = memoryview(body)
    at = len(SIGNATURE)
    kind = b"IHDR"
    while at + 8 <= len(body) and kind != b"IEND" and kind.isalpha():
        length, kind = struct.unpack_from(">I4s", body, at)
        end = at + 12 + length
        yield Chunk(at, kind, view[at:end], view[at + 8 : end - 4], end <= len(body) and length <= MOST)
        at = end


def chunk_of(kind: bytes, content: bytes) -> Chunk:
    """Return a chunk of that *kind* and *content*, for the decoder."""
    checksum = struct.pack(">I", zlib.crc32(kind + content))
    whole = memoryview(struct.pack(">I4s", len(content), kind) + content + checksum)
    return Chunk(0, kind, whole, whole[8:-4], complete=True)


def check_chunk(chunk: Chunk) -> None:
    """Raise Unusable if the *chunk* is cut off, or its checksum or its length is wrong."""
    if not chunk.complete:
        raise Unusable("it is cut off")
    if zlib.crc32(chunk.whole[4:-4]) != int.from_bytes(chunk.whole[-4:], "big"):
        raise Unusable("its checksum is wrong")
    want = _LENGTHS.get(chunk.kind, len(chunk.content))
    if len(chunk.content) != want:
        raise Unusable(f"it has {len(chunk.content)} bytes, want {want}")
