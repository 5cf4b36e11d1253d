"""What stands beside the pixels, broken or not, does not decide whether there is a picture, nor does XMP turn it."""

import random
import struct
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin
from PIL.PngImagePlugin import PngInfo

from handler.core.imaging import DecodedPicture, decode, decode_like_imagehash
from handler.core.model import Limits, PictureRejected
from tests.pictures import encode, photo

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # what Pillow has to say of damaged files

LIMITS = Limits()
SCENE = photo(3, (90, 70))
FORMATS = ("AVIF", "HEIC", "JPEG", "PNG", "TIFF", "WEBP")


def seen(body: bytes) -> DecodedPicture:
    return decode(body, LIMITS, side=64)


def exif(orientation: int) -> Image.Exif:
    block = Image.Exif()
    block[0x010E] = "Q" * 80  # a description: it gives the block some length
    block[0x0112] = orientation
    return block


def xmp(orientation: int) -> bytes:
    told = f'<rdf:Description tiff:Orientation="{orientation}"/>'
    return f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF>{told}</rdf:RDF></x:xmpmeta>'.encode()


def with_xmp(image: Image.Image, format_: str, orientation: int, turn: int = 0, **options: Any) -> bytes:
    """Return a file whose XMP says *orientation*, and whose EXIF data, or what it has for that, says *turn*."""
    if format_ == "TIFF":
        tags = TiffImagePlugin.ImageFileDirectory_v2()
        tags[700] = xmp(orientation)
        if turn:
            tags[0x0112] = turn
        return encode(image, format_, tiffinfo=tags, **options)
    if turn:
        options["exif"] = exif(turn)
    if format_ == "PNG":
        info = PngInfo()
        info.add_itxt("XML:com.adobe.xmp", xmp(orientation).decode())
        return encode(image, format_, pnginfo=info, **options)
    body = encode(image, format_, xmp=xmp(1), **options)  # pillow-heif would turn it by another
    return body.replace(b'Orientation="1"', f'Orientation="{orientation}"'.encode())


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    ("format_", "options"), [*((format_, {}) for format_ in FORMATS), ("TIFF", {"compression": "tiff_lzw"})]
)
def test_xmp_never_turns_a_picture(format_: str, options: dict[str, Any], orientation: int) -> None:
    plain, told = encode(SCENE, format_, **options), with_xmp(SCENE, format_, orientation, **options)

    assert f'tiff:Orientation="{orientation}"'.encode() in told
    np.testing.assert_array_equal(seen(told).luma, seen(plain).luma)
    assert seen(told).notes == ()
    small, expected = (decode_like_imagehash(body, LIMITS, side=32).luma for body in (told, plain))
    np.testing.assert_array_equal(small, expected)


@pytest.mark.parametrize("format_", FORMATS)
def test_exif_or_the_container_turns_a_picture_whatever_xmp_says(format_: str) -> None:
    turned = encode(SCENE, format_, exif=exif(6))

    both = with_xmp(SCENE, format_, 3, turn=6)

    assert seen(turned).luma.shape == (90, 70)
    np.testing.assert_array_equal(seen(both).luma, seen(turned).luma)


def test_heic_that_only_exif_would_turn_is_left_as_it_is_and_noted() -> None:
    body = encode(SCENE, "HEIC", exif=exif(6))

    tag_alone = seen(body.replace(b"irot", b"free"))

    assert tag_alone.luma.shape == (70, 90)
    assert tag_alone.notes == ("EXIF orientation ignored: only its container turns a HEIC",)
    assert seen(body).notes == ()
    assert seen(encode(SCENE, "HEIC", exif=exif(1))).notes == ()


BREAKS = {
    "ones": b"\xff" * 8,
    "zeros": bytes(8),
    "a directory far away": b"MM\0*\xff\xff\xff\xff",
    "a directory in itself": b"MM\0*\0\0\0\2",
}


@pytest.mark.parametrize("breaking", BREAKS)
@pytest.mark.parametrize("format_", ["AVIF", "HEIC", "JPEG", "WEBP"])
def test_broken_exif_data_is_ignored(format_: str, breaking: str) -> None:
    body = encode(SCENE, format_, exif=exif(1))
    start = body.index(b"Q" * 80)
    at = max(body.rfind(mark, 0, start) for mark in (b"MM\0*", b"II*\0"))

    broken = body[:at] + BREAKS[breaking] + body[at + 8 :]

    np.testing.assert_array_equal(seen(broken).luma, seen(body).luma)
    decode_like_imagehash(broken, LIMITS, side=32)


