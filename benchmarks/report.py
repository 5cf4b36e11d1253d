"""How benchmarks print: the machine once, then tables."""

import datetime
import os
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.table import Table

console = Console(width=110, highlight=False)


def print_machine() -> None:
    """Print where and when this is measured, and with what."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("boto3", "numpy", "pillow", "imagehash"))
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


def _processor() -> str:
    """Return the processor's name: Linux tells it in a file, others by platform."""
    cpuinfo = Path("/proc/cpuinfo")
    names = [
        line.partition(":")[2].strip()
        for line in (cpuinfo.read_text().splitlines() if cpuinfo.exists() else [])
        if line.startswith("model name")
    ]
    return names[0] if names else platform.processor() or platform.machine()
