"""Bytes to the picture that people see, as generation look1 needs it."""

import random
import struct
import zlib
from io import BytesIO

import numpy as np
import pillow_heif
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageDraw, TiffImagePlugin

from handler.core.fingerprint import fingerprint
from handler.core.formats import FORMATS
from handler.core.imaging import decode, opened
from handler.core.model import Limits, PictureRejected
from handler.core.phash import hamming
from tests.pictures import encode, heic, jpeg, photo, png, png_chunk

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # what Pillow has to say of damaged files

LIMITS = Limits()
SIDE = 256
SCENE = photo(3, (640, 480))
DISPLAY = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()  # none of a picture's: it cannot be applied


def luma(body: bytes) -> NDArray[np.uint8]:
    return decode(body, LIMITS, side=SIDE).luma


def hash_of(body: bytes) -> int:
    return fingerprint(body, "look1", LIMITS).hash


def saved(image: Image.Image, format_: str = "PNG", **options: object) -> bytes:
    return encode(image, format_, **options)


def with_orientation(image: Image.Image, orientation: int, format_: str = "PNG", **options: object) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return saved(image, format_, exif=exif, **options)


# What has to be done to the pixels so that, with the orientation in the file, people see the picture as it was.
STORED = {
    1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}  # fmt: skip


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


# Where a file says it twice, the first EXIF block counts, and XMP only if no EXIF tag is there: as viewers do.
TOLD_TWICE = {
    "two blocks": ({"exif": exif_block(upright(6)), "second": exif_block(upright(3))}, 6),
    "EXIF, not XMP": ({"exif": exif_block(upright(6)), "xmp": xmp(3)}, 6),
    "EXIF of 1, not XMP": ({"exif": exif_block(upright(1)), "xmp": xmp(3)}, 1),
    "XMP alone": ({"xmp": xmp(6)}, 6),
    "XMP and an EXIF block without it": ({"exif": exif_block(), "xmp": xmp(6)}, 6),
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


@pytest.mark.parametrize("case", TOLD_TWICE)
def test_orientation_told_twice_or_broken(case: str) -> None:
    options, orientation = TOLD_TWICE[case]
    second = options.get("second", b"")
    body = saved(SCENE, "JPEG", quality=95, **{name: value for name, value in options.items() if name != "second"})
    if second:
        at = body.index(b"\xff\xe1") + 4 + len(options["exif"])
        body = body[:at] + b"\xff\xe1" + struct.pack(">H", 2 + len(second)) + second + body[at:]

    picture = decode(body, LIMITS, side=SIDE)

    told = luma(with_orientation(SCENE, orientation, "JPEG", quality=95))
    np.testing.assert_array_equal(picture.luma, told)


def test_avif_is_turned_as_its_box_says_whatever_its_exif_says() -> None:
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


def test_tiff_that_says_it_in_its_tag_and_in_xmp_is_turned_once() -> None:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[0x0112] = 6
    tags[700] = xmp(6)

    np.testing.assert_array_equal(luma(saved(SCENE, "TIFF", tiffinfo=tags)), luma(with_orientation(SCENE, 6)))


def test_broken_exif_block_is_no_reason_to_reject() -> None:
    body = saved(SCENE, "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff")

    assert decode(body, LIMITS, side=SIDE).format == "JPEG"


def test_jpeg_is_decoded_no_larger_than_asked_and_close_to_the_full_decode() -> None:
    large = photo(3, (1600, 1200))

    picture = decode(jpeg(large), LIMITS, side=SIDE)

    assert picture.luma.shape == (300, 400)
    assert (picture.width, picture.height) == (1600, 1200)
    assert hamming(hash_of(jpeg(large)), hash_of(png(large))) <= 2


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1), (255, 256), (256, 5000), (700, 513)])
def test_any_shape_keeps_the_asked_side_where_it_has_it(size: tuple[int, int]) -> None:
    width, height = size

    shape = luma(png(photo(4, size))).shape

    assert min(shape) >= min(SIDE, width, height)
    assert min(shape) <= max(2 * SIDE, 1)


