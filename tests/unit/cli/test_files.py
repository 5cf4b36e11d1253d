"""Which files a command means, and by what names they come out."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

import pytest

from tests.pictures import photo, png, png_claiming
from tests.unit.cli.conftest import Run, hash_of, in_a_process, write

DEEP = 1200  # folders below each other


NO_FILES = {
    "pipe": "a named pipe, not a file",
    "socket": "a socket, not a file",
    "circle": "Too many levels of symbolic links",
    "/dev/zero": "a device, not a file",
}


@pytest.fixture
def odd(album: Path) -> Iterator[Path]:
    """The album, with one of everything beside it that is no file."""
    os.mkfifo(album / "pipe")
    (album / "circle").symlink_to("circle")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(album / "socket"))
        yield album


@pytest.mark.parametrize("command", ["hash", "pairs"])
def test_what_is_no_file_is_named_and_the_rest_read(run: Run, odd: Path, command: str) -> None:
    _, lines, errors = run(command, odd, "/dev/zero")

    for name, why in NO_FILES.items():
        assert sum(str(odd / name) in line and why in line for line in lines + errors) == 1
    assert sum(str(odd / "1.png") in line for line in lines) == 1


@pytest.mark.parametrize(("name", "why"), NO_FILES.items())
def test_what_is_no_file_is_not_compared(run: Run, odd: Path, name: str, why: str) -> None:
    for pair in ((odd / name, odd / "1.png"), (odd / "1.png", odd / name)):
        assert run("compare", *pair) == (2, [], [f"lookalike: {odd / name}: {why}"])


# Root may read everything, so give that up, once all is imported.
UNPRIVILEGED = """
import os, sys
import handler.cli.pairs
from handler.cli.main import main
main(["hash", "1.png"])
if os.geteuid() == 0:
    os.seteuid(65534)
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="files have no such permissions on this system")
@pytest.mark.parametrize(
    ("arguments", "status"), [(("hash", "."), 1), (("pairs", "."), 2), (("compare", "1.png", "secret.png"), 2)]
)
def test_what_may_not_be_read_is_named_and_the_rest_read(
    tmp_path: Path, picture: Path, arguments: tuple[str, ...], status: int
) -> None:
    picture.rename(tmp_path / "1.png")
    write(tmp_path / "closed" / "2.png", png(photo(2)))
    write(tmp_path / "secret.png", png(photo(3)))
    tmp_path.chmod(0o755)
    for name in ("closed", "secret.png"):
        (tmp_path / name).chmod(0)

    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", UNPRIVILEGED, *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )

    (tmp_path / "closed").chmod(0o700)  # so that pytest can remove it
    told = [line for line in (done.stdout + done.stderr).splitlines() if "Permission denied" in line]
    assert done.returncode == status
    assert [name for name in ("closed", "secret.png") if any(name in line for line in told)] == (
        ["secret.png"] if "secret.png" in arguments else ["closed", "secret.png"]
    )


def test_folder_that_links_to_itself_is_left_after_one_look(run: Run, album: Path) -> None:
    (album / "here").symlink_to(".")
    (album / "circle").symlink_to("circle")

    against = run("pairs", "--json", "--against", album, album / "1.png")

    assert [Path(json.loads(line)["b"]).name for line in against.lines] != []
    assert any("circle: Too many levels of symbolic links" in line for line in against.errors)


@pytest.fixture
def deep(tmp_path: Path) -> Iterator[Path]:
    """A picture below more folders than Python recurses, which is why pytest could not remove them.

    Each takes two characters of a path: the deepest is still within what the system takes.
    """
    try:
        with chdir(tmp_path):
            for _ in range(DEEP):
                Path("d").mkdir()
                os.chdir("d")
            write(Path("end.png"), png(photo(1)))
        yield tmp_path
    finally:
        remove_line_of_folders(tmp_path)


