"""What is printed: names and messages of any content, each on one line."""

import re
import sys
from io import TextIOWrapper

# Line breaks, what a terminal obeys, what reorders a line, and surrogates that stand for no byte of a file's name.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udc7f\udd00-\udfff]")


def print_any_name() -> None:
    """Let standard output take file names of any bytes."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="surrogateescape")


def printable(text: str) -> str:
    """Return *text* with an escape for each character that would not stay in its place on one line.

    The bytes of a name that is not UTF-8 stay as they are; Python gives them as U+DC80 to U+DCFF.
    """
    return _UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def one_line(error: Exception) -> str:
    """Return what *error* says, on one line."""
    return printable(" ".join(str(error).split()))


def complaint(line: str) -> str:
    """Return *line* as it is printed on standard error, where other programs print theirs."""
    return f"lookalike: {line}"


def complain(line: str) -> None:
    """Print *line* on standard error."""
    print(complaint(line), file=sys.stderr)
