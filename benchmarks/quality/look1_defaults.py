"""What look1 finds at its default settings, edit by edit."""

import numpy as np

from benchmarks.quality.all_versions import AllVersions, Flags, compared_pairs
from benchmarks.quality.near_views import near_if_copies_ask, near_if_originals_ask
from benchmarks.quality.radii import LOOK1_RADII, false_positives, found_versions
from training.fixed_edits import FIXED, GEOMETRIC, KEEPING, TURNS
from training.printing import print_table

ORIENTATIONS = range(1, 9)


def print_look1_defaults(versions: AllVersions) -> None:
    """Print what the default settings find, and what they take for the same."""
    pairs = compared_pairs()
    near = {
        "copy asks": near_if_copies_ask(versions, pairs),
        "original asks": near_if_originals_ask(versions, pairs),
        "copy asks in all orientations": near_if_copies_ask(versions, pairs, ORIENTATIONS),
    }
    found = {who: found_versions(versions, views, LOOK1_RADII) for who, views in near.items()}
    at = LOOK1_RADII.radius, LOOK1_RADII.check_radius
    wrong = "; ".join(f"{who} {false_positives(versions, views)[at]}" for who, views in near.items())
    print_table(
        f"look1 at its default settings (radius {LOOK1_RADII.radius}, check {LOOK1_RADII.check_radius}), edit by edit",
        ("edit", *near),
        [
            (name, *(f"{flags[edited].mean():.4f}" for flags in found.values()))
            for name, edited in _groups(versions).items()
        ],
        note=f"False positives: {wrong}, of {versions.different_pairs:,} pairs.",
    )


def _groups(versions: AllVersions) -> dict[str, Flags]:
    return {name: versions.names == name for name in [*FIXED, *TURNS]} | {
        f"{len(KEEPING)} that keep the frame": versions.keeping,
        f"{len(GEOMETRIC)} that change it": versions.geometric,
        f"all {len(FIXED)}": versions.fixed,
        "random": versions.random,
        "random, decorated": np.char.startswith(versions.names, "decorated"),
    }
