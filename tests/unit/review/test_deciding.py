"""Decisions: about what was shown, and what becomes of the groups."""

from dataclasses import replace

import pytest

from handler.core.matches import Pair
from handler.core.model import MatchKind
from handler.core.verdicts import NamedObject, Verdict
from handler.review.decisions import ContentChanged, Judged, NotThere, Said, ShownObject
from handler.review.service import Review
from tests.deployments import BUCKET, FakeDeployment
from tests.pictures import jpeg, photo
from tests.unit.review.conftest import (
    CAT,
    COPY,
    DIFFERENT,
    NEAR,
    ONE,
    TWO,
    as_shown,
    decide,
    deletable,
    digest,
    keep,
    keys,
    waiting,
)


def test_announced_pairs_wait_as_groups(review: Review) -> None:
    (group,) = review.groups.page("*", limit=10).groups

    assert (len(group.others), len(group.pairs)) == (2, 3)
    assert {filed.likeness.kind for filed in group.pairs} == {MatchKind.EXACT, MatchKind.NEAR}
    assert (group.kind, group.agreement) == (MatchKind.NEAR, None)


def test_decided_pair_leaves_its_group(review: Review) -> None:
    decision = decide(review, NEAR, ONE, DIFFERENT)

    assert (decision.verdict, decision.by, decision.note, decision.kept) == (Verdict.DIFFERENT, "somebody", "why", None)
    assert set(decision.objects) == {ONE, NEAR}
    # By content: the other equal file with the near copy is decided with it.
    assert keys(review) == [("one.jpg", "two.jpg")]
    decide(review, ONE, TWO, Judged(Verdict.KEEP_ONE, by="somebody", kept=ONE))
    assert keys(review) == []
    assert review.groups.page("*", limit=10)[:3] == ([], None, 0)


def test_decision_names_what_is_kept(review: Review, site: FakeDeployment) -> None:
    by_content = decide(review, NEAR, ONE, Judged(Verdict.KEEP_ONE, by="somebody", kept=ONE))
    by_object = decide(review, TWO, ONE, Judged(Verdict.KEEP_ONE, by="somebody", kept=TWO))

    (one, two) = site.catalog.get(site.collection, [site.event(named.key).object_id for named in (ONE, TWO)])
    assert (by_content.kept, by_object.kept) == (one.digest, two.ref.object_id)


def test_deciding_again_changes_nothing(review: Review) -> None:
    first = decide(review, NEAR, ONE, DIFFERENT)

    assert decide(review, ONE, NEAR, DIFFERENT._replace(by="somebody else")) == first
    assert list(review.decisions.listed("*")) == [first]


def test_decision_of_others_closes_what_the_index_still_has(review: Review, site: FakeDeployment) -> None:
    decide(review, NEAR, ONE, DIFFERENT)
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
    assert review.groups.page("*", limit=10)[:3] == ([], None, 0)


def test_deciding_about_what_was_never_told_leaves_no_pair(site: FakeDeployment, review: Review) -> None:
    site.upload("dog.jpg", jpeg(photo(2)))
    dog = NamedObject(BUCKET, "dog.jpg")

    decide(review, ONE, dog, DIFFERENT)
    review.decisions.undo_named(ONE, dog)

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
        decide(review, ONE, NEAR, judged)


def test_pictures_of_two_scopes_and_unknown_ones_cannot_be_decided_about(site: FakeDeployment) -> None:
    by_folder = replace(site.settings, scope_depth=1)
    scoped = site.review(by_folder)

    with pytest.raises(ValueError, match=r"/a/one\.jpg and .* of the scopes a/ and b/: want two of one"):
        decide(scoped, NamedObject(BUCKET, "a/one.jpg"), NamedObject(BUCKET, "b/one.jpg"), DIFFERENT)
    with pytest.raises(ValueError, match="want two objects"):
        decide(scoped, ONE, ONE, DIFFERENT)
    with pytest.raises(NotThere, match=r"`lookalike show s3://pictures/none\.jpg` has what"):
        decide(site.review(), ONE, NamedObject(BUCKET, "none.jpg"), DIFFERENT)


