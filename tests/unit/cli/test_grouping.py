"""Groups: each a best copy and what matches it, by as few looks as that takes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from handler.cli.album import FoundPair
from handler.cli.findings import copies
from handler.cli.grouping import Grouping, worth
from handler.core.matches import Likeness, Match
from handler.core.model import Fingerprint, Limits, MatchKind, ObjectRef, Outcome, PictureRecord, Settings

NEAR, ALTERED, ALIKE, EXACT = MatchKind.NEAR, MatchKind.ALTERED, MatchKind.ALIKE, MatchKind.EXACT


def record(path: str, width: int = 100, size: int = 1000, modified: str = "2026") -> PictureRecord:
    return PictureRecord(
        ObjectRef("", path),
        "look1",
        Outcome.INDEXED,
        fingerprint=Fingerprint(0, "look1", width=width, height=100, format="PNG"),
        bytes=size,
        modified=modified,
    )


def settings(max_looks: int = 40) -> Settings:
    return Settings("look1", 12, max_matches=1, scope_depth=0, limits=Limits(), max_looks=max_looks)


class Eyes:
    """Looks by a table of kinds: what is in no line of it is only alike."""

    def __init__(self, kinds: Mapping[frozenset[str], MatchKind]) -> None:
        self._kinds = kinds
        self.looks = Counter[frozenset[str]]()

    def __call__(self, found: Sequence[FoundPair]) -> list[Match | None]:
        return [self._look(one) for one in found]

    def _look(self, one: FoundPair) -> Match | None:
        pair = frozenset((one.a.ref.key, one.b.ref.key))
        self.looks[pair] += 1
        kind = self._kinds.get(pair, ALIKE)
        likeness = Likeness(kind, one.match.distance, agreement=0.9)
        return replace(one.match, likeness=likeness) if kind is not ALIKE else None


def found(one: PictureRecord, other: PictureRecord, distance: int = 3, kind: MatchKind = NEAR) -> FoundPair:
    return FoundPair(one, Match(other, Likeness(kind, distance)))


def all_found(records: Sequence[PictureRecord]) -> list[FoundPair]:
    return [found(later, earlier) for earlier, later in combinations(records, 2)]


def pair(one: str, other: str) -> frozenset[str]:
    return frozenset((one, other))


def test_best_copy_has_most_pixels_then_is_least_compressed_then_oldest_then_first_by_name() -> None:
    records = [
        record("e", width=200, size=10),
        record("d", size=2000),
        record("c", modified="2025"),
        record("a"),
        record("b"),
    ]

    assert [one.ref.key for one in sorted(records, key=worth)] == ["e", "d", "c", "a", "b"]


def test_group_holds_what_matches_its_best_and_not_what_chains_to_it() -> None:
    """b matches a, and c matches b alone: c is a copy of nothing that is kept, so it is shown beside b."""
    a, b, c = records = [record(path, width=300 - 10 * number) for number, path in enumerate("abc")]
    eyes = Eyes({pair("a", "b"): NEAR, pair("b", "c"): NEAR})

    grouped = Grouping(settings(), eyes).among(records, [found(b, a), found(c, b)])

    assert [(group.best, [one.a for one in group.others]) for group in grouped.groups] == [(a, [b]), (b, [c])]
    assert [(one.a.ref.key, one.b.ref.key, number) for one, number in grouped.pairs] == [
        ("b", "a", 1),
        ("c", "b", 2),
    ]
    assert [copy.ref.key for copy in copies(grouped.groups)] == ["c"]  # b stays, since c is a copy of it alone


def test_picture_joins_the_group_of_the_same_picture_rather_than_of_an_altered_one() -> None:
    records = [record(path, width=300 - 10 * number) for number, path in enumerate(["form", "same", "copy"])]
    form, same, copy = records
    eyes = Eyes({pair("copy", "form"): ALTERED, pair("copy", "same"): NEAR})

    nearest_is_altered = [found(copy, form, 1), found(copy, same, 5)]

    first, second = Grouping(settings(), eyes).among(records, nearest_is_altered).groups
    assert (first.best, [one.a for one in first.others]) == (same, [copy])
    assert (second.best, [one.a for one in second.others]) == (form, [copy])


def test_copies_of_one_picture_are_each_looked_at_once() -> None:
    records = [record(f"{number:02}") for number in range(30)]
    eyes = Eyes({pair(one.ref.key, other.ref.key): NEAR for one, other in combinations(records, 2)})

    grouped = Grouping(settings(), eyes).among(records, all_found(records))

    assert sum(eyes.looks.values()) == 29
    assert len(grouped.pairs) == 30 * 29 / 2
    assert {number for _, number in grouped.pairs} == {1}
    assert [one.match.likeness.agreement is None for one, _ in grouped.pairs].count(False) == 29


def test_two_altered_copies_of_one_picture_are_looked_at_themselves() -> None:
    records = [record(path, width=300 - 10 * number) for number, path in enumerate(["form", "one", "other", "third"])]
    eyes = Eyes({pair("form", name): ALTERED for name in ("one", "other", "third")} | {pair("one", "third"): NEAR})

    grouped = Grouping(settings(), eyes).among(records, all_found(records))

    told = {pair(one.a.ref.key, one.b.ref.key): (one.match.kind, number) for one, number in grouped.pairs}
    assert told == {pair("form", name): (ALTERED, 1) for name in ("one", "other", "third")} | {
        pair("one", "third"): (NEAR, 1)
    }


def test_equal_bytes_are_not_looked_at() -> None:
    records = [record("a"), record("b")]
    eyes = Eyes({})

    grouped = Grouping(settings(), eyes).among(records, [found(records[1], records[0], 0, EXACT)])

    assert (len(grouped.groups), eyes.looks) == (1, {})


def test_beyond_the_bound_what_is_known_decides() -> None:
    records = [record(f"{number:02}") for number in range(6)]
    eyes = Eyes({})
    last = [found(records[5], other, kind=ALIKE if other.ref.key == "03" else NEAR) for other in records[:5]]

    grouped = Grouping(settings(max_looks=2), eyes).among(records, last)

    assert sum(eyes.looks.values()) == 2
    assert [one.b.ref.key for one, _ in grouped.pairs] == ["02", "04"]


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[PictureRecord], list[FoundPair], dict[frozenset[str], MatchKind]]:
    records = [record(f"{number:02}", width=draw(st.integers(1, 4))) for number in range(draw(st.integers(2, 9)))]
    pairs = draw(st.lists(st.sampled_from(list(combinations(records, 2))), unique=True))
    edges = [found(later, earlier, draw(st.integers(0, 12))) for earlier, later in pairs]
    kinds = {pair(one.a.ref.key, one.b.ref.key): draw(st.sampled_from([NEAR, ALTERED, ALIKE])) for one in edges}
    return sorted(records, key=worth), edges, kinds


@given(cases(), st.randoms())
def test_whatever_the_order_every_pair_is_told_once_and_every_member_matches_its_best(
    case: tuple[list[PictureRecord], list[FoundPair], dict[frozenset[str], MatchKind]], random: Random
) -> None:
    order, edges, kinds = case
    eyes = Eyes(kinds)

    grouped = Grouping(settings(), eyes).among(order, edges)

    members = set[str]()
    for group in grouped.groups:
        for one in group.others:
            names = pair(one.a.ref.key, one.b.ref.key)
            (member,) = names - {group.best.ref.key}
            assert one.match.kind is kinds[names] is not ALIKE
            assert order.index(group.best) < [record.ref.key for record in order].index(member)
            members |= names
    assert members == {name for names, kind in kinds.items() if kind is not ALIKE for name in names}
    gone = {copy.ref.key for copy in copies(grouped.groups)}
    near = [names for names, kind in kinds.items() if kind is NEAR]
    assert all(any(name in names and names - gone - {name} for names in near) for name in gone)
    told = [pair(one.a.ref.key, one.b.ref.key) for one, _ in grouped.pairs]
    assert len(told) == len(set(told))
    assert {names for names, kind in kinds.items() if kind is not ALIKE} <= set(told)
    assert max(eyes.looks.values(), default=0) <= 1
    shuffled = edges[:]
    random.shuffle(shuffled)
    again = Grouping(settings(), Eyes(kinds)).among(order, shuffled)
    assert [(group.best, {one.a.ref.key for one in group.others}) for group in again.groups] == [
        (group.best, {one.a.ref.key for one in group.others}) for group in grouped.groups
    ]
