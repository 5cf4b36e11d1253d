"""Pictures are seen as people see them, however the file says how they are turned."""

import struct

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from handler.core.imaging import decode, opened
from handler.core.phash import hamming
from tests.pictures import png
from tests.unit.imaging.conftest import LIMITS, SCENE, SIDE, STORED, hash_of, luma, saved, with_orientation

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.filterwarnings("ignore::UserWarning:PIL"),
]  # what Pillow has to say of damaged files


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("format_", ["PNG", "JPEG", "WEBP", "TIFF", "AVIF", "HEIC"])
def test_eight_orientations_of_one_picture_have_one_hash(orientation: int, format_: str) -> None:
    turn = STORED[orientation]
    stored = SCENE if turn is None else SCENE.transpose(turn)
    options: dict[str, dict[str, object]] = {
        "WEBP": {"lossless": True},
        "JPEG": {"quality": 95},
        "AVIF": {"quality": 95},
    }

    body = with_orientation(stored, orientation, format_, **options.get(format_, {}))

    assert hamming(hash_of(body), hash_of(png(SCENE))) <= (2 if format_ in ("JPEG", "AVIF", "HEIC") else 0)
    assert luma(body).shape == luma(png(SCENE)).shape


@pytest.mark.parametrize("format_", ["PNG", "TIFF", "HEIC"])
@pytest.mark.parametrize("orientation", STORED)
def test_picture_is_shown_upright(orientation: int, format_: str) -> None:
    turn = STORED[orientation]
    stored = SCENE if turn is None else SCENE.transpose(turn)

    pixels = np.asarray(opened(with_orientation(stored, orientation, format_), LIMITS))

    assert pixels.shape == (480, 640, 3)
    assert np.abs(pixels.astype(int) - np.asarray(SCENE)).mean() < 3


def test_heic_is_turned_by_its_container_alone() -> None:
    stored = SCENE.transpose(Image.Transpose.ROTATE_90)
    both = with_orientation(stored, 6, "HEIC")
    short, long = struct.pack(">HHIHH", 0x0112, 3, 1, 6, 0), struct.pack(">HHII", 0x0112, 4, 1, 6)

    odd_tag = decode(both.replace(short, long), LIMITS, side=SIDE)  # pillow-heif blanks tags, but not those of 32 bits
    tag_alone = decode(both.replace(b"irot", b"free"), LIMITS, side=SIDE)

    np.testing.assert_array_equal(odd_tag.luma, luma(both))
    assert odd_tag.notes == ()
    assert tag_alone.luma.shape == luma(png(stored)).shape


@pytest.mark.parametrize("orientation", [0, 9, 200])
def test_impossible_orientation_is_ignored_and_noted(orientation: int) -> None:
    picture = decode(with_orientation(SCENE, orientation), LIMITS, side=SIDE)

    assert "EXIF orientation ignored" in picture.notes[0]
    np.testing.assert_array_equal(picture.luma, luma(png(SCENE)))


SHORT, ASCII, RATIONAL, FLOAT = 3, 2, 5, 11  # types of EXIF values


def exif_block(*entries: tuple[int, int, int, bytes], thumbnail: bytes = b"") -> bytes:
    """Return an EXIF block of *entries*: tag, type, count, and the value or where it is, 4 bytes."""
    directory = b"".join(struct.pack("<HHI", *entry[:3]) + entry[3].ljust(4, b"\0") for entry in entries)
    after = 8 + 2 + len(directory) + 4
    next_directory = struct.pack("<I", after if thumbnail else 0)
    return b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + directory + next_directory + thumbnail


def upright(orientation: int) -> tuple[int, int, int, bytes]:
    return 0x0112, SHORT, 1, struct.pack("<H", orientation)


def xmp(orientation: int) -> bytes:
    return f'<rdf:Description tiff:Orientation="{orientation}"/>'.encode()


