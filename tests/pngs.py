"""PNG files written by hand: of every depth and type of colour, in one pass or in seven, with any chunks."""

import zlib
from collections.abc import Iterable, Iterator
from struct import pack
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.pictures import png_chunk

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
DEPTHS = {GREY: (1, 2, 4, 8, 16), RGB: (8, 16), PALETTE: (1, 2, 4, 8), GREY_ALPHA: (8, 16), RGBA: (8, 16)}
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))

Samples = NDArray[Any]  # whole numbers, shape (height, width, samples of a pixel)


def header(width: int, height: int, depth: int, colour: int, *, interlaced: bool = False) -> bytes:
    return png_chunk(b"IHDR", pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced))


def rows(samples: Samples, depth: int, *, interlaced: bool = False) -> bytes:
    """Return *samples* as they are before they are compressed."""
    passes = _PASSES if interlaced else ((0, 0, 1, 1),)
    return b"".join(_rows(samples[top::down, left::across], depth) for left, top, across, down in passes)


def _rows(samples: Samples, depth: int) -> bytes:
    if 0 in samples.shape:
        return b""
    flat = samples.reshape(len(samples), -1)
    bits = flat[..., None] >> np.arange(depth - 1, -1, -1) & 1
    packed = np.packbits(bits.reshape(len(flat), -1).astype(np.uint8), axis=1)
    return np.insert(packed, 0, 0, axis=1).tobytes()  # no filter


def png_file(
    samples: Samples,
    depth: int,
    colour: int,
    *,
    interlaced: bool = False,
    before: Iterable[bytes] = (),
    after: Iterable[bytes] = (),
) -> bytes:
    """Return the PNG of *samples*, with chunks *before* and *after* its image data."""
    height, width, _ = samples.shape
    data = png_chunk(b"IDAT", zlib.compress(rows(samples, depth, interlaced=interlaced)))
    head = header(width, height, depth, colour, interlaced=interlaced)
    return b"".join([SIGNATURE, head, *before, data, *after, png_chunk(b"IEND", b"")])


def wrongly_summed(kind: bytes, content: bytes) -> bytes:
    """Return a chunk whose checksum is wrong."""
    chunk = png_chunk(kind, content)
    return chunk[:-1] + bytes([chunk[-1] ^ 1])


def chunks_of(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the kind and the whole of each chunk."""
    at = len(SIGNATURE)
    while at < len(body):
        end = at + 12 + int.from_bytes(body[at : at + 4], "big")
        yield body[at + 4 : at + 8], body[at:end]
        at = end


def with_chunks(body: bytes, *before: bytes, after: tuple[bytes, ...] = ()) -> bytes:
    """Return *body* with more chunks before its image data, and after it."""
    data, end = body.index(b"IDAT") - 4, body.index(b"IEND") - 4
    return b"".join([body[:data], *before, body[data:end], *after, body[end:]])
