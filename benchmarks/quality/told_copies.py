"""Copies of photographs that come later than their original: which are told, and where the others are lost."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import product
from typing import NamedTuple

import numpy as np
from PIL import Image

from benchmarks.quality import framed_copies
from benchmarks.quality.edited_versions import SIDE
from benchmarks.quality.manipulations import MANIPULATIONS, PUBLISHED
from benchmarks.quality.outcomes import COLUMNS, Stages, asker, default_settings, shares, stages
from benchmarks.quality.poor_copies import POOR
from benchmarks.quality.processes import all_cores
from handler.core.asker import Asker
from training.edits import encoded
from training.fixed_edits import FIXED
from training.originals import Original, shrunk
from training.printing import print_table, progress
from training.random_edits import compound, decorated

SEED = 11
RANDOM = 6  # random edits of each picture, of either kind, and crops
IN_COLLAGE = 4  # pictures at most
PUBLISHED_TABLE, EDITS_TABLE, REACH_TABLE = "published", "edits", "reach"

Found = Mapping[tuple[str, str], Sequence[Stages]]  # by table and kind of copy


class Bar(NamedTuple):
    """What share of the copies of one kind is to be reached."""

    share: float
    of_near: bool = False  # told as altered is not enough


BARS: Mapping[str, Bar] = {
    "random compound": Bar(0.90),
    "crop to 78 to 84 %": Bar(0.93),
    "crop to 68 to 75 %": Bar(0.50),
    **{f"each of {n} in a collage, {how}": Bar(0.95) for n, how in product((2, 4), ("squeezed", "cut"))},
    **{f"thumbnail of {side}": Bar(0.98, of_near=True) for side in (32, 48, 64)},
    **{kind: Bar(0.98, of_near=True) for kind in ("JPEG 5", "blur 8", "noise 80", "dithered", "two-bit")},
    "levels x 0.1": Bar(0.95),
    "contrast x 0.1": Bar(0.95),
}
BAR_OF_EDITS, BAR_OF_PUBLISHED = 0.995, 0.92  # of the means


def copies(image: Image.Image, number: int) -> Iterator[tuple[str, str, Image.Image]]:
    """Yield the table, the kind and the picture of each copy of *image*; *number* is its own, for what is drawn."""
    rng = np.random.default_rng([SEED, number])
    for kind, manipulate in MANIPULATIONS.items():
        yield PUBLISHED_TABLE, kind, manipulate(image, rng)
    for kind, edit in FIXED.items():
        yield EDITS_TABLE, kind, edit(image)
    for draw, _ in product((compound, decorated), range(RANDOM)):
        yield REACH_TABLE, f"random {draw.__name__}", draw(image, rng)
    for kind, _ in product(framed_copies.CROPS, range(RANDOM)):
        yield REACH_TABLE, kind, framed_copies.random_crop(image, rng, kind)
    for kind, edit in POOR.items():
        yield REACH_TABLE, kind, edit(image)
    for kind, edit in framed_copies.FIXED.items():
        yield REACH_TABLE, kind, encoded(edit(image))


def found_copies(pictures: Sequence[Original], effort: str) -> Found:
    """Return what becomes of every copy of each of *pictures*, on all processors."""
    around = (
        (number, [pictures[(number + step) % len(pictures)] for step in range(IN_COLLAGE)])
        for number in range(len(pictures))
    )
    found: defaultdict[tuple[str, str], list[Stages]] = defaultdict(list)
    with all_cores() as pool, progress() as bar:
        results = pool.map(partial(_of_picture, effort=effort), around)
        for result in bar.track(results, total=len(pictures), description="copies"):
            for table, kind, seen in result:
                found[table, kind].append(seen)
    return found


def _of_picture(work: tuple[int, Sequence[Original]], effort: str) -> list[tuple[str, str, Stages]]:
    number, pictures = work
    settings = default_settings(effort)
    images = [shrunk(picture.image, SIDE) for picture in pictures]
    originals = [asker(f"original {place}", image, settings) for place, image in enumerate(images)]
    found = [
        (table, kind, stages(asker("copy", copy, settings), originals[0], settings))
        for table, kind, copy in copies(images[0], number)
    ]
    return found + list(_of_collages(images, originals, effort))


def _of_collages(
    images: Sequence[Image.Image], originals: Sequence[Asker], effort: str
) -> Iterator[tuple[str, str, Stages]]:
    settings = default_settings(effort)
    for count, fit in product((2, IN_COLLAGE), (False, True)):
        kind = f"each of {count} in a collage, {'cut' if fit else 'squeezed'}"
        page = asker("collage", encoded(framed_copies.collage(images[:count], fit=fit)), settings)
        yield from ((REACH_TABLE, kind, stages(page, original, settings)) for original in originals[:count])


def print_copies(found: Found, effort: str, pictures: int) -> None:
    """Print what was *found* of copies of so many *pictures*."""
    _print_published(found, effort, pictures)
    rows = [
        _row("39 edits", _all(found, EDITS_TABLE), Bar(BAR_OF_EDITS)),
        *(
            _row(f"  {kind}", seen, None)
            for (table, kind), seen in found.items()
            if table == EDITS_TABLE and np.mean([one.told for one in seen]) < BAR_OF_EDITS
        ),
        *(_row(kind, seen, BARS.get(kind)) for (table, kind), seen in found.items() if table == REACH_TABLE),
    ]
    print_table(
        f"Copies of {pictures} photographs that are told if they come later ({effort})",
        ("copy", *COLUMNS),
        rows,
        note="Told: near or altered; near alone where the bar says so. Edits of the 39 below the bar are listed. "
        "In radius, and check: proposed by hash, and by check bits as well. What a look takes for alike is not told.",
    )


def _print_published(found: Found, effort: str, pictures: int) -> None:
    kinds = [(kind, seen) for (table, kind), seen in found.items() if table == PUBLISHED_TABLE]
    # Every picture is as often in each kind, so that the mean of all is the mean of the kinds.
    mean = _row(f"mean of {len(kinds)}", _all(found, PUBLISHED_TABLE), Bar(BAR_OF_PUBLISHED))
    print_table(
        f"The manipulations of arXiv 2206.00282, of {pictures} photographs that are not the paper's ({effort})",
        ("manipulation", *COLUMNS),
        [*(_row(kind, seen, None) for kind, seen in kinds), mean],
        note="Published means, on BSDS500, without a false positive: "
        + ", ".join(f"{name} {share:.3f}" for name, share in PUBLISHED.items())
        + ".",
    )


def _all(found: Found, table: str) -> list[Stages]:
    return [one for (where, _), seen in found.items() if where == table for one in seen]


def _row(kind: str, seen: Iterable[Stages], bar: Bar | None) -> tuple[str, ...]:
    if bar is None:
        return kind, *shares(list(seen))
    text = f"{bar.share:g} near" if bar.of_near else f"{bar.share:g}"
    return kind, *shares(list(seen), bar=text, of_near=bar.of_near)
