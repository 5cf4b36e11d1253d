"""Decode and hash against ImageHash, the library that the hash is compatible with."""

import statistics
import time
from collections.abc import Callable
from functools import partial
from io import BytesIO

import imagehash
import numpy as np
from PIL import Image

from benchmarks.report import print_table
from handler.core.fingerprint import fingerprint
from handler.core.model import Limits
from handler.core.phash import to_hex

SIZES = {"1 MP": (1155, 866), "12 MP": (4000, 3000)}
LIMITS = Limits(max_bytes=1 << 30, max_pixels=1 << 30)
ROUNDS = 9


def main() -> None:
    """Print the table."""
    rows = []
    for name, size in SIZES.items():
        body = _photograph(size)
        assert _ours(body) == _theirs(body)
        rows.append((f"{name} JPEG", *_compare(partial(_ours, body), partial(_theirs, body))))
    print_table(
        "Decode and hash, generation phash1 (full decode, as ImageHash does it)",
        ("picture", "CPU ms", "imagehash.phash", "ratio", "quartiles of the ratio"),
        rows,
        note=f"Medians of {ROUNDS} interleaved rounds; both give the same hash.",
    )
    _print_look1()


def _print_look1() -> None:
    """Print what look1 costs: it decodes a JPEG no larger than it needs."""
    body = _photograph(SIZES["12 MP"])
    ways: dict[str, Callable[[], object]] = {
        "libjpeg, 1/8 of the size, alone": partial(_eighth, body),
        "look1: decode, 14 views, check bits": partial(fingerprint, body, "look1", LIMITS),
        "imagehash.phash": partial(_theirs, body),
    }
    rounds = [{name: _cpu_ms(way) for name, way in ways.items()} for _ in range(ROUNDS)]
    base = statistics.median(one["libjpeg, 1/8 of the size, alone"] for one in rounds)
    rows = []
    for name in ways:
        spent = statistics.median(one[name] for one in rounds)
        rows.append((name, f"{spent:.1f}", f"{spent / base:.2f}"))
    print_table("Decode and hash a 12 MP JPEG, generation look1", ("what", "CPU ms", "times libjpeg"), rows)


def _eighth(body: bytes) -> None:
    with Image.open(BytesIO(body)) as image:
        image.draft("L", (image.width // 8, image.height // 8))
        image.load()


def _ours(body: bytes) -> str:
    return to_hex(fingerprint(body, "phash1", LIMITS).hash)


def _theirs(body: bytes) -> str:
    return str(imagehash.phash(Image.open(BytesIO(body))))


def _compare(ours: Callable[[], str], theirs: Callable[[], str]) -> tuple[str, str, str, str]:
    pairs = [(_cpu_ms(ours), _cpu_ms(theirs)) for _ in range(ROUNDS)]
    low, ratio, high = statistics.quantiles((our / their for our, their in pairs), n=4)
    mine, others = (statistics.median(column) for column in zip(*pairs, strict=True))
    return f"{mine:.1f}", f"{others:.1f}", f"{ratio:.2f}", f"{low:.2f} to {high:.2f}"


def _cpu_ms(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return (time.process_time() - start) * 1000


def _photograph(size: tuple[int, int]) -> bytes:
    """Return a JPEG file with the detail of a photograph: smooth light and fine grain."""
    rng = np.random.default_rng(1)
    light = Image.fromarray(rng.integers(0, 256, (24, 32, 3), dtype=np.uint8)).resize(size, Image.Resampling.BICUBIC)
    grain = rng.normal(0, 6, (size[1], size[0], 1))
    file = BytesIO()
    Image.fromarray(np.clip(np.asarray(light) + grain, 0, 255).astype(np.uint8)).save(file, "JPEG", quality=85)
    return file.getvalue()
