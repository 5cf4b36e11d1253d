"""How often each fingerprint finds an edited copy, at the radius where it takes different pictures for one another.

Every picture is one that had no part in training. Each is edited in every way of `benchmarks.edits`; every original
and every copy then asks for every original. A pair of different pictures that match is a false positive; a radius
counts for a rate if no more of all such pairs match. Recall is the share of copies that find their original.
"""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import imagehash
import numpy as np
from PIL import Image

from benchmarks import blanks, corpus, edits
from benchmarks.corpus import Picture
from benchmarks.report import console, print_table, progress
from benchmarks.trial import Trial, compared_pairs, share
from benchmarks.versions import COMPOUNDS, SIDE, measured_all, names, versions
from handler.core import look1, phash

SAMPLED = 20  # pictures for the slowest peer


def main(folder: Path | None = None, more: Sequence[Path] = (), plots: Path | None = None) -> None:
    """Print the tables; draw the plots into *plots* if it is given."""
    folder = folder or corpus.default_folder()
    pictures = corpus.unseen_pictures(folder, more, corpus.training_pictures(folder))
    kinds = names()
    console.print(f"{len(pictures)} pictures, {len(kinds) - 1} edited copies of each; none was trained on")
    trial = Trial(pictures, kinds, measured_all(pictures))
    console.print(f"{len(trial.lost)} have too little content to be compared (quality below {look1.QUALITY_FLOOR}):")
    for picture in trial.lost:
        console.print(f"  {picture.name}")
    rows = [trial.row_of_peer(name) for name in trial.peers] + [_rows_of_crop_resistant(pictures)]
    rows += trial.rows_of_look1()
    print_table(
        "Share of edited copies found, at the largest radius with that rate of false positives",
        ("fingerprint", "bits", "rate", "radius", "25 keep the frame", "14 change it", "all 39", "random", "95 %"),
        [row for some in rows for row in some],
        note="95 %: of the mean over random edits, by resampling pictures. Radius a/b: bits of a view, of its check.\n"
        f"crop_resistant_hash takes a quarter of a second a picture: {SAMPLED} pictures, at its own defaults.",
    )
    trial.print_defaults()
    _print_blanks()
    if plots is not None:
        trial.plot(plots)


def _rows_of_crop_resistant(pictures: Sequence[Picture]) -> list[tuple[str, ...]]:
    """Return the line of ImageHash's crop_resistant_hash, which has no radius: it matches by rules of its own."""
    sample = pictures[:: max(1, len(pictures) // SAMPLED)][:SAMPLED]
    with ProcessPoolExecutor() as pool, progress() as bar:
        results = pool.map(_crop_resistant, sample, range(len(sample)))
        hashes = list(bar.track(results, total=len(sample), description="crop-resistant"))
    kinds = _crop_resistant_names()
    found = np.array([[[one.matches(other[0]) for other in hashes] for one in some] for some in hashes])
    own = np.diagonal(found, axis1=0, axis2=2).T  # (pictures, versions)
    rate = (found.sum() - own.sum()) / (found.size - own.size)
    shares = [own[:, np.isin(kinds, list(kind))] for kind in (edits.KEEPING, edits.GEOMETRIC, edits.FIXED)]
    random = own[:, np.char.startswith(kinds, "compound")]
    return [("crop_resistant_hash", "n x 64", f"{rate:.0e}", "", *(share(some) for some in (*shares, random)), "")]


def _crop_resistant_names() -> list[str]:
    return ["original", *edits.FIXED, *(f"compound {number}" for number in range(COMPOUNDS // 4))]


def _crop_resistant(picture: Picture, number: int) -> list[imagehash.ImageMultiHash]:
    image = picture.image.copy()
    image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    wanted = set(_crop_resistant_names())
    return [
        imagehash.crop_resistant_hash(version)
        for name, version in zip(names(), versions(image, number), strict=True)
        if name in wanted
    ]


def _print_blanks() -> None:
    """Print how pictures fare that are hardly any: how many the quality floor catches, and how many pairs match."""
    rows = []
    for name, draw in blanks.KINDS.items():
        lumas = [edits.luma_of(draw(number), look1.LUMA_SIDE) for number in range(blanks.COUNT)]
        asking = [(look1.fingerprint_views(luma), look1.asking_checks(luma)) for luma in lumas]
        caught = sum(views.qualities[0] < look1.QUALITY_FLOOR for views, _ in asking)
        pairs = [(a, b) for number, a in enumerate(asking) for b in asking[:number]]
        matching = sum(_match(*a, b[0]) or _match(*b, a[0]) for a, b in pairs)
        rows.append((name, len(lumas), caught, matching, len(pairs)))
    print_table(
        "Pictures with little in them, each drawn differently",
        ("kind", "drawn", "below the floor", "pairs that match", "of pairs"),
        rows,
    )


def _match(asking: look1.Views, near_checks: Sequence[Sequence[bytes]], stored: look1.Views) -> bool:
    """Return whether a picture that asks finds one that is stored, at the default settings."""
    return any(
        phash.hamming(asking.hashes[a], stored.hashes[b]) <= look1.RADIUS
        and min(asking.qualities[a], stored.qualities[b]) >= look1.QUALITY_FLOOR
        and any(
            _bits(check, stored.checks[b]) <= look1.CHECK_RADIUS
            for check in (near_checks[a] if a < look1.ANCHORS else (asking.checks[a],))
        )
        for a, b in compared_pairs()
    )


def _bits(a: bytes, b: bytes) -> int:
    return phash.hamming(int.from_bytes(a, "big"), int.from_bytes(b, "big"))


if __name__ == "__main__":
    main()
