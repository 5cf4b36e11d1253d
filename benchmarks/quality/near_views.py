"""Which views of versions and originals are near: one of the two asks, and the other is stored."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality.all_versions import AllVersions, ViewPairs, differing

REACH, CHECK_REACH = 24, 100  # beyond these, pairs of views are not looked at
MOST_DIFFERING = 256  # check bits

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class NearViews:
    """Pairs of a version and an original of which two views are near; one row per pair of views."""

    version: Numbers
    picture: Numbers  # of the original
    distance: Numbers
    check: Numbers  # check bits that differ


def near_if_copies_ask(versions: AllVersions, pairs: ViewPairs) -> NearViews:
    """Return what is near if each version asks and the originals are stored."""
    return _gathered(_copies_ask(versions, pairs))


def near_without_check(versions: AllVersions, pairs: ViewPairs) -> NearViews:
    """Return what is near by hashes alone; no check bit counts as differing."""
    return _gathered(_without_check(versions, pairs))


def _copies_ask(versions: AllVersions, pairs: ViewPairs) -> Iterator[NearViews]:
    for number, original in enumerate(versions.originals):
        for asking, stored in pairs:
            distance = np.bitwise_count(versions.asked[:, asking] ^ versions.hashes[original, stored])
            near = _within_reach(versions.asks[:, asking], versions, distance)
            windows, there = versions.asking[near, asking], versions.checks[original, stored]
            yield _checked(near, number, distance=distance[near], windows=windows, stored=there)


def _without_check(versions: AllVersions, pairs: ViewPairs) -> Iterator[NearViews]:
    for number, original in enumerate(versions.originals):
        for asking, stored in pairs:
            distance = np.bitwise_count(versions.asked[:, asking] ^ versions.hashes[original, stored])
            near = _within_reach(versions.asks[:, asking], versions, distance)
            same = np.zeros(len(near), np.int64)
            yield NearViews(near, np.full(len(near), number), distance[near].astype(np.int64), same)


def _within_reach(asks: NDArray[np.bool_] | np.bool_, versions: AllVersions, distance: NDArray[np.uint8]) -> Numbers:
    return np.flatnonzero((distance <= REACH) & ~versions.flat & asks)


def _checked(
    near: Numbers, number: int, *, distance: NDArray[np.uint8], windows: NDArray[np.uint64], stored: NDArray[np.uint64]
) -> NearViews:
    """Return those of *near* of which one of the asking windows has check bits within reach of the stored ones."""
    check = differing(windows, stored).min(axis=-1, initial=MOST_DIFFERING)
    kept = check <= CHECK_REACH
    versions = near[kept]
    return NearViews(versions, np.full(len(versions), number), distance[kept].astype(np.int64), check[kept])


def _gathered(parts: Iterator[NearViews]) -> NearViews:
    columns = zip(*((one.version, one.picture, one.distance, one.check) for one in parts), strict=True)
    return NearViews(*(np.concatenate(column) for column in columns))
