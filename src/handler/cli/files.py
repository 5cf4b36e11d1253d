"""Local picture files: which ones a command means, their bytes, and work on each of them."""

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

from handler.cli.parallel import in_order
from handler.cli.progress import Shown, progress
from handler.core.formats import check_bytes
from handler.core.model import Limits, PictureRejected

T = TypeVar("T")

UNUSABLE = (PictureRejected, OSError, ValueError, MemoryError)  # what keeps a file from being fingerprinted


@contextmanager
def each_file(work: Callable[[str], T], paths: Sequence[str]) -> Iterator[tuple[Iterator[T], Shown]]:
    """Give what *work* makes of each file that *paths* mean, in order, and what to print lines with meanwhile.

    *work* must be importable: it runs in other processes. Raises CommandError if one of them is killed.
    """
    with (
        closing(in_order(work, files(paths))) as results,
        progress("hashing", lambda: sum(1 for _ in files(paths))) as shown,
    ):
        yield _counted(results, shown.advance), shown


def _counted(results: Iterable[T], advance: Callable[[int], None]) -> Iterator[T]:
    for result in results:
        yield result
        advance(1)


def files(paths: Iterable[str]) -> Iterator[str]:
    """Yield every path that is not a folder, and for a folder the files below it, depth first, sorted by name."""
    for path in paths:
        try:
            with os.scandir(path) as entries:
                visible = sorted((entry for entry in entries if not entry.name.startswith(".")), key=lambda e: e.name)
        except OSError:  # not a folder, or one that cannot be listed: `read` says which
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


def why_unusable(error: Exception) -> str:
    """Return in a few words why a file could not be fingerprinted; *error* is one of UNUSABLE."""
    match error:
        case PictureRejected():
            return f"{error.code}: {error}"
        case OSError():
            return error.strerror or str(error)
        case MemoryError():
            return "not enough memory to decode it (lower --max-pixels to reject such pictures)"
    return str(error)  # a NUL in the path
