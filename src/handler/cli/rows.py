"""Rows under headings: as a table where that fits, else a few lines for each."""

import shutil
import sys
from collections.abc import Sequence

GAP = "  "


def terminal_width() -> int | None:
    """Return how many columns standard output has; None if it is no terminal, where lines may have any length."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def laid_out(headings: Sequence[str], rows: Sequence[Sequence[str]], width: int | None) -> list[str]:
    """Return the lines of a table, or of `listed` where it has not enough *width*. All is printable text."""
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    if width is not None and sum(widths) + len(GAP) * (len(widths) - 1) > width:
        return listed(headings, rows, width)
    return [GAP.join(map(str.ljust, row, widths)).rstrip() for row in (headings, *rows)]


def listed(headings: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """Return for each row a line with its first value, and below it the others with their headings.

    As many share a line as *width* allows; what is longer has one of its own, whole.
    """
    lines = list[str]()
    for first, *others in rows:
        lines.append(first)
        line = ""
        for part in (f"{name.lower()} {one}" for name, one in zip(headings[1:], others, strict=True)):
            if line and len(GAP) + len(line) + len(f", {part}") > width:
                lines.append(GAP + line)
                line = ""
            line += f", {part}" if line else part
        lines.append(GAP + line)
    return lines
