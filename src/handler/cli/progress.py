"""How far a command is, on standard error if that is a terminal."""

import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from importlib.util import find_spec
from typing import TypeVar

from handler.cli.files import files

T = TypeVar("T")


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
