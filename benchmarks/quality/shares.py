"""The share of copies that were found, by kind of edit, and its margin."""

import numpy as np

from benchmarks.quality.all_versions import AllVersions, Flags
from training.fixed_edits import FIXED, GEOMETRIC, KEEPING

COLUMNS = (f"{len(KEEPING)} keep the frame", f"{len(GEOMETRIC)} change it", f"all {len(FIXED)}", "random")
RESAMPLES = 1000
SEED = 2026


def shares_by_kind(versions: AllVersions, found: Flags) -> tuple[str, ...]:
    """Return the share of each of COLUMNS with its margin."""
    kinds = (versions.keeping, versions.geometric, versions.fixed, versions.random)
    return tuple(f"{share(found[kind])} +- {_margin(versions, found, kind):.3f}" for kind in kinds)


def share(found: Flags) -> str:
    """Return the share of *found*, as it is printed."""
    return f"{found.mean():.3f}"


def _margin(versions: AllVersions, found: Flags, kind: Flags) -> float:
    """Return half the 95 % confidence interval of the share of *kind*, by resampling pictures."""
    by_picture = np.bincount(versions.picture[kind], found[kind]) / np.bincount(versions.picture[kind])
    rng = np.random.default_rng(SEED)
    means = by_picture[rng.integers(0, len(by_picture), (RESAMPLES, len(by_picture)))].mean(axis=1)
    low, high = np.quantile(means, (0.025, 0.975)).tolist()
    return float(high - low) / 2
