"""What is no picture, or none that can be read, is rejected with what was seen and the cure."""

import sys

import pytest
from PIL import Image

from handler.core.formats import FORMATS
from tests.pictures import encode, heic, photo, png
from tests.unit.imaging.conftest import grey, rejection

# pytest sets aside the filter that the module under test sets; `test_pillow_warns_and_logs_nothing` is without pytest.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def test_empty_file_is_rejected() -> None:
    assert rejection(b"") == ("empty", "the file has 0 bytes")


@pytest.mark.parametrize(
    ("start", "name"),
    [(b"%PDF-1.7\n", "PDF"), (b"%!PS-Adobe-3.0 EPSF-3.0", "EPS"), (b"<svg xmlns='http://www.w3.org/2000/svg'>", "SVG"),
     (b"<?xml version='1.0'?>\n<!-- drawn -->\n<svg>", "SVG"), (b"\0\0\x01\0\x01\0", "ICO"),
     (b"8BPS\0\x01", "PSD"), (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
     (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000")]
)  # fmt: skip
def test_picture_of_another_format_is_rejected_by_its_name(start: bytes, name: str) -> None:
    code, message = rejection(start + bytes(100))

    assert code == "unsupported"
    assert message == f"{name}, want one of {', '.join(FORMATS)}"


def test_heic_without_its_decoder_is_rejected_with_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    body = heic(photo(1))
    monkeypatch.setitem(sys.modules, "pillow_heif", None)

    assert rejection(body) == (
        "unsupported",
        "HEIC, which needs pillow-heif: set the stack's parameter Heic to true, or install lookalike[heic]",
    )


@pytest.mark.parametrize("body", [b"hello", b"<html><body>404 Not Found", bytes(64), b"P6\n1 1\n255\n\0\0\0"])
def test_what_is_no_picture_is_rejected_with_its_first_bytes(body: bytes) -> None:
    code, message = rejection(body)

    assert code == "unsupported"
    assert message.startswith(f"begins with {body[:8]!r}")


def test_colours_that_cannot_be_made_grey_are_unsupported() -> None:
    lab = Image.new("LAB", (40, 30))

    code, _ = rejection(encode(lab, "TIFF"))

    assert code == "unsupported"


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "HEIC"])
def test_file_that_ends_in_the_middle_of_the_picture_is_truncated(format_: str) -> None:
    body = encode(photo(1), format_)

    code, message = rejection(body[: len(body) // 2])

    assert (code, message.partition(":")[0]) == ("truncated", format_)


@pytest.mark.parametrize("format_", FORMATS)
def test_file_of_nothing_but_a_signature_is_rejected(format_: str) -> None:
    code, _ = rejection(encode(photo(1), format_)[:24])

    assert code in {"truncated", "corrupt"}


def test_broken_data_is_corrupt() -> None:
    body = bytearray(png(photo(1)))
    at = body.index(b"IDAT")
    body[at + 4 : at + 40] = bytes(36)

    assert rejection(bytes(body))[0] == "corrupt"


@pytest.mark.parametrize(
    "error",
    [MemoryError(), OSError("out of memory when reading image file"), OSError("Out of memory"),
     RuntimeError("Memory allocation error: Unspecified: Allocating 12503311 bytes failed")]
)  # fmt: skip
def test_lack_of_memory_is_not_the_pictures_fault(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def exhausted(*_: object) -> None:
        raise error

    monkeypatch.setattr("PIL.Image.core.new", exhausted)

    with pytest.raises(MemoryError):
        grey(png(photo(1)))
