import json
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import pytest

from handler.cli.errors import CommandError
from handler.cli.job_report import Line, groups, table, write
from handler.core.filed import Copy, Filed
from handler.core.matches import Likeness, Pair
from handler.core.model import Collection, MatchKind

SCOPES = Collection("a/", "look1"), Collection("b/", "look1")


def copy(key: str, width: int = 10) -> Copy:
    return Copy("bucket", key, None, width, 10, "JPEG", 100, "2026-01-01T00:00:00+00:00")


def filed(one: Copy, other: Copy) -> Filed:
    (first, one), (second, other) = sorted([(f"{one.key}#1", one), (f"{other.key}#1", other)])
    return Filed(Pair(first, second), (one, other), Likeness(MatchKind.NEAR, 2, 0.98), first, "2026")


class OpenOnes:
    def __init__(self, **pairs: list[Filed]) -> None:
        self._pairs = pairs

    def waiting(self, collection: Collection) -> Iterator[Filed]:
        yield from self._pairs[collection.scope[0]]


def pairs_of(lines: list[Line]) -> list[list[str]]:
    """The keys of each pair in *lines*."""
    found = []
    for line in lines:
        members = [line["best"], *line["others"]]
        found += [sorted(members[number]["key"] for number in pair) for pair in line["pairs"]]
    return sorted(found)


def test_best_copy_comes_first_and_every_pair_of_a_family_is_there_once() -> None:
    family = [copy(f"{width}.jpg", width) for width in (10, 30, 20)]
    waiting = [filed(*pair) for pair in combinations(family, 2)]

    (line,) = groups(OpenOnes(a=waiting), SCOPES[:1], lambda _: True)

    assert [line["best"]["key"], *(one["key"] for one in line["others"])] == ["30.jpg", "20.jpg", "10.jpg"]
    assert pairs_of([line]) == [["10.jpg", "20.jpg"], ["10.jpg", "30.jpg"], ["20.jpg", "30.jpg"]]


def test_what_matches_a_copy_of_the_best_alone_has_a_group_with_that_one() -> None:
    best, crop, crop_of_crop = copy("best.jpg", 30), copy("crop.jpg", 20), copy("small.jpg", 10)

    found = list(groups(OpenOnes(a=[filed(best, crop), filed(crop, crop_of_crop)]), SCOPES[:1], lambda _: True))

    assert pairs_of(found) == [["best.jpg", "crop.jpg"], ["crop.jpg", "small.jpg"]]
    assert [line["best"]["key"] for line in found] == ["best.jpg", "crop.jpg"]


def test_groups_of_other_pictures_and_other_scopes_are_told_apart() -> None:
    waiting = OpenOnes(
        a=[filed(copy("a1"), copy("a2")), filed(copy("x1"), copy("x2"))], b=[filed(copy("b1"), copy("x3"))]
    )

    found = list(groups(waiting, SCOPES, lambda one: one.key[0] in "ab"))

    assert [(line["scope"], pairs_of([line])) for line in found] == [("a/", [["a1", "a2"]]), ("b/", [["b1", "x3"]])]


def test_file_has_a_line_for_each_group_and_is_there_when_it_is_whole(tmp_path: Path) -> None:
    waiting = OpenOnes(a=[filed(copy("a1"), copy("a2"))])
    path = tmp_path / "groups.jsonl"

    written = write(path, groups(waiting, SCOPES[:1], lambda _: True))

    (line,) = map(json.loads, path.read_text().splitlines())
    assert written == [line]
    assert (line["schema"], line["group"]) == ("lookalike.group/1", 1)
    assert list(tmp_path.iterdir()) == [path]


def test_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"missing/groups\.jsonl cannot be written: No such file"):
        write(tmp_path / "missing" / "groups.jsonl", [])


def test_table_says_what_is_not_known_by_a_dash() -> None:
    bare = Copy("bucket", "bare.jpg", None, 0, 0, "", 0, "")

    (line,) = groups(OpenOnes(a=[filed(copy("a.jpg"), bare)]), SCOPES[:1], lambda _: True)
    rows = table([{"group": 1} | line])

    assert line["others"][0]["width"] is line["others"][0]["bytes"] is line["others"][0]["modified"] is None
    assert rows[2].split() == ["s3://bucket/bare.jpg", "1", "near", "0.980", "-", "-", "-"]
