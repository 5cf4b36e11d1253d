"""How long `lookalike pairs` takes for a folder of pictures, against decoding them alone, and how much memory."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.report import print_table, progress
from handler.core import imaging, look1
from handler.core.model import Limits

PICTURES = 10_000
SIZE = (1024, 768)
CELLS = (24, 32)  # of light and shade
GRAIN = 5.0  # levels
CHUNK = 50  # files that a process gets at once
LIMITS = Limits()


def main(pictures: int = PICTURES) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{number:05}.jpg" for number in range(pictures)]
        _on_all_cores(_draw, paths, "drawing")
        _on_all_cores(_decode, paths, "reading once")  # so that no one has to wait for the disk
        alone = _timed(lambda: _on_all_cores(_decode, paths, "decoding"))
        rows = [("decode at the least scale, as look1 does", f"{alone:.1f}", "1", "")]
        for command in ("hash", "pairs"):
            seconds, peak_mb = _run(command, folder)
            rows.append((f"lookalike {command}", f"{seconds:.1f}", f"{seconds / alone:.2f}", f"{peak_mb:.0f}"))
    print_table(
        f"{pictures:,} different JPEG files of {SIZE[0]} x {SIZE[1]}, on {os.cpu_count()} cores",
        ("what", "seconds", "times decoding", "MB of its largest process"),
        rows,
    )


def _on_all_cores(work: Callable[[Path], object], paths: Sequence[Path], what: str) -> None:
    with ProcessPoolExecutor() as pool, progress() as bar:
        for _ in bar.track(pool.map(work, paths, chunksize=CHUNK), total=len(paths), description=what):
            pass


def _draw(path: Path) -> None:
    """Write a picture with the detail of a photograph: smooth light and fine grain."""
    rng = np.random.default_rng(int(path.stem))
    light = Image.fromarray(rng.integers(0, 256, (*CELLS, 3), dtype=np.uint8)).resize(SIZE, Image.Resampling.BICUBIC)
    grain = rng.normal(0.0, GRAIN, (SIZE[1], SIZE[0], 1)).astype(np.float32)
    Image.fromarray(np.clip(np.asarray(light) + grain, 0, 255).astype(np.uint8)).save(path, quality=85)


def _decode(path: Path) -> None:
    imaging.decode(path.read_bytes(), LIMITS, side=look1.LUMA_SIDE)


def _run(command: str, folder: str) -> tuple[float, float]:
    """Return how many seconds the command takes, and the peak memory of the largest of its processes in MB."""
    call = [sys.executable, "-m", "handler.cli.main", command, "--json", folder]
    start = time.perf_counter()
    process = subprocess.Popen(call, stdout=subprocess.DEVNULL)  # noqa: S603
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"lookalike {command} failed: {os.waitstatus_to_exitcode(status)}")
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
