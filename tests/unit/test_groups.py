"""Groups are greedy: the best copy takes what matches it, and nothing joins by a chain."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.core.filed import Copy, Filed
from handler.core.groups import BEST_FIRST, RANKS, grouped
from handler.core.matches import Likeness, Pair
from handler.core.model import MatchKind

KINDS = (MatchKind.EXACT, MatchKind.NEAR, MatchKind.ALTERED)


def copy(name: int, width: int = 10, size: int = 100, modified: str = "2026") -> Copy:
    return Copy("pictures", f"{name:02}", None, width, 10, "JPEG", size, modified)


def filed(one: Copy, other: Copy, kind: MatchKind = MatchKind.NEAR) -> Filed:
    (first, a), (second, b) = sorted((f"{each.key}#1", each) for each in (one, other))
    return Filed(Pair(first, second), (a, b), Likeness(kind, 0), first, "2026-01-01T00:00:00+00:00")


@st.composite
def some_pairs(draw: st.DrawFn) -> list[Filed]:
    count = draw(st.integers(2, 8))
    copies = [copy(name, width=draw(st.integers(1, 3))) for name in range(count)]
    both = draw(st.lists(st.sampled_from(list(combinations(copies, 2))), min_size=1, unique=True))
    return [filed(one, other, draw(st.sampled_from(KINDS))) for one, other in both]


@given(some_pairs(), st.randoms(use_true_random=False))
def test_every_copy_matches_its_best_and_is_in_one_group(pairs: list[Filed], random: object) -> None:
    found = grouped(pairs)

    matching = {frozenset(pair.copies): pair for pair in pairs}
    members = [member for group in found for member in (group.best, *group.others)]
    assert len(members) == len(set(members))
    for group in found:
        assert group.others
        assert [matching[frozenset((group.best, other))] for other in group.others] == list(
            group.pairs[: len(group.others)]
        )
        inside = {pair for pair in pairs if set(pair.copies) <= {group.best, *group.others}}
        assert set(group.pairs) == inside
        assert len(group.pairs) == len(inside)
        assert all(order(group.best) < order(other) for other in group.others)
    shuffled = list(pairs)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis types it as an object
    assert grouped(shuffled) == found


@given(some_pairs())
def test_a_copy_is_alone_only_if_all_it_matches_is_in_groups_of_others(pairs: list[Filed]) -> None:
    found = grouped(pairs)

    others = {other for group in found for other in group.others}
    for pair in pairs:
        worse = max(pair.copies, key=order)
        better = min(pair.copies, key=order)
        assert worse in others or better in others


def order(one: Copy) -> tuple[float, float, str, str]:
    return -one.width * one.height, -one.bytes / (one.width * one.height), one.modified, one.key


def test_the_same_picture_is_joined_rather_than_an_altered_one() -> None:
    large, small, worst = copy(1, width=30), copy(2, width=20), copy(3)

    first, second = grouped([filed(large, worst, MatchKind.ALTERED), filed(small, worst), filed(large, copy(4))])

    assert (first.best, first.others) == (large, (copy(4),))
    assert (second.best, second.others) == (small, (worst,))


@pytest.mark.parametrize(
    ("rule", "best"),
    [(BEST_FIRST, 1), (("compression",), 2), (("oldest",), 3), (("largest", "oldest"), 2), (("key",), 0)],
)
def test_the_rule_says_which_is_best(rule: tuple[str, ...], best: int) -> None:
    copies = [copy(0), copy(1, width=20), copy(2, size=900), copy(3, modified="2025")]

    (group,) = grouped([filed(one, other) for one, other in combinations(copies, 2)], rule)

    assert group.best == copies[best]
    assert set(rule) <= set(RANKS)
