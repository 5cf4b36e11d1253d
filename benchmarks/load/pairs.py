"""How long `lookalike pairs` takes for a folder of pictures, beside decoding them alone, and how much memory."""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TypeVar

from PIL import Image

from benchmarks.drawn_photograph import drawn_photograph
from training.parts import positive_integer
from training.printing import print_table, progress

T = TypeVar("T")

PICTURES = 10_000
SIZE = (1024, 768)
NONE_FOUND = 1  # the status of `lookalike pairs`, as grep has it
CHUNK = 50  # files that a process gets at once
LOOKALIKE = (sys.executable, "-m", "handler.cli.main")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this part."""
    parser.add_argument(
        "--pictures",
        type=positive_integer,
        default=PICTURES,
        metavar="N",
        help="how many files to draw (default: %(default)s, which take 2.5 GB)",
    )


def run(options: argparse.Namespace) -> int:
    """Draw the files, and print the table."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{number:05}.jpg" for number in range(options.pictures)]
        on_all_cores(_draw, paths, "drawing")
        rows = []
        for name, command in (
            ("decoding them in full, by Pillow", [sys.executable, "-m", "benchmarks.load.pairs", folder]),
            ("lookalike hash", [*LOOKALIKE, "hash", "--json", folder]),
            ("lookalike pairs --effort quick", [*LOOKALIKE, "pairs", "--effort", "quick", "--json", folder]),
            ("lookalike pairs", [*LOOKALIKE, "pairs", "--json", folder]),
        ):
            seconds, cpu, peak_mb = timed(command)
            rows.append((name, f"{seconds:.1f}", f"{cpu:.1f}", f"{peak_mb:.0f}"))
    print_table(
        f"{options.pictures:,} different JPEG files of {SIZE[0]} x {SIZE[1]}, on {os.cpu_count()} cores",
        ("what", "seconds", "of CPU, all processes", "MB of the largest process"),
        rows,
    )
    return 0


def on_all_cores(work: Callable[[T], object], items: Sequence[T], what: str) -> None:
    """Do *work* with each of *items*, and show how far it is under the name of *what* is done."""
    with ProcessPoolExecutor() as pool, progress() as bar:
        for _ in bar.track(pool.map(work, items, chunksize=CHUNK), total=len(items), description=what):
            pass


def _draw(path: Path) -> None:
    path.write_bytes(drawn_photograph(SIZE, seed=int(path.stem)))


def _decode(path: Path) -> None:
    with Image.open(path) as image:
        image.load()


def timed(command: list[str]) -> tuple[float, float, float]:
    """Return how long the command takes, the CPU time of all its processes (s), and the peak of the largest (MB)."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) not in (0, NONE_FOUND):
        raise SystemExit(f"{' '.join(command)} failed: {os.waitstatus_to_exitcode(status)}")
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


if __name__ == "__main__":
    on_all_cores(_decode, sorted(Path(sys.argv[1]).iterdir()), "decoding")
