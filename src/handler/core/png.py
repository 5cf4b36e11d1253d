"""What of a PNG its decoder needs, what else of it counts, and what is ignored.

No ancillary chunk decides whether there is a picture. Browsers leave out those with a wrong checksum, length or
content, and show the rest; Pillow refuses the file. So its decoder gets the critical chunks and `tRNS`, and what
else counts is read here: the colour profile, the EXIF data and the number of frames.

Source: the PNG specification, third edition; and libpng, for what becomes of files that break it.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

from handler.core.model import PictureRejected
from handler.core.png_chunks import HEADER, MOST, SIGNATURE, Chunk, Header, Unusable, check_chunk, chunk_of, chunks
from handler.core.spliced import Spliced

MAX_PROFILE_BYTES = 4 << 20  # real ones are under 3 MB, those of printing presses; a JPEG has room for 16

_GREY, _RGB, _PALETTE, _GREY_ALPHA, _RGBA = 0, 2, 3, 4, 6  # types of colour
_SAMPLES = {_GREY: 1, _RGB: 3, _PALETTE: 1, _GREY_ALPHA: 2, _RGBA: 4}  # of a pixel
# Where each of seven passes begins, and its steps: across, down.
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))

_NAMES = {b"iCCP": "colour profile", b"tRNS": "transparency", b"eXIf": "EXIF data", b"acTL": "animation"}
_ONCE = frozenset((b"iCCP", b"tRNS", b"eXIf", b"acTL"))
_LATE = {b"iCCP": {b"PLTE", b"IDAT"}, b"tRNS": {b"IDAT"}, b"acTL": {b"IDAT"}}  # too late behind these
_KNOWN = _ONCE | {b"PLTE", b"IDAT", b"IEND"}
_MAX_NOTES = 4  # they are stored with the picture, and a file may have a million broken chunks
_INFLATED_AT_ONCE = 1 << 20  # bytes
_MOST_PARTS = 1000  # that are not copied: a file may have a million


@dataclass(frozen=True, slots=True)
class Png:
    """A PNG taken apart."""

    header: Header
    pixels: bytes | tuple[memoryview, ...]  # what the decoder needs: the file, or these parts of it
    profile: bytes | None
    exif: bytes | None
    frames: int
    transparent: tuple[int, ...] | None  # a colour of 16 bits a sample: cut to 8 bits, others would equal it
    notes: tuple[str, ...]  # what was ignored


def take_apart(body: bytes) -> Png:
    """Return what counts of the PNG *body*.

    Raises PictureRejected if it has no header or no image data, or a critical chunk that is in no specification.
    """
    every = chunks(body)
    reader = _Reader(_first(every))
    needed: _Needed | None = None  # until then that is the file itself
    for chunk in every:
        kept = reader.kept(chunk)
        if kept is not chunk and needed is None:
            needed = _Needed(memoryview(body)[: chunk.start])
        if kept is not None and needed is not None:
            needed.add(kept)
    return reader.finished(body if needed is None else needed.parts())


def readable(png: Png) -> BytesIO | Spliced:
    """Return the file from which the pixels of *png* are decoded."""
    return BytesIO(png.pixels) if isinstance(png.pixels, bytes) else Spliced(png.pixels)


def _first(every: Iterator[Chunk]) -> Chunk:
    first = next(every, None)
    if first is None or not first.complete:
        raise PictureRejected("truncated", "PNG: it ends in its header")
    if first.kind != b"IHDR" or len(first.content) < HEADER.size:
        raise PictureRejected("corrupt", "PNG: it does not begin with a header")
    try:
        check_chunk(first)
    except Unusable as error:
        raise PictureRejected("corrupt", f"PNG: its header cannot be used: {error}") from None
    return first


def without_checksum(body: bytes) -> bytes | None:
    """Return a PNG without the checksum behind all image data; None if some of the image data is missing.

    Browsers do without it. Pillow reads it if it comes along with the last row, and refuses the file if it is wrong.
    """
    missing = _inflated_bytes(take_apart(body).header)
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    head = 2  # bytes before the compressed data
    file = BytesIO()
    file.write(SIGNATURE)
    for chunk in chunks(body):
        if chunk.kind != b"IDAT":
            file.write(chunk.whole)
        elif missing:
            rest: bytes | memoryview = chunk.content[head:]
            head -= min(head, len(chunk.content))
            while rest and missing and not inflate.eof:
                try:
                    missing -= len(inflate.decompress(rest, min(missing, _INFLATED_AT_ONCE)))
                except zlib.error:
                    return None
                rest = inflate.unused_data if inflate.eof else inflate.unconsumed_tail
            used = chunk.content[: len(chunk.content) - len(rest)]
            file.write(struct.pack(">I4s", len(used), b"IDAT"))
            file.write(used)
            file.write(bytes(4))  # Pillow does not check this checksum
    return None if missing else file.getvalue()


def _inflated_bytes(header: Header) -> int:
    """Return how many bytes the rows of all passes have."""
    bits = header.depth * _SAMPLES.get(header.colour, 0)
    total = 0
    for left, top, across, down in _ADAM7 if header.interlaced else ((0, 0, 1, 1),):
        width, height = -(-(header.width - left) // across), -(-(header.height - top) // down)
        if width > 0 and height > 0:
            total += height * (1 + (width * bits + 7) // 8)
    return total


class _Needed:
    """Collects the parts of a file that its decoder needs, with all image data in one chunk, which is read faster."""

    def __init__(self, start: memoryview) -> None:
        self._parts = [start]
        self._copied = bytearray()  # if they are too many
        self._in_data = False

    def add(self, chunk: Chunk) -> None:
        """Add a *chunk*; of those with image data, their content; nothing behind that."""
        if chunk.kind != b"IDAT":
            self._parts += () if self._in_data else (chunk.whole,)
            return
        if not self._in_data:  # of a chunk that is longer than anything: Pillow stops at the last row
            self._parts.append(memoryview(struct.pack(">I4s", MOST, b"IDAT")))
            self._in_data = True
        self._parts.append(chunk.content)
        if len(self._parts) > _MOST_PARTS:
            self._copied += b"".join(self._parts)
            self._parts = []

    def parts(self) -> tuple[memoryview, ...]:
        """Return them in order."""
        return (memoryview(self._copied + b"".join(self._parts)),) if self._copied else tuple(self._parts)


class _Reader:
    """Takes chunk after chunk, and sorts out what counts."""

    def __init__(self, first: Chunk) -> None:
        self._header = Header(*HEADER.unpack_from(first.content))
        self._seen: set[bytes] = set()
        self._colours = 0  # in the palette
        self._profile: bytes | None = None
        self._exif: bytes | None = None
        self._animated = 0  # frames, by what the file says
        self._stands_apart = True  # from the animation: the picture that is shown where animations are not
        self._transparent: tuple[int, ...] | None = None
        self._ignored: dict[str, str] = {}

    def kept(self, chunk: Chunk) -> Chunk | None:
        """Return what the decoder is given in place of *chunk*, which may be read or ignored."""
        if not chunk.kind.isalpha():
            if b"IDAT" not in self._seen:
                raise PictureRejected("corrupt", f"PNG: broken chunk {chunk.kind!r}")
            return None
        kept = self._kept_critical(chunk) if chunk.kind[:1].isupper() else self._kept_ancillary(chunk)
        if chunk.kind in _KNOWN:
            self._seen.add(chunk.kind)
        return kept

    def finished(self, pixels: bytes | tuple[memoryview, ...]) -> Png:
        """Return the PNG, once every chunk was taken. Raises PictureRejected if it has no image data."""
        if b"IDAT" not in self._seen:
            code = "corrupt" if b"IEND" in self._seen else "truncated"
            raise PictureRejected(code, "PNG: it ends before its image data")
        if b"IEND" not in self._seen:
            self._ignore("missing end", "the picture is whole")
        return Png(
            header=self._header,
            pixels=pixels,
            profile=self._profile,
            exif=self._exif,
            frames=self._animated + self._stands_apart if self._animated else 1,
            transparent=self._transparent,
            notes=tuple(f"{what} ignored: {why}" for what, why in self._ignored.items()),
        )

    def _kept_critical(self, chunk: Chunk) -> Chunk | None:
        if chunk.kind in (b"IDAT", b"IEND"):
            return chunk
        if b"IDAT" in self._seen:
            return None
        if chunk.kind != b"PLTE":
            code = "corrupt" if chunk.kind == b"IHDR" else "unsupported"
            raise PictureRejected(code, f"PNG: chunk {chunk.kind.decode()} before the image data")
        self._colours = len(chunk.content) // 3
        return chunk if self._header.colour == _PALETTE else None  # of others it only suggests colours

    def _kept_ancillary(self, chunk: Chunk) -> Chunk | None:
        try:
            check_chunk(chunk)
            if chunk.kind == b"tRNS":
                return self._transparency(chunk)
            self._read(chunk)
        except Unusable as reason:
            self._ignore(_NAMES.get(chunk.kind, f"chunk {chunk.kind.decode()}"), str(reason))
        return None

    def _ignore(self, what: str, why: str) -> None:
        if len(self._ignored) < _MAX_NOTES:
            self._ignored.setdefault(what, why)

    def _read(self, chunk: Chunk) -> None:
        self._check_place(chunk.kind)
        if chunk.kind == b"eXIf":
            self._exif = bytes(chunk.content)
        elif chunk.kind == b"iCCP" and self._header.colour not in (_GREY, _GREY_ALPHA):
            self._profile = _inflated_profile(chunk.content)
        elif chunk.kind == b"acTL":
            frames = int.from_bytes(chunk.content[:4], "big")
            if not 0 < frames <= MOST:
                raise Unusable(f"it claims {frames} frames")
            self._animated = frames
        elif chunk.kind == b"fcTL" and b"IDAT" not in self._seen:
            self._stands_apart = False

    def _transparency(self, chunk: Chunk) -> Chunk | None:
        """Return the chunk that tells the decoder the same; None if that cannot be said in its terms."""
        self._check_place(chunk.kind)
        colour, depth = self._header.colour, self._header.depth
        length = len(chunk.content)
        if colour == _PALETTE:
            if not 0 < length <= self._colours:
                raise Unusable(f"it has {length} bytes, for {self._colours} colours")
            return chunk
        if colour not in (_GREY, _RGB) or length != 2 * _SAMPLES[colour]:
            raise Unusable(f"it has {length} bytes, for colours of type {colour}")
        key = struct.unpack(f">{length // 2}H", chunk.content)
        if colour == _RGB and depth == 16:
            self._transparent = key
            return None
        most = (1 << depth) - 1
        # Pillow widens samples of 2 and 4 bits to 8, but not what it compares them with.
        widened = 255 // most if depth in (2, 4) else 1
        content = struct.pack(f">{len(key)}H", *((sample & most) * widened for sample in key))
        return chunk if content == chunk.content else chunk_of(b"tRNS", content)

    def _check_place(self, kind: bytes) -> None:
        if kind in self._seen and kind in _ONCE:
            if kind == b"acTL":
                self._animated = 0
            raise Unusable("there is another one")
        if self._seen & _LATE.get(kind, set()):
            raise Unusable("it is out of place")


def _inflated_profile(content: memoryview) -> bytes:
    """Return the profile in the *content* of an iCCP: its name, a zero, the method of compression, and it itself."""
    named = bytes(content[:80]).find(0)
    if named < 1 or len(content) < named + 2:
        raise Unusable("it has no name")
    if method := content[named + 1]:
        raise Unusable(f"it is compressed by the unknown method {method}")
    inflate = zlib.decompressobj()
    try:
        profile = inflate.decompress(content[named + 2 :], MAX_PROFILE_BYTES + 1)
    except zlib.error as error:
        raise Unusable("it cannot be decompressed") from error
    if len(profile) > MAX_PROFILE_BYTES:
        raise Unusable(f"it has over {MAX_PROFILE_BYTES} bytes")
    if not inflate.eof:
        raise Unusable("it cannot be decompressed")
    return profile
