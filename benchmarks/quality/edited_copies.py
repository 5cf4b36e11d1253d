"""How many edited copies each fingerprint finds, where all of them mistake different pictures equally often.

None of the pictures was used in training. Each is edited in every way of `training.fixed_edits` and
`training.random_edits`; then every original and every copy is compared with every original. A pair of different
pictures that match is a false positive, and each fingerprint gets the largest radius that keeps to a given rate of
them. Recall is the share of copies that match their original. The pictures come from Debian packages, by `apt-get
download`. All of them take twenty minutes on two cores.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks.quality import fingerprint_rows, shares
from benchmarks.quality.all_versions import AllVersions, all_versions, compared_pairs
from benchmarks.quality.crop_resistant import SAMPLED, row_of_crop_resistant
from benchmarks.quality.edited_versions import version_names
from benchmarks.quality.fingerprint_rows import rows_of_look1, rows_of_other_hash
from benchmarks.quality.fingerprints import VersionFingerprints, fingerprinted
from benchmarks.quality.near_views import near_if_copies_ask
from benchmarks.quality.radii import RATES, best_radii, false_positives, found_versions
from benchmarks.quality.shares import shares_by_kind
from handler.core import look1
from training import corpus
from training.originals import Original
from training.parts import positive_integer
from training.printing import console, print_table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this part."""
    parser.add_argument(
        "--corpus", type=Path, action="append", default=[], metavar="DIR", help="test the pictures in here, too"
    )
    parser.add_argument(
        "--pictures", type=positive_integer, metavar="N", help="test about so many of the pictures (default: all)"
    )
    parser.add_argument("--plots", type=Path, metavar="DIR", help="draw recall and distances into this folder (PNG)")


def run(options: argparse.Namespace) -> int:
    """Print the tables, and draw the plots if they are asked for."""
    pictures = corpus.evenly(corpus.unseen_pictures(options.corpus), options.pictures)
    console.print(
        f"{len(pictures)} pictures that were not trained on, {len(version_names()) - 1} edited copies of each"
    )
    prints = fingerprinted(pictures)
    versions = all_versions(version_names(), prints)
    _print_nearly_blank(pictures, prints)
    _print_fingerprints(versions, pictures)
    _print_halves(prints)
    console.print(f"{versions.flat[versions.names != 'original'].mean():.2%} of the copies have too little content")
    if options.plots is not None:
        from benchmarks.quality import copies_plot  # needs matplotlib

        copies_plot.draw(versions, options.plots)
    return 0


def _print_nearly_blank(pictures: Sequence[Original], prints: Sequence[VersionFingerprints]) -> None:
    lost = [picture.name for picture, one in zip(pictures, prints, strict=True) if one.flat[0]]
    console.print(
        f"{len(lost)} of them, {len(lost) / len(pictures):.2%}, have too little content to be compared, "
        f"and are left out (quality below {look1.QUALITY_FLOOR}){':' if lost else ''}"
    )
    for name in lost:
        console.print(f"  {name}", markup=False)


def _print_fingerprints(versions: AllVersions, pictures: Sequence[Original]) -> None:
    rows = [row for name in versions.others for row in rows_of_other_hash(versions, name)]
    print_table(
        "Share of edited copies found, at the largest radius with that rate of false positives",
        (*fingerprint_rows.COLUMNS, *shares.COLUMNS),
        [*rows, row_of_crop_resistant(pictures), *rows_of_look1(versions)],
        note="+-: half the 95 % interval of the mean over pictures. Radius a/b: of a view, and of its check bits.\n"
        f"crop_resistant_hash takes a quarter of a second a picture: {SAMPLED} of the pictures, at its own defaults.",
    )


def _print_halves(prints: Sequence[VersionFingerprints]) -> None:
    first, second = (all_versions(version_names(), prints[half::2]) for half in (0, 1))
    print_table(
        "Radius and check radius chosen on one half of the pictures, and measured on the other",
        ("look1", "rate there", "radius", *shares.COLUMNS),
        [
            _row_of_half("first half", first, chosen_on=second),
            _row_of_half("second half", second, chosen_on=first),
        ],
    )


def _row_of_half(name: str, measured_on: AllVersions, *, chosen_on: AllVersions) -> tuple[str, ...]:
    pairs = compared_pairs()
    radii = best_radii(chosen_on, near_if_copies_ask(chosen_on, pairs), RATES[0])
    near = near_if_copies_ask(measured_on, pairs)
    wrong = false_positives(measured_on, near)[radii.radius, radii.check_radius]
    found = found_versions(measured_on, near, radii)
    return name, f"{wrong / measured_on.different_pairs:.1e}", str(radii), *shares_by_kind(measured_on, found)
