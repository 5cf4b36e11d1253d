"""Lines of the main table: what each fingerprint finds at the radius with a certain rate of false positives."""

import numpy as np

from benchmarks.quality.all_versions import AllVersions, compared_pairs, differing, distances_to_originals
from benchmarks.quality.near_views import NearViews, near_if_copies_ask, near_without_check
from benchmarks.quality.radii import RATES, best_radii, found_versions
from benchmarks.quality.shares import shares_by_kind
from handler.core import look1
from handler.core.windows import VIEW_NAMES

Row = tuple[str, ...]

COLUMNS = ("fingerprint", "bits", "rate", "radius")  # then those of shares
VIEW_COUNTS = {"look1, whole": 1, "look1, with trimmed": look1.ANCHORS, "look1, all views": len(VIEW_NAMES)}


def rows_of_other_hash(versions: AllVersions, name: str) -> list[Row]:
    """Return the lines of another fingerprint, one hash a picture."""
    words = versions.others[name]
    own = differing(words, words[versions.originals[versions.picture]])
    rows: list[Row] = []
    for rate in RATES:
        radius = radius_of_other_hash(versions, name, rate)
        label = str(radius) if radius >= 0 else "none"  # equal hashes are more than that
        rows.append((name, str(64 * words.shape[1]), f"{rate:g}", label, *shares_by_kind(versions, own <= radius)))
    return rows


def radius_of_other_hash(versions: AllVersions, name: str, rate: float) -> int:
    """Return the largest radius with at most *rate* of false positives; -1 if even equal hashes are more than that."""
    words = versions.others[name]
    distances = distances_to_originals(words, versions)
    strange = (versions.picture[:, None] != np.arange(len(versions.originals))) & ~versions.turned[:, None]
    within = np.bincount(distances[strange], minlength=64 * words.shape[1] + 1).cumsum()
    return int(np.searchsorted(within, rate * versions.different_pairs, side="right")) - 1


def rows_of_look1(versions: AllVersions) -> list[Row]:
    """Return the lines of generation look1: without check bits, with fewer views, and with all of them."""
    unchecked = near_without_check(versions, compared_pairs(1))
    rows = [
        ("look1, whole, no check", "1 x 64", f"{rate:g}", str(radii.radius), *shares_by_kind(versions, found))
        for rate in RATES
        for radii in [best_radii(versions, unchecked, rate)]
        for found in [found_versions(versions, unchecked, radii)]
    ]
    for name, view_count in VIEW_COUNTS.items():
        near = near_if_copies_ask(versions, compared_pairs(view_count))
        rows += _rows_of_views(versions, near, name=name, view_count=view_count)
    return rows


def _rows_of_views(versions: AllVersions, near: NearViews, *, name: str, view_count: int) -> list[Row]:
    rows: list[Row] = []
    for rate in RATES:
        radii = best_radii(versions, near, rate)
        shares = shares_by_kind(versions, found_versions(versions, near, radii))
        rows.append((name, f"{view_count} x 64 + check", f"{rate:g}", str(radii), *shares))
    return rows
