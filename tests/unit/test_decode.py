"""Bytes to the picture that people see, as generation look1 needs it."""

import random
from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageDraw

from handler.core.fingerprint import fingerprint
from handler.core.formats import FORMATS
from handler.core.imaging import decode
from handler.core.model import ImageRejected, Limits
from handler.core.phash import hamming
from tests.images import encode, jpeg, photo, png

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
    file = BytesIO()
    image.save(file, format_, **options)
    return file.getvalue()


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
@pytest.mark.parametrize("format_", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_eight_orientations_of_one_picture_have_one_hash(orientation: int, format_: str) -> None:
    turn = STORED[orientation]
    stored = SCENE if turn is None else SCENE.transpose(turn)
    options: dict[str, dict[str, object]] = {"WEBP": {"lossless": True}, "JPEG": {"quality": 95}}

    body = with_orientation(stored, orientation, format_, **options.get(format_, {}))

    assert hamming(hash_of(body), hash_of(png(SCENE))) <= (2 if format_ == "JPEG" else 0)
    assert luma(body).shape == luma(png(SCENE)).shape


@pytest.mark.parametrize("orientation", [0, 9, 200])
def test_impossible_orientation_is_ignored_and_noted(orientation: int) -> None:
    picture = decode(with_orientation(SCENE, orientation), LIMITS, side=SIDE)

    assert "EXIF orientation ignored" in picture.notes[0]
    np.testing.assert_array_equal(picture.luma, luma(png(SCENE)))


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
    }

    distances = {name: hamming(hash_of(body), hash_of(png(grey))) for name, body in same.items()}

    assert max(distances.values()) <= 2, distances


def test_white_of_float_samples_is_that_of_the_whole_picture() -> None:
    """The dark half alone has no sample over 1, and large pictures are converted in parts."""
    dark, bright = np.full((800, 1600), 0.5, np.float32), np.full((800, 1600), 200.0, np.float32)

    shown = luma(saved(Image.fromarray(np.concatenate([dark, bright])), "TIFF"))

    assert (shown[0, 0], shown[-1, 0]) == (0, 200)


def test_long_thin_picture_is_converted_in_parts_of_any_shape() -> None:
    wide = photo(5, (300_000, 2)).convert("RGB")

    np.testing.assert_array_equal(luma(png(wide)), np.asarray(wide.convert("L")))
    np.testing.assert_array_equal(luma(png(wide.transpose(Image.Transpose.TRANSPOSE))), np.asarray(wide.convert("L")).T)


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


def test_first_frame_counts_and_the_others_are_counted() -> None:
    frames = [photo(scene, (300, 300)) for scene in range(3)]
    for format_ in ("GIF", "WEBP", "TIFF", "PNG", "AVIF"):
        body = saved(frames[0], format_, save_all=True, append_images=frames[1:])

        picture = decode(body, LIMITS, side=SIDE)

        assert (picture.frames, format_) == (3, format_)
        assert hamming(hash_of(body), hash_of(png(frames[0]))) <= 4
    assert decode(png(frames[0]), LIMITS, side=SIDE).frames == 1


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
        except ImageRejected as rejected:
            assert rejected.code in {"unsupported", "truncated", "corrupt", "too_many_pixels"}  # noqa: PT017
