"""A JPEG that lacks nothing but its end marker is whole; one that lacks data is truncated, whatever follows."""

import random
import struct

import numpy as np
import pytest
from PIL import Image

from handler.core.imaging import decode, decode_like_imagehash
from handler.core.model import Limits, PictureRejected
from tests.pictures import encode, flat, jpeg, photo

LIMITS = Limits()
SCENE = photo(3, (90, 70))
END = b"\xff\xd9"
NOTE = "missing end marker ignored: the picture is whole"
FILM = struct.pack(">I", 24) + b"ftypmp42" + bytes(12) + bytes(range(256)) * 20

KINDS: dict[str, tuple[Image.Image, dict[str, object]]] = {
    "baseline": (SCENE, {}),
    "4:4:4": (SCENE, {"subsampling": 0, "quality": 95}),
    "4:2:2": (SCENE, {"subsampling": 1}),
    "optimised": (SCENE, {"optimize": True}),
    "restarts in each row": (SCENE, {"restart_marker_rows": 1}),
    "restarts after each block": (SCENE, {"restart_marker_blocks": 1}),
    "grey": (SCENE.convert("L"), {}),
    "CMYK": (SCENE.convert("CMYK"), {}),
    "progressive": (SCENE, {"progressive": True}),
    "progressive 4:4:4": (SCENE, {"progressive": True, "subsampling": 0, "quality": 98}),
    "progressive grey": (SCENE.convert("L"), {"progressive": True}),
    "progressive CMYK": (SCENE.convert("CMYK"), {"progressive": True}),
    "progressive with restarts": (SCENE, {"progressive": True, "restart_marker_rows": 1}),
    "worst quality": (SCENE, {"quality": 1}),
    "best quality": (SCENE, {"quality": 100, "subsampling": 0}),
    "white below": (Image.fromarray(np.vstack([np.asarray(SCENE), np.full((90, 90, 3), 255, np.uint8)])), {}),
    "white below, optimised": (
        Image.fromarray(np.vstack([np.asarray(SCENE), np.full((90, 90, 3), 255, np.uint8)])),
        {"optimize": True},
    ),
    "one block": (SCENE.crop((0, 0, 8, 8)), {}),
    "wide": (SCENE.crop((0, 0, 90, 3)), {}),
}
TRAILERS = {
    "nothing": b"",
    "half of the marker": b"\xff",
    "a zero": b"\0",
    "three zeros": bytes(3),
    "many zeros": bytes(5000),
    "a film": FILM,
    "zeros and a film": bytes(40) + FILM,
    "another picture": jpeg(photo(4, (50, 50))),
    "zeros and another picture": bytes(64) + jpeg(photo(4, (50, 50))),
    "an archive": b"PK\x03\x04" + random.Random(3).randbytes(2000),
    "a document": b"%PDF-1.7\n" * 300,
    "another part of a message": b"\r\n--frame\r\nContent-Type: image/jpeg\r\n\r\n" + jpeg(photo(4, (50, 50))),
    "a line feed": b"\n",
    "two": b"\r\n",
}


def written(kind: str) -> bytes:
    image, options = KINDS[kind]
    body = encode(image, "JPEG", **options)
    assert body.endswith(END)
    return body


@pytest.mark.parametrize("trailer", TRAILERS)
@pytest.mark.parametrize("kind", KINDS)
def test_jpeg_that_lacks_only_its_end_marker_is_whole(kind: str, trailer: str) -> None:
    body = written(kind)

    picture = decode(body.removesuffix(END) + TRAILERS[trailer], LIMITS, side=64)
    small = decode_like_imagehash(body.removesuffix(END) + TRAILERS[trailer], LIMITS, side=32)

    np.testing.assert_array_equal(picture.luma, decode(body, LIMITS, side=64).luma)
    np.testing.assert_array_equal(small.luma, decode_like_imagehash(body, LIMITS, side=32).luma)
    assert picture.notes == (NOTE,)


def start_of_data(body: bytes) -> int:
    at = body.rindex(b"\xff\xda")
    return at + 2 + int.from_bytes(body[at + 2 : at + 4], "big")


JUNK = {
    "nothing": b"",
    "zeros": bytes(4000),
    "ones": b"\xfe" * 4000,
    "a film": FILM,
    "another picture": jpeg(photo(4, (50, 50))),
    "another part of a message": b"\r\n--frame\r\nContent-Type: text/plain\r\n\r\n" + b"text " * 500,
    "text": b"<html><body>502 Bad Gateway</body></html>\n" * 50,
    "noise": random.Random(1).randbytes(3000),
    "noise that looks like data": random.Random(2).randbytes(3000).replace(b"\xff", b"\xfe"),
}


