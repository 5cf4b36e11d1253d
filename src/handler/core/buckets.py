"""Multi-index hashing: a hash to its four 16-bit buckets, and the buckets to probe for a radius.

Source: Norouzi, Punjani, Fleet (2012), "Fast search in Hamming space with multi-index hashing".
"""

from collections.abc import Iterable
from functools import cache
from itertools import combinations
from typing import NamedTuple

import numpy as np

from handler.core.phash import HASH_BITS

BANDS = 4
PREFIX_BITS = HASH_BITS // BANDS
MAX_RADIUS = 16  # 4,608 probes; radius 17 would need 6,428
MEMBER_BYTES = HASH_BITS // 8


class Bucket(NamedTuple):
    """All hashes that share one 16-bit prefix of one band."""

    band: int  # 0 to 3: the hash is rotated left by 16 * band bits
    prefix: int  # 0 to 65535


def buckets(hash: int) -> tuple[Bucket, ...]:
    """Return the four buckets that hold *hash*, by band."""
    return tuple(Bucket(band, _prefix(hash, band)) for band in range(BANDS))


def probes(hash: int, radius: int) -> list[Bucket]:
    """Return the buckets that hold every hash within *radius* bits of *hash*, each once.

    With radius = 4 a + b (0 <= b < 4), b + 1 bands are probed within distance a and the others
    within a - 1: were all of them missed, the bands would differ in at least
    (b + 1)(a + 1) + (3 - b) a = radius + 1 bits. Which bands get the larger distance is free; band 0
    of a DCT hash, its lowest frequencies, is the most crowded, so it is among the smaller ones.

    Raises ValueError if *radius* is not within 0 to MAX_RADIUS.
    """
    if not 0 <= radius <= MAX_RADIUS:
        raise ValueError(f"radius {radius} is not within 0 to {MAX_RADIUS} bits")
    larger, remainder = divmod(radius, BANDS)
    return [
        Bucket(band, prefix ^ mask)
        for band, prefix in buckets(hash)
        for mask in _masks(larger if band >= BANDS - 1 - remainder else larger - 1)
    ]


@cache
def probe_count(radius: int) -> int:
    """Return how many buckets have to be read for *radius*: it is the same for every hash."""
    return len(probes(0, radius))


def to_member(hash: int) -> bytes:
    """Return *hash* as a bucket stores it: 8 bytes, most significant first."""
    return hash.to_bytes(MEMBER_BYTES, "big")


def members_within(members: Iterable[bytes], hashes: Iterable[int], radius: int) -> list[tuple[int, int]]:
    """Return (distance, hash) of the distinct *members* within *radius* bits of one of *hashes*, nearest first."""
    stored = np.unique(np.frombuffer(b"".join(members), dtype=">u8").astype(np.uint64))
    distances = np.full(len(stored), HASH_BITS, np.uint8)
    for hash in hashes:
        np.minimum(distances, np.bitwise_count(stored ^ np.uint64(hash)), out=distances)
    near = distances <= radius
    return sorted(zip(distances[near].tolist(), stored[near].tolist(), strict=True))


def _prefix(hash: int, band: int) -> int:
    """The top 16 bits of the hash rotated left by 16 * *band*: its *band*-th 16-bit word."""
    return hash >> (HASH_BITS - PREFIX_BITS * (band + 1)) & 0xFFFF


@cache
def _masks(distance: int) -> tuple[int, ...]:
    """All 16-bit words with at most *distance* bits set; none for a negative distance."""
    return tuple(
        sum(1 << bit for bit in bits)
        for count in range(distance + 1)
        for bits in combinations(range(PREFIX_BITS), count)
    )
