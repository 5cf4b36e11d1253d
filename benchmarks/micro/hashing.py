"""What it costs to decode and hash a photograph of 12 megapixels: look1 and phash1 against the peers."""

import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image

from benchmarks.micro.fingerprinters import WAYS
from training.printing import print_table, progress

SIZE = (4000, 3000)
ROUNDS = 7  # interleaved, so that all meet the same noise
SLOW = "imagehash.crop_resistant_hash"  # seconds: once is enough
BASE, PEER = "libjpeg alone, at an eighth of the size", "imagehash.phash"


def main() -> None:
    """Print the table for a picture that is drawn here."""
    print_costs("a JPEG that is drawn, with fine grain", [photograph(SIZE, seed=1)])


def print_costs(what: str, photographs: Sequence[bytes]) -> None:
    """Print CPU time and memory of each way: medians over rounds, then means over *photographs*."""
    by_picture = [_medians(body) for body in photographs]
    spent = {name: statistics.fmean(one[name] for one in by_picture) for name in WAYS}
    with TemporaryDirectory() as folder:
        peaks = {name: max(_peak_bytes(name, body, Path(folder)) for body in photographs) for name in WAYS}
    print_table(
        f"Decode and hash 12 megapixels ({what})",
        ("what", "CPU ms", "times libjpeg", "imagehash.phash takes, times as long", "MB over imports, at most"),
        [
            (
                name,
                f"{spent[name]:.1f}",
                f"{spent[name] / spent[BASE]:.2f}",
                f"{spent[PEER] / spent[name]:.1f}",
                f"{peaks[name] / 1e6:.1f}",
            )
            for name in WAYS
        ],
        note=f"Medians of {ROUNDS} interleaved rounds. The file itself is not counted.",
    )


def _medians(body: bytes) -> dict[str, float]:
    """Return how many milliseconds of CPU each way takes."""
    spent: dict[str, list[float]] = {name: [] for name in WAYS}
    with progress() as bar:
        for number in bar.track(range(ROUNDS), description="hashing"):
            for name, way in WAYS.items():
                if name != SLOW or number == 0:
                    start = time.process_time()
                    way(body)
                    spent[name].append((time.process_time() - start) * 1000)
    return {name: statistics.median(some) for name, some in spent.items()}


def _peak_bytes(name: str, body: bytes, folder: Path) -> int:
    file = folder / "photograph"
    file.write_bytes(body)
    call = [sys.executable, "-m", "benchmarks.micro.fingerprinters", name, str(file)]
    return int(subprocess.run(call, capture_output=True, text=True, check=True).stdout)  # noqa: S603


def photograph(size: tuple[int, int], seed: int) -> bytes:
    """Return a JPEG file with the detail of a photograph: smooth light and fine grain."""
    rng = np.random.default_rng(seed)
    light = Image.fromarray(rng.integers(0, 256, (24, 32, 3), dtype=np.uint8)).resize(size, Image.Resampling.BICUBIC)
    grain = rng.normal(0.0, 6.0, (size[1], size[0], 1)).astype(np.float32)
    file = BytesIO()
    Image.fromarray(np.clip(np.asarray(light) + grain, 0, 255).astype(np.uint8)).save(file, "JPEG", quality=85)
    return file.getvalue()
