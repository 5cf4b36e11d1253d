"""Copies that are dark, faint, noisy or of few levels: how many have enough content, and how many match.

The pictures had no part in the training. Each copy asks for its original; and copies by one edit are compared with
each other, because dark pictures that all looked alike would be found as well.
"""

import argparse
import hashlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import combinations

import numpy as np
from PIL import Image, ImageFilter

from benchmarks.quality.edited_versions import SIDE
from handler.core import look1
from handler.core.asker import Asker
from handler.core.fingerprint import examine
from handler.core.model import Limits, ObjectRef, Outcome, PictureRecord, Settings
from handler.core.policy import match
from training import corpus, edits
from training.originals import Original, shrunk
from training.parts import positive_integer
from training.printing import print_table, progress

SETTINGS = Settings(look1.GENERATION, look1.RADIUS, max_matches=1, scope_depth=0, limits=Limits())
AGAINST = 150  # pictures of which all pairs of copies are compared


def _darkened(image: Image.Image, factor: float) -> Image.Image:
    return Image.fromarray(np.rint(np.asarray(image) * factor).astype(np.uint8))


def _dithered(image: Image.Image) -> Image.Image:
    return image.convert("1").convert("RGB")


def _of_two_bits(image: Image.Image) -> Image.Image:
    return Image.fromarray(np.asarray(image.convert("L")) // 64 * 85).convert("RGB")


def _thumbnail(image: Image.Image) -> Image.Image:
    return shrunk(image, 32)


COPIES: Mapping[str, edits.Edit] = {
    **{f"levels x {factor}": partial(_darkened, factor=factor) for factor in (0.2, 0.12, 0.1, 0.05)},
    **{f"contrast x {factor}": partial(edits.contrasted, factor=factor) for factor in (0.2, 0.1)},
    **{f"noise {levels}": partial(edits.with_noise, levels=levels) for levels in (40, 80)},
    "blur 8": lambda image: image.filter(ImageFilter.GaussianBlur(8)),
    "thumbnail of 32 pixels": _thumbnail,
    "dithered": _dithered,
    "two bits": _of_two_bits,
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this part."""
    parser.add_argument(
        "--pictures", type=positive_integer, metavar="N", help="test about so many of the pictures (default: all)"
    )


def run(options: argparse.Namespace) -> int:
    """Print the table."""
    pictures = corpus.evenly(corpus.unseen_pictures(), options.pictures)
    with ProcessPoolExecutor() as pool, progress() as bar:
        askers = list(bar.track(pool.map(_askers, pictures), total=len(pictures), description="copies"))
    print_table(
        f"Weak copies of {len(pictures)} pictures that were not trained on (radius {look1.RADIUS})",
        ("copy", "too little content", "match their original", "different pairs that match", "of pairs"),
        [_row(name, [one[0] for one in askers], [one[number] for one in askers]) for number, name in _numbered()],
    )
    return 0


def _numbered() -> list[tuple[int, str]]:
    return list(enumerate(("original", *COPIES)))


def _row(name: str, originals: Sequence[PictureRecord], copies: Sequence[PictureRecord]) -> tuple[object, ...]:
    flat = np.mean([one.fingerprint is not None and one.fingerprint.flat for one in copies])
    found = np.mean([_match(copy, original) for copy, original in zip(copies, originals, strict=True)])
    pairs = list(combinations(copies[:AGAINST], 2))
    return name, f"{flat:.3f}", f"{found:.3f}", sum(_match(one, other) for one, other in pairs), len(pairs)


def _match(one: PictureRecord, other: PictureRecord) -> bool:
    return one is other or match(Asker.stored(one), other, SETTINGS) is not None


def _askers(picture: Original) -> list[PictureRecord]:
    image = shrunk(picture.image, SIDE)
    make: list[Callable[[Image.Image], Image.Image]] = [lambda one: one, *COPIES.values()]
    return [_record(f"{picture.name} {number}", edit(image)) for number, edit in enumerate(make)]


def _record(name: str, image: Image.Image) -> PictureRecord:
    body = edits.in_file(edits.encoded(image))
    digest = hashlib.sha256(body).hexdigest()
    computed = examine(body, SETTINGS.generation, SETTINGS.limits).fingerprint
    return PictureRecord(ObjectRef("", name), SETTINGS.generation, Outcome.INDEXED, fingerprint=computed, digest=digest)
