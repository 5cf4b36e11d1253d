"""What ImageHash's crop_resistant_hash finds, on a sample: it takes a quarter of a second a picture."""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor

import imagehash
import numpy as np

from benchmarks.quality.edited_versions import COMPOUNDS, SIDE, version_names, versions
from benchmarks.quality.shares import share
from training.fixed_edits import FIXED, GEOMETRIC, KEEPING
from training.originals import Original, shrunk
from training.printing import progress

SAMPLED = 20  # pictures


def row_of_crop_resistant(pictures: Sequence[Original]) -> tuple[str, ...]:
    """Return its line. It has no radius: it matches by rules of its own."""
    sample = pictures[:: max(1, len(pictures) // SAMPLED)][:SAMPLED]
    with ProcessPoolExecutor() as pool, progress() as bar:
        results = pool.map(_hashes, sample, range(len(sample)))
        hashes = list(bar.track(results, total=len(sample), description="crop-resistant"))
    names = _names()
    found = np.array([[[one.matches(other[0]) for other in hashes] for one in some] for some in hashes])
    own = np.diagonal(found, axis1=0, axis2=2).T  # (pictures, versions)
    rate = (found.sum() - own.sum()) / (found.size - own.size)
    shares = [own[:, np.isin(names, list(kind))] for kind in (KEEPING, GEOMETRIC, FIXED)]
    random = own[:, np.char.startswith(names, "compound")]
    return ("crop_resistant_hash", "n x 64", f"{rate:.0e}", "", *(share(some) for some in (*shares, random)))


def _names() -> list[str]:
    return ["original", *FIXED, *(f"compound {number}" for number in range(COMPOUNDS // 4))]


def _hashes(picture: Original, number: int) -> list[imagehash.ImageMultiHash]:
    wanted = set(_names())
    return [
        imagehash.crop_resistant_hash(version)
        for name, version in zip(version_names(), versions(shrunk(picture.image, SIDE), number), strict=True)
        if name in wanted
    ]
