"""How many near hashes one 16-bit prefix finds, and how many the four bands do."""

import argparse
import random

from handler.core.buckets import buckets, probes
from training.printing import print_table

SAMPLES = 20_000  # random hashes a distance, each with as many random bits flipped
BAND_SAMPLES = 500
RADIUS = 10


def add_arguments(_: argparse.ArgumentParser) -> None:
    """Add no options: there are none."""


def run(_: argparse.Namespace) -> int:
    """Print the table."""
    rng = random.Random(1)
    rows = []
    for distance in (0, 1, 2, 3, 4, 6, 8, RADIUS):
        pairs = [_pair(rng, distance) for _ in range(SAMPLES)]
        one = sum(buckets(hash)[0] == buckets(near)[0] for hash, near in pairs) / SAMPLES
        some = pairs[:BAND_SAMPLES]
        four = sum(bool(set(buckets(near)) & set(probes(hash, RADIUS))) for hash, near in some) / BAND_SAMPLES
        rows.append((distance, f"{one:.1%}", f"{four:.1%}"))
    print_table(
        f"Share of stored hashes found, by how many random bits differ (radius {RADIUS})",
        ("bits", "one 16-bit prefix", "four bands, probed"),
        rows,
    )
    return 0


def _pair(rng: random.Random, distance: int) -> tuple[int, int]:
    hash = rng.getrandbits(64)
    return hash, hash ^ sum(1 << bit for bit in rng.sample(range(64), distance))
