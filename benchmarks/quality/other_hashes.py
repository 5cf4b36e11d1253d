"""Other fingerprints of one hash a picture, those that are installed, of a picture that is decoded already."""

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec

import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from handler.core import phash

Words = NDArray[np.uint64]


def other_hashes() -> dict[str, Callable[[Image.Image], Words]]:
    """Return what computes each, as words of 64 bits."""
    others: dict[str, Callable[[Image.Image], Words]] = {"phash1": _phash1}
    computing: dict[str, Callable[[Image.Image], imagehash.ImageHash]] = {
        "imagehash phash 8": imagehash.phash,
        "imagehash phash 16": partial(imagehash.phash, hash_size=16),
        "dhash": imagehash.dhash,
        "whash": imagehash.whash,
        "average_hash": imagehash.average_hash,
    }
    for name, compute in computing.items():
        others[name] = partial(_imagehash, compute)
    if find_spec("pdqhash"):
        others["PDQ"] = _pdq
    return others


def _phash1(image: Image.Image) -> Words:
    small = image.convert("L").resize((phash.LUMA_SIDE, phash.LUMA_SIDE), Image.Resampling.LANCZOS)
    return np.array([phash.phash1(np.asarray(small))], np.uint64)


def _imagehash(compute: Callable[[Image.Image], imagehash.ImageHash], image: Image.Image) -> Words:
    return np.packbits(compute(image).hash.ravel()).view(np.uint64)


def _pdq(image: Image.Image) -> Words:
    import pdqhash  # not everybody installs it

    bits, _ = pdqhash.compute(np.asarray(image))
    return np.packbits(np.asarray(bits, np.uint8)).view(np.uint64)
