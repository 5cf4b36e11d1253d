"""Pages of groups: all of them once, and how much is read for them."""

from collections.abc import Iterator

import pytest

from handler.core.filed import Filed
from handler.core.groups import BEST_FIRST, GroupFilter
from handler.core.model import Collection, MatchKind
from handler.core.verdicts import NamedObject
from handler.review.groups import Groups
from handler.review.memory import MOST as MOST_SCOPES
from handler.review.memory import SECONDS, Remembered
from tests.deployments import BUCKET, FakeDeployment
from tests.fakes import InMemoryPairs
from tests.pictures import jpeg, photo
from tests.unit.review.conftest import CAT, DIFFERENT, decide


@pytest.mark.parametrize("limit", [1, 5, 12, 100])
def test_pages_together_are_all_groups_once(many: FakeDeployment, limit: int) -> None:
    review, after, found = many.review(), None, []
    while True:
        page = review.groups.page("*", limit=limit, after=after)
        assert page.waiting == 12
        assert len(page.groups) <= limit
        found += page.groups
        after = page.after
        if after is None:
            break

    assert len(found) == 12
    assert [group.place(BEST_FIRST) for group in found] == sorted({group.place(BEST_FIRST) for group in found})


def test_page_goes_on_though_its_last_group_was_decided_meanwhile(many: FakeDeployment) -> None:
    review = many.review()
    everything = review.groups.page("*", limit=100).groups
    first = review.groups.page("*", limit=5)
    for group in first.groups:
        for other in group.others:
            decide(review, NamedObject(*group.best[:2]), NamedObject(*other[:2]), DIFFERENT)

    assert review.groups.page("*", limit=100, after=first.after).groups == everything[5:]


def test_no_group_is_skipped_where_another_one_fell_apart(many: FakeDeployment) -> None:
    review, first = many.review(), NamedObject(BUCKET, "00.jpg")
    everything = {
        copy.key for group in review.groups.page("*", limit=100).groups for copy in (group.best, *group.others)
    }
    many.function().removed(many.delete(first.key))
    found, after = set[str](), None
    while True:
        page = review.groups.page("*", limit=2, after=after)
        found |= {copy.key for group in page.groups for copy in (group.best, *group.others)}
        after = page.after
        if after is None:
            break

    assert found == everything - {first.key}


def test_what_is_gone_hides_nothing_from_a_filter(many: FakeDeployment) -> None:
    exact = GroupFilter(frozenset({MatchKind.EXACT}))
    for number in (0, 4, 8):
        many.function().removed(many.delete(f"{number:02} near.jpg"))

    assert len(many.review().groups.page("*", limit=100, wanted=exact).groups) == 12


def test_group_is_wanted_if_all_its_others_are(many: FakeDeployment) -> None:
    exact = many.review().groups.page("*", limit=100, wanted=GroupFilter(frozenset({MatchKind.EXACT})))

    assert (len(exact.groups), exact.waiting) == (9, 9)
    assert {filed.likeness.kind for group in exact.groups for filed in group.pairs} == {MatchKind.EXACT}
    assert {group.agreement for group in exact.groups} == {1.0}
    sure = many.review().groups.page("*", limit=100, wanted=GroupFilter(agreement=0.98))
    assert sure.groups == exact.groups  # nobody looked at the others


class CountingPairs(InMemoryPairs):
    """Counts how often all that waits is read."""

    read = 0

    def waiting(self, collection: Collection) -> Iterator[Filed]:
        self.read += 1
        return super().waiting(collection)


@pytest.fixture
def counted() -> tuple[FakeDeployment, CountingPairs]:
    pairs = CountingPairs()
    site = FakeDeployment(pairs=pairs)
    for number in range(6):
        for key in (f"{number}.jpg", f"{number} again.jpg"):
            site.upload(key, jpeg(photo(number + 10)))
    return site, pairs


def test_pages_that_follow_read_only_what_they_show(counted: tuple[FakeDeployment, CountingPairs]) -> None:
    site, pairs = counted
    groups, after = site.review().groups, None
    for _ in range(3):
        after = groups.page("*", limit=2, after=after).after

    assert (pairs.read, after) == (1, None)
    groups.page("*", limit=2)
    assert pairs.read == 2  # a first page is of now


def test_page_that_follows_has_what_waits_again(counted: tuple[FakeDeployment, CountingPairs]) -> None:
    site, _ = counted
    review = site.review()
    first = review.groups.page("*", limit=2)
    second = review.groups.page("*", limit=2, after=first.after)
    one, other = (NamedObject(*copy[:2]) for copy in (second.groups[0].best, second.groups[0].others[0]))
    decision = decide(review, one, other, DIFFERENT)
    assert second.groups[0] not in review.groups.page("*", limit=2, after=first.after).groups

    review.decisions.undo("*", [decision.subject])

    assert review.groups.page("*", limit=2, after=first.after).groups == second.groups


def test_what_was_read_is_forgotten_after_a_while() -> None:
    now = 0.0
    remembered = Remembered[str](lambda: now)
    remembered.keep("*", "read")
    assert remembered.get("*") == "read"

    now = SECONDS
    assert remembered.get("*") is None
    for number in range(MOST_SCOPES + 1):
        remembered.keep(f"{number}/", "read")
    assert (remembered.get("0/"), remembered.get("1/")) == (None, "read")


def test_page_and_group_have_no_more_copies_than_an_answer_may_have() -> None:
    site = FakeDeployment()
    for number in range(9):
        site.upload(f"large {number}.jpg", CAT)
    for number in range(3):
        for key in (f"{number}.jpg", f"{number} again.jpg"):
            site.upload(key, jpeg(photo(number + 10)))
    groups, after, found = Groups(site.known(), most_copies=5), None, []
    while True:
        page = groups.page("*", limit=100, after=after)
        assert sum(len(group.others) + 1 for group in page.groups) <= 5
        found += page.groups
        after = page.after
        if after is None:
            break

    assert sorted((len(group.others) + 1, group.more) for group in found) == [(2, 0)] * 3 + [(5, 4)]
    for group in found:
        assert {name for filed in group.pairs for name in filed.pair} == set(group.names)
