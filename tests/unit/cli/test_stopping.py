"""No process that a person started outlives two signals, nor do its children."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.pictures import photo, png
from tests.unit.cli.conftest import write

PATIENCE_S = 30

# Ends in order after the first signal, but takes its time: as a worker does that waits for a file.
STUBBORN = """
import subprocess, sys, time
from handler.cli.stopping import adopt, two_signals_end
with two_signals_end():
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    adopt(child.pid)
    try:
        print(child.pid, flush=True)  # the signal may come at once
        time.sleep(60)
    finally:
        print("ending", flush=True)
        time.sleep(60)
"""


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


@pytest.mark.skipif(sys.platform != "linux", reason="looks at processes as Linux shows them")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_second_signal_ends_it_at_once_with_its_children(number: signal.Signals) -> None:
    with subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own interpreter
        assert process.stdout is not None
        child = int(process.stdout.readline())
        process.send_signal(number)
        assert process.stdout.readline() == "ending\n"
        assert alive(child)

        process.send_signal(number)

        assert process.wait(PATIENCE_S) == 128 + number
        wait_until(lambda: not alive(child))


@pytest.fixture
def hashing(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], list[int]]]:
    """A `lookalike hash` at work, and its further processes."""
    for number in range(40):
        write(tmp_path / f"{number}.png", png(photo(number, (600, 400))))
    command = [sys.executable, "-m", "handler.cli.main", "hash", *[str(tmp_path)] * 20]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:  # noqa: S603 - our own interpreter
        assert process.stdout is not None
        process.stdout.readline()
        yield process, workers(process.pid)
        process.kill()


def workers(pid: int) -> list[int]:
    return [int(one) for task in Path(f"/proc/{pid}/task").iterdir() for one in (task / "children").read_text().split()]


@pytest.mark.skipif(sys.platform != "linux" or os.cpu_count() == 1, reason="needs Linux, and more than one core")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_processes_that_hash_end_with_the_command(
    hashing: tuple[subprocess.Popen[bytes], list[int]], number: signal.Signals
) -> None:
    process, others = hashing
    assert len(others) > 1

    process.send_signal(number)

    _, errors = process.communicate(timeout=PATIENCE_S)
    wait_until(lambda: not any(map(alive, others)))
    assert process.returncode == (-number if number == signal.SIGKILL else 128 + number)
    if number != signal.SIGKILL:  # of which only Python's own tracker of semaphores has something to say
        assert errors == b""


def test_ignored_signal_stays_ignored() -> None:
    """A shell has jobs in the background ignore SIGINT, and nohup SIGHUP."""
    program = """
import os, signal
from handler.cli.stopping import two_signals_end
signal.signal(signal.SIGHUP, signal.SIG_IGN)
with two_signals_end():
    os.kill(os.getpid(), signal.SIGHUP)
print("here")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603 - our own interpreter

    assert done.stdout == "here\n"
