"""Different pictures of one family, drawn or in a folder: what share of the pairs is told, as near or as altered."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from functools import partial
from itertools import repeat
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.quality.edited_versions import SIDE
from benchmarks.quality.families import FAMILIES, member
from benchmarks.quality.outcomes import Stages, asker, default_settings, is_blank
from benchmarks.quality.poor_copies import POOR
from benchmarks.quality.processes import all_cores
from benchmarks.quality.shelf import Shelf
from handler.core.asker import Asker
from handler.core.judging import judged
from handler.core.matches import Match
from handler.core.model import MatchKind, PictureRecord
from handler.core.seen import Seen
from training import corpus
from training.originals import Original, shrunk
from training.printing import print_table, progress

WEAK = ("levels x 0.1", "contrast x 0.1", "noise 80", "dithered", "two-bit", "blur 8", "thumbnail of 32")
FIRST = 2000  # member: neither those that chose the thresholds of looks nor those that proved them
OTHER_TEXT = 0.05  # at most, of forms and others of which most is the same: they are rightly told as altered
BARS: Mapping[str, float] = {
    **dict.fromkeys(
        ("QR codes", "barcodes", "pie charts", "posts", "papers on a desk", "bottles on white", "tins on white"), 0.01
    ),
    **dict.fromkeys(("shirts in other colours", "shirts with other prints"), 0.01),
    **dict.fromkeys(("forms", "tickets", "slides", "certificates"), OTHER_TEXT),
}
BAR_OF_FOLDERS = 0.01
COLUMNS = ("family", "pairs", "near", "at most", "altered", "alike", "blank", "in radius", "and check")
TOGETHER = 16  # looks that are handed to a process at once


def print_families(members: int, folders: Sequence[Path], photographs: Sequence[Original], effort: str) -> None:
    """Print what is told of all pairs of so many *members* of each family, of *folders* and of weak *photographs*.

    Those are made poor, each time in one way: if all looked alike then, it would mean nothing to find their copies.
    """
    rows = []
    with all_cores() as pool, progress() as bar:
        for family in bar.track(FAMILIES, description="families"):
            drawn = pool.map(_drawn, repeat(family), range(FIRST, FIRST + members), repeat(effort))
            rows.append(_row(family, list(_pairs(drawn, effort, pool)), BARS.get(family)))
        for folder in folders:
            known = pool.map(partial(_of_file, effort=effort), corpus.pictures_in(folder))
            rows.append(_row(folder.name, list(_pairs(known, effort, pool)), BAR_OF_FOLDERS))
        for kind in bar.track(WEAK if photographs else (), description="weak photographs"):
            known = pool.map(partial(_of_file, effort=effort, kind=kind), photographs)
            rows.append(_row(f"photographs, {kind}", list(_pairs(known, effort, pool)), 0.0))
    print_table(
        f"Different pictures of one family: share of the pairs that is told ({effort})",
        COLUMNS,
        rows,
        note="Near: told as the same picture. Altered, as the same but for a part, is right where most is the same.",
    )


def _drawn(family: str, number: int, effort: str) -> tuple[PictureRecord, Seen | None]:
    return _known(str(number), member(family, number), effort)


def _of_file(picture: Original, effort: str, kind: str | None = None) -> tuple[PictureRecord, Seen | None]:
    image = picture.image if kind is None else POOR[kind](shrunk(picture.image, SIDE))
    return _known(picture.name, image, effort)


def _known(name: str, image: Image.Image, effort: str) -> tuple[PictureRecord, Seen | None]:
    """Return a picture as other processes can be given it."""
    one = asker(name, image, default_settings(effort))
    one.further(effort)
    return one.record, one.seen


def _pairs(known: Iterator[tuple[PictureRecord, Seen | None]], effort: str, pool: Executor) -> Iterator[Stages]:
    """Yield what becomes of each pair of pictures, of which the later one asks."""
    askers = [Asker.at_hand(*one) for one in known]
    seen = {one.record.ref.key: one.seen for one in askers}
    shelf, proposed = Shelf(default_settings(effort)), list[tuple[Match, Seen | None, Seen | None]]()
    compared = candidates = 0
    for one in askers:
        found = shelf.proposals([one])
        compared, candidates = compared + found.pairs, candidates + found.candidates
        proposed += [(match, one.seen, seen[match.record.ref.key]) for _, match in found.matches]
        shelf.add([one])
    for kind in pool.map(_looked, proposed, chunksize=TOGETHER):
        yield Stages(within=True, confirmed=True, kind=kind)
    yield from repeat(Stages(within=True), candidates - len(proposed))
    yield from repeat(Stages(), compared - candidates)
    content = sum(not is_blank(one) for one in askers)
    yield from repeat(Stages(blank=True), len(askers) * (len(askers) - 1) // 2 - content * (content - 1) // 2)


def _looked(pair: tuple[Match, Seen | None, Seen | None]) -> MatchKind:
    match, mine, theirs = pair
    assert mine is not None
    assert theirs is not None
    return judged(match, mine, theirs).kind


def _row(family: str, pairs: Sequence[Stages], bar: float | None) -> tuple[object, ...]:
    kinds = [
        np.mean([one.kind is kind for one in pairs]) for kind in (MatchKind.NEAR, MatchKind.ALTERED, MatchKind.ALIKE)
    ]
    stages = [np.mean(share) for share in zip(*((one.blank, one.within, one.confirmed) for one in pairs), strict=True)]
    near, *others = (f"{share:.3f}" for share in (*kinds, *stages))
    return family, len(pairs), near, "" if bar is None else f"{bar:g}", *others
