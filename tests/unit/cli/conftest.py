"""The command line, run in this process, and pictures for it."""

import contextlib
import os
import pty
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from handler.cli.main import main
from handler.core.fingerprint import fingerprint
from handler.core.model import Limits
from handler.core.phash import to_hex
from tests.pictures import jpeg, photo, png


class Ran(NamedTuple):
    """What came of one command."""

    status: int
    lines: list[str]  # on standard output
    errors: list[str]


Run = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Return what runs `lookalike` with some arguments."""

    def run_command(*arguments: object) -> Ran:
        status = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Ran(status, captured.out.splitlines(), captured.err.splitlines())

    return run_command


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    return write(tmp_path / "one.jpg", jpeg(photo(1)))


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """Two scenes: each a picture, a crop of it, and the same bytes again. So few are hashed in this process."""
    for scene in range(2):
        image = photo(scene, (480, 360))
        (tmp_path / f"{scene}.png").write_bytes(png(image))
        (tmp_path / f"{scene} crop.jpg").write_bytes(jpeg(image.crop((30, 20, 470, 350))))
        (tmp_path / f"{scene} again.png").write_bytes(png(image))
    return tmp_path


def in_a_process(*arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[bytes]:
    """Run `lookalike` in a process of its own."""
    command = [sys.executable, "-m", "handler.cli.main", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, timeout=60, **options)  # noqa: S603 - our own interpreter


def on_a_terminal(*command: str, width: int = 80, folder: Path | None = None) -> tuple[int, str]:
    """Return the exit status of *command*, and all that it wrote to a terminal of so many columns."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, width))
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"} | {"TERM": "xterm"}
    with subprocess.Popen(command, stdout=theirs, stderr=theirs, cwd=folder, env=environment) as process:  # noqa: S603 - our own interpreter
        os.close(theirs)
        written = b""
        with contextlib.suppress(OSError):  # Linux's way to say that nobody has the terminal open any more
            while some := os.read(ours, 1 << 16):
                written += some
    os.close(ours)
    return process.returncode, written.decode()


def write(path: Path, body: bytes) -> Path:
    """Write a file, and the folders above it; return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    return path


def hash_of(body: bytes) -> str:
    """Return the hash of a picture, as it is printed."""
    return to_hex(fingerprint(body, "look1", Limits()).hash)
