"""What runs have left that could not end in order: processes, logs and other files."""

import shutil
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from handler.cli.local import containers, processes, stack
from handler.cli.local.docker import VARIABLES


class Cleared(NamedTuple):
    """What became of it."""

    ended: list[Path]  # the folders of processes that lived
    left: list[int]  # processes that could not be ended, or be told from others; their folders stay


def remove(root: Path, *, but: Path | None) -> Cleared:
    """End and remove what nobody else will end, except for the folder *but*."""
    ended, left = list[Path](), list[int]()
    for note in _abandoned(root):
        if note.folder == but:
            continue
        lived, living = note.members() != [], note.end()
        left += living
        if (note.folder / VARIABLES).exists():  # of an emulator that containers could reach
            containers.remove(f"http://127.0.0.1:{note.folder.name}")
        if not living:
            ended += [note.folder] * lived
            shutil.rmtree(note.folder, ignore_errors=True)
    return Cleared(ended, left)


def _abandoned(root: Path) -> Iterator[processes.Note]:
    for kind in (stack.RUN_FOLDERS, stack.SAM_FOLDERS):
        for folder in sorted((stack.work_folder(root) / kind).glob("*")):
            note = processes.read_note(folder)
            if note and note.abandoned():
                yield note


def complaint(pids: Collection[int]) -> str:
    """Return what is to be said of processes that could not be ended."""
    numbers = " ".join(map(str, pids))
    return (
        f"could not end process {numbers}, or tell whether it is of lookalike's: "
        f"look at it with ps -fp, end it with kill -KILL {numbers} if it is, and run this again"
    )
