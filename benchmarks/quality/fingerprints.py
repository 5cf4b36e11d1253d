"""Every version of every picture, and their fingerprints: look1's as the function computes it, and those of others."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec

import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from handler.core import look1, phash
from handler.core.asker import Seen
from handler.core.fingerprint import examine
from handler.core.model import Limits
from training import edits
from training.corpus import Picture
from training.printing import progress

LIMITS = Limits()
COMPOUNDS = 12  # random edits of each picture
SEED = 2026
SIDE = 512  # pixels on the longer side of what is edited
WORDS = 4  # of 64 bits in a check

Words = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Measured:
    """The fingerprints of all versions of one picture: the original first, then in the order of `names`."""

    hashes: Words  # (versions, views)
    checks: Words  # (versions, views, WORDS)
    asking: Words  # (versions, views, windows, WORDS)
    flat: NDArray[np.bool_]  # (versions,)
    peers: Mapping[str, Words]  # (versions, words) by name


def names() -> list[str]:
    """Return what is done to each picture, the original first."""
    random = [f"{kind} {number}" for kind in ("compound", "decorated") for number in range(COMPOUNDS)]
    return ["original", *edits.FIXED, *edits.TURNS, *random]


def measured_all(pictures: Sequence[Picture]) -> list[Measured]:
    """Fingerprint every version of every picture, on all processors."""
    with ProcessPoolExecutor() as pool, progress() as bar:
        results = pool.map(_measured, pictures, range(len(pictures)))
        return list(bar.track(results, total=len(pictures), description="fingerprints"))


def _measured(picture: Picture, number: int) -> Measured:
    image = picture.image.copy()
    image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    edited = list(versions(image, number))
    examined = [examine(edits.in_file(version), look1.GENERATION, LIMITS) for version in edited]
    prints = [one.fingerprint for one in examined]
    return Measured(
        np.array([one.hashes for one in prints], np.uint64),
        np.array([_words(one.checks) for one in prints]),
        np.array([_asking(one.seen) for one in examined]),
        np.array([one.flat for one in prints]),
        {name: np.array([compute(version) for version in edited]) for name, compute in _peers().items()},
    )


def _asking(seen: Seen | None) -> Words:
    """Return the check bits of all windows, made together, which is sooner than view by view."""
    assert seen is not None
    return np.array([_words(checks) for checks in look1.asking_checks(seen.luma, seen.shown)])


def _words(checks: Sequence[bytes]) -> Words:
    return np.frombuffer(b"".join(checks), np.uint64).reshape(-1, WORDS)


def versions(image: Image.Image, number: int) -> Iterator[Image.Image]:
    """Yield the original and its copies in the order of `names`."""
    yield image
    for edit in (*edits.FIXED.values(), *edits.TURNS.values()):
        yield edit(image)
    for kind, edit_with in enumerate((edits.compound, edits.decorated)):
        for copy in range(COMPOUNDS):
            yield edit_with(image, np.random.default_rng([SEED, kind, number, copy]))


def _peers() -> dict[str, Callable[[Image.Image], Words]]:
    """Return other fingerprints of one hash a picture, those that are installed."""
    peers: dict[str, Callable[[Image.Image], Words]] = {"phash1": _phash1}
    computing: dict[str, Callable[[Image.Image], imagehash.ImageHash]] = {
        "imagehash phash 8": imagehash.phash,
        "imagehash phash 16": partial(imagehash.phash, hash_size=16),
        "dhash": imagehash.dhash,
        "whash": imagehash.whash,
        "average_hash": imagehash.average_hash,
    }
    for name, compute in computing.items():
        peers[name] = partial(_imagehash, compute)
    if find_spec("pdqhash"):
        peers["PDQ"] = _pdq
    return peers


def _phash1(image: Image.Image) -> Words:
    small = image.convert("L").resize((phash.LUMA_SIDE, phash.LUMA_SIDE), Image.Resampling.LANCZOS)
    return np.array([phash.phash1(np.asarray(small))], np.uint64)


def _imagehash(compute: Callable[[Image.Image], imagehash.ImageHash], image: Image.Image) -> Words:
    return np.packbits(compute(image).hash.ravel()).view(np.uint64)


def _pdq(image: Image.Image) -> Words:
    import pdqhash  # a peer that not everybody installs

    bits, _ = pdqhash.compute(np.asarray(image))
    return np.packbits(np.asarray(bits, np.uint8)).view(np.uint64)
