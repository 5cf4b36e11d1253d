"""Where the verbs print what they have to show."""

from rich.console import Console

LOG_WIDTH = 120  # of a table that is not on a terminal


def stdout() -> Console:
    """Return standard output: as wide as the terminal, or wide enough for the tables in a log."""
    found = Console()
    return found if found.is_terminal else Console(width=LOG_WIDTH)
