"""Reviews: groups as they are now, decisions and taking them back, over an index that lags behind."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from handler.core.groups import BEST_FIRST, Wanted
from handler.core.matches import Pair
from handler.core.model import Collection, MatchKind
from handler.core.verdicts import NamedObject, Subject, Verdict
from handler.review import Judged, NotThere, Review
from tests.deployments import BUCKET, FakeDeployment
from tests.fakes import InMemoryPairs
from tests.pictures import jpeg, near_copy, photo

CAT, COPY = jpeg(photo(1)), jpeg(near_copy(photo(1)))
ONE, TWO, NEAR = (NamedObject(BUCKET, key) for key in ("one.jpg", "two.jpg", "near.jpg"))
DIFFERENT = Judged(Verdict.DIFFERENT, by="somebody", note="why", batch="today")


@pytest.fixture
def site() -> FakeDeployment:
    """Two equal files and a near copy, so three pairs."""
    deployment = FakeDeployment()
    for named, body in ((ONE, CAT), (TWO, CAT), (NEAR, COPY)):
        deployment.upload(named.key, body)
    return deployment


@pytest.fixture
def review(site: FakeDeployment) -> Review:
    return Review(pairs=site.pairs, verdicts=site.verdicts, catalog=site.catalog, settings=site.settings)


def keys(review: Review) -> list[tuple[str, ...]]:
    return [(group.best.key, *(copy.key for copy in group.others)) for group in review.page("*", limit=10).groups]


def test_announced_pairs_wait_as_groups(review: Review) -> None:
    (group,) = review.page("*", limit=10).groups

    assert (len(group.others), len(group.pairs)) == (2, 3)
    assert {filed.likeness.kind for filed in group.pairs} == {MatchKind.EXACT, MatchKind.NEAR}
    assert (group.kind, group.agreement) == (MatchKind.NEAR, None)


def test_decided_pair_leaves_its_group(review: Review) -> None:
    decision = review.decide(NEAR, ONE, DIFFERENT)

    assert (decision.verdict, decision.by, decision.note, decision.kept) == (Verdict.DIFFERENT, "somebody", "why", None)
    assert set(decision.objects) == {ONE, NEAR}
    # By content: the other equal file with the near copy is decided with it.
    assert keys(review) == [("one.jpg", "two.jpg")]
    review.decide(ONE, TWO, Judged(Verdict.KEEP_ONE, by="somebody", kept=ONE))
    assert keys(review) == []
    assert review.page("*", limit=10) == ([], None, 0)


def test_decision_names_what_is_kept(review: Review, site: FakeDeployment) -> None:
    by_content = review.decide(NEAR, ONE, Judged(Verdict.KEEP_ONE, by="somebody", kept=ONE))
    by_object = review.decide(TWO, ONE, Judged(Verdict.KEEP_ONE, by="somebody", kept=TWO))

    (one, two) = site.catalog.get(site.collection, [site.event(named.key).object_id for named in (ONE, TWO)])
    assert (by_content.kept, by_object.kept) == (one.digest, two.ref.object_id)


def test_deciding_again_changes_nothing(review: Review) -> None:
    first = review.decide(NEAR, ONE, DIFFERENT)

    assert review.decide(ONE, NEAR, replace_by(DIFFERENT, "somebody else")) == first
    assert list(review.decisions("*")) == [first]


def replace_by(judged: Judged, by: str) -> Judged:
    return judged._replace(by=by)


def test_decision_of_others_closes_what_the_index_still_has(review: Review, site: FakeDeployment) -> None:
    review.decide(NEAR, ONE, DIFFERENT)
    for _, pair in site.pairs.items:
        site.pairs.reopen(site.collection, pair)  # as if its closing had not reached the index yet
    assert len(list(site.pairs.waiting(site.collection))) == 3

    assert keys(review) == [("one.jpg", "two.jpg")]

    assert len(list(site.pairs.waiting(site.collection))) == 1


@pytest.mark.parametrize("happens", ["deleted", "overwritten"])
def test_group_closes_when_its_pictures_are_gone(review: Review, site: FakeDeployment, happens: str) -> None:
    for named in (TWO, NEAR):
        if happens == "deleted":
            site.function().removed(site.delete(named.key))
        else:
            site.upload(named.key, jpeg(photo(2 if named is TWO else 3)))

    assert keys(review) == []
    assert review.page("*", limit=10) == ([], None, 0)


def test_undone_decision_puts_the_pair_back(review: Review) -> None:
    decision = review.decide(NEAR, ONE, DIFFERENT)

    assert review.undo(ONE, NEAR) == decision
    assert review.undo(ONE, NEAR) is None
    assert [set(group) for group in keys(review)] == [{"one.jpg", "two.jpg", "near.jpg"}]


def test_what_was_decided_at_once_is_undone_at_once(review: Review) -> None:
    undone = [review.decide(NEAR, ONE, DIFFERENT)]
    kept = review.decide(ONE, TWO, replace_batch(DIFFERENT, "yesterday"))

    assert list(review.undo_all("*", "today")) == undone
    assert list(review.decisions("*")) == [kept]
    assert [set(group) for group in keys(review)] in ([{"one.jpg", "near.jpg"}], [{"near.jpg", "one.jpg", "two.jpg"}])


def replace_batch(judged: Judged, batch: str) -> Judged:
    return judged._replace(batch=batch)


def waiting(site: FakeDeployment) -> set[frozenset[str]]:
    return {frozenset(copy.key for copy in filed.copies) for filed in site.pairs.waiting(site.collection)}


def test_every_pair_that_a_verdict_put_aside_waits_again_once_it_is_undone(
    review: Review, site: FakeDeployment
) -> None:
    everything = waiting(site)
    for one, other in ((NEAR, ONE), (NEAR, TWO), (ONE, TWO)):
        review.decide(one, other, DIFFERENT)
    assert (waiting(site), keys(review)) == (set(), [])

    assert len(list(review.undo_all("*", "today"))) == 2  # by content both near pairs are one

    assert waiting(site) == everything


def test_pairs_that_a_page_put_aside_wait_again_as_well(review: Review, site: FakeDeployment) -> None:
    everything = waiting(site)
    review.decide(NEAR, ONE, DIFFERENT)
    keys(review)

    review.undo(ONE, NEAR)

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
    pairs.undo = lambda: site.verdicts.drop("*", Subject.of(*records))

    reviewed(site).decide(ONE, NEAR, DIFFERENT)

    assert len(waiting(site)) == 1


def test_none_is_to_go_for_a_picture_that_nobody_has_seen_beside_it(review: Review, site: FakeDeployment) -> None:
    site.upload(NEAR.key, jpeg(photo(3)))

    with pytest.raises(ValueError, match="look at them again"):
        review.decide(ONE, NEAR, Judged(Verdict.KEEP_ONE, by="somebody", kept=ONE))

    assert list(review.to_delete("*")) == []


def test_deciding_about_what_was_never_told_leaves_no_pair(site: FakeDeployment, review: Review) -> None:
    site.upload("dog.jpg", jpeg(photo(2)))
    dog = NamedObject(BUCKET, "dog.jpg")

    review.decide(ONE, dog, DIFFERENT)
    review.undo(ONE, dog)

    records = site.catalog.get(site.collection, [site.event(named.key).object_id for named in (ONE, dog)])
    assert site.pairs.noted(site.collection, [Pair.of(*records)]) == {}


@pytest.mark.parametrize(
    "judged",
    [
        Judged(Verdict.KEEP_ONE, by="somebody"),
        Judged(Verdict.KEEP_ONE, by="somebody", kept=TWO),
        Judged(Verdict.KEEP_BOTH, by="somebody", kept=ONE),
        Judged(Verdict.DIFFERENT, by="somebody", kept=TWO),
    ],
)
def test_one_of_the_two_is_kept_or_none(review: Review, judged: Judged) -> None:
    with pytest.raises(ValueError, match="want one of the two"):
        review.decide(ONE, NEAR, judged)


def test_pictures_of_two_scopes_and_unknown_ones_cannot_be_decided_about(site: FakeDeployment) -> None:
    by_folder = replace(site.settings, scope_depth=1)
    scoped = Review(pairs=site.pairs, verdicts=site.verdicts, catalog=site.catalog, settings=by_folder)

    with pytest.raises(ValueError, match="one scope"):
        scoped.decide(NamedObject(BUCKET, "a/one.jpg"), NamedObject(BUCKET, "b/one.jpg"), DIFFERENT)
    with pytest.raises(ValueError, match="want two objects"):
        scoped.decide(ONE, ONE, DIFFERENT)
    with pytest.raises(NotThere, match=r"s3://pictures/none\.jpg"):
        Review(pairs=site.pairs, verdicts=site.verdicts, catalog=site.catalog, settings=site.settings).decide(
            ONE, NamedObject(BUCKET, "none.jpg"), DIFFERENT
        )


@pytest.fixture
def many() -> FakeDeployment:
    """Twelve pairs of equal files, and one near copy of each fourth."""
    deployment = FakeDeployment()
    for number in range(12):
        body = jpeg(photo(number + 10))
        for key in (f"{number:02}.jpg", f"{number:02} again.jpg"):
            deployment.upload(key, body)
        if number % 4 == 0:
            deployment.upload(f"{number:02} near.jpg", jpeg(near_copy(photo(number + 10))))
    return deployment


def reviewed(site: FakeDeployment) -> Review:
    return Review(pairs=site.pairs, verdicts=site.verdicts, catalog=site.catalog, settings=site.settings)


@pytest.mark.parametrize("limit", [1, 5, 12, 100])
def test_pages_together_are_all_groups_once(many: FakeDeployment, limit: int) -> None:
    review, after, found = reviewed(many), None, []
    while True:
        page = review.page("*", limit=limit, after=after)
        assert page.waiting == 12
        assert len(page.groups) <= limit
        found += page.groups
        after = page.after
        if after is None:
            break

    assert len(found) == 12
    assert [group.place(BEST_FIRST) for group in found] == sorted({group.place(BEST_FIRST) for group in found})


def test_page_goes_on_though_its_last_group_was_decided_meanwhile(many: FakeDeployment) -> None:
    review = reviewed(many)
    everything = review.page("*", limit=100).groups
    first = review.page("*", limit=5)
    for group in first.groups:
        for other in group.others:
            review.decide(NamedObject(*group.best[:2]), NamedObject(*other[:2]), DIFFERENT)

    assert review.page("*", limit=100, after=first.after).groups == everything[5:]


def test_no_group_is_skipped_where_another_one_fell_apart(many: FakeDeployment) -> None:
    review, first = reviewed(many), NamedObject(BUCKET, "00.jpg")
    everything = {copy.key for group in review.page("*", limit=100).groups for copy in (group.best, *group.others)}
    many.function().removed(many.delete(first.key))
    found, after = set[str](), None
    while True:
        page = review.page("*", limit=2, after=after)
        found |= {copy.key for group in page.groups for copy in (group.best, *group.others)}
        after = page.after
        if after is None:
            break

    assert found == everything - {first.key}


def test_what_is_gone_hides_nothing_from_a_filter(many: FakeDeployment) -> None:
    exact = Wanted(frozenset({MatchKind.EXACT}))
    for number in (0, 4, 8):
        many.function().removed(many.delete(f"{number:02} near.jpg"))

    assert len(reviewed(many).page("*", limit=100, wanted=exact).groups) == 12


def test_group_is_wanted_if_all_its_others_are(many: FakeDeployment) -> None:
    exact = reviewed(many).page("*", limit=100, wanted=Wanted(frozenset({MatchKind.EXACT})))

    assert (len(exact.groups), exact.waiting) == (9, 9)
    assert {filed.likeness.kind for group in exact.groups for filed in group.pairs} == {MatchKind.EXACT}
    assert {group.agreement for group in exact.groups} == {1.0}
    sure = reviewed(many).page("*", limit=100, wanted=Wanted(agreement=0.98))
    assert sure.groups == exact.groups  # nobody looked at the others


def test_what_is_not_kept_may_be_deleted_while_what_is_kept_is_there(review: Review, site: FakeDeployment) -> None:
    review.decide(ONE, TWO, Judged(Verdict.KEEP_ONE, by="somebody", kept=ONE))
    review.decide(ONE, NEAR, Judged(Verdict.KEEP_ONE, by="somebody", kept=ONE))
    assert {found[1:] for found in review.to_delete("*")} == {(TWO, ONE), (NEAR, ONE)}

    site.upload(NEAR.key, jpeg(photo(3)))  # another picture now
    assert [found[1:] for found in review.to_delete("*")] == [(TWO, ONE)]

    site.function().removed(site.delete(ONE.key))
    assert list(review.to_delete("*")) == []
