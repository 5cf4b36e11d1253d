"""How parts print: the machine once, then tables."""

import datetime
import os
import platform
from collections.abc import Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

PACKAGES = ("boto3", "numpy", "pillow", "imagehash", "faiss-cpu", "pybktree")  # the last two are of the group bench
IMPORTED_AS = {"pillow": "PIL", "faiss-cpu": "faiss"}

console = Console(width=120, highlight=False)


def print_machine() -> None:
    """Print where and when this is measured, and with what."""
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES if find_spec(IMPORTED_AS.get(name, name)))
    console.print(
        f"{datetime.date.today()}  {_processor()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    )
    console.print(packages)


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], *, note: str = "") -> None:
    """Print *rows* under *columns*; numbers to the right."""
    table = Table(title=title, title_justify="left", caption=note or None, caption_justify="left")
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number == 0 else "right")
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    console.print()
    console.print(table)


def progress() -> Progress:
    """Return a bar on stderr, so that the tables can be sent elsewhere."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)


def _processor() -> str:
    """Return the processor's name: Linux has it in a file, for others platform knows it."""
    cpuinfo = Path("/proc/cpuinfo")
    names = [
        line.partition(":")[2].strip()
        for line in (cpuinfo.read_text().splitlines() if cpuinfo.exists() else [])
        if line.startswith("model name")
    ]
    return names[0] if names else platform.processor() or platform.machine()
