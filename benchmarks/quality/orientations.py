"""What the settings of `Orientations` cost: comparing, and strangers that are read before check bits reject them."""

import statistics
import time
from collections.abc import Sequence

import numpy as np

from benchmarks.quality.all_versions import AllVersions, compared_pairs
from benchmarks.quality.fingerprints import ASKED, EFFORT
from benchmarks.quality.turned_words import turned_words
from handler.core import look1
from handler.core.asked import MEETS
from handler.core.entry import ID_BYTES, Question
from handler.core.model import ORIENTATIONS
from handler.core.windows import VIEW_NAMES
from handler.entries import Block, Entries
from training.printing import print_table

ROWS = 1_000_000
ROUNDS = 5
RADII = (10, 12, 14)


def print_orientations(versions: AllVersions) -> None:
    """Print the table; strangers are counted among the originals of *versions*."""
    rng = np.random.default_rng(1)
    entries = Entries(len(VIEW_NAMES))
    hashes = rng.integers(0, 2**63, (len(VIEW_NAMES), ROWS), np.uint64) * 2
    entries.adopt([Block(np.zeros((ROWS, ID_BYTES), np.uint8), hashes, ROWS)])
    rows = []
    for name, orientations in ORIENTATIONS.items():
        asked = [Question(int(rng.integers(2**63)), MEETS[EFFORT][number]) for _ in orientations for number in ASKED]
        by_radius = (f"{_strangers(versions, orientations, radius):.0f}" for radius in RADII)
        rows.append((name, f"{_scan_ms(entries, asked):.0f}", *by_radius))
    print_table(
        "What Orientations cost",
        ("setting", "CPU ms to compare a million pictures", *(f"strangers, radius {radius}" for radius in RADII)),
        rows,
        note="Strangers: of a million pairs of different originals, those with views within the radius. They are\n"
        "candidates, and read, until the check bits reject them.",
    )


def _strangers(versions: AllVersions, orientations: Sequence[int], radius: int) -> float:
    """Return how many of a million pairs of different originals have views within *radius*, checked or not."""
    originals = versions.originals
    near = np.zeros((len(originals), len(originals)), np.bool_)
    stored = versions.hashes[originals]
    for orientation in orientations:
        asking, _, asks = (words[originals] for words in turned_words(versions, orientation))
        for a, b in compared_pairs():
            near |= (np.bitwise_count(asking[:, a, None] ^ stored[None, :, b]) <= radius) & asks[:, a, None]
    np.fill_diagonal(near, val=False)
    return float(near.sum() / (near.size - len(near)) * 1e6)


def _scan_ms(entries: Entries, asked: Sequence[Question]) -> float:
    """Return the median CPU time of a scan, the first one apart: it has the memory mapped."""
    spent = []
    for _ in range(ROUNDS + 1):
        start = time.process_time()
        entries.scan(asked, look1.RADIUS)
        spent.append((time.process_time() - start) * 1000)
    return statistics.median(spent[1:])