# Where a file says it twice, the first EXIF block counts, and XMP never: as in browsers.
STATED_TWICE = {
    "two blocks": ({"exif": exif_block(upright(6)), "second": exif_block(upright(3))}, 6),
    "EXIF, not XMP": ({"exif": exif_block(upright(6)), "xmp": xmp(3)}, 6),
    "EXIF of 1, not XMP": ({"exif": exif_block(upright(1)), "xmp": xmp(3)}, 1),
    "XMP alone": ({"xmp": xmp(6)}, 1),
    "XMP and an EXIF block without it": ({"exif": exif_block(), "xmp": xmp(6)}, 1),
    "XMP of 0": ({"xmp": xmp(0)}, 1),
    "twice in one block": ({"exif": exif_block(upright(6), upright(3))}, 6),
    "of the thumbnail": ({"exif": exif_block(thumbnail=exif_block(upright(6))[14:])}, 1),
    "of the picture, not of the thumbnail": (
        {"exif": exif_block(upright(6), thumbnail=exif_block(upright(3))[14:])}, 6,
    ),
    "0": ({"exif": exif_block(upright(0))}, 1),
    "9": ({"exif": exif_block(upright(9))}, 1),
    "a word": ({"exif": exif_block((0x0112, ASCII, 2, b"6\0"))}, 1),
    "a fraction": ({"exif": exif_block((0x0112, RATIONAL, 1, b"\x1a\0\0\0")) + struct.pack("<II", 6, 1)}, 1),
    "a float": ({"exif": exif_block((0x0112, FLOAT, 1, struct.pack("<f", 6.0)))}, 1),
    "two numbers": ({"exif": exif_block((0x0112, SHORT, 2, struct.pack("<HH", 6, 3)))}, 6),
    "a value beyond the block": ({"exif": exif_block((0x0112, RATIONAL, 1, b"\xff\xff\0\0"))}, 1),
}  # fmt: skip


@pytest.mark.parametrize("case", STATED_TWICE)
def test_orientation_stated_twice_or_broken(case: str) -> None:
    options, orientation = STATED_TWICE[case]
    second = options.get("second", b"")
    body = saved(SCENE, "JPEG", quality=95, **{name: value for name, value in options.items() if name != "second"})
    if second:
        at = body.index(b"\xff\xe1") + 4 + len(options["exif"])
        body = body[:at] + b"\xff\xe1" + struct.pack(">H", 2 + len(second)) + second + body[at:]

    picture = decode(body, LIMITS, side=SIDE)

    expected = luma(with_orientation(SCENE, orientation, "JPEG", quality=95))
    np.testing.assert_array_equal(picture.luma, expected)


def test_avif_is_turned_by_its_box_whatever_its_exif_says() -> None:
    """Pillow writes the box; what stands for the EXIF tag until then is a resolution unit."""
    unit, tag = struct.pack("<HHI", 0x0128, SHORT, 1), struct.pack("<HHI", 0x0112, SHORT, 1)
    unturned = saved(SCENE, "AVIF", exif=exif_block((0x0128, SHORT, 1, b"\x03\0")))
    exif = Image.Exif()
    exif.load(exif_block((0x0128, SHORT, 1, b"\x03\0")))
    exif[0x0112] = 6
    turned = saved(SCENE, "AVIF", exif=exif.tobytes())

    for body in (unturned, turned):
        assert unit in body
        np.testing.assert_array_equal(luma(body.replace(unit, tag)), luma(body))
    assert luma(turned).shape == luma(unturned).shape[::-1]


def test_tiff_with_a_tag_and_xmp_is_turned_once() -> None:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[0x0112] = 6
    tags[700] = xmp(6)

    np.testing.assert_array_equal(luma(saved(SCENE, "TIFF", tiffinfo=tags)), luma(with_orientation(SCENE, 6)))


def test_broken_exif_block_is_no_reason_to_reject() -> None:
    body = saved(SCENE, "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff")

    assert decode(body, LIMITS, side=SIDE).format == "JPEG"