def remove_line_of_folders(top: Path) -> None:
    """Remove the folder "d" in *top*, which has one like it, and so on: not even os.walk can begin at the bottom."""
    with chdir(top):
        below = 0
        while Path("d").is_dir():
            os.chdir("d")
            below += 1
        Path("end.png").unlink(missing_ok=True)
        for _ in range(below):
            os.chdir("..")
            Path("d").rmdir()


def test_deep_folder_is_read_to_its_end(run: Run, deep: Path) -> None:
    status, lines, _ = run("hash", deep)

    assert (status, len(lines)) == (0, 1)


def test_picture_named_twice_is_printed_twice(run: Run, picture: Path) -> None:
    _, lines, _ = run("hash", picture, picture)

    assert len(lines) == 2
    assert lines[0] == lines[1]


def test_folder_means_the_files_below_it_in_sorted_order(run: Run, tmp_path: Path) -> None:
    body = png(photo(2))
    for name in ("b.png", "a/z.png", "a/deep/y.png", "c/x.png", "B.png"):
        write(tmp_path / name, body)

    _, lines, _ = run("hash", "--json", tmp_path)

    found = [Path(json.loads(line)["path"]).relative_to(tmp_path).as_posix() for line in lines]
    assert found == ["B.png", "a/deep/y.png", "a/z.png", "b.png", "c/x.png"]


def test_hidden_files_and_links_to_folders_are_left_out(run: Run, tmp_path: Path, picture: Path) -> None:
    write(tmp_path / ".hidden.png", b"")
    write(tmp_path / ".git" / "picture.png", b"")
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)

    status, lines, _ = run("hash", tmp_path)

    assert (status, [line.partition("  ")[2] for line in lines]) == (0, [str(picture)])


def test_hidden_file_that_is_named_is_hashed(run: Run, tmp_path: Path) -> None:
    hidden = write(tmp_path / ".hidden.png", png(photo(1)))

    assert run("hash", hidden)[0] == 0


@pytest.mark.parametrize("given", ["./pics/../pics/", "pics", "./pics//"])
def test_path_is_never_rewritten(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    write(tmp_path / "pics" / "one.png", png(photo(1)))
    monkeypatch.chdir(tmp_path)

    _, lines, _ = run("hash", "--json", given)

    assert json.loads(lines[0])["path"] == os.path.join(given, "one.png")  # noqa: PTH118 - Path would rewrite it


@pytest.mark.parametrize("name", ["a b+c%20.png", "画像 ñ.png", "quo\"te's.png", "-dash.png", "line\nbreak.png"])
def test_odd_file_names_come_out_as_they_are(run: Run, tmp_path: Path, name: str) -> None:
    odd = write(tmp_path / name, png(photo(1)))

    status, lines, _ = run("hash", "--json", tmp_path)

    assert (status, json.loads(lines[0])["path"]) == (0, str(odd))


def test_line_break_in_a_name_does_not_make_a_second_line(run: Run, tmp_path: Path) -> None:
    odd = write(tmp_path / "line\nbreak.png", png(photo(1)))

    assert run("hash", odd)[1] == [f"{hash_of(odd.read_bytes())}  {tmp_path}/line\\nbreak.png"]


@pytest.mark.skipif(sys.platform != "linux", reason="file names are UTF-8 on this system")
def test_name_that_is_not_utf_8_comes_out_byte_for_byte(tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/caf\xe9.png"
    Path(os.fsdecode(name)).write_bytes(png(photo(1)))

    plain, as_json = in_a_process("hash", tmp_path), in_a_process("hash", "--json", tmp_path)

    assert plain.stdout.rstrip(b"\n").endswith(b"  " + name)
    assert os.fsencode(json.loads(as_json.stdout)["path"]) == name
    assert plain.returncode == as_json.returncode == 0


def test_file_over_the_byte_limit_is_not_even_read(run: Run, tmp_path: Path) -> None:
    sparse = write(tmp_path / "huge.png", png_claiming(1, 1))
    os.truncate(sparse, 1 << 40)

    status, lines, _ = run("hash", "--json", sparse)

    assert status == 1
    assert json.loads(lines[0])["reason"] == f"too_many_bytes: {1 << 40} bytes, over MAX_BYTES (20971520)"
