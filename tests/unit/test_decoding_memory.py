"""How much memory the largest pictures take: in a process of its own, resident memory, which is what Lambda counts."""

import bisect
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pillow_heif
import pytest
from PIL import Image, ImageCms

from handler.core.formats import FORMATS, check_pixels
from handler.core.generations import GENERATIONS
from handler.core.imaging import decode, decode_like_imagehash
from handler.core.model import Limits, PictureRejected
from tests.pictures import encode, photo, png_chunk

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux knows the peak"),
]

MB = 1 << 20
LIMITS = Limits(max_bytes=100 * MB, decoding_bytes=100 * MB)  # what a function of 290 MB would have

# Not `ru_maxrss`: a child begins with its parent's. What is loaded for the format is not counted, nor is the file.
PEAK = """
import sys
from handler.core.fingerprint import fingerprint
from handler.core.model import Limits

def resident(which):
    return next(int(line.split()[1]) << 10 for line in open("/proc/self/status") if line.startswith(which))

generation, decoding_bytes, *names = sys.argv[1:]
first, body = (open(name, "rb").read() for name in names)
limits = Limits(1 << 40, decoding_bytes=int(decoding_bytes))
fingerprint(first, generation, limits)
open("/proc/self/clear_refs", "w").write("5")
before = resident("VmRSS")
fingerprint(body, generation, limits)
print(resident("VmHWM") - before)
"""


def peak_bytes(first: bytes, body: bytes, folder: Path, generation: str, limits: Limits = LIMITS) -> int:
    """Return what fingerprinting *body* takes besides it, once *first* has had the libraries loaded."""
    files = folder / "first", folder / "body"
    for file, content in zip(files, (first, body), strict=True):
        file.write_bytes(content)
    command = [sys.executable, "-c", PEAK, generation, str(limits.decoding_bytes), *map(str, files)]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)  # noqa: S603


def flat(mode: str, format_: str, **options: object) -> Callable[[int, int], bytes]:
    return lambda width, height: encode(Image.new(mode, (width, height)), format_, **options)


def heic_of_10_bits(width: int, height: int) -> bytes:
    file = BytesIO()
    quick = {"preset": "ultrafast"}
    pillow_heif.encode(
        "RGBA;16", (width, height), bytes(8 * width * height), file, quality=10, chroma="444", enc_params=quick
    )
    return file.getvalue()


def tiff_in_one_strip(width: int, height: int, tile: tuple[int, int] | None = None) -> bytes:
    """Return a transparent TIFF of 16 bits that is turned: the strip, the picture and the turned one are all held."""
    tags = [(322, 4, 1, tile[0]), (323, 4, 1, tile[1])] if tile else []
    strip = zlib.compress(bytes(width * height * 8), 1)
    depths = 8 + len(strip)
    tags += [
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, 4, depths),
        (259, 3, 1, 8),
        (262, 3, 1, 2),
        (273, 4, 1, 8),
    ]
    tags += [(274, 3, 1, 6), (277, 3, 1, 4), (278, 4, 1, height), (279, 4, 1, len(strip)), (338, 3, 1, 2)]
    entries = b"".join(struct.pack("<HHII", *tag) for tag in sorted(tags))
    directory = struct.pack("<4HH", 16, 16, 16, 16, len(tags)) + entries + bytes(4)
    return b"II*\0" + struct.pack("<I", depths + 8) + strip + directory


def png_with_a_transparent_colour(width: int, height: int) -> bytes:
    """Return a PNG of 16 bits, of which Pillow keeps only 8, so it is decoded twice."""
    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    rows = zlib.compress(bytes(height * (1 + width * 6)), 1)
    chunks = ((b"IHDR", header), (b"tRNS", bytes(6)), (b"IDAT", rows), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(kind, body) for kind, body in chunks)


def jpeg_without_its_end(width: int, height: int) -> bytes:
    """Return the worst of JPEGs but for its end marker, so it is decoded several times."""
    return flat("CMYK", "JPEG", progressive=True, subsampling=0)(width, height).removesuffix(b"\xff\xd9")


def png_row(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 16, 6, 0, 0, 0)
    rows = zlib.compress(bytes(height * (1 + width * 8)), 1)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        png_chunk(kind, body) for kind, body in ((b"IHDR", header), (b"IDAT", rows), (b"IEND", b""))
    )


