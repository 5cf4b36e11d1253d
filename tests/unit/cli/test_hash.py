import json
import sys
from pathlib import Path

import pytest

from handler.core.fingerprint import fingerprint
from handler.core.model import Limits
from handler.core.phash import to_hex
from handler.core.windows import VIEW_NAMES
from tests.pictures import encode, photo
from tests.unit.cli.conftest import Run, hash_of, write


def test_prints_hash_and_path(run: Run, picture: Path) -> None:
    status, lines, _ = run("hash", picture)

    assert (status, lines) == (0, [f"{hash_of(picture.read_bytes())}  {picture}"])


def test_json_has_every_field(run: Run, picture: Path) -> None:
    computed = fingerprint(picture.read_bytes(), "look1", Limits())

    status, lines, _ = run("hash", "--json", picture)

    assert status == 0
    assert json.loads(lines[0]) == {
        "path": str(picture),
        "outcome": "hashed",
        "hash": hash_of(picture.read_bytes()),
        "generation": "look1",
        "width": 320,
        "height": 240,
        "format": "JPEG",
        "views": {name: to_hex(hash) for name, hash in zip(VIEW_NAMES, computed.hashes, strict=True)},
        "quality": computed.quality,
        "reason": None,
    }


def test_rejected_file_is_reported_between_its_neighbours(run: Run, picture: Path, tmp_path: Path) -> None:
    text = write(tmp_path / "notes.txt", b"%PDF-1.7")

    status, lines, _ = run("hash", "--json", picture, text, picture)

    reports = [json.loads(line) for line in lines]
    assert status == 1
    assert [report["outcome"] for report in reports] == ["hashed", "rejected", "hashed"]
    assert reports[1]["hash"] is None
    assert reports[1]["reason"].startswith("unsupported: PDF, want one of ")


def test_file_that_overlapping_paths_mean_twice_is_printed_in_each_place(run: Run, tmp_path: Path) -> None:
    first, second = (write(tmp_path / "in" / name, encode(photo(1), "PNG")) for name in ("a.png", "b.png"))

    status, lines, _ = run("hash", tmp_path, second, tmp_path / "in")

    assert status == 0
    assert [line.split()[1] for line in lines] == [str(one) for one in (first, second, second, first, second)]


def test_plain_line_of_a_rejected_file_gives_the_reason(run: Run, tmp_path: Path) -> None:
    empty = write(tmp_path / "empty.png", b"")

    status, lines, _ = run("hash", empty)

    assert (status, lines) == (1, [f"-                 {empty}  (rejected: empty: the file has 0 bytes)"])


def test_missing_file_is_unreadable(run: Run, tmp_path: Path) -> None:
    status, lines, _ = run("hash", "--json", tmp_path / "missing.png")

    report = json.loads(lines[0])
    assert (status, report["outcome"], report["reason"]) == (1, "unreadable", "No such file or directory")


def test_pixel_limit_is_a_setting(run: Run, picture: Path) -> None:
    status, lines, _ = run("hash", "--json", "--max-pixels", "76799", picture)

    assert status == 1
    assert json.loads(lines[0])["reason"] == ("too_many_pixels: 320x240 is 76800 pixels, over MAX_PIXELS (76799)")


def test_every_format_is_named_as_pillow_names_it(run: Run, tmp_path: Path) -> None:
    formats = ["AVIF", "BMP", "GIF", "HEIC", "JPEG", "PNG", "TIFF", "WEBP"]
    for format_ in formats:
        write(tmp_path / f"{format_}.img", encode(photo(1), format_))

    _, lines, _ = run("hash", "--json", tmp_path)

    assert [json.loads(line)["format"] for line in lines] == formats


def test_heic_without_its_decoder_is_rejected_with_the_cure(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = write(tmp_path / "one.heic", encode(photo(1), "HEIC"))
    monkeypatch.setitem(sys.modules, "pillow_heif", None)

    status, lines, _ = run("hash", picture)

    assert status == 1
    assert "rejected: unsupported: HEIC, which needs pillow-heif: " in lines[0]
