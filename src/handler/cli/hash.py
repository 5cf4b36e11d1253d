"""`lookalike hash`: print the perceptual hash of each picture file, in the order given, using all cores."""

import argparse
import json
import os
import signal
import stat
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import partial
from importlib.util import find_spec
from io import TextIOWrapper
from itertools import chain, islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from handler.core.fingerprint import GENERATIONS, fingerprint
from handler.core.imaging import check_bytes
from handler.core.model import ImageRejected, Limits
from handler.core.phash import to_hex

DESCRIPTION = """\
Print the hash of each picture: 16 hex digits, two blanks, the path. What is no picture, or cannot be read, has
`-` for a hash and the reason after its path.

A folder stands for the files below it, in sorted order; names that begin with a dot, and links to folders, are
left out there. A file that is named twice is printed twice."""

EPILOG = """\
With --json each line is an object: path (as given or found, never rewritten), outcome (hashed, rejected or
unreadable), hash, generation, width, height, format, and reason, with null for what does not apply. Bytes of a
path that are not UTF-8 appear as the code points U+DC80 to U+DCFF.

The exit status is 0 if every file was hashed, 1 if not."""

INLINE_FILES = 8  # starting further processes takes longer than hashing these
FILES_AHEAD = 16  # per process: so much waits in memory behind one slow file
_CONTROL_CHARACTERS = {code: f"\\x{code:02x}" for code in (*range(0x20), 0x7F)}


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one path; its fields are those of the JSON output."""

    path: str
    outcome: str
    hash: str | None = None
    generation: str | None = None
    width: int | None = None
    height: int | None = None
    format: str | None = None
    reason: str | None = None


def add_parser(subparsers: "argparse._SubParsersAction[Any]") -> None:
    """Add the `hash` command."""
    parser = subparsers.add_parser(
        "hash",
        help="print the hash of picture files",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("paths", nargs="+", metavar="PATH", help="a picture file, or a folder of them")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    parser.add_argument(
        "--generation", choices=tuple(GENERATIONS), default=next(iter(GENERATIONS)), help="hash algorithm: %(choices)s"
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
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print a line for each file; return 0 if every one was hashed, else 1."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="surrogateescape")  # a file name may be any bytes
    limits = Limits(max_bytes=options.max_bytes, max_pixels=options.max_pixels)
    hash_path = partial(_report, generation=options.generation, limits=limits)
    form = _json_line if options.json else _plain_line
    failed = 0
    try:
        with closing(_in_order(hash_path, _files(options.paths))) as reports:
            for report, write in _with_progress(reports, options.paths):
                write(form(report))
                failed += report.outcome != "hashed"
    except BrokenProcessPool:
        print("lookalike: a hashing process was killed, perhaps for want of memory", file=sys.stderr)
        return 1
    return 1 if failed else 0


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive whole number")
    return int(text)


def _json_line(report: Report) -> str:
    return json.dumps(asdict(report))


def _plain_line(report: Report) -> str:
    path = report.path.translate(_CONTROL_CHARACTERS)  # a line break in a name must not look like another file
    if report.hash is not None:
        return f"{report.hash}  {path}"
    return f"{'-':16}  {path}  ({report.outcome}: {report.reason})"


def _files(paths: Iterable[str]) -> Iterator[str]:
    """Yield every path that is no folder, and for a folder the files below it, depth first, sorted by name."""
    for path in paths:
        try:
            with os.scandir(path) as entries:
                visible = sorted((entry for entry in entries if not entry.name.startswith(".")), key=lambda e: e.name)
        except OSError:  # no folder, or one that cannot be listed: `_report` says what is the matter
            yield path
            continue
        for entry in visible:
            if entry.is_dir(follow_symlinks=False):
                yield from _files([entry.path])
            elif not (entry.is_symlink() and entry.is_dir()):
                yield entry.path


def _report(path: str, *, generation: str, limits: Limits) -> Report:
    """Return what became of the file *path*. Must be importable: it runs in other processes."""
    try:
        computed = fingerprint(_read(path, limits), generation, limits)
    except ImageRejected as error:
        return Report(path, "rejected", reason=f"{error.code}: {error}")
    except OSError as error:
        return Report(path, "unreadable", reason=error.strerror or str(error))
    except ValueError as error:  # a NUL in the path
        return Report(path, "unreadable", reason=str(error))
    except MemoryError:
        return Report(path, "unreadable", reason="not enough memory to decode it")
    return Report(
        path,
        "hashed",
        hash=to_hex(computed.hash),
        generation=computed.generation,
        width=computed.width,
        height=computed.height,
        format=computed.format,
    )


def _read(path: str, limits: Limits) -> bytes:
    """Return the bytes of the file *path*, unless it is too large to be read at all."""
    found = os.stat(path)  # noqa: PTH116 - Path rewrites: Path("") is the current folder
    if stat.S_ISDIR(found.st_mode):
        os.scandir(path).close()  # raises what kept it from being listed
    if not stat.S_ISREG(found.st_mode):
        raise OSError("not a regular file")  # a named pipe would wait for ever
    check_bytes(found.st_size, limits)
    return Path(path).read_bytes()


def _in_order(hash_path: Callable[[str], Report], paths: Iterator[str]) -> Generator[Report]:
    """Yield the report of each path, in order, computed in this process or, if they are many, in one per core."""
    first = list(islice(paths, INLINE_FILES + 1))
    cores = _cores()
    if len(first) <= INLINE_FILES or cores == 1:
        yield from map(hash_path, chain(first, paths))
        return
    # Not forked: the progress bar has a thread of its own.
    pool = ProcessPoolExecutor(cores, mp_context=get_context("spawn"), initializer=_ignore_interrupts)
    waiting: deque[Future[Report]] = deque()
    try:
        for path in chain(first, paths):
            waiting.append(pool.submit(hash_path, path))
            if len(waiting) >= cores * FILES_AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _ignore_interrupts() -> None:
    """Leave Ctrl-C to the process that reads the results."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _with_progress(reports: Iterable[Report], paths: Iterable[str]) -> Iterator[tuple[Report, Callable[[str], object]]]:
    """Yield each report and what to write its line with; show a bar on standard error if that is a terminal."""
    if not sys.stderr.isatty() or find_spec("rich") is None:
        yield from ((report, print) for report in reports)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    # On one terminal the lines go through the bar's console, which knows how to write above the bar.
    above = partial(console.print, soft_wrap=True, markup=False, highlight=False, emoji=False)
    write = above if sys.stdout.isatty() else print
    columns = (TextColumn("hashing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, redirect_stdout=False) as progress:
        for report in progress.track(reports, total=sum(1 for _ in _files(paths))):
            yield report, write
