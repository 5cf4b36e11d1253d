"""How far a command is, on standard error if that is a terminal."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from importlib.util import find_spec
from typing import NamedTuple

from handler.cli.output import complain, complaint

PAUSE_S = 5  # between two lines, where there is no bar


class Display(NamedTuple):
    """Work whose progress is shown."""

    advance: Callable[[int], None]  # to be called when so many more are done
    # Each prints a line, above the bar where there is one: of the results, and of what went wrong.
    write: Callable[[str], object] = print
    complain: Callable[[str], object] = complain


def progress(verb: str, total: Callable[[], int | None]) -> AbstractContextManager[Display]:
    """Show how many of *total*, asked for only if it is shown, are done: a bar, or without rich a line now and then.

    With how many that is a second, and the time left; None: nobody knows how many there are.
    """
    if not sys.stderr.isatty():
        return nullcontext(Display(lambda _count: None))
    if find_spec("rich") is None:
        return nullcontext(Display(Lines(verb, total()).advance))
    return _bar(verb, total())


class Lines:
    """Progress without rich: a line every PAUSE_S seconds."""

    def __init__(self, verb: str, total: int | None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._verb, self._total, self._clock = verb, total, clock
        self._done, self._start_s = 0, clock()
        self._next_s = self._start_s + PAUSE_S

    def advance(self, count: int) -> None:
        """Count what is done, and print it if it is time to."""
        self._done += count
        now = self._clock()
        if now >= self._next_s:
            print(f"{self._verb}: {self._told(self._done / (now - self._start_s))}", file=sys.stderr)
            self._next_s = now + PAUSE_S

    def _told(self, rate: float) -> str:
        """How far it is, with the *rate* a second."""
        if self._total is None:
            return f"{self._done}, {rate:.0f}/s"
        left = f", {(self._total - self._done) / rate:.0f} s left" if rate else ""
        return f"{self._done} of {self._total}, {rate:.0f}/s{left}"


@contextmanager
def _bar(verb: str, total: int | None) -> Iterator[Display]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, Task, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class Rate(TextColumn):
        """How many a second, lately."""

        def render(self, task: Task) -> Text:
            return Text(f"{task.speed:.0f}/s" if task.speed else "")

    console = Console(stderr=True)
    # On one terminal the lines go through the bar's console, which knows how to write above the bar.
    above = partial(console.print, soft_wrap=True, markup=False, highlight=False, emoji=False)
    columns = (TextColumn(verb), BarColumn(), MofNCompleteColumn(), Rate(""), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, redirect_stdout=False) as bar:
        task = bar.add_task(verb, total=total)
        yield Display(
            partial(bar.advance, task),
            write=above if sys.stdout.isatty() else print,
            complain=lambda line: above(complaint(line)),
        )
