import os
import subprocess
import sys
from pathlib import Path

import pytest

from handler.cli.errors import OUTPUT_LOST, PIPE_CLOSED
from handler.cli.local.commands import VERBS
from handler.cli.main import COMMANDS
from handler.cli.output import printable
from tests.pictures import photo, png


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("two\nlines\r\n", r"two\nlines\r\n"),
        ("\x1b[31mred\x07\x7f", r"\x1b[31mred\x07\x7f"),
        ("\x85\x9b", r"\x85\x9b"),
        ("cat\u202egnp.exe\u2028", r"cat\u202egnp.exe\u2028"),
        ("\ud800\udfff", r"\ud800\udfff"),
    ],
)
def test_what_would_leave_its_line_is_escaped(text: str, printed: str) -> None:
    assert printable(text) == printed


@pytest.mark.parametrize(
    "name", ["画像 ñ.png", "at 1.00\u202fPM.png", "👩\u200d🔬.jpg", "caf\udce9.png", r"back\slash"]
)
def test_name_that_fits_on_a_line_stays_as_it_is(name: str) -> None:
    assert printable(name) == name


LOOKALIKE = f"{sys.executable} -m handler.cli.main"
# Every command and verb can print its help; those about files, more.
HELPS = ["--help", *(f"{name} --help" for name in COMMANDS), *(f"local {verb} --help" for verb in VERBS)]
ABOUT_FILES = ["hash {}", "hash --json {}", "pairs {}", "pairs --json {}", "pairs -0 {}", "compare {0}/1.png {0}/0.png",
               "compare --json {0}/1.png {0}/0.png"]  # fmt: skip
PRINTING = HELPS + ABOUT_FILES
FULL = "/dev/full"  # takes nothing, as a full disk


def shell(command: str) -> tuple[int, str]:
    """Return how *command* ends in a shell, and what it said on standard error."""
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60, check=False)  # noqa: S603, S607 - our own words
    return done.returncode, done.stderr


@pytest.mark.skipif(not Path(FULL).exists(), reason="no device that is always full on this system")
@pytest.mark.thorough
@pytest.mark.parametrize("what", PRINTING)
def test_full_disk_is_one_line_and_a_status_of_its_own(album: Path, what: str) -> None:
    done = shell(f"{LOOKALIKE} {what.format(album)} > {FULL}")

    assert done == (OUTPUT_LOST, "lookalike: cannot write the output: No space left on device\n")


def test_much_output_to_a_full_disk_is_one_line_as_well(tmp_path: Path) -> None:
    """So much that it is written before the end."""
    for number in range(150):
        (tmp_path / f"{number:03} {'long ' * 30}.png").write_bytes(b"no picture")

    done = shell(f"{LOOKALIKE} hash {tmp_path} > {FULL}")

    assert done == (OUTPUT_LOST, "lookalike: cannot write the output: No space left on device\n")


def test_copies_that_a_full_disk_does_not_take_are_one_line_as_well(tmp_path: Path) -> None:
    for number in range(80):
        (tmp_path / f"{number:03} {'long ' * 30}.png").write_bytes(png(photo(1, (40, 30))))

    done = shell(f"{LOOKALIKE} pairs -0 {tmp_path} > {FULL}")

    assert done == (OUTPUT_LOST, "lookalike: cannot write the output: No space left on device\n")


@pytest.mark.thorough
@pytest.mark.parametrize("what", PRINTING)
def test_closed_output_is_one_line_and_the_same_status(album: Path, what: str) -> None:
    done = shell(f"{LOOKALIKE} {what.format(album)} >&-")

    assert done == (OUTPUT_LOST, "lookalike: standard output is closed\n")


@pytest.mark.parametrize("closed", ["<&-", "2>&-", "<&- 2>&-"])
def test_no_other_stream_is_needed(album: Path, closed: str) -> None:
    assert shell(f"{LOOKALIKE} pairs {album} >/dev/null {closed}") == (0, "")


@pytest.mark.thorough
@pytest.mark.parametrize("what", PRINTING)
def test_reader_that_has_gone_ends_it_without_a_word(album: Path, what: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "handler.cli.main", *what.format(album).split()]

    with subprocess.Popen(command, stdout=writing, stderr=subprocess.PIPE) as process:  # noqa: S603 - our own interpreter
        os.close(writing)
        _, errors = process.communicate(timeout=60)

    assert (process.returncode, errors) == (PIPE_CLOSED, b"")
