"""`local down` and the next `local up` end what others have left, or say what they cannot end."""

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from handler.cli.local import deployment, down, leftovers, processes, up
from handler.cli.local.deployment import Deployment
from handler.cli.local.emulator import Emulator, LocalError

NOWHERE = "http://127.0.0.1:9"  # nothing answers there
NOTHING = argparse.Namespace()


@pytest.fixture
def stopped() -> Iterator[subprocess.Popen[bytes]]:
    """A process that does not run, so it answers nothing."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True) as process:
        os.killpg(process.pid, signal.SIGSTOP)
        yield process
        process.kill()


def note(root: Path, pid: int) -> Path:
    """Note a deployment with one process, which was left running."""
    folder = root / ".lookalike" / "run" / "9"
    folder.mkdir(parents=True)
    processes.write_note(folder, pid, None)
    deployment.save(root, Deployment(Emulator(NOWHERE, pid, folder), {}, "queue"))
    return folder


def test_emulator_that_does_not_answer_is_ended(
    tmp_path: Path, stopped: subprocess.Popen[bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = note(tmp_path, stopped.pid)

    status = down.run(tmp_path, NOTHING)

    assert (status, capsys.readouterr().out) == (0, f"stopped {NOWHERE}\n")
    assert stopped.wait(10) != 0
    assert not folder.exists()
    assert deployment.noted(tmp_path) is None


def test_up_does_not_start_another_beside_one_that_does_not_answer(
    tmp_path: Path, stopped: subprocess.Popen[bytes]
) -> None:
    note(tmp_path, stopped.pid)

    with pytest.raises(LocalError, match=f"is running .process {stopped.pid}. but does not answer: wait .* local down"):
        up.run(tmp_path, argparse.Namespace(port=None, docker=False, json=False, parameter=[]))


def test_process_that_may_be_anybodys_is_named(
    tmp_path: Path, stopped: subprocess.Popen[bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = note(tmp_path, stopped.pid)
    text = (folder / "process.json").read_text()
    (folder / "process.json").write_text(text.replace(str(processes.began(stopped.pid)), ""))

    status = down.run(tmp_path, NOTHING)

    said = capsys.readouterr()
    assert (status, said.out) == (1, "")
    assert f"could not end process {stopped.pid}, or tell whether it is of lookalike's" in said.err
    assert stopped.poll() is None
    assert deployment.noted(tmp_path) is not None


def test_number_that_another_process_has_now_is_nobody(
    tmp_path: Path, stopped: subprocess.Popen[bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = note(tmp_path, stopped.pid)
    text = (folder / "process.json").read_text()
    (folder / "process.json").write_text(text.replace(str(processes.began(stopped.pid)), "another time"))

    status = down.run(tmp_path, NOTHING)

    assert (status, capsys.readouterr().out) == (0, "nothing is running\n")
    assert stopped.poll() is None


def test_what_killed_runs_have_left_is_removed_and_nothing_else(
    tmp_path: Path, stopped: subprocess.Popen[bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        alive = processes.Process(os.getpid(), processes.began(os.getpid()) or "")
    work = tmp_path / ".lookalike"
    for name, leader, starter in (
        ("run/1", stopped.pid, ended.pid),
        ("sam/deploy-1", None, ended.pid),
        ("sam/deploy-2", None, alive.pid),
    ):
        (work / name).mkdir(parents=True)
        (work / name / "output.log").touch()
        processes.write_note(work / name, leader, starter)

    removed = leftovers.remove(tmp_path, but=None)

    assert removed == ([work / "run/1"], [])
    assert stopped.wait(10) != 0
    assert [path.relative_to(work).as_posix() for path in sorted(work.glob("*/*"))] == ["sam/deploy-2"]
    assert down.run(tmp_path, NOTHING) == 0
    assert capsys.readouterr().out == "nothing is running\n"
