"""What a file is and what it claims, by its first bytes, known before any decoder sees it.

The size of the file, and the size that its header claims, are checked before a pixel is decoded or memory is set
aside for one. No Pillow here, so nothing of a rejected file is ever parsed by more than this page.
"""

import re
import struct

from handler.core.jpeg import check_scans
from handler.core.model import Limits, PictureRejected

FORMATS = ("AVIF", "BMP", "GIF", "HEIC", "JPEG", "PNG", "TIFF", "WEBP")

# What decoding and fingerprinting a picture takes at most besides its file, by either generation, as measured at 24
# megapixels, and the kind of file that takes it. Ordinary ones take less: a JPEG that is not progressive, by look1, 1.
BYTES_PER_PIXEL = {
    "AVIF": 26,  # 12 bits, 4:4:4, transparent, with film grain; 18 without grain, 10 with 8 bits and no alpha
    "BMP": 8,
    "GIF": 6,
    "HEIC": 22,  # 10 bits, 4:4:4, transparent, turned; 8 as phones write it
    "JPEG": 13,  # progressive CMYK that is not subsampled: 8 are libjpeg's coefficients
    "PNG": 8,
    "TIFF": 17,  # 16 bits, transparent, in one strip, turned
    "WEBP": 14,  # 13, and what a long-lived process has in pieces
}
_BYTES_PER_LINE = 64  # row or column: counts for pictures of a few lines and millions of columns

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

_HEIC_SIZE = re.compile(rb"ispe\0{4}(.{8})", re.DOTALL)  # one for each image and each tile


def check_bytes(size: int, limits: Limits) -> None:
    """Raise PictureRejected if a file of *size* bytes is empty or too large: so much is known before it is read."""
    if size == 0:
        raise PictureRejected("empty", "the file has 0 bytes")
    if size > limits.max_bytes:
        raise PictureRejected("too_many_bytes", f"{size} bytes, over MAX_BYTES ({limits.max_bytes})")


def identify(body: bytes, limits: Limits) -> str:
    """Return the format of *body*, by its first bytes; raise PictureRejected if it is none of FORMATS."""
    check_bytes(len(body), limits)
    start = body[:_SIGNATURE_BYTES]
    name = next((name for signature, name in _COMPILED_SIGNATURES if signature.match(start)), None)
    if name is None or name not in FORMATS:
        what = name or f"begins with {start[:8]!r}"
        raise PictureRejected("unsupported", f"{what}, want one of {', '.join(FORMATS)}")
    return name


def check_header(body: bytes, name: str, limits: Limits) -> None:
    """Raise PictureRejected if a file of the format *name* claims too much in its first bytes.

    Its decoder may set memory aside for the whole canvas when it is opened (WEBP), fail before it has read the size
    (a PNG that ends after its header), or be made to work for hours (JPEG).
    """
    if name == "PNG":
        _check_png_header(body, limits)
    elif name == "WEBP":
        _check_webp_header(body, limits)
    elif name == "JPEG":
        check_scans(body)
    elif name == "HEIC":
        _check_heic_sizes(body, limits)


def _check_png_header(body: bytes, limits: Limits) -> None:
    """Raise PictureRejected if the file claims more pixels than allowed, or is none that others than Apple can read."""
    if body[12:16] == b"CgBI":
        raise PictureRejected("unsupported", "PNG of Apple's own kind (CgBI, of an iPhone app), want an ordinary one")
    if len(body) >= 24:
        width, height = struct.unpack(">II", body[16:24])
        check_pixels(width, height, "PNG", limits)


def _check_heic_sizes(body: bytes, limits: Limits) -> None:
    """Raise PictureRejected if any part of a HEIC claims more pixels than allowed.

    A picture of a few pixels may be cut out of a tile of any size, which is decoded whole. The decoder holds each
    part to what it claims.
    """
    for size in _HEIC_SIZE.finditer(body):
        width, height = struct.unpack(">II", size[1])
        check_pixels(width, height, "HEIC", limits)


def check_pixels(width: int, height: int, name: str, limits: Limits) -> None:
    """Raise PictureRejected if a picture of that size has more pixels than allowed, or than fit in the memory."""
    pixels = width * height
    if pixels > limits.max_pixels:
        raise PictureRejected(
            "too_many_pixels", f"{width}x{height} is {pixels} pixels, over MAX_PIXELS ({limits.max_pixels})"
        )
    needed = pixels * BYTES_PER_PIXEL[name] + (width + height) * _BYTES_PER_LINE
    if needed > limits.decoding_bytes:
        raise PictureRejected(
            "too_many_pixels",
            f"{width}x{height} takes up to {-(-needed >> 20)} MB to decode as {name}, "
            f"over the {limits.decoding_bytes >> 20} MB that MemorySize leaves for it",
        )


def _check_webp_header(body: bytes, limits: Limits) -> None:
    """Raise PictureRejected if the file claims more bytes than it has, or more pixels than allowed.

    Source: RFC 9649, sections 2.4 to 2.7. A first chunk of an unknown kind is left to the decoder to refuse.
    """
    claimed = 8 + int.from_bytes(body[4:8], "little")
    if claimed > len(body) or len(body) < 30:
        raise PictureRejected("truncated", f"WEBP: {len(body)} of {max(claimed, 30)} bytes are there")
    kind = body[12:16]
    if kind == b"VP8X":
        width, height = (1 + int.from_bytes(body[at : at + 3], "little") for at in (24, 27))
    elif kind == b"VP8 ":
        width, height = (int.from_bytes(body[at : at + 2], "little") & 0x3FFF for at in (26, 28))
    elif kind == b"VP8L":
        bits = int.from_bytes(body[21:25], "little")
        width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    else:
        return
    check_pixels(width, height, "WEBP", limits)
