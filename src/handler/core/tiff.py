"""How the samples of a TIFF are laid out: what Pillow is told of it, and what is not decoded at all.

Pillow decodes some layouts into another picture without an error. What is here was measured to come out as the file
means it, by `tests/unit/test_tiff_layouts.py`; all else is rejected by its name.

Source: TIFF 6.0, its supplements, and libtiff.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from handler.core.model import PictureRejected

_BITS, _COMPRESSION, _PHOTOMETRIC, _FILL_ORDER, _PLANAR = 258, 259, 262, 266, 284
_SAMPLES, _EXTRA_SAMPLES, _SAMPLE_FORMAT = 277, 338, 339
_SHARING = 530  # of colours by pixels: across and down
_UNSIGNED, _SIGNED, _FLOAT = 1, 2, 3  # formats of samples
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _CMYK, _YCBCR, _LAB = 0, 1, 2, 3, 5, 6, 8
_TOGETHER, _APART = 1, 2  # the samples of a pixel, or those of a kind, in a plane of their own
_RAW, _OLD_JPEG, _JPEG, _DEFLATE = 1, 6, 7, 8

_COMPRESSIONS = frozenset((_RAW, 2, 3, 4, 5, _OLD_JPEG, _JPEG, _DEFLATE, 32773, 32946, 34925, 50000))
_OTHER_COMPRESSIONS = {
    32766: "NeXT", 32809: "ThunderScan", 33003: "JPEG 2000", 33004: "JPEG 2000", 33005: "JPEG 2000",
    34661: "JBIG", 34676: "SGI LogLuv", 34677: "SGI LogLuv", 34712: "JPEG 2000", 34713: "Nikon NEF", 34887: "LERC",
    34892: "lossy JPEG", 50001: "WebP", 50002: "JPEG XL", 52546: "JPEG XL",
}  # fmt: skip
_NAMES = {
    _WHITE_IS_ZERO: "grey (white is zero)", _BLACK_IS_ZERO: "grey", _RGB: "RGB", _PALETTE: "palette", 4: "mask",
    _CMYK: "CMYK", _YCBCR: "YCbCr", _LAB: "CIELab", 9: "ICCLab", 10: "ITULab", 32803: "raw of a sensor",
    32844: "LogL", 32845: "LogLuv", 34892: "linear raw",
}  # fmt: skip
_FORMATS = {_SIGNED: "signed", _FLOAT: "floating point"}
_EXTRA = {0: "of no known meaning", 1: "alpha", 2: "alpha"}

_WHOLE = tuple((bits, _UNSIGNED) for bits in (1, 2, 4, 8, 12, 16, 32))
# Bits and format of a sample, by what the samples mean.
_LAYOUTS: Mapping[int, tuple[tuple[int, int], ...]] = {
    _WHITE_IS_ZERO: (*_WHOLE, (32, _FLOAT)),
    # Files whose samples of 8 bits are signed have unsigned ones in truth, and are shown so.
    _BLACK_IS_ZERO: (*_WHOLE, (8, _SIGNED), (16, _SIGNED), (32, _SIGNED), (32, _FLOAT)),
    _RGB: ((8, _UNSIGNED), (16, _UNSIGNED)),
    _PALETTE: _WHOLE[:4],
    _CMYK: ((8, _UNSIGNED), (16, _UNSIGNED)),
    _YCBCR: ((8, _UNSIGNED),),
    _LAB: ((8, _UNSIGNED),),
}


@dataclass(frozen=True, slots=True)
class Layout:
    """How a TIFF is decoded."""

    told: Mapping[int, int] = field(
        default_factory=dict
    )  # tags, in place of the file's, that make Pillow decode it right
    white: int | None = None  # which sample is white, where their type does not tell
    inverted: bool = False  # what Pillow has for white is black
    unsigned: bool = False  # what Pillow has for negative is very bright


PLAIN = Layout()


def layout(tags: Mapping[int, Any]) -> Layout:
    """Return how a TIFF with these *tags* is decoded; raise PictureRejected, `unsupported`, if it is not."""
    compression = tags.get(_COMPRESSION, _RAW)
    if compression not in _COMPRESSIONS:
        name = _OTHER_COMPRESSIONS.get(compression, f"unknown compression {compression}")
        raise PictureRejected("unsupported", f"TIFF: {name} inside")
    if compression == _OLD_JPEG:
        return PLAIN
    photometric, bits, formats, extra, apart = _organisation(tags)
    depth, kind = max(bits), max(formats)
    turned_round = tags.get(_FILL_ORDER, 1) != 1
    if (
        len(bits) != 1
        or len(formats) != 1
        or (depth, kind) not in _LAYOUTS.get(photometric, ())
        or (compression == _JPEG and depth != 8)
        or (compression == _RAW and photometric == _YCBCR and turned_round)
        # libtiff rounds down how long a line is, where four share their colours.
        or (compression != _JPEG and photometric == _YCBCR and tags.get(_SHARING, (2, 2))[1] == 4)
        or (apart and (photometric == _LAB or (photometric == _YCBCR and extra)))
        or (apart and any(extra) and (photometric != _RGB or len(extra) > 1))
    ):
        raise PictureRejected("unsupported", described(tags))
    told = {}
    if tags.get(_PLANAR) == _APART and not apart:
        told[_PLANAR] = _TOGETHER
    if turned_round:
        told[_FILL_ORDER] = 1  # libtiff turns the bits round by itself
    if compression == _RAW and (apart or turned_round or photometric == _YCBCR):
        told[_COMPRESSION] = _DEFLATE  # has Pillow leave it to libtiff, which reads the file's own tags
    inverted = photometric == _WHITE_IS_ZERO and depth > 8
    if inverted:
        told[_PHOTOMETRIC] = _BLACK_IS_ZERO
    unsigned = (depth, kind) == (32, _UNSIGNED)
    if unsigned:
        told[_SAMPLE_FORMAT] = _SIGNED
    return Layout(told, (1 << depth) - 1 if depth == 12 else None, inverted, unsigned)


def described(tags: Mapping[int, Any]) -> str:
    """Return what a TIFF with these *tags* has inside, for people."""
    photometric, bits, formats, extra, apart = _organisation(tags)
    parts = [_NAMES.get(photometric, f"photometric interpretation {photometric}")]
    parts += (f"{depth}-bit samples" for depth in sorted(bits))
    parts += (_FORMATS.get(kind, f"sample format {kind}") for kind in sorted(formats - {_UNSIGNED}))
    if extra:
        parts.append("more samples: " + " and ".join(_EXTRA.get(kind, f"of kind {kind}") for kind in extra))
    if apart:
        parts.append("in separate planes")
    return "TIFF: " + ", ".join(parts)


def _organisation(tags: Mapping[int, Any]) -> tuple[int, set[int], set[int], tuple[int, ...], bool]:
    """Return the photometric interpretation, bits, formats, extra samples, and whether the samples are apart."""
    samples = tags.get(_SAMPLES, 1)
    bits, formats = tags.get(_BITS, (1,))[:samples], tags.get(_SAMPLE_FORMAT, (_UNSIGNED,))
    apart = tags.get(_PLANAR) == _APART and samples > 1
    return tags.get(_PHOTOMETRIC, _WHITE_IS_ZERO), set(bits), set(formats), tags.get(_EXTRA_SAMPLES, ()), apart
