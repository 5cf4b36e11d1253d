"""TIFF files written by hand, in every layout: what Pillow writes is a few of them."""

import lzma
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

Samples = NDArray[Any]  # shape (height, width, samples of a pixel)

UNSIGNED, SIGNED, FLOAT = 1, 2, 3
RAW, LZW, JPEG, DEFLATE, OLD_DEFLATE, PACKBITS, LZMA, ZSTD = 1, 5, 7, 8, 32946, 32773, 34925, 50000
_SHORT, _LONG, _LONG8 = 3, 4, 16  # types of values
_FORMS = {_SHORT: "H", _LONG: "I", _LONG8: "Q"}
_TURNED_ROUND = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


@dataclass(frozen=True)
class Tiff:
    """How a TIFF is laid out."""

    photometric: int
    depth: int  # bits of a sample
    format: int = UNSIGNED
    extra: tuple[int, ...] = ()  # what the samples behind those of the colours are
    planar: int = 1
    order: str = "<"
    fill: int = 1
    compression: int = RAW
    predictor: int = 1
    tile: tuple[int, int] | None = None
    rows: int | None = None  # of a strip
    big: bool = False
    colours: Sequence[int] = ()  # of a palette: all red, all green, all blue
    tags: Mapping[int, Sequence[int]] = field(default_factory=dict)  # more of them, of 16 bits
    encode: Callable[[Samples], bytes] | None = None  # of one strip or tile

    def file(self, samples: Samples) -> bytes:
        """Return the file of *samples*."""
        height, width, count = samples.shape
        planes = [samples] if self.planar == 1 else np.split(samples, count, axis=2)
        data = [self._compressed(block) for plane in planes for block in self._blocks(plane)]
        head = 16 if self.big else 8
        starts = np.cumsum([head, *map(len, data)]).tolist()
        position = _LONG8 if self.big else _LONG
        tags: dict[int, tuple[int, Sequence[int]]] = {
            256: (_LONG, [width]),
            257: (_LONG, [height]),
            258: (_SHORT, [self.depth] * count),
            259: (_SHORT, [self.compression]),
            262: (_SHORT, [self.photometric]),
            277: (_SHORT, [count]),
            284: (_SHORT, [self.planar]),
            317: (_SHORT, [self.predictor]),
            324 if self.tile else 273: (position, starts[:-1]),
            325 if self.tile else 279: (position, [len(part) for part in data]),
        }
        if self.tile:
            tags |= {322: (_LONG, self.tile[:1]), 323: (_LONG, self.tile[1:])}
        else:
            tags[278] = (_LONG, [self.rows or height])
        short = {266: [self.fill] if self.fill != 1 else [], 320: self.colours, 338: self.extra}
        short |= {339: [self.format] * count if self.format != UNSIGNED else [], **self.tags}
        tags |= {tag: (_SHORT, values) for tag, values in short.items() if len(values)}
        return self._written(data, tags, starts[-1])

    def _blocks(self, plane: Samples) -> Iterator[Samples]:
        height, width, count = plane.shape
        if self.tile is None:
            step = self.rows or height
            yield from (plane[top : top + step] for top in range(0, height, step))
            return
        across, down = self.tile
        for top in range(0, height, down):
            for left in range(0, width, across):
                part = plane[top : top + down, left : left + across]
                block = np.zeros((down, across, count), plane.dtype)
                block[: part.shape[0], : part.shape[1]] = part
                yield block

    def _compressed(self, block: Samples) -> bytes:
        if self.encode:
            return self.encode(block)
        if self.predictor == 2:
            block = np.diff(block, axis=1, prepend=np.zeros_like(block[:, :1]))
        data = packed(block.reshape(len(block), -1), self.depth, self.order)
        coded = _COMPRESS[self.compression](data)
        return coded.translate(_TURNED_ROUND) if self.fill == 2 else coded

    def _written(self, data: Sequence[bytes], tags: Mapping[int, tuple[int, Sequence[int]]], late_at: int) -> bytes:
        cell, form = (8, "Q") if self.big else (4, "I")
        entries, late = b"", b""
        for tag, (kind, values) in sorted(tags.items()):
            content = struct.pack(f"{self.order}{len(values)}{_FORMS[kind]}", *values)
            if len(content) > cell:
                content, late = struct.pack(self.order + form, late_at + len(late)), late + content
            entries += struct.pack(f"{self.order}HH{form}", tag, kind, len(values)) + content.ljust(cell, b"\0")
        directory = struct.pack(self.order + ("Q" if self.big else "H"), len(tags)) + entries + bytes(cell)
        mark = b"II" if self.order == "<" else b"MM"
        version = struct.pack(f"{self.order}HHHQ", 43, 8, 0, late_at + len(late)) if self.big else b""
        version = version or struct.pack(f"{self.order}HI", 42, late_at + len(late))
        return mark + version + b"".join(data) + late + directory


def packed(rows: Samples, depth: int, order: str) -> bytes:
    """Return *rows* of samples of *depth* bits; each row begins at a whole byte."""
    if depth in (8, 16, 32, 64):
        return rows.astype(f"{order}{rows.dtype.kind}{depth // 8}").tobytes()
    bits = rows[..., None] >> np.arange(depth - 1, -1, -1) & 1
    return np.packbits(bits.reshape(len(rows), -1).astype(np.uint8), axis=1).tobytes()


_COMPRESS: Mapping[int, Callable[[bytes], bytes]] = {
    RAW: lambda data: data,
    LZW: lambda data: bytes(imagecodecs.lzw_encode(data)),
    DEFLATE: zlib.compress,
    OLD_DEFLATE: zlib.compress,
    PACKBITS: lambda data: bytes(imagecodecs.packbits_encode(data)),
    LZMA: lambda data: lzma.compress(data, lzma.FORMAT_XZ, lzma.CHECK_NONE),
    ZSTD: lambda data: bytes(imagecodecs.zstd_encode(data)),
}
