"""What fingerprints a picture file: look1, phash1 and other libraries, each with the decoding that it does itself."""

from collections.abc import Callable, Mapping
from functools import partial
from importlib.util import find_spec
from io import BytesIO

import imagehash
import numpy as np
from PIL import Image

from handler.core.fingerprint import fingerprint
from handler.core.model import Limits

LIMITS = Limits(max_bytes=1 << 30, max_pixels=1 << 30)
LIBJPEG = "libjpeg alone, at an eighth of the size"
PHASH = "imagehash.phash"
CROP_RESISTANT = "imagehash.crop_resistant_hash"

Fingerprinter = Callable[[bytes], object]


def libjpeg(body: bytes) -> None:
    """Decode a JPEG at an eighth of its size, and nothing else."""
    with Image.open(BytesIO(body)) as image:
        image.draft("L", (image.width // 8, image.height // 8))
        image.load()


def _generation(name: str, body: bytes) -> object:
    return fingerprint(body, name, LIMITS)


def _imagehash(compute: Callable[[Image.Image], object], body: bytes) -> object:
    with Image.open(BytesIO(body)) as image:
        return compute(image)


def _pdq(body: bytes) -> object:
    import pdqhash  # not everybody installs it

    with Image.open(BytesIO(body)) as image:
        return pdqhash.compute(np.asarray(image.convert("RGB")))


FINGERPRINTERS: Mapping[str, Fingerprinter] = {
    LIBJPEG: libjpeg,
    "look1: decode, fourteen views, check bits": partial(_generation, "look1"),
    "phash1: bit-identical to imagehash.phash": partial(_generation, "phash1"),
    PHASH: partial(_imagehash, imagehash.phash),
    "imagehash.phash, 256 bits": partial(_imagehash, partial(imagehash.phash, hash_size=16)),
    "imagehash.dhash": partial(_imagehash, imagehash.dhash),
    "imagehash.whash": partial(_imagehash, imagehash.whash),
    "imagehash.average_hash": partial(_imagehash, imagehash.average_hash),
    CROP_RESISTANT: partial(_imagehash, imagehash.crop_resistant_hash),
    **({"PDQ": _pdq} if find_spec("pdqhash") else {}),
}