@pytest.mark.parametrize("verdict", [Verdict.DIFFERENT, Verdict.KEEP_BOTH, Verdict.KEEP_ONE])
@pytest.mark.parametrize("other", [NEAR, TWO])
def test_nothing_is_stored_about_a_picture_that_was_overwritten_since_it_was_shown(
    site: FakeDeployment, review: Review, verdict: Verdict, other: NamedObject
) -> None:
    one, shown = as_shown(site, ONE, other)
    site.upload(other.key, jpeg(photo(3)))
    judged = Judged(verdict, by="somebody", kept=ONE if verdict is Verdict.KEEP_ONE else None)

    with pytest.raises(ContentChanged) as refused:
        review.decisions.decide([Said(one, shown, judged)])

    assert refused.value.objects == [(shown, digest(site, other))]
    assert list(review.decisions.listed("*")) == []


def test_same_bytes_again_are_what_was_shown(site: FakeDeployment, review: Review) -> None:
    one, near = as_shown(site, ONE, NEAR)
    site.upload(NEAR.key, COPY)

    assert len(review.decisions.decide([Said(one, near, DIFFERENT)])) == 1


def test_none_is_to_go_of_a_pair_that_was_not_told_since_its_picture_was_put_again(
    site: FakeDeployment, review: Review
) -> None:
    one, near = as_shown(site, ONE, NEAR)
    site.pairs.items.clear()  # as if the upload was searched for only half-way

    with pytest.raises(ContentChanged):
        review.decisions.decide([Said(one, near, Judged(Verdict.KEEP_ONE, by="somebody", kept=ONE))])


def test_none_is_to_go_of_a_pair_that_was_noted_and_not_told_yet(site: FakeDeployment, review: Review) -> None:
    for key, noted in site.pairs.items.items():
        site.pairs.items[key] = replace(noted, announced=False, filed=False)  # as if who found it stopped then

    with pytest.raises(ValueError, match="were not announced as they are now"):
        decide(review, ONE, NEAR, Judged(Verdict.KEEP_ONE, by="somebody", kept=ONE))


def test_one_goes_of_a_pair_that_was_told_quietly(site: FakeDeployment, review: Review) -> None:
    for key, noted in site.pairs.items.items():
        site.pairs.items[key] = replace(noted, announced=False, quiet=True)

    assert decide(review, ONE, NEAR, Judged(Verdict.KEEP_ONE, by="somebody", kept=ONE)).kept


@pytest.mark.parametrize(("other", "body"), [(NEAR, COPY), (TWO, CAT)], ids=["near", "equal"])
def test_verdict_is_changed_though_the_same_bytes_were_put_again(
    site: FakeDeployment, review: Review, other: NamedObject, body: bytes
) -> None:
    """Of what was decided nobody is told again, so the pair is not noted as it is now."""
    decide(review, ONE, other, Judged(Verdict.KEEP_BOTH, by="somebody"))
    site.upload(other.key, body)

    keep(review, kept=ONE, goes=other)

    assert deletable(review) == {(other, ONE)}


def test_verdict_about_what_was_never_told_is_no_witness(site: FakeDeployment, review: Review) -> None:
    site.upload("dog.jpg", jpeg(photo(2)))
    dog = NamedObject(BUCKET, "dog.jpg")
    decide(review, ONE, dog, Judged(Verdict.KEEP_BOTH, by="somebody"))

    with pytest.raises(ValueError, match="were not announced as they are now"):
        keep(review, kept=ONE, goes=dog)


def test_group_says_the_contents_that_it_is_of(site: FakeDeployment, review: Review) -> None:
    page = review.groups.page("*", limit=10)

    found = {(record.ref.key, record.digest) for record in page.records.values()}
    assert found == {(named.key, digest(site, named)) for named in (ONE, TWO, NEAR)}


def test_all_is_checked_before_anything_is_stored(site: FakeDeployment, review: Review) -> None:
    everything = waiting(site)
    one, two, near = as_shown(site, ONE, TWO, NEAR)
    wrong = [Judged(Verdict.KEEP_ONE, "somebody"), Judged(Verdict.KEEP_BOTH, "somebody", kept=ONE)]
    bad = [
        Said(one, ShownObject(BUCKET, "none.jpg"), DIFFERENT),
        Said(one, near._replace(sha256="0" * 64), DIFFERENT),
        *(Said(one, near, judged) for judged in wrong),
        Said(one, one, DIFFERENT),
    ]

    for last in bad:
        with pytest.raises((NotThere, ContentChanged, ValueError)):
            review.decisions.decide([Said(one, two, DIFFERENT), last])

    assert list(review.decisions.listed("*")) == []
    assert waiting(site) == everything
