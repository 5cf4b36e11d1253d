"""The fingerprints of every version of every picture: look1's as the function computes it, and those of others."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality.edited_versions import SIDE, versions
from benchmarks.quality.other_hashes import Words, other_hashes
from handler.core import look1
from handler.core.asked import MEETS
from handler.core.asking import AskingWindows
from handler.core.fingerprint import Examined, examine
from handler.core.model import Limits
from training.edits import in_file
from training.originals import Original, shrunk
from training.printing import progress

LIMITS = Limits()
WORDS = 4  # of 64 bits in a check
EFFORT = "quick"
ASKED = [number for number, met in enumerate(MEETS[EFFORT].upright) if met]  # of ASKING


@dataclass(frozen=True, slots=True)
class VersionFingerprints:
    """The fingerprints of all versions of one picture: the original first, then in the order of their names."""

    hashes: Words  # (versions, views)
    checks: Words  # (versions, views, WORDS)
    asked: Words  # (versions, ASKED): hashes of what asks
    asks: NDArray[np.bool_]  # (versions, ASKED): whether it does: it has content
    asking: Words  # (versions, ASKED, windows, WORDS): check bits of it and of windows near it
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
    asked, asks, asking = zip(*(_asking(one) for one in examined), strict=True)
    return VersionFingerprints(
        np.array([one.hashes for one in prints], np.uint64),
        np.array([_words(one.checks) for one in prints]),
        np.array(asked),
        np.array(asks),
        np.array(asking),
        np.array([one.flat for one in prints]),
        {name: np.array([compute(version) for version in edited]) for name, compute in other_hashes().items()},
    )


def _asking(examined: Examined) -> tuple[Words, NDArray[np.bool_], Words]:
    """Return the hashes of ASKED, whether each asks, and the check bits of all windows near it."""
    assert examined.seen is not None
    windows = AskingWindows(examined.seen.luma)
    hashes = {
        **dict(enumerate(examined.fingerprint.hashes)),
        **{number: window.hash for number, window in windows.hashed(EFFORT).items()},
    }
    return (
        np.array([hashes.get(number, 0) for number in ASKED], np.uint64),
        np.array([number in hashes for number in ASKED]),
        np.array([_words(windows.checks(examined.seen.standing_in(number))) for number in ASKED]),
    )


def _words(checks: Sequence[bytes]) -> Words:
    return np.frombuffer(b"".join(checks), np.uint64).reshape(-1, WORDS)
