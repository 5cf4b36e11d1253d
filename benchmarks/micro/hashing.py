"""What it costs to decode and hash a photograph of 12 megapixels: look1 and phash1 beside other libraries."""

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.drawn_photograph import drawn_photograph
from benchmarks.micro.fingerprinters import CROP_RESISTANT, FINGERPRINTERS, LIBJPEG, PHASH
from training import corpus
from training.printing import print_table, progress

SIZE = (4000, 3000)
ROUNDS = 7  # interleaved, so that all meet the same noise
SLOW = CROP_RESISTANT  # seconds: once is enough


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this part."""
    parser.add_argument(
        "--photographs",
        action="store_true",
        help="take four photographs by a phone, out of a Debian package, in place of one that is drawn",
    )


def run(options: argparse.Namespace) -> int:
    """Print CPU time and memory of each: medians over rounds, then means over photographs."""
    if options.photographs:
        what, photographs = "mean of four photographs by a phone", corpus.photographs()
    else:
        what, photographs = "a JPEG that is drawn, with fine grain", [drawn_photograph(SIZE, seed=1)]
    by_picture = [_medians(body) for body in photographs]
    spent = {name: statistics.fmean(one[name] for one in by_picture) for name in FINGERPRINTERS}
    with TemporaryDirectory() as folder:
        peaks = {name: max(_peak_bytes(name, body, Path(folder)) for body in photographs) for name in FINGERPRINTERS}
    print_table(
        f"Decode and hash 12 megapixels ({what})",
        ("what", "CPU ms", "times libjpeg", "times as fast as imagehash.phash", "peak MB beyond imports"),
        [
            (
                name,
                f"{spent[name]:.1f}",
                f"{spent[name] / spent[LIBJPEG]:.2f}",
                f"{spent[PHASH] / spent[name]:.1f}",
                f"{peaks[name] / 1e6:.1f}",
            )
            for name in FINGERPRINTERS
        ],
        note=f"Medians of {ROUNDS} interleaved rounds. The file itself is not counted.",
    )
    return 0


def _medians(body: bytes) -> dict[str, float]:
    """Return how many milliseconds of CPU each takes."""
    spent: dict[str, list[float]] = {name: [] for name in FINGERPRINTERS}
    with progress() as bar:
        for number in bar.track(range(ROUNDS), description="hashing"):
            for name, fingerprinter in FINGERPRINTERS.items():
                if name != SLOW or number == 0:
                    start = time.process_time()
                    fingerprinter(body)
                    spent[name].append((time.process_time() - start) * 1000)
    return {name: statistics.median(some) for name, some in spent.items()}


def _peak_bytes(name: str, body: bytes, folder: Path) -> int:
    file = folder / "photograph"
    file.write_bytes(body)
    call = [sys.executable, "-m", "benchmarks.micro.peak_memory", name, str(file)]
    return int(subprocess.run(call, capture_output=True, text=True, check=True).stdout)  # noqa: S603
