import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from handler.cli.local.processes import members


def test_what_runs_well_ends_with_its_status_and_no_other_word(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "raise SystemExit(3)"]
    with subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "handler.cli.local.guard", str(tmp_path), *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as guarded:
        assert guarded.stdout is not None
        assert guarded.stdout.read() == b""  # while the pipe is open

        assert guarded.wait(10) == 3


@pytest.mark.parametrize("make", [Path.mkdir, Path.touch])
def test_command_ends_with_its_starter_however_that_ends(tmp_path: Path, make: Callable[[Path], None]) -> None:
    left = tmp_path / "run"
    make(left)
    command = [sys.executable, "-c", "print('up', flush=True); import time; time.sleep(60)"]
    guarded = subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "handler.cli.local.guard", str(left), *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    with guarded:
        assert guarded.stdin is not None
        assert guarded.stdout is not None
        assert guarded.stdout.readline() == b"up\n"

        guarded.stdin.close()  # what the system does for a starter that was killed

        guarded.wait(10)
    assert not left.exists()
    assert members(guarded.pid) == []
