"""Nothing in a PNG decides over the picture but what its pixels need: what browsers show is seen."""

import random
import struct
import tracemalloc
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageCms

from handler.core.imaging import DecodedPicture, decode, decode_like_imagehash
from handler.core.model import Limits, PictureRejected
from tests.pictures import encode, photo, png, png_chunk
from tests.pngs import RGB, SIGNATURE, chunks_of, header, rows, with_chunks, wrongly_summed

LIMITS = Limits()
SCENE = photo(3, (60, 40))
PLAIN = png(SCENE)
ANCILLARY = (
    b"acTL bKGD caBX cHRM cICP dSIG eXIf fcTL fdAT gAMA gIFg gIFt gIFx hIST iCCP iTXt mDCV npTc oFFs pCAL pHYs prVW "
    b"sBIT sCAL sPLT sRGB sTER tEXt tIME tRNS vpAg zTXt"
).split()


def seen(body: bytes) -> DecodedPicture:
    return decode(body, LIMITS, side=256)


def rejection(body: bytes) -> tuple[str, str]:
    with pytest.raises(PictureRejected) as rejected:
        seen(body)
    with pytest.raises(PictureRejected):
        decode_like_imagehash(body, LIMITS, side=32)
    return rejected.value.code, str(rejected.value)


def assert_same(body: bytes, *notes: str, plain: bytes = PLAIN) -> None:
    picture = seen(body)

    np.testing.assert_array_equal(picture.luma, seen(plain).luma)
    assert picture.notes == notes
    small, expected = (decode_like_imagehash(file, LIMITS, side=32).luma for file in (body, plain))
    np.testing.assert_array_equal(small, expected)


@pytest.mark.parametrize("kind", ANCILLARY)
def test_broken_ancillary_chunk_is_ignored_and_noted(kind: bytes) -> None:
    names = {b"iCCP": "colour profile", b"tRNS": "transparency", b"eXIf": "EXIF data", b"acTL": "animation"}
    name = names.get(kind, f"chunk {kind.decode()}")

    for chunk in (wrongly_summed(kind, b"\0" * 9), wrongly_summed(kind, b"")):
        assert_same(with_chunks(PLAIN, chunk), f"{name} ignored: its checksum is wrong")
        assert_same(with_chunks(PLAIN, after=(chunk,)), f"{name} ignored: its checksum is wrong")


@pytest.mark.parametrize(
    ("kind", "length"), [(b"gAMA", 4), (b"cHRM", 32), (b"sRGB", 1), (b"pHYs", 9), (b"tIME", 7), (b"fcTL", 26)]
)
def test_chunk_of_a_wrong_length_is_ignored_and_noted(kind: bytes, length: int) -> None:
    for wrong in (0, length - 1, length + 1):
        note = f"chunk {kind.decode()} ignored: it has {wrong} bytes, want {length}"
        assert_same(with_chunks(PLAIN, png_chunk(kind, bytes(wrong))), note)


@pytest.mark.parametrize("seed", range(40))
def test_no_ancillary_chunk_but_three_changes_anything(seed: int) -> None:
    rng = random.Random(seed)
    kinds = [kind for kind in ANCILLARY if kind not in (b"eXIf", b"iCCP", b"tRNS", b"acTL", b"fcTL", b"fdAT")]
    chunks = []
    for _ in range(rng.randrange(1, 8)):
        content = rng.choice([b"", b"\0", b"transparency\0\x05", b"Title\0\0x", rng.randbytes(rng.randrange(80))])
        chunks.append(rng.choice([png_chunk, wrongly_summed])(rng.choice(kinds), content))

    cut = rng.randrange(len(chunks))
    picture = seen(with_chunks(PLAIN, *chunks[:cut], after=tuple(chunks[cut:])))

    np.testing.assert_array_equal(picture.luma, seen(PLAIN).luma)
    assert len(picture.notes) <= 4