@pytest.mark.thorough
@pytest.mark.parametrize("junk", JUNK)
@pytest.mark.parametrize("kind", KINDS)
def test_jpeg_that_is_cut_in_its_data_is_truncated_or_looks_the_same(kind: str, junk: str) -> None:
    """It looks the same if nothing was cut but padding, or what changes no pixel."""
    body = written(kind)
    whole = decode(body, LIMITS, side=256).luma
    rng = random.Random(f"{kind} {junk}")
    start, end = start_of_data(body), len(body) - len(END)
    cuts = {rng.randrange(start, end) for _ in range(12)} | {end - near for near in range(1, 4) if end - near >= start}

    for cut in cuts:
        try:
            shown = decode(body[:cut] + JUNK[junk], LIMITS, side=256).luma
        except PictureRejected as rejected:
            assert rejected.code in ("truncated", "corrupt")  # noqa: PT017
        else:
            assert end - cut <= 3
            differs = np.argwhere(shown != whole)
            # Zeros may stand for the last code or two of the last unit.
            assert not len(differs) or (junk == "zeros" and (differs >= np.array(whole.shape) - 18).all())


@pytest.mark.thorough
@pytest.mark.parametrize("kind", ["baseline", "progressive"])
def test_jpeg_that_is_cut_at_any_byte_is_truncated(kind: str) -> None:
    body = written(kind)
    whole = decode(body, LIMITS, side=256).luma

    found = []
    for cut in range(start_of_data(body) if kind == "baseline" else body.index(b"\xff\xda") + 20, len(body)):
        try:
            np.testing.assert_array_equal(decode(body[:cut], LIMITS, side=256).luma, whole)
            found.append(cut)
        except PictureRejected as rejected:
            assert rejected.code == "truncated"  # noqa: PT017

    assert set(found) >= {len(body) - 1, len(body) - 2}
    assert min(found) >= len(body) - 4


def test_progressive_jpeg_without_its_last_scans_is_truncated() -> None:
    body = written("progressive")
    scans = [at for at in range(len(body)) if body[at : at + 2] == b"\xff\xda"]

    assert len(scans) > 5
    for scan in scans[1:]:
        tables = body.rfind(b"\xff\xc4", 0, scan)
        for cut in {scan, tables}:
            with pytest.raises(PictureRejected) as rejected:
                decode(body[:cut], LIMITS, side=64)
            assert rejected.value.code == "truncated"


def test_scans_of_one_component_each_are_all_needed() -> None:
    """Pillow does not write such files: the components of a progressive one are made baseline by their scans."""
    grey = [jpeg(channel, 90) for channel in Image.merge("YCbCr", SCENE.convert("YCbCr").split()).split()]
    body = one_scan_each(grey)
    whole = decode(body, LIMITS, side=256).luma

    np.testing.assert_array_equal(decode(body.removesuffix(END), LIMITS, side=256).luma, whole)
    for scan in [at for at in range(len(body)) if body[at : at + 2] == b"\xff\xda"][1:]:
        with pytest.raises(PictureRejected) as rejected:
            decode(body[:scan], LIMITS, side=256)
        assert rejected.value.code == "truncated"


def one_scan_each(components: list[bytes]) -> bytes:
    """Return a JPEG of the grey ones *components*, each in a scan of its own."""
    first = components[0]
    frame = first.index(b"\xff\xc0")
    length = int.from_bytes(first[frame + 2 : frame + 4], "big")
    size = first[frame + 5 : frame + 9]
    described = b"".join(bytes([number, 0x11, 0]) for number in (1, 2, 3))
    head = first[:frame] + b"\xff\xc0" + struct.pack(">HB", 17, 8) + size + b"\3" + described
    tables = first[frame + 2 + length : first.index(b"\xff\xda")]
    scans = []
    for number, component in enumerate(components, 1):
        data = component[start_of_data(component) : -2]
        scans.append(b"\xff\xda" + struct.pack(">HBBBBBB", 8, 1, number, 0, 0, 63, 0) + data)
    return head + tables + b"".join(scans) + END


def test_jpeg_with_an_end_marker_is_decoded_once() -> None:
    """What mends others costs good files nothing: a broken one with an end marker is not tried again."""
    body = written("baseline")
    broken = body[: start_of_data(body)] + b"\xff\xda\0\2" + END

    with pytest.raises(PictureRejected):
        decode(broken, LIMITS, side=64)


def test_flat_picture_without_its_end_marker_is_whole_or_truncated_but_never_another() -> None:
    for options in ({}, {"progressive": True}, {"optimize": True}):
        body = encode(flat(90), "JPEG", **options)
        whole = decode(body, LIMITS, side=64).luma
        for cut in range(start_of_data(body), len(body) - 1):
            try:
                np.testing.assert_array_equal(decode(body[:cut], LIMITS, side=64).luma, whole)
            except PictureRejected as rejected:
                assert rejected.code == "truncated"  # noqa: PT017
