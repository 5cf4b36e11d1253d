"""When a picture was taken, by its camera's clock."""

from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from handler.core.fingerprint import fingerprint
from handler.core.model import Fingerprint, Limits, ObjectRef, Outcome, PictureRecord
from handler.core.policy import taken_apart_s
from tests.pictures import encode, photo

SCENE = photo(1, (90, 70))
TAKEN, FRACTION, OFFSET = 0x9003, 0x9291, 0x9011


def exif(tags: dict[int, Any]) -> Image.Exif:
    block = Image.Exif()
    block[0x010F] = "Maker"  # Pillow leaves out a block that has folders alone
    block.get_ifd(0x8769).update(tags)
    return block


def taken(format: str, tags: dict[int, Any]) -> str | None:
    return fingerprint(encode(SCENE, format, exif=exif(tags)), "look1", Limits()).taken


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "AVIF", "HEIC"])
def test_time_of_capture_is_read_of_every_format_that_has_one(format: str) -> None:
    tags = {TAKEN: "2026:05:01 10:11:12", FRACTION: "25", OFFSET: "+02:00"}

    assert taken(format, tags) == "2026-05-01T10:11:12.250000"


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({TAKEN: "2026:05:01 10:11:12"}, "2026-05-01T10:11:12"),
        ({TAKEN: "2026:05:01 10:11:12", FRACTION: "   "}, "2026-05-01T10:11:12"),
        ({TAKEN: "2026:05:01 10:11:12", FRACTION: "1234567"}, "2026-05-01T10:11:12.123456"),
        ({TAKEN: "0000:00:00 00:00:00"}, None),
        ({TAKEN: "2026:02:30 10:11:12"}, None),
        ({TAKEN: "    :  :     :  :  "}, None),
        ({TAKEN: 7}, None),
        ({}, None),
    ],
)
def test_what_is_no_time_counts_as_none(tags: dict[int, Any], expected: str | None) -> None:
    assert taken("JPEG", tags) == expected


def test_picture_without_exif_has_none() -> None:
    assert fingerprint(encode(SCENE, "JPEG"), "look1", Limits()).taken is None


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data:UserWarning")  # the command line has it so, too
@given(st.binary(max_size=60))
def test_broken_block_costs_the_time_alone(garbage: bytes) -> None:
    file = BytesIO()
    SCENE.save(file, "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08" + garbage)

    fingerprint(file.getvalue(), "look1", Limits())


def shot(taken: str | None) -> PictureRecord:
    computed = Fingerprint(1, "look1", width=4, height=3, format="JPEG", taken=taken)
    return PictureRecord(ObjectRef("b", "k"), "look1", Outcome.INDEXED, fingerprint=computed)


@pytest.mark.parametrize(
    ("one", "other", "seconds"),
    [
        ("2026-05-01T10:11:12", "2026-05-01T10:11:14", 2.0),
        ("2026-05-01T10:11:12.250000", "2026-05-01T10:11:12.500000", 0.25),
        ("2026-05-01T10:11:12.250000", "2026-05-01T10:11:12", 0.0),  # which fraction the other had is not known
        ("2026-05-01T10:11:12", "2026-05-01T10:11:12", 0.0),
        ("2025-12-31T23:59:59", "2026-01-01T00:00:01", 2.0),
        (None, "2026-05-01T10:11:12", None),
        (None, None, None),
    ],
)
def test_seconds_between_two_shots(one: str | None, other: str | None, seconds: float | None) -> None:
    assert taken_apart_s(shot(one), shot(other)) == seconds
    assert taken_apart_s(shot(other), shot(one)) == seconds
