import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from handler.cli.main import main
from handler.core.fingerprint import fingerprint
from handler.core.model import Limits
from handler.core.phash import to_hex
from handler.core.windows import VIEW_NAMES
from tests.pictures import encode, jpeg, photo, png, png_claiming

Run = Callable[..., tuple[int, list[str]]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Return what runs `lookalike hash` and returns its exit status and the lines it printed."""

    def run_hash(*arguments: str | Path) -> tuple[int, list[str]]:
        status = main(["hash", *map(str, arguments)])
        return status, capsys.readouterr().out.splitlines()

    return run_hash


def lookalike(*arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(  # noqa: S603
        [sys.executable, "-m", "handler.cli.main", *arguments], capture_output=True, timeout=60, **options
    )


def hash_of(body: bytes) -> str:
    return to_hex(fingerprint(body, "look1", Limits()).hash)


def write(path: Path, body: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    return path


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    return write(tmp_path / "one.jpg", jpeg(photo(1)))


def test_prints_hash_and_path(run: Run, picture: Path) -> None:
    status, lines = run(picture)

    assert (status, lines) == (0, [f"{hash_of(picture.read_bytes())}  {picture}"])


def test_json_has_every_field(run: Run, picture: Path) -> None:
    computed = fingerprint(picture.read_bytes(), "look1", Limits())

    status, lines = run("--json", picture)

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


def test_what_is_no_picture_is_reported_between_its_neighbours(run: Run, picture: Path, tmp_path: Path) -> None:
    text = write(tmp_path / "notes.txt", b"%PDF-1.7")

    status, lines = run("--json", picture, text, picture)

    reports = [json.loads(line) for line in lines]
    assert status == 1
    assert [report["outcome"] for report in reports] == ["hashed", "rejected", "hashed"]
    assert reports[1]["hash"] is None
    assert reports[1]["reason"].startswith("unsupported: PDF, want one of ")


def test_plain_line_of_a_rejected_file_gives_the_reason(run: Run, tmp_path: Path) -> None:
    empty = write(tmp_path / "empty.png", b"")

    status, lines = run(empty)

    assert (status, lines) == (1, [f"-                 {empty}  (rejected: empty: the file has 0 bytes)"])


def test_missing_file_is_unreadable(run: Run, tmp_path: Path) -> None:
    status, lines = run("--json", tmp_path / "missing.png")

    report = json.loads(lines[0])
    assert (status, report["outcome"], report["reason"]) == (1, "unreadable", "No such file or directory")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_named_pipe_is_not_waited_for(run: Run, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    status, lines = run("--json", tmp_path)

    assert (status, json.loads(lines[0])["reason"]) == (1, "not a regular file")


def test_picture_named_twice_is_printed_twice(run: Run, picture: Path) -> None:
    _, lines = run(picture, picture)

    assert len(lines) == 2
    assert lines[0] == lines[1]


def test_folder_stands_for_the_files_below_it_in_sorted_order(run: Run, tmp_path: Path) -> None:
    body = png(photo(2))
    for name in ("b.png", "a/z.png", "a/deep/y.png", "c/x.png", "B.png"):
        write(tmp_path / name, body)

    _, lines = run("--json", tmp_path)

    found = [Path(json.loads(line)["path"]).relative_to(tmp_path).as_posix() for line in lines]
    assert found == ["B.png", "a/deep/y.png", "a/z.png", "b.png", "c/x.png"]


def test_hidden_names_and_links_to_folders_are_left_out_below_a_folder(run: Run, tmp_path: Path, picture: Path) -> None:
    write(tmp_path / ".hidden.png", b"")
    write(tmp_path / ".git" / "picture.png", b"")
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)

    status, lines = run(tmp_path)

    assert (status, [line.partition("  ")[2] for line in lines]) == (0, [str(picture)])


def test_hidden_file_that_is_named_is_hashed(run: Run, tmp_path: Path) -> None:
    hidden = write(tmp_path / ".hidden.png", png(photo(1)))

    assert run(hidden)[0] == 0


@pytest.mark.parametrize("given", ["./pics/../pics/", "pics", "./pics//"])
def test_path_is_never_rewritten(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    write(tmp_path / "pics" / "one.png", png(photo(1)))
    monkeypatch.chdir(tmp_path)

    _, lines = run("--json", given)

    assert json.loads(lines[0])["path"] == os.path.join(given, "one.png")  # noqa: PTH118 - Path would rewrite it


@pytest.mark.parametrize("name", ["a b+c%20.png", "画像 ñ.png", "quo\"te's.png", "-dash.png", "line\nbreak.png"])
def test_odd_file_names_come_out_as_they_are(run: Run, tmp_path: Path, name: str) -> None:
    odd = write(tmp_path / name, png(photo(1)))

    status, lines = run("--json", tmp_path)

    assert (status, json.loads(lines[0])["path"]) == (0, str(odd))


def test_line_break_in_a_name_does_not_make_a_second_line(run: Run, tmp_path: Path) -> None:
    odd = write(tmp_path / "line\nbreak.png", png(photo(1)))

    assert run(odd)[1] == [f"{hash_of(odd.read_bytes())}  {tmp_path}/line\\x0abreak.png"]


@pytest.mark.skipif(sys.platform != "linux", reason="file names are UTF-8 on this system")
def test_name_that_is_not_utf_8_comes_out_byte_for_byte(tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/caf\xe9.png"
    Path(os.fsdecode(name)).write_bytes(png(photo(1)))

    plain, as_json = lookalike("hash", tmp_path), lookalike("hash", "--json", tmp_path)

    assert plain.stdout.rstrip(b"\n").endswith(b"  " + name)
    assert os.fsencode(json.loads(as_json.stdout)["path"]) == name
    assert plain.returncode == as_json.returncode == 0


def test_many_files_come_out_in_order_from_several_processes(tmp_path: Path) -> None:
    bodies = [png(photo(seed, (60 + 40 * (seed % 5), 50))) for seed in range(40)]
    for number, body in enumerate(bodies):
        write(tmp_path / f"{number:02}.png", body)
    write(tmp_path / "17.png", b"not a picture")

    done = lookalike("hash", "--json", tmp_path)

    reports = [json.loads(line) for line in done.stdout.splitlines()]
    expected = [None if number == 17 else hash_of(body) for number, body in enumerate(bodies)]
    assert [report["hash"] for report in reports] == expected
    assert [Path(report["path"]).stem for report in reports] == [f"{number:02}" for number in range(40)]
    assert (done.returncode, done.stderr) == (1, b"")


def test_pixel_limit_is_a_setting(run: Run, picture: Path) -> None:
    status, lines = run("--json", "--max-pixels", "76799", picture)

    assert status == 1
    assert json.loads(lines[0])["reason"] == ("too_many_pixels: 320x240 is 76800 pixels, over MAX_PIXELS (76799)")


def test_file_over_the_byte_limit_is_not_even_read(run: Run, tmp_path: Path) -> None:
    sparse = write(tmp_path / "huge.png", png_claiming(1, 1))
    os.truncate(sparse, 1 << 40)

    status, lines = run("--json", sparse)

    assert status == 1
    assert json.loads(lines[0])["reason"] == f"too_many_bytes: {1 << 40} bytes, over MAX_BYTES (20971520)"


def test_every_format_is_named_as_pillow_names_it(run: Run, tmp_path: Path) -> None:
    formats = ["AVIF", "BMP", "GIF", "HEIC", "JPEG", "PNG", "TIFF", "WEBP"]
    for format_ in formats:
        write(tmp_path / f"{format_}.img", encode(photo(1), format_))

    _, lines = run("--json", tmp_path)

    assert [json.loads(line)["format"] for line in lines] == formats


def test_heic_without_its_decoder_is_reported_with_the_cure(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = write(tmp_path / "one.heic", encode(photo(1), "HEIC"))
    monkeypatch.setitem(sys.modules, "pillow_heif", None)

    status, lines = run(picture)

    assert status == 1
    assert "rejected: unsupported: HEIC, which needs pillow-heif: " in lines[0]


def test_reader_that_stops_early_is_no_error(tmp_path: Path) -> None:
    for number in range(30):
        write(tmp_path / f"{number}.png", png(photo(number, (40, 30))))
    command = [sys.executable, "-m", "handler.cli.main", "hash", str(tmp_path)]

    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:  # noqa: S603
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        errors = process.stderr.read()

    assert errors == b""
