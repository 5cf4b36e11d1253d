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
        return listed(headings, rows)
    return [GAP.join(map(str.ljust, row, widths)).rstrip() for row in (headings, *rows)]


def listed(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return for each row a line with its first value, and below it one for each further value, with its heading."""
    width = max(map(len, headings[1:]))
    lines = list[str]()
    for first, *others in rows:
        lines.append(first)
        lines += [f"{GAP}{name.lower():{width}}{GAP}{one}" for name, one in zip(headings[1:], others, strict=True)]
    return lines
