"""Many pictures at once have the matches that `core.policy.match` finds one by one."""

from collections.abc import Callable
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from PIL import Image

from handler.cli.matching import Stored, matches
from handler.core.asker import Asker
from handler.core.fingerprint import examine
from handler.core.model import Fingerprint, Limits, MatchKind, ObjectRef, Outcome, PictureRecord, Settings
from handler.core.policy import match
from tests.pictures import jpeg, near_copy, photo


def asker(number: int, body: bytes, generation: str) -> Asker:
    computed, seen = examine(body, generation, Limits())
    record = PictureRecord(ObjectRef("", str(number)), generation, Outcome.INDEXED, fingerprint=computed)
    return Asker.at_hand(record, seen)


def scenes() -> list[bytes]:
    """Two scenes, many times: crops on which stored views fall or between which they do, turned and mirrored."""
    edits: list[Callable[[Image.Image], Image.Image]] = [
        lambda image: image,
        near_copy,
        lambda image: image.crop((16, 16, 304, 236)),
        lambda image: image.crop((5, 11, 318, 229)),
        lambda image: image.crop((0, 0, 290, 216)),
        lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        lambda image: image.crop((3, 9, 310, 236)).transpose(Image.Transpose.ROTATE_90),
    ]
    return [jpeg(edit(photo(seed))) for seed, edit in product(range(2), edits)]


LOOK1 = Settings("look1", 12, max_matches=1, scope_depth=0, limits=Limits())


@pytest.mark.parametrize(
    "settings",
    [
        LOOK1,
        replace(LOOK1, orientations=(1, 2, 3, 4, 5, 6, 7, 8), radius=16),
        replace(LOOK1, max_looks=40),
        replace(LOOK1, max_looks=40, radius=16, sure_radius=6, orientations=(1, 2)),
        replace(LOOK1, generation="phash1"),
        replace(LOOK1, generation="phash1", max_looks=40, radius=16, sure_radius=4),
    ],
)
def test_each_pair_has_the_match_that_the_policy_finds(settings: Settings) -> None:
    askers = [asker(number, body, settings.generation) for number, body in enumerate(scenes())]
    stored = Stored(len(fingerprint(askers[0]).hashes))
    stored.extend([fingerprint(one) for one in askers[:5]])
    stored.extend([fingerprint(one) for one in askers[5:]])
    asking, rows = np.nonzero(~np.eye(len(askers), dtype=bool))

    met = matches(askers, asking, rows, stored, settings)

    expected = {}
    for pair, (a, b) in enumerate(zip(asking.tolist(), rows.tolist(), strict=True)):
        if one := match(askers[a], askers[b].record, settings):
            expected[pair] = one
    assert met.pairs.tolist() == list(expected)
    assert met.near.tolist() == [one.kind is MatchKind.NEAR for one in expected.values()]
    assert met.distances.tolist() == [one.distance for one in expected.values()]
    assert met.orientations.tolist() == [one.orientation for one in expected.values()]
    assert list(zip(met.mine.tolist(), met.its.tolist(), strict=True)) == [one.view_pair for one in expected.values()]
    for bits, one in zip(met.check_bits.tolist(), expected.values(), strict=True):
        assert bits == -1 if one.check_bits is None else bits >= one.check_bits  # a view's own, if they suffice
    assert len(expected) > len(askers)


def test_nothing_to_compare_matches_nothing() -> None:
    askers = [asker(number, body, "look1") for number, body in enumerate(scenes()[:2])]
    nothing = np.empty(0, np.int64)

    met = matches(askers, nothing, nothing, Stored(14), LOOK1)

    assert [len(column) for column in met] == [0] * len(met)


def fingerprint(one: Asker) -> Fingerprint:
    assert one.record.fingerprint
    return one.record.fingerprint
