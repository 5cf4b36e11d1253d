"""The fingerprints of every version of every picture: look1's as the function computes it, and those of others."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality.edited_versions import SIDE, versions
from benchmarks.quality.other_hashes import Words, other_hashes
from handler.core import look1
from handler.core.fingerprint import examine
from handler.core.model import Limits
from handler.core.seen import Seen
from training.edits import in_file
from training.originals import Original, shrunk
from training.printing import progress

LIMITS = Limits()
WORDS = 4  # of 64 bits in a check


@dataclass(frozen=True, slots=True)
class VersionFingerprints:
    """The fingerprints of all versions of one picture: the original first, then in the order of their names."""

    hashes: Words  # (versions, views)
    checks: Words  # (versions, views, WORDS)
    asking: Words  # (versions, views, windows, WORDS)
    flat: NDArray[np.bool_]  # (versions,)
    others: Mapping[str, Words]  # (versions, words) by name


def fingerprinted(pictures: Sequence[Original]) -> list[VersionFingerprints]:
    """Fingerprint every version of every picture, on all processors."""
    with ProcessPoolExecutor() as pool, progress() as bar:
        results = pool.map(_fingerprinted, pictures, range(len(pictures)))
        return list(bar.track(results, total=len(pictures), description="fingerprints"))


def _fingerprinted(picture: Original, number: int) -> VersionFingerprints:
    edited = list(versions(shrunk(picture.image, SIDE), number))
    examined = [examine(in_file(version), look1.GENERATION, LIMITS) for version in edited]
    prints = [one.fingerprint for one in examined]
    return VersionFingerprints(
        np.array([one.hashes for one in prints], np.uint64),
        np.array([_words(one.checks) for one in prints]),
        np.array([_asking(one.seen) for one in examined]),
        np.array([one.flat for one in prints]),
        {name: np.array([compute(version) for version in edited]) for name, compute in other_hashes().items()},
    )


def _asking(seen: Seen | None) -> Words:
    """Return the check bits of all windows, made together, which is sooner than view by view."""
    assert seen is not None
    return np.array([_words(checks) for checks in look1.asking_checks(seen.luma, seen.shown)])


def _words(checks: Sequence[bytes]) -> Words:
    return np.frombuffer(b"".join(checks), np.uint64).reshape(-1, WORDS)
