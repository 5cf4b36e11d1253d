"""False positives: versions of photographs, edited in all ways, against versions of all other photographs.

Originals that show one scene are no strangers. Where a pair is told, their originals are looked at as well, at their
nearest views and whatever the distance: if those agree too, both may be of one scene, and somebody has to look.
"""

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from PIL import Image

from benchmarks.quality import framed_copies
from benchmarks.quality.edited_versions import SIDE
from benchmarks.quality.manipulations import MANIPULATIONS, Manipulation
from benchmarks.quality.outcomes import asker, default_settings, is_blank, look
from benchmarks.quality.poor_copies import POOR
from benchmarks.quality.processes import all_cores
from benchmarks.quality.shelf import Shelf
from handler.core.asker import Asker
from handler.core.matches import Likeness, Match
from handler.core.model import MatchKind, PictureRecord
from handler.core.policy import closest
from handler.core.seen import Seen
from training.edits import Edit, encoded
from training.originals import Original, shrunk
from training.printing import console, print_table, progress
from training.random_edits import compound, decorated

SEED = 17
MARGIN = 1.1  # times as many pairs, as some versions have too little content
SHOWN = 40  # pairs that are told, one a line

Version = tuple[int, int]  # the picture's number, and the version's


class Told(NamedTuple):
    """What a look says of two versions of different pictures."""

    asking: Version
    stored: Version
    kind: MatchKind
    agreement: float
    of_originals: float  # how well those agree


def _encoded(image: Image.Image, _rng: np.random.Generator, edit: Edit) -> Image.Image:
    return encoded(edit(image))


RANDOM: Mapping[str, Manipulation] = {"compound": compound, "decorated": decorated}
OTHERS: Mapping[str, Manipulation] = {
    **MANIPULATIONS,
    **{kind: partial(_encoded, edit=edit) for kind, edit in {**POOR, **framed_copies.FIXED}.items()},
    **{kind: partial(framed_copies.random_crop, kind=kind) for kind in framed_copies.CROPS},
}


def kind_of(number: int, place: int) -> str:
    """Return how a version of picture *number* is edited: not at place 0, then at random and in every other way."""
    if place == 0:
        return "original"
    kinds, turn = (tuple(RANDOM), place // 2) if place % 2 else (tuple(OTHERS), number * 7 + place // 2)
    return kinds[turn % len(kinds)]  # neighbours differ: else all pictures would be compared in the same few ways


def version(image: Image.Image, number: int, place: int) -> Image.Image:
    """Return that version of picture *number*."""
    edit = {**RANDOM, **OTHERS}.get(kind_of(number, place))
    return image if edit is None else edit(image, np.random.default_rng([SEED, number, place]))


def print_strangers(pictures: Sequence[Original], pairs: int, effort: str) -> None:
    """Compare at least so many *pairs* of versions of different *pictures*, and print what is told."""
    places = math.ceil(math.sqrt(2 * MARGIN * pairs / (len(pictures) * (len(pictures) - 1))))
    compared, candidates, proposed = _proposed(pictures, places, effort)
    with all_cores() as pool, progress() as bar:
        work = (((pictures[a[0]], a), (pictures[b[0]], b), match) for a, b, match in proposed)
        results = pool.map(partial(_looked, effort=effort), work)
        looked = list(bar.track(results, total=len(proposed), description="looks at strangers"))
    counts = [sum(one.kind is kind for one in looked) for kind in (MatchKind.NEAR, MatchKind.ALTERED)]
    print_table(
        f"False positives among {len(pictures)} photographs, {places} versions each ({effort})",
        ("pairs of versions of different photographs", "in radius", "and check: looks", "near", "altered", "bar"),
        [(f"{compared:,}", f"{candidates:,}", f"{len(proposed):,}", *counts, "none")],
        note="Of each pair the later version asks. Versions with too little content are not counted.",
    )
    told = [one for one in looked if one.kind is not MatchKind.ALIKE]
    for one in told[:SHOWN]:
        (a, at), (b, there) = one.asking, one.stored
        console.print(
            f"  {one.kind.value} {one.agreement:.2f} (their originals {one.of_originals:.2f}): "
            f"{pictures[a].name}, {kind_of(a, at)}; {pictures[b].name}, {kind_of(b, there)}",
            markup=False,
            soft_wrap=True,
        )


def _proposed(
    pictures: Sequence[Original], places: int, effort: str
) -> tuple[int, int, list[tuple[Version, Version, Match]]]:
    """Return how many pairs were compared, how many were within the radius, and which are looked at."""
    shelf = Shelf(default_settings(effort))
    compared = candidates = 0
    proposed = list[tuple[Version, Version, Match]]()
    with all_cores() as pool, progress() as bar:
        results = pool.map(partial(_versions, places=places, effort=effort), pictures, range(len(pictures)))
        for known in bar.track(results, total=len(pictures), description="versions"):
            askers = [Asker.at_hand(*one) for one in known]
            found = shelf.proposals(askers)  # before its own versions are there
            shelf.add(askers)
            compared, candidates = compared + found.pairs, candidates + found.candidates
            for place, match in found.matches:
                proposed.append((_version_of(askers[place].record), _version_of(match.record), match))
    return compared, candidates, proposed


def _version_of(record: PictureRecord) -> Version:
    number, _, place = record.ref.key.partition(" ")
    return int(number), int(place)


def _versions(picture: Original, number: int, places: int, effort: str) -> list[tuple[PictureRecord, Seen | None]]:
    askers = [_asker(picture, (number, place), effort) for place in range(places)]
    for one in askers:
        if not is_blank(one):
            one.further(effort)
    return [(one.record, one.seen) for one in askers]


def _asker(picture: Original, one: Version, effort: str) -> Asker:
    number, place = one
    image = version(shrunk(picture.image, SIDE), number, place)
    return asker(f"{number} {place}", image, default_settings(effort))


def _looked(work: tuple[tuple[Original, Version], tuple[Original, Version], Match], effort: str) -> Told:
    (mine, a), (theirs, b), match = work
    kind, agreement = _decided(match, _asker(mine, a, effort), _asker(theirs, b, effort))
    if kind is MatchKind.ALIKE:
        return Told(a, b, kind, agreement, 0.0)
    originals = [_asker(picture, (number, 0), effort) for picture, (number, _) in ((mine, a), (theirs, b))]
    nearest = closest(originals[0], originals[1].record, default_settings(effort))
    met = Match(
        originals[1].record, Likeness(MatchKind.ALIKE, nearest.distance), nearest.orientation, nearest.view_pair
    )
    return Told(a, b, kind, agreement, _decided(met, *originals)[1])


def _decided(match: Match, one: Asker, other: Asker) -> tuple[MatchKind, float]:
    likeness = look(match, one, other).likeness
    return likeness.kind, likeness.agreement or 0.0
