"""How unevenly the hashes of photographs fill the buckets, and how often unrelated ones are near.

Method. `phash1` of many random windows of the photographs in scikit-image gives how often each bit is set, and the
correlation of each two bits. A Gaussian threshold copula has the same: 64 normal numbers, each compared with a
threshold, whose correlations are chosen, pair by pair, so that the bits get those that were measured. From it come
as many hashes as we like. As in `phash1` itself the 32 coefficients that are highest above their thresholds are the
set bits, so every hash has 32.

Limits. Windows of one photograph resemble each other, and there are few photographs, so the correlations are those of
a small gallery: its skew is likely more than that of a large one. What more than two bits do together is the model's,
not the pictures'. The model knows no near-duplicates and no flat pictures, and all its hashes count as distinct:
a bucket that holds each hash once is smaller than it says where hashes repeat.
"""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.special import ndtr, ndtri

from handler.core.buckets import BANDS, PREFIX_BITS
from handler.core.phash import HASH_BITS, LUMA_SIDE, phash1

PHOTOGRAPHS = (
    "astronaut.png",
    "brick.png",
    "camera.png",
    "chelsea.png",
    "coffee.png",
    "coins.png",
    "grass.png",
    "gravel.png",
    "hubble_deep_field.jpg",
    "ihc.png",
    "moon.png",
    "motorcycle_left.png",
    "retina.jpg",
    "rocket.jpg",
)
WINDOWS = 600  # of each photograph
LARGEST_SIDE = 512  # pixels: larger photographs are reduced first, which no 32 x 32 luma can tell
SAMPLED = 1 << 22  # hashes out of the model: 64 a prefix on average
CHUNK = 1 << 18
PAIRED = 400  # hashes that are compared with all that were sampled
SET_BITS = HASH_BITS // 2

Hashes = NDArray[np.uint64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class BucketSkew:
    """What the hashes are like."""

    shares: Floats  # of each prefix among all hashes, shape (4, 65536)
    near: Floats  # share of unrelated pairs within a distance of 0 to 64 bits, by the model
    near_windows: Floats  # the same of windows of different photographs


def measure() -> BucketSkew:
    """Return the skew of the model, and what the windows themselves say of it."""
    rng = np.random.default_rng(1)
    windows = np.array([_windows(name, rng) for name in PHOTOGRAPHS])
    bits = _bits(windows.reshape(-1))
    sampled = _sample(bits, rng)
    return BucketSkew(
        shares=np.array([np.bincount(_prefixes(sampled, band), minlength=1 << PREFIX_BITS) for band in range(BANDS)])
        / len(sampled),
        near=_within((hash, sampled[number + 1 :]) for number, hash in enumerate(sampled[:PAIRED])),
        near_windows=_within((hash, other) for one, other in itertools.combinations(windows, 2) for hash in one),
    )


def _windows(name: str, rng: np.random.Generator) -> Hashes:
    """Return the hashes of random windows: 30 to 100 % of each side, anywhere, every other one mirrored."""
    with (files("skimage") / "data" / name).open("rb") as file, Image.open(file) as picture:
        luma = picture.convert("L")
    luma.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    hashes = []
    for number in range(WINDOWS):
        size = np.array(luma.size) * rng.uniform(0.3, 1.0, 2)
        x, y = rng.uniform(0, 1, 2) * (luma.size - size)
        window = luma.resize((LUMA_SIDE, LUMA_SIDE), Image.Resampling.LANCZOS, (x, y, x + size[0], y + size[1]))
        hashes.append(phash1(np.asarray(window)[:, :: -1 if number % 2 else 1]))
    return np.array(hashes, np.uint64)


def _sample(bits: NDArray[np.bool_], rng: np.random.Generator) -> Hashes:
    """Return hashes out of the copula that has the frequencies and the pairwise correlations of *bits*."""
    often = np.clip(bits.mean(0), 1 / len(bits), 1 - 1 / len(bits))
    thresholds = ndtri(1 - often)
    correlation = _matched(thresholds, bits.astype(np.float64).T @ bits / len(bits))
    values, vectors = np.linalg.eigh(correlation)
    root = vectors * np.sqrt(np.maximum(values, 0))  # matched pair by pair, it need not be a correlation matrix
    root /= np.linalg.norm(root, axis=1, keepdims=True)
    hashes = np.empty(SAMPLED, np.uint64)
    for start in range(0, SAMPLED, CHUNK):
        above = rng.standard_normal((CHUNK, HASH_BITS), np.float32) @ root.T.astype(np.float32) - thresholds
        cut = np.partition(above, SET_BITS, axis=1)[:, SET_BITS, np.newaxis]
        hashes[start : start + CHUNK] = np.packbits(above >= cut, axis=1).view(">u8")[:, 0]
    return hashes


def _matched(thresholds: Floats, both: Floats) -> Floats:
    """Return the correlations with which two normal numbers are *both* above their thresholds that often.

    d/dr P(both) is the bivariate normal density at the thresholds, so the probability is summed up from r = -1 on a
    grid of angles (r = sin t, where that density has no pole) and read backwards.
    """
    a, b = thresholds[:, np.newaxis], thresholds[np.newaxis, :]
    angles = np.linspace(-np.pi / 2, np.pi / 2, 2001)[1:-1]
    step = angles[1] - angles[0]
    never = np.maximum(0, 1 - ndtr(a) - ndtr(b))  # P(both) at r = -1
    summed = np.broadcast_to(never, both.shape).copy()
    found = np.full(both.shape, -1.0)
    for angle in angles:
        sine, cosine = np.sin(angle), np.cos(angle)
        summed += step / (2 * np.pi) * np.exp(-(a * a + b * b - 2 * a * b * sine) / (2 * cosine * cosine))
        found[summed <= both] = sine
    np.fill_diagonal(found, 1.0)
    return found


def _bits(hashes: Hashes) -> NDArray[np.bool_]:
    """Return the bits of each hash, most significant first, shape (hashes, 64)."""
    return np.unpackbits(hashes.astype(">u8").view(np.uint8).reshape(-1, HASH_BITS // 8), axis=1).astype(bool)


def _prefixes(hashes: Hashes, band: int) -> NDArray[np.uint16]:
    return (hashes >> np.uint64(HASH_BITS - PREFIX_BITS * (band + 1))).astype(np.uint16)


def _within(pairs: Iterable[tuple[np.uint64, Hashes]]) -> Floats:
    """Return the share of pairs, of a hash with each of some others, that are within 0, 1, ... 64 bits."""
    at = np.zeros(HASH_BITS + 1)
    for hash, others in pairs:
        at += np.bincount(np.bitwise_count(others ^ hash), minlength=HASH_BITS + 1)
    within: Floats = np.cumsum(at) / at.sum()
    return within
