"""Local picture files: which ones a command means, their bytes, and work on each of them."""

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from typing import BinaryIO, TypeVar

from handler.cli.parallel import in_order
from handler.cli.progress import Display, progress
from handler.core.formats import check_bytes
from handler.core.model import Limits, PictureRejected

T = TypeVar("T")

# Without waiting, since a pipe may have taken the file's place; Windows needs to be asked for bytes.
OPEN = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}

UNUSABLE = (PictureRejected, OSError, ValueError, MemoryError)  # what keeps a file from being fingerprinted


@contextmanager
def each_file(
    work: Callable[[str], T], paths: Sequence[str], *, named: Callable[[str], str | None] = str
) -> Iterator[tuple[Iterator[T], Display]]:
    """Give what *work* makes of each file that *paths* mean, in order, and what to print lines with meanwhile.

    *named* is asked once about each: by which name *work* is to know it, or None to leave it out. *work* must be
    importable: it runs in other processes. Raises CommandError if one of them is killed.
    """
    wanted = (name for path in files(paths) if (name := named(path)) is not None)
    with (
        closing(in_order(work, wanted)) as results,
        progress("hashing", lambda: sum(1 for _ in files(paths))) as shown,
    ):
        yield _counted(results, shown.advance), shown


def _counted(results: Iterable[T], advance: Callable[[int], None]) -> Iterator[T]:
    for result in results:
        yield result
        advance(1)


def files(paths: Iterable[str]) -> Iterator[str]:
    """Yield every path that is not a folder, and for a folder the files below it, depth first, sorted by name."""
    waiting = list(paths)[::-1]  # the next one last; no recursion, which a deep tree would exhaust
    while waiting:
        path = waiting.pop()
        below = _below(path)
        if below is None:
            yield path
        else:
            waiting += below[::-1]


def true_names(paths: Iterable[str]) -> dict[tuple[int, int], str]:
    """Return the first name of each file that is no symbolic link, by its device and inode, among all `files`.

    What is done to the file by that name is done to it, and not to a link.
    """
    names = dict[tuple[int, int], str]()
    for path in files(paths):
        with suppress(OSError, ValueError):  # `read` says why
            found = os.lstat(path)
            if not stat.S_ISLNK(found.st_mode):
                names.setdefault((found.st_dev, found.st_ino), path)
    return names


def _below(path: str) -> list[str] | None:
    """Return what is in the folder *path*; None if it is no folder, or one that cannot be listed: `read` says which."""
    try:
        with os.scandir(path) as entries:
            return [entry.path for entry in sorted(entries, key=lambda entry: entry.name) if not _left_out(entry)]
    except OSError:
        return None


def _left_out(entry: os.DirEntry[str]) -> bool:
    """Whether an entry of a folder is hidden, or a link to a folder."""
    if entry.name.startswith("."):
        return True
    try:
        return entry.is_symlink() and entry.is_dir()
    except OSError:  # a link to itself: `read` says so
        return False


def read(path: str, limits: Limits) -> bytes:
    """Return the bytes of the file *path*, unless it is too large to be read at all."""
    with opened(path) as file:
        size = os.fstat(file.fileno()).st_size
        check_bytes(size, limits)
        return file.read()


def opened(path: str) -> BinaryIO:
    """Open the file *path* for reading. Raises OSError, at once, for anything that is no regular file."""
    found = os.stat(path)  # noqa: PTH116 - Path rewrites: Path("") is the current folder
    if stat.S_ISDIR(found.st_mode):
        os.scandir(path).close()  # raises what kept it from being listed
    _check_kind(found)
    number = os.open(path, OPEN)
    try:
        _check_kind(os.fstat(number))
        return os.fdopen(number, "rb")
    except BaseException:
        os.close(number)
        raise


def _check_kind(found: os.stat_result) -> None:
    """Raise OSError unless *found* is of a regular file: a named pipe would wait for ever, a device never end."""
    kind = stat.S_IFMT(found.st_mode)
    if kind != stat.S_IFREG:
        raise OSError(f"{KINDS.get(kind, 'something else')}, not a file")


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
