"""Where the verbs print what they have to show, and what they are about to do."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console

from handler.cli.output import complain

LOG_WIDTH = 120  # of a table that is not on a terminal


def stdout() -> Console:
    """Return standard output: as wide as the terminal, or wide enough for the tables in a log."""
    found = Console()
    return found if found.is_terminal else Console(width=LOG_WIDTH)


@contextmanager
def steps() -> Iterator[Callable[[str], None]]:
    """Give what shows each step of a set-up on standard error: in place on a terminal, elsewhere as a line."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda step: complain(f"{step} ...")
        return
    with console.status("setting up") as status:
        yield lambda step: status.update(f"{step} ...")
