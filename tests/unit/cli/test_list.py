"""What may go on a list, and the lines of an export; `tests/integration` runs the commands."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.cli.exchange import exported, imported
from handler.cli.list_verbs import table
from handler.cli.listable import entry_name, of_file, of_hash, told_apart
from handler.core.generations import GENERATIONS
from handler.core.lists import entry_ref
from handler.core.model import Limits, PictureRecord
from tests.deployments import FakeDeployment
from tests.pictures import jpeg, photo
from tests.unit.cli.conftest import Run, write

HASH = "00cb275ca3445d91"


def of_line(line: str, generation: str = "look1") -> PictureRecord:
    """What is listed of a line that is taken in."""
    (one,) = imported([line], list_name="banned", generation=generation)
    assert one.record is not None, one.reason
    return one.record


def why_not(line: str) -> str:
    (one,) = imported([line], list_name="banned", generation="look1")
    assert one.record is None
    return one.reason


@pytest.fixture
def entry(picture: Path) -> PictureRecord:
    """What is listed of a picture file."""
    found = of_file(str(picture), list_name="banned", generation="look1", limits=Limits()).record
    assert found is not None
    return found


# --- what may go on a list ---


def test_arguments_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "deadbeefdeadbeef").touch()

    named = told_apart(["a.jpg", "s3://b/c d/", "s3://b/", HASH, f"look1:{HASH}", "deadbeefdeadbeef", "cafe"])

    assert named.paths == ["a.jpg", "deadbeefdeadbeef", "cafe"]
    assert named.objects == [("b", "c d/"), ("b", "")]
    assert named.hashes == [HASH, f"look1:{HASH}"]


def test_file_is_listed_as_what_the_function_knows_of_it(entry: PictureRecord, picture: Path) -> None:
    expected = FakeDeployment(generation="look1").listed(str(picture), picture.read_bytes())

    assert entry == replace(expected, modified=entry.modified)


def test_file_that_is_no_picture_is_refused_with_the_reason(tmp_path: Path) -> None:
    text = write(tmp_path / "a.txt", b"text")

    one = of_file(str(text), list_name="banned", generation="look1", limits=Limits())

    assert (one.record, one.reason.partition(":")[0]) == (None, "unsupported")


def test_name_that_is_not_utf_8_is_escaped() -> None:
    assert entry_name(os.fsdecode(b"caf\xe9.jpg")) == "caf\\xe9.jpg"


@pytest.mark.parametrize("generation", GENERATIONS)
def test_bare_hash_of_our_own_is_taken(generation: str) -> None:
    one = of_hash(f"{generation}:{HASH.upper()}", list_name="banned", generation=generation)

    assert one.record is not None
    assert (one.name, one.record.hash, one.record.digest) == (f"{generation}:{HASH}", int(HASH, 16), None)
    assert one.record.fingerprint is not None
    assert one.record.fingerprint.bare
    assert len(one.record.entry_words) == {"look1": 35, "phash1": 1}[generation]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (HASH, f"say of which generation the hash is, as in look1:{HASH}"),
        (f"phash1:{HASH}", "the hash is one of phash1, and the list is of look1"),
        ("ab" * 32, "that is a hash of 256 bits, such as PDQ: list the picture"),
        (f"pdq:{'ab' * 32}", "that is a hash of 256 bits, such as PDQ: list the picture"),
        ("ab" * 16, "that is a hash of 128 bits: list the picture"),
        (f"look1:{HASH}00", "that is a hash of 72 bits: list the picture"),
        ("look1:zzz", "'zzz' is no hash of look1: want 16 hex digits, as `lookalike hash` prints them"),
        (f"dhash:{HASH}", "there is no generation dhash: list the picture"),
    ],
)
def test_other_hashes_are_refused_with_the_reason(text: str, reason: str) -> None:
    assert told_apart([text]).hashes == [text]

    one = of_hash(text, list_name="banned", generation="look1")

    assert one.record is None
    assert one.reason.startswith(reason)


# --- exchange ---


def test_line_of_an_export_is_the_whole_entry(entry: PictureRecord) -> None:
    assert of_line(json.dumps(exported(entry))) == entry


@given(st.integers(0, 2**64 - 1))
def test_bare_hash_comes_back_as_it_went(hash: int) -> None:
    entry = of_hash(f"look1:{hash:016x}", list_name="banned", generation="look1").record
    assert entry is not None

    assert of_line(json.dumps(exported(entry))) == entry


@given(
    st.text(st.characters(codec="utf-8"), min_size=1),
    st.one_of(st.none(), st.text(st.characters(codec="utf-8"), min_size=1)),
    st.booleans(),
)
def test_whatever_is_known_of_an_object_comes_back(name: str, etag: str | None, flat: bool) -> None:
    listed = FakeDeployment(generation="look1").listed("a.jpg", jpeg(photo(1)), etag=etag)
    assert listed.fingerprint is not None
    computed = replace(listed.fingerprint, flat=flat, taken="2026-05-01T10:11:12", frames=3, notes=("a", "b"))
    entry = replace(listed, ref=entry_ref("banned", name, version=etag), fingerprint=computed)

    assert of_line(json.dumps(exported(entry))) == entry


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"schema": "other"}, "its schema is not lookalike.fingerprint/1: want a line of `lookalike list export`"),
        ({"generation": "phash1"}, "the fingerprint is of phash1, and the list is of look1"),
        ({"hashes": [HASH]}, "hashes is a list, want 14 times 16 hex digits"),
        ({"hashes": [HASH[:-1]] * 14}, "hashes is a list, want 14 times 16 hex digits"),
        ({"checks": []}, "checks is a list, want 14 times 64 hex digits"),
        ({"sha256": None}, "sha256 is null, want 64 hex digits, or null of a bare hash"),
        ({"sha256": "ab"}, 'sha256 is "ab", want 64 hex digits, or null of a bare hash'),
        ({"flat": 1}, "flat is 1, want true or false"),
        ({"name": ""}, 'name is "", want a string that is not empty'),
        ({"quality": "good"}, 'quality is "good", want a number or null'),
        ({"quality": float("nan")}, "quality is NaN, want a number or null"),
        ({"taken": "yesterday"}, 'taken is "yesterday", want a time, such as 2026-05-01T10:11:12'),
        ({"listed": "2026-05-01"}, 'listed is "2026-05-01", want a time, such as 2026-05-01T10:11:12+00:00'),
        ({"format": "SVG"}, 'format is "SVG", want one of AVIF, BMP, GIF, HEIC, JPEG, PNG, TIFF, WEBP'),
        ({"width": 0}, "width is 0, want a positive number"),
        ({"bytes": None}, "bytes is null, want a positive number, or null of a bare hash"),
        ({"notes": "x"}, 'notes is "x", want a list'),
    ],
)
def test_line_that_is_damaged_is_refused_with_the_reason(
    entry: PictureRecord, change: dict[str, Any], reason: str
) -> None:
    assert why_not(json.dumps(exported(entry) | change)) == reason


def test_line_that_is_no_json_is_refused() -> None:
    assert why_not("ab" * 32).startswith("it is not JSON")
    assert why_not("[]").startswith("its schema is not")


def test_line_that_would_leave_no_room_in_a_message_is_refused(entry: PictureRecord) -> None:
    line = json.dumps(exported(entry) | {"name": "x" * 32_768})

    assert why_not(line).endswith("characters, over 32768: nothing that was listed has so many")


def test_lines_are_named_by_their_numbers(entry: PictureRecord) -> None:
    line = json.dumps(exported(entry))

    found = list(imported([line, "", "nonsense"], list_name="banned", generation="look1"))

    assert [one.name for one in found] == [entry.ref.key, "line 3"]


# --- the command ---


def test_entries_are_shown_as_a_table(entry: PictureRecord) -> None:
    bare = of_hash(f"look1:{HASH}", list_name="banned", generation="look1").record
    assert bare is not None

    lines = table([replace(entry, ref=entry_ref("banned", "a\n.jpg")), bare])

    assert [line.split()[0] for line in lines] == ["NAME", "a\\n.jpg", f"look1:{HASH}"]
    assert lines[2].split("  ")[2] == "hash alone"


@pytest.mark.parametrize("name", ["Banned", "-banned", "a/b", "x" * 33, ""])
def test_name_that_no_list_may_have_is_wrong_usage(name: str, capsys: pytest.CaptureFixture[str], run: Run) -> None:
    with pytest.raises(SystemExit) as ended:
        run("list", "show", name)

    assert ended.value.code == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_file_of_lines_that_is_not_there_is_one_line(run: Run) -> None:
    done = run("list", "import", "banned", "missing.jsonl")

    assert (done.status, len(done.errors)) == (1, 1)
    assert done.errors[0].endswith("missing.jsonl cannot be read: No such file or directory")