WORST = {
    "AVIF": (2000, flat("RGBA", "AVIF", speed=10, subsampling="4:4:4")),
    "BMP": (500, flat("RGB", "BMP")),
    "GIF": (500, flat("P", "GIF", transparency=0)),
    "HEIC": (2000, heic_of_10_bits),
    "JPEG": (2000, flat("CMYK", "JPEG", progressive=True, subsampling=0)),
    "JPEG long": (500, flat("CMYK", "JPEG", progressive=True, subsampling=0)),
    "JPEG without its end": (2000, jpeg_without_its_end),
    "PNG": (3000, flat("RGBA", "PNG")),
    "PNG long": (500, flat("RGBA", "PNG")),
    "PNG row": (700_000, png_row),
    "PNG with a transparent colour": (3000, png_with_a_transparent_colour),
    "TIFF": (2000, tiff_in_one_strip),
    "WEBP": (4000, flat("RGBA", "WEBP", lossless=True, method=0)),
}


def tallest(width: int, format_: str) -> int:
    """Return how many rows of *width* pixels are allowed."""

    def too_tall(height: int) -> bool:
        try:
            check_pixels(width, height, format_, LIMITS)
        except PictureRejected:
            return True
        return False

    return bisect.bisect_left(range(1, 100_000), True, key=too_tall)


def test_every_format_is_measured() -> None:
    assert {name.split()[0] for name in WORST} == set(FORMATS)


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("name", WORST)
def test_largest_picture_fits_into_the_memory_there_is(name: str, generation: str, tmp_path: Path) -> None:
    width, drawn = WORST[name]
    body = drawn(width, tallest(width, name.split()[0]))

    peak = peak_bytes(drawn(64, 64), body, tmp_path, generation)

    assert peak <= LIMITS.decoding_bytes


@pytest.mark.parametrize("name", WORST)
def test_picture_a_row_larger_is_rejected_unread(name: str) -> None:
    width, drawn = WORST[name]
    format_ = name.split()[0]
    body = drawn(width, tallest(width, format_) + 1)

    for decoder in (decode, decode_like_imagehash):
        with pytest.raises(
            PictureRejected, match=rf"takes up to 10[12] MB to decode as {format_}, over the 100 MB that Mem"
        ):
            decoder(body, LIMITS, side=256)


def test_tile_larger_than_the_picture_is_rejected_unread() -> None:
    body = tiff_in_one_strip(100, 100, tile=(7000, 7000))

    with pytest.raises(PictureRejected, match="7000x7000 takes up to 796 MB to decode as TIFF"):
        decode(body, LIMITS, side=256)


@pytest.fixture(scope="module")
def twelve_megapixels() -> Image.Image:
    return photo(3, (1000, 750)).resize((4000, 3000))


@pytest.mark.parametrize(
    ("options", "most_mb"),
    [
        ({}, 15),
        ({"subsampling": 0}, 15),
        ({"subsampling": 0, "icc_profile": True, "exif": True}, 15),
        ({"progressive": True}, 50),
        ({"progressive": True, "subsampling": 1}, 50),
        ({"progressive": True, "subsampling": 0}, 75),  # 6 bytes a pixel are the coefficients that libjpeg holds
    ],
)
def test_photograph_of_a_phone_takes_little_memory(
    options: dict[str, object], most_mb: int, twelve_megapixels: Image.Image, tmp_path: Path
) -> None:
    """Besides the file, whose size counts as well."""
    options = dict(options)
    if options.pop("icc_profile", False):
        options["icc_profile"] = wide_gamut()
    if options.pop("exif", False):
        options["exif"] = b"Exif\0\0" + b"II*\0\x08\0\0\0\0\0" + bytes(4) + encode(photo(1, (320, 240)), "JPEG")
    body = encode(twelve_megapixels, "JPEG", quality=90, **options)
    small = encode(photo(1, (300, 300)), "JPEG", **options)

    peak = peak_bytes(small, body, tmp_path, "look1", Limits())

    assert peak + len(body) <= most_mb * MB


def wide_gamut() -> bytes:
    """Return a profile that is not known to be sRGB, and so is applied."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile.replace(b"sRGB", b"mine").replace("sRGB".encode("utf-16-be"), "mine".encode("utf-16-be"))