def segment(marker: int, content: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", 2 + len(content)) + content


HEADS = (
    b"JFIF\0", b"JFXX\0", b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0", b"http://ns.adobe.com/xmp/extension/\0",
    b"ICC_PROFILE\0", b"FPXR\0", b"MPF\0", b"MPF\0MM\0*\0\0\0\x08", b"Photoshop 3.0\0", b"Photoshop 3.0\x008BIM",
    b"Photoshop 3.0\x008BIM\x03\xed\0\0\0\0\0\4\0\0\0\0", b"Adobe", b"Ducky",
)  # fmt: skip


@pytest.mark.parametrize("marker", [*range(0xE0, 0xF0), 0xFE])
def test_broken_application_data_of_a_jpeg_is_ignored(marker: int) -> None:
    """But for a colour profile that is none: to look for one, the colours have to be decoded."""
    body = encode(SCENE, "JPEG")
    colours = encode(SCENE, "JPEG", icc_profile=b"none")
    rng = random.Random(marker)

    for head in HEADS:
        for tail in (b"", b"\0", b"\0\1", rng.randbytes(3), rng.randbytes(200)):
            for content in (head + tail, head[:-1]):
                broken = body[:2] + segment(marker, content) + body[2:]
                like = seen(broken).luma
                assert (like == seen(body).luma).all() or (like == seen(colours).luma).all(), content
                decode_like_imagehash(broken, LIMITS, side=32)


def test_broken_application_data_of_a_jpeg_is_noted_where_it_cannot_be_read() -> None:
    body = encode(SCENE, "JPEG", exif=exif(6))

    picture = seen(body[:2] + segment(0xED, b"Photoshop 3.0\x008BIM\0\1") + body[2:])

    assert picture.notes == ("application data ignored: it cannot be read",)
    np.testing.assert_array_equal(picture.luma, seen(body).luma)  # turned, as before


def test_jpeg_whose_header_is_broken_is_rejected_as_before() -> None:
    body = encode(SCENE, "JPEG")
    aside = segment(0xED, b"Photoshop 3.0\x008BIM\0\1")
    for broken in (body[:-1].replace(b"\xff\xc0", b"\xff\xc3"), aside.join((body[:2], body[2:40]))):
        with pytest.raises(PictureRejected) as rejected:
            seen(broken)
        assert rejected.value.code in ("unsupported", "truncated", "corrupt")


def tiff_with(tag: int, kind: int, values: bytes, count: int) -> bytes:
    """Return a TIFF with one more tag."""
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[tag] = values
    tags.tagtype[tag] = 7
    body = encode(SCENE, "TIFF", tiffinfo=tags)
    order = "<" if body[:2] == b"II" else ">"
    entry = struct.pack(f"{order}HHI", tag, 7, len(values))
    assert entry in body
    return body.replace(entry, struct.pack(f"{order}HHI", tag, kind, count))


@pytest.mark.parametrize(
    "tag", [270, 305, 306, 315, 700, 33432, 33723, 34377, 34665, 34675, 34853, 37500, 42112, 50341]
)
def test_broken_tag_of_a_tiff_that_says_nothing_of_its_pixels_is_ignored(tag: int) -> None:
    plain = seen(encode(SCENE, "TIFF")).luma
    rng = random.Random(tag)

    for kind in (1, 2, 3, 4, 5, 7, 12, 13, 99):
        for count in (0, 1, 3, 40):
            for values in (b"\xff" * 40, bytes(40), rng.randbytes(40)):
                broken = tiff_with(tag, kind, values, count)
                np.testing.assert_array_equal(seen(broken).luma, plain)


def test_broken_chunk_of_a_webp_that_says_nothing_of_its_pixels_is_ignored() -> None:
    body = encode(SCENE, "WEBP", lossless=True, exif=exif(1), xmp=xmp(1), icc_profile=b"none")
    plain = seen(encode(SCENE, "WEBP", lossless=True)).luma
    rng = random.Random(1)

    for kind in (b"EXIF", b"XMP ", b"ICCP"):
        at = body.index(kind)
        length = int.from_bytes(body[at + 4 : at + 8], "little")
        for content in (bytes(length), b"\xff" * length, rng.randbytes(length)):
            broken = body[: at + 8] + content + body[at + 8 + length :]
            np.testing.assert_array_equal(seen(broken).luma, plain)


@pytest.mark.parametrize("colours", [2, 64, 256])
def test_broken_extension_of_a_gif_is_ignored(colours: int) -> None:
    frames = [scene.quantize(colours) for scene in (SCENE, photo(4, SCENE.size))]
    body = encode(frames[0], "GIF", save_all=True, append_images=frames[1:])
    plain = seen(body).luma
    head = 13 + (3 << (body[10] & 7) + 1)
    rng = random.Random(1)

    for label in (0x01, 0xCE, 0xFE, 0xFF):
        for content in (b"", b"NETSCAPE2.0", b"NETSCAPE2.0\3\1", rng.randbytes(11)):
            extension = b"!" + bytes([label]) + (bytes([len(content)]) + content if content else b"") + b"\0"
            broken = body[:head] + extension + extension + body[head:]
            np.testing.assert_array_equal(seen(broken).luma, plain)
            decode_like_imagehash(broken, LIMITS, side=32)


def test_colour_profile_of_any_kind_is_no_reason_to_reject() -> None:
    rng = random.Random(2)
    for format_ in FORMATS:
        for profile in (b"\0", b"sRGB", rng.randbytes(200), b"\0\0\1\0" + bytes(124) + b"\xff" * 40):
            assert seen(encode(SCENE, format_, icc_profile=profile)).format == format_


def test_pages_of_a_tiff_are_counted_though_a_later_one_is_of_another_layout() -> None:
    file = BytesIO()
    SCENE.save(file, "TIFF", save_all=True, append_images=[SCENE.convert("L"), SCENE.convert("CMYK")])

    assert seen(file.getvalue()).frames == 3
