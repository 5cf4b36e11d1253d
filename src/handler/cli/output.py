"""What is printed: names of any bytes, each on one line."""

import sys
from io import TextIOWrapper

_CONTROL_CHARACTERS = {code: f"\\x{code:02x}" for code in (*range(0x20), 0x7F)}


def print_any_name() -> None:
    """Let standard output take file names of any bytes."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="surrogateescape")


def printable(path: str) -> str:
    """Return *path* without control characters: a line break in a name must not look like another file."""
    return path.translate(_CONTROL_CHARACTERS)
