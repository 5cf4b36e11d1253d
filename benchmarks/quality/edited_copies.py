"""How often each fingerprint finds an edited copy, at the radius where it takes different pictures for one another.

Every picture is one that had no part in training. Each is edited in every way of `training.edits`; every original
and every copy then asks for every original. A pair of different pictures that match is a false positive; a radius
counts for a rate if no more of all such pairs match. Recall is the share of copies that find their original.
"""

import hashlib
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import combinations
from pathlib import Path

import imagehash
import numpy as np
from PIL import Image

from benchmarks.micro.hashing import print_costs
from benchmarks.quality.comparison import RATES, Trial, share
from benchmarks.quality.fingerprints import COMPOUNDS, SIDE, measured_all, names, versions
from benchmarks.quality.orientations import print_orientations
from handler.core import look1
from handler.core.asker import Asker
from handler.core.fingerprint import examine
from handler.core.model import Limits, ObjectRef, Outcome, PictureRecord, Settings
from handler.core.policy import match
from training import blanks, corpus, edits
from training.corpus import Picture
from training.printing import console, print_table, progress

SETTINGS = Settings(look1.GENERATION, look1.RADIUS, max_matches=1, scope_depth=0, limits=Limits())
SAMPLED = 20  # pictures for the slowest peer


def main(folder: Path | None = None, more: Sequence[Path] = (), plots: Path | None = None) -> None:
    """Print the tables; draw the plots into *plots* if it is given."""
    folder = folder or corpus.default_folder()
    pictures = corpus.unseen_pictures(folder, more, corpus.training_pictures(folder))
    kinds = names()
    console.print(f"{len(pictures)} pictures, {len(kinds) - 1} edited copies of each; none was trained on")
    measured = measured_all(pictures)
    trial = Trial(pictures, kinds, measured)
    console.print(f"{len(trial.lost)} have too little content to be compared (quality below {look1.QUALITY_FLOOR}):")
    for picture in trial.lost:
        console.print(f"  {picture.name}")
    rows = [trial.row_of_peer(name) for name in trial.peers] + [_rows_of_crop_resistant(pictures)]
    rows += trial.rows_of_look1()
    print_table(
        "Share of edited copies found, at the largest radius with that rate of false positives",
        ("fingerprint", "bits", "rate", "radius", "25 keep the frame", "14 change it", "all 39", "random"),
        [row for some in rows for row in some],
        note="+-: half the 95 % interval of the mean over pictures. Radius a/b: bits of a view, of its check.\n"
        f"crop_resistant_hash takes a quarter of a second a picture: {SAMPLED} pictures, at its own defaults.",
    )
    even, odd = (Trial(pictures[half::2], kinds, measured[half::2]) for half in (0, 1))
    print_table(
        "Radius and check radius chosen on one half of the pictures, and measured on the other",
        ("fingerprint", "rate there", "radius", "25 keep the frame", "14 change it", "all 39", "random"),
        [
            one.row_at(name, other.setting(RATES[0]))
            for name, one, other in (("first half", even, odd), ("second half", odd, even))
        ],
    )
    trial.print_defaults()
    print_orientations(trial.strangers)
    _print_blanks()
    print_costs("mean of four photographs by a phone", corpus.photographs(folder))
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
    return [("crop_resistant_hash", "n x 64", f"{rate:.0e}", "", *(share(some) for some in (*shares, random)))]


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
        askers = [_asker(f"{name} {number}", draw(number)) for number in range(blanks.COUNT)]
        caught = sum(one.record.fingerprint is not None and one.record.fingerprint.flat for one in askers)
        pairs = list(combinations(askers, 2))
        matching = sum(match(one, other.record, SETTINGS) is not None for one, other in pairs)
        rows.append((name, len(askers), caught, matching, len(pairs)))
    print_table(
        "Pictures with little in them, each drawn differently",
        ("kind", "drawn", "below the floor", "pairs that match", "of pairs"),
        rows,
    )


def _asker(name: str, image: Image.Image) -> Asker:
    body = edits.in_file(image)
    computed, seen = examine(body, SETTINGS.generation, SETTINGS.limits)
    digest = hashlib.sha256(body).hexdigest()
    record = PictureRecord(
        ObjectRef("", name), SETTINGS.generation, Outcome.INDEXED, fingerprint=computed, digest=digest
    )
    return Asker.at_hand(record, seen)


if __name__ == "__main__":
    main()
