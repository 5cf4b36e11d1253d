"""Process groups that are found again by a note: told from others that got their numbers since, and ended."""

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

MARK = "LOOKALIKE_FOLDER"  # in the environment of all that belongs to a folder
STOP_TIMEOUT_S = 5

_NOTE = "process.json"
_PROC = Path("/proc")  # Linux alone has what is read here


@dataclass(frozen=True, slots=True)
class Process:
    """One process: its number, which the system gives to another one day, and when it began, as the system says it."""

    pid: int
    began: str

    def alive(self) -> bool:
        """Whether it, and no other process, has the number now."""
        return self.began != "" and began(self.pid) == self.began


@dataclass(frozen=True, slots=True)
class Note:
    """Who leads the process group that belongs to a folder, and with whom it ends."""

    folder: Path
    leader: Process | None  # None: not started yet
    starter: Process | None  # None: it was left running

    def abandoned(self) -> bool:
        """Whether nobody will end the group: it was left running, or its starter has come to its end."""
        return self.starter is None or not self.starter.alive()

    def members(self) -> list[int] | None:
        """Return what lives of the group; None if what lives under its number may be anybody's."""
        living = members(self.leader.pid) if self.leader else []
        if self.leader is None or not living or self.leader.alive():
            return living
        if self.leader.began and self.leader.pid in living:
            return []  # the number has gone to another process, which it could not while the group lived
        if not _is_linux():
            return None
        return [pid for pid in living if marked(pid, self.folder)] or (None if not self.leader.began else [])

    def end(self) -> list[int]:
        """End the group; return what of it could not be ended, or not be told from others."""
        found = self.members()
        if found is None:
            return [self.leader.pid] if self.leader else []
        return end_group(self.leader.pid) if self.leader and found else []


def write_note(folder: Path, leader: int | None, starter: int | None) -> None:
    """Note in *folder* who leads its process group, if that has begun, and who has started it, if they end together."""
    noted = {
        name: pid and asdict(Process(pid, began(pid) or "")) for name, pid in (("leader", leader), ("starter", starter))
    }
    beside = folder / f"{_NOTE}.new"
    beside.write_text(json.dumps(noted))
    beside.replace(folder / _NOTE)


def read_note(folder: Path) -> Note | None:
    """Return what is noted in *folder*; None if nothing is."""
    try:
        noted = json.loads((folder / _NOTE).read_text())
        return Note(folder, _process(noted["leader"]), _process(noted["starter"]))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def began(pid: int) -> str | None:
    """Return when the process *pid* began, in the system's own words; None if there is none that lives."""
    if _is_linux():
        stat = _stat(pid)
        return f"{_boot()} {stat[19]}" if stat and stat[0] != "Z" else None
    return _ps("-o", "lstart=", "-p", str(pid)).strip() or None


def members(group: int) -> list[int]:
    """Return the processes that live in the process group *group*."""
    if _is_linux():
        pids = [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdecimal()]
        return [pid for pid in pids if (stat := _stat(pid)) and stat[0] != "Z" and int(stat[2]) == group]
    rows = (line.split() for line in _ps("-A", "-o", "pid=,pgid=,stat=").splitlines())
    return [int(pid) for pid, its_group, state in rows if int(its_group) == group and not state.startswith("Z")]


def marked(pid: int, folder: Path, mark: str = MARK) -> bool:
    """Return whether the environment of the process *pid* has the mark of *folder*. Linux alone tells."""
    try:
        return f"{mark}={folder}".encode() in (_PROC / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:
        return False


def end_group(group: int, process: subprocess.Popen[bytes] | None = None) -> list[int]:
    """End the process group *group*: ask, then insist after STOP_TIMEOUT_S. Return what lives nevertheless.

    *process* is its leader, if that is a child of ours, which is reaped.
    """
    # Who is stopped obeys only once it goes on, except where it is not asked.
    for signals in ((signal.SIGTERM, signal.SIGCONT), (signal.SIGKILL,)):
        if not members(group):
            break
        for one in signals:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(group, one)
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while members(group) and time.monotonic() < deadline:
            if process is not None:
                process.poll()
            time.sleep(0.02)
    if process is not None:
        process.poll()
    return members(group)


def _process(noted: Mapping[str, object] | None) -> Process | None:
    return Process(int(str(noted["pid"])), str(noted["began"])) if noted else None


def _is_linux() -> bool:
    return (_PROC / "self" / "stat").exists()


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat from the third on: state, parent, group, ...; the second may hold anything."""
    try:
        return (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return None


def _boot() -> str:
    return (_PROC / "sys/kernel/random/boot_id").read_text().strip()


def _ps(*words: str) -> str:
    try:
        done = subprocess.run(["ps", *words], capture_output=True, text=True, check=False)  # noqa: S603, S607 - fixed words
    except OSError:
        return ""
    return done.stdout
