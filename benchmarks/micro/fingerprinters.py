"""Ways to fingerprint a picture file: look1, phash1 and the peers, each with the decoding that its library does."""

import sys
from collections.abc import Callable, Mapping
from functools import partial
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

import imagehash
import numpy as np
from PIL import Image

from handler.core.fingerprint import fingerprint
from handler.core.model import Limits

LIMITS = Limits(max_bytes=1 << 30, max_pixels=1 << 30)

Way = Callable[[bytes], object]


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
    import pdqhash  # a peer that not everybody installs

    with Image.open(BytesIO(body)) as image:
        return pdqhash.compute(np.asarray(image.convert("RGB")))


WAYS: Mapping[str, Way] = {
    "libjpeg alone, at an eighth of the size": libjpeg,
    "look1: decode, fourteen views, check bits": partial(_generation, "look1"),
    "phash1: bit-identical to imagehash.phash": partial(_generation, "phash1"),
    "imagehash.phash": partial(_imagehash, imagehash.phash),
    "imagehash.phash, 256 bits": partial(_imagehash, partial(imagehash.phash, hash_size=16)),
    "imagehash.dhash": partial(_imagehash, imagehash.dhash),
    "imagehash.whash": partial(_imagehash, imagehash.whash),
    "imagehash.average_hash": partial(_imagehash, imagehash.average_hash),
    "imagehash.crop_resistant_hash": partial(_imagehash, imagehash.crop_resistant_hash),
    **({"PDQ": _pdq} if find_spec("pdqhash") else {}),
}


def main() -> None:
    """Print how many bytes of memory one way takes at most for one file, once its libraries are loaded."""
    name, path = sys.argv[1:]
    small = BytesIO()
    Image.effect_noise((64, 64), 50).convert("RGB").save(small, "JPEG")
    body = Path(path).read_bytes()
    WAYS[name](small.getvalue())
    Path("/proc/self/clear_refs").write_text("5")  # a child begins with its parent's peak
    before = _resident("VmRSS")
    WAYS[name](body)
    sys.stdout.write(f"{_resident('VmHWM') - before}\n")


def _resident(which: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith(which))


if __name__ == "__main__":
    main()
