"""Pillow and pillow-heif: loaded when they are needed, left as they are, and silent."""

import struct
import subprocess
import sys

import pytest
from PIL import Image

from tests.pictures import encode, heic, photo, png
from tests.unit.imaging.conftest import grey


def test_heic_decoder_that_fails_to_load_is_not_the_pictures_fault() -> None:
    program = (
        "import sys; from handler.core.imaging import decode_like_imagehash; from handler.core.model import Limits;"
        "sys.modules['_pillow_heif'] = None;"
        "decode_like_imagehash(sys.stdin.buffer.read(), Limits(), side=32)"
    )

    done = subprocess.run([sys.executable, "-c", program], input=heic(photo(1)), capture_output=True)  # noqa: S603

    assert done.stderr.splitlines()[-1].startswith(b"ModuleNotFoundError")


@pytest.mark.parametrize("brand", ["heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs", "mif1", "msf1"])
def test_heic_is_recognised_by_each_of_its_brands(brand: str) -> None:
    body = heic(photo(1))

    assert grey(body[:8] + brand.encode() + body[12:]).format == "HEIC"


def test_heic_is_decoded_without_a_change_to_pillow() -> None:
    grey(heic(photo(1)))

    assert "HEIF" not in Image.OPEN


def test_pillow_warns_and_logs_nothing() -> None:
    # A TIFF whose description claims more bytes than the file has makes Pillow warn.
    tiff = encode(photo(1, (40, 30)), "TIFF", description="x" * 40)
    entry = struct.pack("<HHI", 270, 2, 41)
    damaged = tiff.replace(entry, struct.pack("<HHI", 270, 2, 1 << 20))
    program = (
        "import sys; from handler.core.imaging import decode_like_imagehash; from handler.core.model import Limits;"
        "print(decode_like_imagehash(sys.stdin.buffer.read(), Limits(), side=32).width)"
    )

    done = subprocess.run([sys.executable, "-W", "always", "-c", program], input=damaged, capture_output=True)  # noqa: S603

    assert damaged != tiff
    assert (done.stdout.strip(), done.stderr) == (b"40", b"")


def test_plugins_are_imported_only_when_their_format_comes() -> None:
    program = (
        "import sys; from handler.core.imaging import decode_like_imagehash; from handler.core.model import Limits;"
        "before = [m for m in sys.modules if m.endswith('ImagePlugin')];"
        "decode_like_imagehash(sys.stdin.buffer.read(), Limits(), side=32);"
        "print(before, [m for m in sys.modules if m.endswith('ImagePlugin')])"
    )

    done = subprocess.run([sys.executable, "-c", program], input=png(photo(1)), capture_output=True, check=True)  # noqa: S603

    assert done.stdout.split(b"\n")[0] == b"[] ['PIL.PngImagePlugin']"
