"""Libraries write nothing on standard error, where the log is: what they have to say is in the rejection."""

import pickle
import random
import subprocess
import sys
from itertools import product

import numpy as np
import pytest

from handler.core.formats import FORMATS
from tests.pictures import encode, photo
from tests.tiffs import DEFLATE, LZMA, LZW, PACKBITS, RAW, ZSTD, Tiff

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # that an EXIF block is damaged, on purpose

SCENE = photo(3, (60, 40))
OPTIONS: dict[str, list[dict[str, object]]] = {
    "AVIF": [{}, {"exif": b"Exif\0\0II*\0" + bytes(30)}],
    "BMP": [{}],
    "GIF": [{}, {"save_all": True, "append_images": [photo(4, (60, 40))]}],
    "HEIC": [{}],
    "JPEG": [{}, {"progressive": True}, {"icc_profile": b"none" * 40}],
    "PNG": [{}, {"icc_profile": b"none" * 40}, {"save_all": True, "append_images": [photo(4, (60, 40))]}],
    "TIFF": [{"compression": name} for name in ("raw", "tiff_lzw", "jpeg", "tiff_adobe_deflate", "packbits", "zstd")],
    "WEBP": [{}, {"lossless": True}, {"save_all": True, "append_images": [photo(4, (60, 40))]}],
}
PROGRAM = """
import pickle, sys
from handler.core.fingerprint import fingerprint
from handler.core.model import Limits, PictureRejected

rejected = 0
for body in pickle.load(sys.stdin.buffer):
    for generation in ("look1", "phash1"):
        try:
            fingerprint(body, generation, Limits())
        except PictureRejected:
            rejected += 1
print(rejected)
"""


def damaged(body: bytes, rng: random.Random) -> bytes:
    """Return *body* cut off, or with some other bytes in it, mostly in its header."""
    broken = bytearray(body[: rng.randrange(20, len(body))] if rng.random() < 0.3 else body)
    for _ in range(rng.choice((1, 2, 8))):
        broken[int(rng.random() ** 2 * len(broken))] = rng.randrange(256)
    return bytes(broken)


def assert_silent(bodies: list[bytes]) -> None:
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-W", "always", "-c", PROGRAM], input=pickle.dumps(bodies), capture_output=True, check=False
    )

    assert done.stderr == b""
    assert done.returncode == 0
    assert int(done.stdout) > len(bodies) // 10  # so they are damaged


@pytest.mark.thorough
@pytest.mark.parametrize("format_", FORMATS)
def test_nothing_is_written_about_damaged_files(format_: str) -> None:
    rng = random.Random(format_)
    whole = [encode(SCENE, format_, **options) for options in OPTIONS[format_]]

    assert_silent([damaged(body, rng) for body in whole for _ in range(120 // len(whole))])


NOT_WRITTEN = (2, 3, 4, 6, 7, 32809, 34676, 34712, 34887, 50001, 50002)  # so their data is wrong as it is


def test_nothing_is_written_about_damaged_tiffs_of_any_compression() -> None:
    rng = random.Random(7)
    written = (RAW, LZW, DEFLATE, PACKBITS, LZMA, ZSTD)
    bodies = []
    for compression, planar in product((*written, *NOT_WRITTEN), (1, 2)):
        raw = None if compression in written else (lambda block: block.tobytes())
        layout = Tiff(2, 8, planar=planar, compression=compression, rows=7, encode=raw)
        body = layout.file(np.asarray(SCENE))
        bodies += [body, *(damaged(body, rng) for _ in range(6))]

    assert_silent(bodies)
