"""Looks at files: where both of two asked for the other, the better look counts."""

from dataclasses import replace
from pathlib import Path

from PIL import Image

from handler.cli.album import FoundPair
from handler.cli.looking import decide
from handler.cli.records import record_of
from handler.core.asked import ASKING
from handler.core.matches import Likeness, Match
from handler.core.model import UNTURNED, Limits, MatchKind, PictureRecord, Settings
from tests.pictures import photo, png

SETTINGS = Settings("look1", 16, max_matches=1, scope_depth=0, limits=Limits(), max_looks=1)
ROTATED_BACK = [asking.name for asking in ASKING].index("centre_95 turned 10")


def test_second_look_begins_where_the_other_picture_found_it(tmp_path: Path) -> None:
    scene, far = photo(3, (480, 360)), [asking.name for asking in ASKING].index("bottom_right_50")
    a, b = (of(tmp_path / name, image) for name, image in (("a.png", scene), ("b.png", scene.rotate(10))))
    wrong = FoundPair(a, Match(b, Likeness(MatchKind.ALIKE, 9), view_pair=(far, 0)))
    right = FoundPair(a, Match(b, Likeness(MatchKind.ALIKE, 9), view_pair=(0, ROTATED_BACK)), by_b=True)

    alone, both = decide([wrong, wrong._replace(otherwise=right)], replace(SETTINGS, tell=MatchKind.ALIKE))

    assert alone is not None
    assert both is not None
    assert (alone.kind, both.kind) == (MatchKind.ALIKE, MatchKind.NEAR)
    assert both.record == b


def test_match_is_as_it_was_once_it_is_seen_from_the_other_and_back(tmp_path: Path) -> None:
    a, b = (of(tmp_path / name, photo(3, (480, 360))) for name in ("a.png", "b.png"))

    for orientation, back in UNTURNED.items():
        match = Match(b, Likeness(MatchKind.ALIKE, 3), orientation, (7, 1))
        there = match.from_the_other(a)

        assert (there.record, there.orientation, there.view_pair) == (a, back, (1, 7))
        assert there.from_the_other(b) == match


def of(path: Path, image: Image.Image) -> PictureRecord:
    path.write_bytes(png(image))
    return record_of(str(path), SETTINGS)[0]
