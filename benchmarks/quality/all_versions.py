"""All versions of all pictures in one table, one row each: what they are, and what is compared of them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality.fingerprints import ASKED, EFFORT, VersionFingerprints
from benchmarks.quality.other_hashes import Words
from handler.core.asked import MEETS
from handler.core.windows import VIEW_NAMES
from training.fixed_edits import FIXED, GEOMETRIC, KEEPING, TURNS

Flags = NDArray[np.bool_]
ViewPairs = Sequence[tuple[int, int]]  # the place of what asks in ASKED, and a stored view


@dataclass(frozen=True, slots=True)
class AllVersions:
    """The versions of the pictures that have enough content to be compared."""

    names: NDArray[np.str_]  # what was done to each
    picture: NDArray[np.int64]  # which picture each shows
    hashes: Words  # (versions, views)
    checks: Words  # (versions, views, words)
    asked: Words  # (versions, ASKED)
    asks: Flags  # (versions, ASKED)
    asking: Words  # (versions, ASKED, windows, words)
    flat: Flags
    others: Mapping[str, Words]  # (versions, words) by name

    @property
    def originals(self) -> NDArray[np.int64]:
        """The rows of the originals, by picture."""
        return np.flatnonzero(self.names == "original")

    @property
    def turned(self) -> Flags:
        """Which are turned or mirrored."""
        return self._named(TURNS)

    @property
    def keeping(self) -> Flags:
        """Which went through an edit that keeps the frame."""
        return self._named(KEEPING)

    @property
    def geometric(self) -> Flags:
        """Which went through an edit that changes the frame."""
        return self._named(GEOMETRIC)

    @property
    def fixed(self) -> Flags:
        """Which went through one of either."""
        return self._named(FIXED)

    @property
    def random(self) -> Flags:
        """Which went through a random compound edit."""
        flags: Flags = np.char.startswith(self.names, "compound")
        return flags

    @property
    def different_pairs(self) -> int:
        """How many pairs there are of a version and the original of another picture, turned versions apart."""
        return int((~self.turned).sum()) * (len(self.originals) - 1)

    def _named(self, names: Collection[str]) -> Flags:
        return np.isin(self.names, list(names))


def all_versions(names: Sequence[str], pictures: Sequence[VersionFingerprints]) -> AllVersions:
    """Return the versions of those of *pictures* whose original has enough content."""
    some = [one for one in pictures if not one.flat[0]]
    return AllVersions(
        names=np.array(list(names) * len(some)),
        picture=np.repeat(np.arange(len(some)), len(names)),
        hashes=np.concatenate([one.hashes for one in some]),
        checks=np.concatenate([one.checks for one in some]),
        asked=np.concatenate([one.asked for one in some]),
        asks=np.concatenate([one.asks for one in some]),
        asking=np.concatenate([one.asking for one in some]),
        flat=np.concatenate([one.flat for one in some]),
        others={name: np.concatenate([one.others[name] for one in some]) for name in some[0].others},
    )


def compared_pairs(view_count: int = len(VIEW_NAMES)) -> list[tuple[int, int]]:
    """Return which of ASKED, by its place, is compared with which view: with the first *view_count* alone if fewer."""
    every = view_count == len(VIEW_NAMES)
    return [
        (place, view)
        for place, number in enumerate(ASKED)
        for view in MEETS[EFFORT].upright[number]
        if every or max(number, view) < view_count
    ]


def differing(a: Words, b: Words) -> NDArray[np.int64]:
    """Return in how many bits the rows of *a* and *b* differ."""
    count: NDArray[np.int64] = np.bitwise_count(a ^ b).sum(axis=-1, dtype=np.int64)
    return count


def distances_to_originals(words: Words, versions: AllVersions) -> NDArray[np.int64]:
    """Return in how many bits each version differs from each original: shape (versions, pictures)."""
    return np.stack([differing(words, words[original]) for original in versions.originals], axis=1)
