"""Radius and check radius: how many different pictures match within them, and which copies find their original."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality.all_versions import AllVersions, Flags
from benchmarks.quality.near_views import CHECK_REACH, REACH, NearViews
from handler.core import look1

RATES = (1e-6, 1e-5)  # of false positives among all pairs of different pictures


@dataclass(frozen=True, slots=True)
class Radii:
    """The largest distances that count."""

    radius: int  # bits of a view
    check_radius: int  # of its check

    def __str__(self) -> str:
        return f"{self.radius}/{self.check_radius}"


LOOK1_RADII = Radii(look1.RADIUS, look1.CHECK_RADIUS)


def found_versions(versions: AllVersions, near: NearViews, radii: Radii) -> Flags:
    """Return which versions and their originals match."""
    within = (near.distance <= radii.radius) & (near.check <= radii.check_radius)
    own = within & (versions.picture[near.version] == near.picture)
    found = np.zeros(len(versions.picture), np.bool_)
    found[near.version[own]] = True
    return found


def false_positives(versions: AllVersions, near: NearViews) -> NDArray[np.int64]:
    """Return how many pairs of different pictures match, by radius and check radius."""
    other = (versions.picture[near.version] != near.picture) & ~versions.turned[near.version]
    pair = near.version[other] * len(versions.originals) + near.picture[other]
    distance, check = near.distance[other], near.check[other]
    order = np.lexsort((check, pair))
    pair, distance, check = pair[order], distance[order], check[order]
    table = np.zeros((REACH + 1, CHECK_REACH + 1), np.int64)
    for radius in range(REACH + 1):
        within = distance <= radius
        _, first = np.unique(pair[within], return_index=True)  # with the least check of each pair
        table[radius] = np.bincount(check[within][first], minlength=CHECK_REACH + 1).cumsum()
    return table


def best_radii(versions: AllVersions, near: NearViews, rate: float) -> Radii:
    """Return the radii with at most *rate* of false positives by which most of fixed and random edits are found."""
    allowed = false_positives(versions, near) <= rate * versions.different_pairs
    wider = np.pad(allowed, ((0, 1), (0, 1)))
    widest = np.argwhere(allowed & ~wider[1:, :-1] & ~wider[:-1, 1:]).tolist()
    fixed, random = versions.fixed, versions.random

    def worth(radii: Radii) -> float:
        found = found_versions(versions, near, radii)
        return float(found[fixed].mean() + found[random].mean())

    return max([Radii(*pair) for pair in widest] or [Radii(0, 0)], key=worth)