@pytest.mark.parametrize("key", ["transparency", "interlace", "icc_profile", "exif", "bbox", "gamma", "default_image"])
def test_text_that_is_named_like_something_else_is_nothing_but_text(key: str) -> None:
    for content in (b"0", b"\0\0\0\0", b"(0, 0, 9, 9)"):
        assert_same(with_chunks(PLAIN, png_chunk(b"tEXt", key.encode() + b"\0" + content)))


def test_compressed_text_of_any_size_is_ignored() -> None:
    text = zlib.compress(bytes(80 << 20), 1)

    assert_same(with_chunks(PLAIN, png_chunk(b"zTXt", b"Comment\0\0" + text)))
    assert_same(with_chunks(PLAIN, png_chunk(b"iTXt", b"Comment\0\1\0\0\0" + text)))


def exchanged(size: int = 0) -> bytes:
    """Return a colour profile in which red and blue are exchanged, padded to *size* bytes."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    profile = srgb.replace(b"rXYZ", b"----").replace(b"bXYZ", b"rXYZ").replace(b"----", b"bXYZ")
    profile = profile.replace("sRGB".encode("utf-16-be"), "Test".encode("utf-16-be"))
    return struct.pack(">I", max(size, len(profile))) + profile[4:].ljust(size - 4, b"\0")


def iccp(content: bytes, summed: Callable[[bytes, bytes], bytes] = png_chunk) -> bytes:
    return summed(b"iCCP", content)


@pytest.mark.parametrize("size", [0, 1_100_000, 4 << 20])
def test_colour_profile_of_up_to_4_mb_is_applied(size: int) -> None:
    profiled = seen(with_chunks(PLAIN, iccp(b"name\0\0" + zlib.compress(exchanged(size)))))
    red, green, blue = SCENE.split()

    meant = seen(png(Image.merge("RGB", (blue, green, red)))).luma

    assert profiled.notes == ()
    assert np.abs(profiled.luma.astype(int) - meant).mean() < 2


GOOD = b"name\0\0" + zlib.compress(exchanged())


@pytest.mark.parametrize(
    ("chunk", "reason"),
    [
        (iccp(GOOD, wrongly_summed), "its checksum is wrong"),
        (iccp(GOOD.replace(b"\0\0", b"\0\7", 1)), "it is compressed by the unknown method 7"),
        (iccp(GOOD[:-30]), "it cannot be decompressed"),
        (iccp(GOOD[:60] + b"\xff" * 20 + GOOD[80:]), "it cannot be decompressed"),
        (iccp(b"name\0\0" + zlib.compress(bytes((4 << 20) + 1))), "it has over 4194304 bytes"),
        (iccp(b"\0\0" + GOOD[6:]), "it has no name"),
        (iccp(b"n" * 80 + GOOD), "it has no name"),
        (iccp(b""), "it has no name"),
        (iccp(b"name\0"), "it has no name"),
        (png_chunk(b"PLTE", bytes(3)) + iccp(GOOD), "it is out of place"),
    ],
    ids=range(10),  # the profile holds the second at which it was made
)
def test_colour_profile_that_cannot_be_used_is_ignored_and_noted(chunk: bytes, reason: str) -> None:
    assert_same(with_chunks(PLAIN, chunk), f"colour profile ignored: {reason}")


def test_colour_profile_behind_the_image_data_or_of_a_grey_picture_is_none() -> None:
    grey = png(SCENE.convert("L"))

    assert_same(with_chunks(PLAIN, after=(iccp(GOOD),)), "colour profile ignored: it is out of place")
    assert_same(with_chunks(grey, iccp(b"")), plain=grey)


def exif(orientation: int) -> bytes:
    return b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHIHHI", 0x0112, 3, 1, orientation, 0, 0)


def test_exif_data_turns_the_picture_wherever_it_stands() -> None:
    turned = seen(png(SCENE.transpose(Image.Transpose.ROTATE_270))).luma

    for body in (
        with_chunks(PLAIN, png_chunk(b"eXIf", exif(6))),
        with_chunks(PLAIN, after=(png_chunk(b"eXIf", exif(6)),)),
    ):
        np.testing.assert_array_equal(seen(body).luma, turned)
        assert seen(body).notes == ()
    assert_same(with_chunks(PLAIN, wrongly_summed(b"eXIf", exif(6))), "EXIF data ignored: its checksum is wrong")
    assert_same(
        with_chunks(PLAIN, png_chunk(b"eXIf", exif(1)), png_chunk(b"eXIf", exif(6))),
        "EXIF data ignored: there is another one",
    )


def test_orientation_in_text_does_not_turn_the_picture() -> None:
    """ImageMagick used to put it there, and XMP stands there too."""
    profile = b"\nexif\n%8d\n%s\n" % (len(exif(6)) + 6, (b"Exif\0\0" + exif(6)).hex().encode())
    xmp = b'<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'

    assert_same(with_chunks(PLAIN, png_chunk(b"tEXt", b"Raw profile type exif\0" + profile)))
    assert_same(with_chunks(PLAIN, png_chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(profile))))
    assert_same(with_chunks(PLAIN, png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp)))


def test_notes_are_few_however_many_chunks_are_broken() -> None:
    letters = [bytes([letter]) for letter in range(ord("a"), ord("z") + 1)]
    chunks = [wrongly_summed(b"z" + one + b"X" + two, b"") for one in letters for two in letters]

    assert len(seen(with_chunks(PLAIN, *chunks)).notes) == 4


def test_png_of_apples_own_kind_is_unsupported_whatever_its_size_seems_to_be() -> None:
    body = SIGNATURE + png_chunk(b"CgBI", b"\x50\0\x20\2") + PLAIN[len(SIGNATURE) :]

    code, message = rejection(body)

    assert code == "unsupported"
    assert "CgBI" in message


def test_critical_chunk_that_nobody_knows_is_unsupported_before_the_image_data_and_nothing_after_it() -> None:
    assert rejection(with_chunks(PLAIN, png_chunk(b"ABCD", b""))) == (
        "unsupported",
        "PNG: chunk ABCD before the image data",
    )
    assert_same(with_chunks(PLAIN, after=(png_chunk(b"ABCD", b""),)))


@pytest.mark.parametrize("kind", [b"IHDR", b"PLTE"])
def test_wrong_checksum_of_a_critical_chunk_is_corrupt(kind: bytes) -> None:
    palette = png(SCENE.quantize(16))
    content = next(whole for name, whole in chunks_of(palette) if name == kind)

    code, _ = rejection(palette.replace(content, content[:-1] + bytes([content[-1] ^ 1])))

    assert code == "corrupt"


def test_header_that_is_no_header_is_corrupt() -> None:
    assert rejection(PLAIN.replace(b"IHDR", b"IHdR"))[0] == "corrupt"
    assert rejection(SIGNATURE + header(60, 40, 8, RGB) + PLAIN[len(SIGNATURE) :])[0] == "corrupt"
    assert rejection(SIGNATURE + png_chunk(b"IHDR", bytes(5)) + PLAIN[33:])[0] == "corrupt"


def test_png_without_image_data_is_truncated_or_corrupt() -> None:
    assert rejection(PLAIN[:33])[0] == "truncated"
    assert rejection(PLAIN[:33] + png_chunk(b"IEND", b""))[0] == "corrupt"
    assert rejection(PLAIN[:33] + b"\0\0\0\4t\xffXt" + bytes(8))[0] == "corrupt"


def test_palette_that_only_suggests_colours_is_ignored() -> None:
    for plain in (PLAIN, png(SCENE.convert("L")), png(SCENE.convert("RGBA"))):
        assert_same(with_chunks(plain, wrongly_summed(b"PLTE", b"12345")), plain=plain)


NO_END = "missing end ignored: the picture is whole"
END = png_chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("end", "notes"),
    [
        (b"", (NO_END,)),
        (END[:3], (NO_END,)),
        (END[:8], ()),
        (wrongly_summed(b"IEND", b""), ()),
        (b"\xff" * 40, (NO_END,)),
        (png_chunk(b"tEXt", b"Title\0x" * 9)[:30], ("chunk tEXt ignored: it is cut off", NO_END)),
        (b"\0\0\1\0pHYs\0", ("chunk pHYs ignored: it is cut off", NO_END)),
        (END + b"<html>", ()),
        (END + PLAIN, ()),
        (END + png_chunk(b"tRNS", bytes(6)), ()),
    ],
)
def test_picture_is_whole_whatever_comes_behind_its_image_data(end: bytes, notes: tuple[str, ...]) -> None:
    assert_same(PLAIN.removesuffix(END) + end, *notes)


def test_chunks_between_those_of_image_data_are_ignored() -> None:
    data = zlib.compress(rows(np.asarray(SCENE), 8))
    parts = [png_chunk(b"IDAT", data[at : at + 700]) for at in range(0, len(data), 700)]

    body = b"".join([SIGNATURE, header(60, 40, 8, RGB), parts[0], png_chunk(b"tEXt", b"a\0b"), *parts[1:], END])

    assert len(parts) > 3
    assert_same(body)


def animation(frames: int = 3) -> bytes:
    others = [photo(seed, (60, 40)) for seed in range(1, frames)]
    return encode(SCENE, "PNG", save_all=True, append_images=others)


def test_frames_of_an_animation_are_counted_by_what_it_says() -> None:
    moving = animation()
    control = next(whole for kind, whole in chunks_of(moving) if kind == b"acTL")
    first = next(whole for kind, whole in chunks_of(moving) if kind == b"fcTL")

    assert (seen(moving).frames, seen(moving).notes) == (3, ())
    assert seen(moving.replace(first, b"")).frames == 4  # its first picture is none of them
    assert seen(moving.replace(control, b"")).frames == 1
    assert seen(encode(SCENE, "PNG", save_all=True, append_images=[SCENE], default_image=True)).frames == 2


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (struct.pack(">II", 0, 0), "it claims 0 frames"),
        (struct.pack(">II", 1 << 31, 0), "it claims 2147483648 frames"),
        (struct.pack(">I", 3), "it has 4 bytes, want 8"),
    ],
)
def test_animation_that_is_none_is_a_picture(content: bytes, reason: str) -> None:
    moving = animation()
    control = next(whole for kind, whole in chunks_of(moving) if kind == b"acTL")

    picture = seen(moving.replace(control, png_chunk(b"acTL", content)))

    np.testing.assert_array_equal(picture.luma, seen(PLAIN).luma)
    assert (picture.frames, picture.notes) == (1, (f"animation ignored: {reason}",))


@pytest.mark.parametrize("seed", range(30))
def test_broken_frame_of_an_animation_is_nothing_to_the_first_picture(seed: int) -> None:
    rng = random.Random(seed)
    parts = []
    for kind, whole in chunks_of(animation()):
        content = bytearray(whole[8:-4])
        if kind in (b"acTL", b"fcTL", b"fdAT") and rng.random() < 0.5:
            for _ in range(3):
                content[rng.randrange(len(content))] = rng.randrange(256)
            del content[rng.choice((5, len(content))) :]
        parts.append(png_chunk(kind, bytes(content)))

    np.testing.assert_array_equal(seen(SIGNATURE + b"".join(parts)).luma, seen(PLAIN).luma)


def test_file_of_thousands_of_chunks_takes_no_memory_for_them() -> None:
    body = with_chunks(PLAIN, *[png_chunk(b"IDAT", b""), png_chunk(b"teXt", b"")] * 10_000)
    tracemalloc.start()
    try:
        seen(body)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 2 * len(body)