def test_strips_give_what_the_whole_picture_gives() -> None:
    large = photo(5, (1500, 1200)).convert("RGB")
    expected = np.asarray(large.reduce(1200 // SIDE).convert("L"))

    np.testing.assert_array_equal(luma(png(large)), expected)


def test_16_bits_grey_palette_and_cmyk_look_as_they_are() -> None:
    grey = SCENE.convert("L")
    deep = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    same = {
        "grey": png(grey),
        "16 bits": saved(deep),
        "16 bits TIFF": saved(deep, "TIFF"),
        "float TIFF": saved(Image.fromarray(np.asarray(grey).astype(np.float32) / 255), "TIFF"),
        "grey with alpha": saved(grey.convert("LA")),
        "palette": saved(grey.convert("P")),
        "CMYK": saved(SCENE.convert("CMYK"), "JPEG", quality=95),
        "GIF": encode(SCENE, "GIF"),
        "BMP": encode(SCENE, "BMP"),
        "AVIF": encode(SCENE, "AVIF"),
        "HEIC": heic(SCENE),
        "grey HEIC": heic(grey),
        "HEIC in tiles": heic(SCENE, tile_size=256),
        "HEIC of 10 bits": heic_of_10_bits("RGB;16", np.asarray(SCENE)),
        "grey HEIC of 10 bits": heic_of_10_bits("I;16", np.asarray(grey)),
    }

    distances = {name: hamming(hash_of(body), hash_of(png(grey))) for name, body in same.items()}

    assert max(distances.values()) <= 2, distances


def shown(image: Image.Image, format_: str = "PNG", **options: object) -> NDArray[np.uint8]:
    return np.asarray(opened(saved(image, format_, **options), LIMITS))


@pytest.mark.parametrize(
    ("dtype", "white", "format_"),
    [(np.uint16, 65535, "PNG"), (np.uint16, 65535, "TIFF"), (np.float32, 1.0, "TIFF"), (np.float32, 255.0, "TIFF")],
)
def test_deep_samples_are_shown_as_bright_as_they_are(dtype: type[np.generic], white: float, format_: str) -> None:
    levels = np.array([[0.0, 0.2], [0.4, 1.0]])

    pixels = shown(Image.fromarray((levels * white).astype(dtype)), format_)

    np.testing.assert_array_equal(pixels, np.repeat([[[0], [51]], [[102], [255]]], 3, axis=2))


def test_what_lies_under_transparency_is_not_shown() -> None:
    image = Image.new("RGBA", (2, 1), (255, 0, 90, 0))
    image.putpixel((1, 0), (10, 20, 30, 255))

    assert shown(image).tolist() == [[[255, 255, 255], [10, 20, 30]]]


@pytest.mark.parametrize("format_", ["PNG", "TIFF", "HEIC"])
@pytest.mark.parametrize("orientation", STORED)
def test_picture_is_shown_upright(orientation: int, format_: str) -> None:
    turn = STORED[orientation]
    stored = SCENE if turn is None else SCENE.transpose(turn)

    pixels = np.asarray(opened(with_orientation(stored, orientation, format_), LIMITS))

    assert pixels.shape == (480, 640, 3)
    assert np.abs(pixels.astype(int) - np.asarray(SCENE)).mean() < 3


def test_picture_is_shown_in_the_colours_of_its_profile() -> None:
    red, green, blue = SCENE.split()

    pixels = shown(Image.merge("RGB", (blue, green, red)), icc_profile=profile_with_red_and_blue_exchanged())

    assert np.abs(pixels.astype(int) - np.asarray(SCENE)).mean() < 2


def heic_of_10_bits(mode: str, levels: NDArray[np.uint8]) -> bytes:
    file = BytesIO()
    pillow_heif.encode(mode, SCENE.size, (levels.astype(np.uint16) * 257).tobytes(), file)
    return file.getvalue()


def test_white_of_float_samples_is_that_of_the_whole_picture() -> None:
    """The dark half alone has no sample over 1, and large pictures are converted in parts."""
    dark, bright = np.full((800, 1600), 0.5, np.float32), np.full((800, 1600), 200.0, np.float32)

    shown = luma(saved(Image.fromarray(np.concatenate([dark, bright])), "TIFF"))

    assert (shown[0, 0], shown[-1, 0]) == (0, 200)


def test_long_thin_picture_is_converted_in_parts_of_any_shape() -> None:
    wide = photo(5, (300_000, 2)).convert("RGB")

    np.testing.assert_array_equal(luma(png(wide)), np.asarray(wide.convert("L")))
    np.testing.assert_array_equal(luma(png(wide.transpose(Image.Transpose.TRANSPOSE))), np.asarray(wide.convert("L")).T)


def deep_png(image: Image.Image) -> bytes:
    """Return *image*, RGB or RGBA, as a PNG of 16 bits, which Pillow does not write."""
    samples = np.asarray(image).astype(">u2") * 257
    header = struct.pack(">IIBBBBB", *image.size, 16, 6 if image.mode == "RGBA" else 2, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples), 1)
    chunks = ((b"IHDR", header), (b"IDAT", rows), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(kind, content) for kind, content in chunks)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_16_bits_a_channel_look_like_8(mode: str) -> None:
    image = SCENE.copy()
    if mode == "RGBA":
        image.putalpha(SCENE.convert("L"))

    np.testing.assert_array_equal(luma(deep_png(image)), luma(png(image)))


def test_grey_with_alpha_is_laid_on_white() -> None:
    image = Image.new("LA", (300, 300), (0, 0))
    image.paste((0, 255), (100, 100, 200, 200))

    assert (luma(saved(image))[0, 0], luma(saved(image))[150, 150]) == (255, 0)


def test_palette_with_an_opacity_for_each_colour_is_laid_on_white() -> None:
    image = Image.new("P", (300, 300), 0)
    image.putpalette([0, 0, 0, 0, 0, 0, 0, 0, 0])
    image.paste(1, (100, 100, 200, 200))
    image.paste(2, (200, 200, 300, 300))

    shown = luma(saved(image, transparency=bytes([0, 255, 128])))

    assert [shown[at, at] for at in (0, 150, 250)] == [255, 0, 127]


def cmyk_profile() -> bytes:
    """Return a profile whose black ink is lighter than its number says, and whose other inks cannot be seen."""
    identity = struct.pack(">9i", *(65536 if place % 4 == 0 else 0 for place in range(9)))
    ramp = bytes(range(256))
    corners = b"".join(bytes((128 if black else 255, 128, 128)) for _ in range(8) for black in (0, 1))  # of L, a, b
    table = b"mft1" + bytes(4) + bytes((4, 3, 2, 0)) + identity + ramp * 4 + corners + ramp * 3
    head = struct.pack(">4sI4s4s4s", b"lcms", 0x02400000, b"prtr", b"CMYK", b"Lab ")
    head += struct.pack(">6H", 2024, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    tags = struct.pack(">I4sII", 1, b"A2B0", 144, len(table))
    return struct.pack(">I", 144 + len(table)) + head.ljust(124, b"\0") + tags + table


def test_cmyk_jpeg_is_seen_through_its_profile() -> None:
    """Adobe's files have the inks inverted, and Pillow's are like them."""
    half_black = Image.new("CMYK", (300, 300), (0, 0, 0, 128))

    plain = luma(saved(half_black, "JPEG"))
    profiled = decode(saved(half_black, "JPEG", icc_profile=cmyk_profile()), LIMITS, side=SIDE)
    wrong = decode(saved(half_black, "JPEG", icc_profile=DISPLAY), LIMITS, side=SIDE)

    assert b"Adobe" in saved(half_black, "JPEG")
    assert (plain.max(), profiled.notes) == (127, ())
    assert profiled.luma.max() == pytest.approx(163, abs=2)
    assert (wrong.luma.max(), len(wrong.notes)) == (127, 1)


def logo(shape: str, hidden: tuple[int, int, int]) -> bytes:
    """Return a black shape on nothing; *hidden* is the colour that lies under the transparency."""
    image = Image.new("RGBA", (400, 300), (*hidden, 0))
    draw = getattr(ImageDraw.Draw(image), shape)
    draw((120, 60, 330, 220), fill=(0, 0, 0, 255))
    return saved(image)


def test_transparency_is_white_whatever_colour_lies_under_it() -> None:
    assert hash_of(logo("ellipse", (0, 0, 0))) == hash_of(logo("ellipse", (255, 0, 90)))
    assert hamming(hash_of(logo("ellipse", (0, 0, 0))), hash_of(logo("rectangle", (0, 0, 0)))) > 0
    assert luma(logo("ellipse", (0, 0, 0)))[0, 0] == 255


def test_transparent_heic_is_laid_on_white() -> None:
    with Image.open(BytesIO(logo("ellipse", (200, 0, 0)))) as image:
        body = heic(image, quality=-1, chroma=444)

    assert luma(body)[0, 0] == 255
    assert hamming(hash_of(body), hash_of(logo("ellipse", (0, 0, 0)))) <= 2


def test_transparent_palette_and_key_colour_are_laid_on_white() -> None:
    image = Image.new("P", (300, 300), 0)
    image.putpalette([200, 0, 0, 0, 0, 0])
    image.paste(1, (100, 100, 200, 200))

    assert luma(saved(image, transparency=0))[0, 0] == 255
    assert luma(saved(image))[0, 0] < 100


def test_colour_profile_is_applied_and_a_broken_one_ignored_and_noted() -> None:
    lab = ImageCms.createProfile("LAB")
    swapped = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    broken = decode(saved(SCENE, icc_profile=b"no profile"), LIMITS, side=SIDE)
    wrong = decode(saved(SCENE, icc_profile=ImageCms.ImageCmsProfile(lab).tobytes()), LIMITS, side=SIDE)
    plain = decode(saved(SCENE, icc_profile=swapped.tobytes()), LIMITS, side=SIDE)

    assert plain.notes == ()
    for picture in (broken, wrong):
        assert "colour profile ignored" in picture.notes[0]
        np.testing.assert_array_equal(picture.luma, plain.luma)


def profile_with_red_and_blue_exchanged() -> bytes:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exchanged = srgb.replace(b"rXYZ", b"----").replace(b"bXYZ", b"rXYZ").replace(b"----", b"bXYZ")
    return exchanged.replace("sRGB".encode("utf-16-be"), "Test".encode("utf-16-be"))


@pytest.mark.parametrize("format_", ["PNG", "HEIC"])
def test_picture_in_another_colour_space_is_seen_as_it_was_meant(format_: str) -> None:
    red, green, blue = SCENE.split()
    profile = profile_with_red_and_blue_exchanged()

    body = saved(Image.merge("RGB", (blue, green, red)), format_, icc_profile=profile)

    assert np.abs(luma(body).astype(int) - luma(png(SCENE))).mean() < 2


def test_colour_profile_larger_than_any_real_one_is_ignored_and_noted() -> None:
    profile = profile_with_red_and_blue_exchanged()
    padded = struct.pack(">I", 5 << 20) + profile[4:].ljust((5 << 20) - 4, b"\0")

    applied = decode(saved(SCENE, "TIFF", icc_profile=profile), LIMITS, side=SIDE)
    ignored = decode(saved(SCENE, "TIFF", icc_profile=padded), LIMITS, side=SIDE)

    assert applied.notes == ()
    assert ignored.notes == ("colour profile ignored: it has 5242880 bytes, over 4194304",)
    np.testing.assert_array_equal(ignored.luma, luma(saved(SCENE, "TIFF")))
    assert (applied.luma != ignored.luma).any()


def test_first_image_of_a_heic_is_its_primary_one() -> None:
    frames = [photo(scene, (300, 300)) for scene in range(3)]

    picture = decode(heic(frames[0], append_images=frames[1:], primary_index=1), LIMITS, side=SIDE)

    assert picture.frames == 3
    assert np.abs(picture.luma.astype(int) - luma(png(frames[1]))).mean() < 3


def test_first_frame_counts_and_the_others_are_counted() -> None:
    frames = [photo(scene, (300, 300)) for scene in range(3)]
    for format_ in ("GIF", "WEBP", "TIFF", "PNG", "AVIF", "HEIC"):
        body = saved(frames[0], format_, save_all=True, append_images=frames[1:])

        picture = decode(body, LIMITS, side=SIDE)

        assert (picture.frames, format_) == (3, format_)
        assert hamming(hash_of(body), hash_of(png(frames[0]))) <= 4
    assert decode(png(frames[0]), LIMITS, side=SIDE).frames == 1


def tiff_of_pages(count: int) -> bytes:
    """Return a TIFF of *count* pages, each a directory of its own for the one grey pixel that all share."""
    tags = ((256, 1), (257, 1), (258, 8), (259, 1), (262, 1), (273, 8), (278, 1), (279, 1))  # the pixel is at 8
    page = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    first, length = 9, len(page) + 4
    following = [*(first + number * length for number in range(1, count)), 0]
    return b"II*\0" + struct.pack("<IB", first, 128) + b"".join(page + struct.pack("<I", at) for at in following)


@pytest.mark.parametrize(("pages", "counted"), [(1, 1), (999, 999), (1000, 1000), (3000, 1000)])
def test_pages_of_a_tiff_are_counted_up_to_a_thousand(pages: int, counted: int) -> None:
    assert decode(tiff_of_pages(pages), LIMITS, side=SIDE).frames == counted


@pytest.mark.parametrize("format_", FORMATS)
def test_nothing_but_a_rejection_comes_of_a_damaged_file(format_: str) -> None:
    rng = random.Random(f"decode {format_}")
    exif = Image.Exif()
    exif[0x0112] = 6
    options: dict[str, object] = {} if format_ in ("BMP", "GIF") else {"exif": exif, "icc_profile": DISPLAY}
    whole = saved(photo(1, (300, 280)), format_, **options)

    for _ in range(60):
        body = bytearray(whole[: rng.randrange(1, len(whole) + 1)] if rng.random() < 0.3 else whole)
        for _ in range(rng.choice((1, 2, 8))):
            body[int(rng.random() ** 3 * len(body))] = rng.randrange(256)  # headers more often than pixels
        try:
            luma(bytes(body))
        except PictureRejected as rejected:
            assert rejected.code in {"unsupported", "truncated", "corrupt", "too_many_pixels"}  # noqa: PT017
