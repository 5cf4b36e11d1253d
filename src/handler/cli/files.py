"""Local picture files: which ones a command means, their bytes, and work on each of them on all cores."""

import argparse
import os
import signal
import stat
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from functools import partial
from importlib.util import find_spec
from io import TextIOWrapper
from itertools import chain, islice
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

from handler.core.formats import check_bytes
from handler.core.generations import DEFAULT_GENERATION, GENERATIONS
from handler.core.model import Limits, PictureRejected

T = TypeVar("T")

INLINE_FILES = 8  # starting further processes takes longer than these
FILES_AT_ONCE = 8  # to one process: handing over each by itself would take a fifth of the time of hashing it
AHEAD = 3  # times as many per process: so much waits in memory behind one slow file
_CONTROL_CHARACTERS = {code: f"\\x{code:02x}" for code in (*range(0x20), 0x7F)}
KILLED = "lookalike: a hashing process was killed, perhaps for want of memory"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what every command about picture files takes: the generation and the limits."""
    parser.add_argument(
        "--generation", choices=tuple(GENERATIONS), default=DEFAULT_GENERATION, help="hash algorithm (%(default)s)"
    )
    defaults = Limits()
    parser.add_argument(
        "--max-pixels",
        type=_positive,
        default=defaults.max_pixels,
        metavar="N",
        help="reject pictures of more pixels (%(default)s)",
    )
    parser.add_argument(
        "--max-bytes",
        type=_positive,
        default=defaults.max_bytes,
        metavar="N",
        help="reject larger files (%(default)s)",
    )


def limits(options: argparse.Namespace) -> Limits:
    """Return the limits among *options*."""
    return Limits(max_bytes=options.max_bytes, max_pixels=options.max_pixels)


def print_any_name() -> None:
    """Let standard output take file names of any bytes."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="surrogateescape")


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


def in_order(work: Callable[[str], T], paths: Iterator[str]) -> Generator[T]:
    """Yield what *work* makes of each path, in order: in this process or, if they are many, in one per core."""
    first = list(islice(paths, INLINE_FILES + 1))
    cores = _cores()
    if len(first) <= INLINE_FILES or cores == 1:
        yield from map(work, chain(first, paths))
        return
    # Not forked: the progress bar has a thread of its own.
    pool = ProcessPoolExecutor(cores, mp_context=get_context("spawn"), initializer=_ignore_interrupts)
    waiting: deque[Future[list[T]]] = deque()
    remaining = chain(first, paths)
    try:
        while some := list(islice(remaining, FILES_AT_ONCE)):
            waiting.append(pool.submit(_each, work, some))
            if len(waiting) >= cores * AHEAD:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _each(work: Callable[[str], T], paths: Sequence[str]) -> list[T]:
    """Return what *work* makes of each of *paths*. Importable: it runs in other processes."""
    return [work(path) for path in paths]


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


def printable(path: str) -> str:
    """Return *path* without control characters: a line break in a name must not look like another file."""
    return path.translate(_CONTROL_CHARACTERS)


def _cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _ignore_interrupts() -> None:
    """Leave Ctrl-C to the process that reads the results."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def with_progress(results: Iterable[T], paths: Iterable[str]) -> Iterator[tuple[T, Callable[[str], object]]]:
    """Yield each result and what to write its line with; show a bar on standard error if that is a terminal."""
    if not sys.stderr.isatty() or find_spec("rich") is None:
        yield from ((result, print) for result in results)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    # On one terminal the lines go through the bar's console, which knows how to write above the bar.
    above = partial(console.print, soft_wrap=True, markup=False, highlight=False, emoji=False)
    write = above if sys.stdout.isatty() else print
    columns = (TextColumn("hashing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, redirect_stdout=False) as progress:
        for result in progress.track(results, total=sum(1 for _ in files(paths))):
            yield result, write


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive whole number")
    return int(text)
