"""What a job is about, in a file: one object a line, read from any line on, whatever there is of them."""

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple


class ListedObject(NamedTuple):
    """One object of a job."""

    bucket: str
    key: str
    hash: str | None = None  # 16 hex digits, where nothing is to be read


class Piece(NamedTuple):
    """Some lines of a manifest."""

    objects: list[ListedObject]
    end: int  # where the next one begins, in bytes


def write(path: Path, objects: Iterable[ListedObject]) -> int:
    """Write the manifest and return how many objects it has; it is there when it is whole, and not before."""
    count, unfinished = 0, path.with_suffix(".part")
    with unfinished.open("w", encoding="ascii") as file:
        for one in objects:
            file.write(json.dumps(one[:2] if one.hash is None else one) + "\n")
            count += 1
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    return count


def read(path: Path, start: int, count: int) -> Piece:
    """Return up to *count* objects from the byte *start* on."""
    with path.open("rb") as file:
        file.seek(start)
        lines = [line for _ in range(count) if (line := file.readline())]
    return Piece([ListedObject(*json.loads(line)) for line in lines], start + sum(map(len, lines)))


def everything(path: Path) -> Iterator[ListedObject]:
    """Yield every object."""
    with path.open(encoding="ascii") as file:
        for line in file:
            yield ListedObject(*json.loads(line))
