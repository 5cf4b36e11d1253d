"""Processes are ended by what is noted of them, and none that only has their number."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from handler.cli.local.processes import MARK, Note, Process, began, members, read_note, write_note

linux = pytest.mark.skipif(sys.platform != "linux", reason="tells whose a process is as Linux shows it")

# A leader, with a child that outlives it.
PROGRAM = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"])
time.sleep(60)
"""


@pytest.fixture
def leader(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The leader of a group of two, with the mark of the folder."""
    env = os.environ | {MARK: str(tmp_path)}
    with subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", PROGRAM], env=env, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        yield process
        for one in members(process.pid):
            os.kill(one, signal.SIGKILL)


def noted(folder: Path, leader: int, starter: int | None = None) -> Note:
    write_note(folder, leader, starter)
    note = read_note(folder)
    assert note is not None
    return note


def test_stopped_group_is_ended_with_its_children(tmp_path: Path, leader: subprocess.Popen[bytes]) -> None:
    note = noted(tmp_path, leader.pid)
    os.killpg(leader.pid, signal.SIGSTOP)

    left = note.end()

    assert left == members(leader.pid) == []


def test_process_that_has_got_the_number_since_is_left_alone(tmp_path: Path, leader: subprocess.Popen[bytes]) -> None:
    note = noted(tmp_path, leader.pid)
    later = replace(note, leader=Process(leader.pid, "another time"))

    assert later.end() == later.members() == []
    assert len(members(leader.pid)) == 2


@linux
def test_children_without_their_leader_are_ended(tmp_path: Path, leader: subprocess.Popen[bytes]) -> None:
    note = noted(tmp_path, leader.pid)
    leader.kill()
    leader.wait()
    assert len(members(leader.pid)) == 1

    assert note.end() == members(leader.pid) == []


@linux
def test_children_of_another_leader_are_left_alone(tmp_path: Path, leader: subprocess.Popen[bytes]) -> None:
    (tmp_path / "other").mkdir()
    note = noted(tmp_path / "other", leader.pid)
    leader.kill()
    leader.wait()

    assert note.end() == []
    assert len(members(leader.pid)) == 1


@linux
def test_process_that_may_be_anybodys_is_named_and_left_alone(tmp_path: Path, leader: subprocess.Popen[bytes]) -> None:
    (tmp_path / "other").mkdir()
    note = replace(noted(tmp_path / "other", leader.pid), leader=Process(leader.pid, ""))

    assert note.end() == [leader.pid]
    assert len(members(leader.pid)) == 2


def test_group_is_abandoned_once_its_starter_has_ended_or_left_it(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as starter:
        note = noted(tmp_path, os.getpid(), starter.pid)
        assert not note.abandoned()
        starter.kill()

    assert note.abandoned()
    assert noted(tmp_path, os.getpid(), None).abandoned()


def test_what_is_no_note_is_none(tmp_path: Path) -> None:
    assert read_note(tmp_path) is None
    for text in ("", "{", "[]", "{}", '{"leader": 5, "starter": null}'):
        (tmp_path / "process.json").write_text(text)
        assert read_note(tmp_path) is None


def test_process_began_at_one_time_until_it_ends() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        assert began(process.pid) == began(process.pid) is not None
        process.kill()

    assert began(process.pid) is None
