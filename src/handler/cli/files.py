"""Local picture files: which ones a command means, and their bytes."""

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from handler.core.formats import check_bytes
from handler.core.model import Limits, PictureRejected


def files(paths: Iterable[str]) -> Iterator[str]:
    """Yield every path that is no folder, and for a folder the files below it, depth first, sorted by name."""
    for path in paths:
        try:
            with os.scandir(path) as entries:
                visible = sorted((entry for entry in entries if not entry.name.startswith(".")), key=lambda e: e.name)
        except OSError:  # no folder, or one that cannot be listed: `read` says what is the matter
            yield path
            continue
        for entry in visible:
            if entry.is_dir(follow_symlinks=False):
                yield from files([entry.path])
            elif not (entry.is_symlink() and entry.is_dir()):
                yield entry.path


def read(path: str, limits: Limits) -> bytes:
    """Return the bytes of the file *path*, unless it is too large to be read at all."""
    found = os.stat(path)  # noqa: PTH116 - Path rewrites: Path("") is the current folder
    if stat.S_ISDIR(found.st_mode):
        os.scandir(path).close()  # raises what kept it from being listed
    if not stat.S_ISREG(found.st_mode):
        raise OSError("not a regular file")  # a named pipe would wait for ever
    check_bytes(found.st_size, limits)
    return Path(path).read_bytes()


def unusable(error: Exception) -> str:
    """Return in a few words why a file could not be fingerprinted."""
    match error:
        case PictureRejected():
            return f"{error.code}: {error}"
        case OSError():
            return error.strerror or str(error)
        case MemoryError():
            return "not enough memory to decode it"
    return str(error)  # a NUL in the path
