"""Taking decisions back, over an index that lags behind."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from handler.core.matches import Pair
from handler.core.model import Collection
from handler.core.verdicts import Decision, Placed, Subject, Verdict
from handler.review.decisions import Decisions, Judged, Said, ShownObject
from handler.review.service import Review
from tests.deployments import FakeDeployment
from tests.fakes import InMemoryPairs, InMemoryVerdicts
from tests.pictures import jpeg, photo
from tests.unit.review.conftest import (
    CAT,
    COPY,
    DIFFERENT,
    NEAR,
    ONE,
    TWO,
    decide,
    deletable,
    keys,
    waiting,
)


def test_undone_decision_puts_the_pair_back(review: Review) -> None:
    decision = decide(review, NEAR, ONE, DIFFERENT)

    assert review.decisions.undo_named(ONE, NEAR) == [decision]
    assert review.decisions.undo_named(ONE, NEAR) == []
    assert [set(group) for group in keys(review)] == [{"one.jpg", "two.jpg", "near.jpg"}]


def test_what_was_decided_at_once_is_undone_at_once(review: Review) -> None:
    undone = [decide(review, NEAR, ONE, DIFFERENT)]
    kept = decide(review, ONE, TWO, DIFFERENT._replace(batch="yesterday"))

    assert review.decisions.undo_batch("*", "today") == (undone, None)
    assert list(review.decisions.listed("*")) == [kept]
    assert [set(group) for group in keys(review)] in ([{"one.jpg", "near.jpg"}], [{"near.jpg", "one.jpg", "two.jpg"}])


def test_every_pair_that_a_verdict_put_aside_waits_again_once_it_is_undone(
    review: Review, site: FakeDeployment
) -> None:
    everything = waiting(site)
    for one, other in ((NEAR, ONE), (NEAR, TWO), (ONE, TWO)):
        decide(review, one, other, DIFFERENT)
    assert (waiting(site), keys(review)) == (set(), [])

    assert len(review.decisions.undo_batch("*", "today").decisions) == 2  # by content both near pairs are one

    assert waiting(site) == everything


def test_pairs_that_a_page_put_aside_wait_again_as_well(review: Review, site: FakeDeployment) -> None:
    everything = waiting(site)
    decide(review, NEAR, ONE, DIFFERENT)
    keys(review)

    review.decisions.undo_named(ONE, NEAR)

    assert waiting(site) == everything


class UndoneMeanwhile(InMemoryPairs):
    """Somebody takes the verdict back just before its pair is set aside."""

    undo: Callable[[], object] = staticmethod(lambda: None)

    def set_aside(self, collection: Collection, pair: Pair, subject: Subject) -> None:
        self.undo()
        super().set_aside(collection, pair, subject)


def test_pair_is_not_forgotten_if_its_verdict_is_taken_back_meanwhile() -> None:
    pairs = UndoneMeanwhile()
    site = FakeDeployment(pairs=pairs)
    for named, body in ((ONE, CAT), (NEAR, COPY)):
        site.upload(named.key, body)
    records = site.catalog.get(site.collection, [site.event(named.key).object_id for named in (ONE, NEAR)])
    pairs.undo = lambda: site.verdicts.take_back("*", Subject.of(*records))

    decide(site.review(), ONE, NEAR, DIFFERENT)

    assert len(waiting(site)) == 1


@pytest.mark.parametrize("happens", ["deleted", "overwritten", "renamed"])
def test_decision_is_taken_back_by_content_though_a_picture_is_gone(
    site: FakeDeployment, review: Review, happens: str
) -> None:
    decision = decide(review, ONE, NEAR, DIFFERENT)
    if happens == "overwritten":
        site.upload(NEAR.key, jpeg(photo(3)))
    else:
        site.function().removed(site.delete(NEAR.key))
    if happens == "renamed":
        site.upload("renamed.jpg", COPY)

    assert review.decisions.undo("*", [decision.subject]) == [decision]

    assert list(review.decisions.listed("*")) == []
    assert len(site.function().created(site.put("again.jpg", COPY)).matches) >= 2


def test_undone_decision_brings_back_the_one_before(site: FakeDeployment, review: Review) -> None:
    decide(review, ONE, TWO, DIFFERENT)
    everything = waiting(site)
    kept = decide(review, ONE, NEAR, Judged(Verdict.KEEP_BOTH, by="jane", batch="first"))
    latest = decide(review, NEAR, ONE, Judged(Verdict.KEEP_ONE, by="joe", kept=ONE, batch="second"))
    assert deletable(review) == {(NEAR, ONE)}

    (undone,) = review.decisions.undo_batch("*", "second").decisions

    assert undone == latest.chain[0]
    assert (kept in review.decisions.listed("*"), deletable(review)) == (True, set())
    assert keys(review) == []  # what stands again keeps the pair out of review
    review.decisions.undo_batch("*", "first")
    assert waiting(site) == everything


class Lagging(InMemoryVerdicts):
    """Its index has only what was decided before the year 2000."""

    def all(self, scope: str, before: Placed | None = None, *, at_once: int = 100) -> Iterator[Decision]:
        return (one for one in super().all(scope, before, at_once=at_once) if one.at < "2000")


def test_batch_is_undone_though_the_index_has_nothing_of_it_yet(many: FakeDeployment) -> None:
    many.verdicts = Lagging()
    review, everything = many.review(), waiting(many)
    said = [
        Said(ShownObject(*group.best[:2]), ShownObject(*other[:2]), DIFFERENT._replace(batch="rule"))
        for group in review.groups.page("*", limit=100).groups
        for other in group.others
    ]
    stored = review.decisions.decide(said)
    assert keys(review) == []

    undone = review.decisions.undo_batch("*", "rule")

    assert (set(undone.decisions), undone.after) == (set(stored), None)
    assert waiting(many) == everything


def test_what_was_taken_back_but_not_reopened_is_reopened_the_next_time(review: Review, site: FakeDeployment) -> None:
    everything = waiting(site)
    decision = decide(review, ONE, NEAR, DIFFERENT)
    site.verdicts.take_back("*", decision.subject)  # and here it crashed

    review.decisions.undo_batch("*", "today")

    assert waiting(site) == everything


def test_undoing_goes_on_until_every_pair_waits_again(site: FakeDeployment, review: Review) -> None:
    everything = waiting(site)
    for other in (NEAR, TWO):
        decide(review, ONE, other, DIFFERENT)
    keys(review)
    decisions, rounds, after = Decisions(site.known(), most_reopened=1), 0, None
    while True:
        rounds += 1
        _, after = decisions.undo_batch("*", "today", after)
        if after is None:
            break

    assert rounds > 1
    assert waiting(site) == everything


def test_batch_is_listed_page_by_page_each_decision_once(many: FakeDeployment) -> None:
    seconds = count()
    review = many.review(clock=lambda: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=next(seconds)))
    said = [
        Said(ShownObject(*group.best[:2]), ShownObject(*group.others[0][:2]), DIFFERENT._replace(batch="rule"))
        for group in review.groups.page("*", limit=100).groups
    ]
    for some in (said[:5], said[5:], said):  # what failed half-way is sent again
        stored = review.decisions.decide(some)
    review.decisions.undo("*", [stored[0].subject])

    found, after = list[Decision](), None
    while True:
        part, after = review.decisions.of_batch("*", "rule", after, limit=4)
        found += part
        if after is None:
            break

    assert found == stored[1:]
    assert review.decisions.of_batch("*", "another", None, limit=4) == ([], None)
