"""Reviews: groups as they are now, decisions and taking them back, over an index that lags behind."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from handler.core.filed import Filed
from handler.core.groups import BEST_FIRST, GroupFilter
from handler.core.matches import Pair
from handler.core.model import Collection, MatchKind, ObjectRef
from handler.core.verdicts import Decision, NamedObject, Placed, Subject, Verdict
from handler.review.decisions import ContentChanged, Decisions, Judged, NotThere, Said, ShownObject
from handler.review.groups import Groups
from handler.review.memory import MOST as MOST_SCOPES
from handler.review.memory import SECONDS, Remembered
from handler.review.service import Review
from tests.deployments import BUCKET, FakeDeployment
from tests.fakes import InMemoryPairs, InMemoryVerdicts
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
    return site.review()


def decide(review: Review, one: NamedObject, other: NamedObject, judged: Judged) -> Decision:
    (stored,) = review.decisions.decide([Said(ShownObject(*one), ShownObject(*other), judged)])
    return stored


def deletable(review: Review) -> set[tuple[NamedObject, NamedObject]]:
    return {(one.object.named, one.stays.named) for one in review.deletable.page("*", limit=100).found}


def keys(review: Review) -> list[tuple[str, ...]]:
    return [
        (group.best.key, *(copy.key for copy in group.others)) for group in review.groups.page("*", limit=10).groups
    ]


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

    assert decide(review, ONE, NEAR, replace_by(DIFFERENT, "somebody else")) == first
    assert list(review.decisions.listed("*")) == [first]


def replace_by(judged: Judged, by: str) -> Judged:
    return judged._replace(by=by)


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


def test_undone_decision_puts_the_pair_back(review: Review) -> None:
    decision = decide(review, NEAR, ONE, DIFFERENT)

    assert review.decisions.undo_named(ONE, NEAR) == [decision]
    assert review.decisions.undo_named(ONE, NEAR) == []
    assert [set(group) for group in keys(review)] == [{"one.jpg", "two.jpg", "near.jpg"}]


def test_what_was_decided_at_once_is_undone_at_once(review: Review) -> None:
    undone = [decide(review, NEAR, ONE, DIFFERENT)]
    kept = decide(review, ONE, TWO, replace_batch(DIFFERENT, "yesterday"))

    assert review.decisions.undo_batch("*", "today") == (undone, None)
    assert list(review.decisions.listed("*")) == [kept]
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

    decide(reviewed(site), ONE, NEAR, DIFFERENT)

    assert len(waiting(site)) == 1


def test_none_is_to_go_for_a_picture_that_nobody_has_seen_beside_it(review: Review, site: FakeDeployment) -> None:
    site.upload(NEAR.key, jpeg(photo(3)))

    with pytest.raises(ValueError, match="look at them again"):
        decide(review, ONE, NEAR, Judged(Verdict.KEEP_ONE, by="somebody", kept=ONE))

    assert deletable(review) == set()


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
    return site.review()


@pytest.mark.parametrize("limit", [1, 5, 12, 100])
def test_pages_together_are_all_groups_once(many: FakeDeployment, limit: int) -> None:
    review, after, found = reviewed(many), None, []
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
    review = reviewed(many)
    everything = review.groups.page("*", limit=100).groups
    first = review.groups.page("*", limit=5)
    for group in first.groups:
        for other in group.others:
            decide(review, NamedObject(*group.best[:2]), NamedObject(*other[:2]), DIFFERENT)

    assert review.groups.page("*", limit=100, after=first.after).groups == everything[5:]


def test_no_group_is_skipped_where_another_one_fell_apart(many: FakeDeployment) -> None:
    review, first = reviewed(many), NamedObject(BUCKET, "00.jpg")
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

    assert len(reviewed(many).groups.page("*", limit=100, wanted=exact).groups) == 12


def test_group_is_wanted_if_all_its_others_are(many: FakeDeployment) -> None:
    exact = reviewed(many).groups.page("*", limit=100, wanted=GroupFilter(frozenset({MatchKind.EXACT})))

    assert (len(exact.groups), exact.waiting) == (9, 9)
    assert {filed.likeness.kind for group in exact.groups for filed in group.pairs} == {MatchKind.EXACT}
    assert {group.agreement for group in exact.groups} == {1.0}
    sure = reviewed(many).groups.page("*", limit=100, wanted=GroupFilter(agreement=0.98))
    assert sure.groups == exact.groups  # nobody looked at the others


def test_what_is_not_kept_may_be_deleted_while_what_is_kept_is_there(review: Review, site: FakeDeployment) -> None:
    decide(review, ONE, TWO, Judged(Verdict.KEEP_ONE, by="somebody", kept=ONE))
    decide(review, ONE, NEAR, Judged(Verdict.KEEP_ONE, by="somebody", kept=ONE))
    assert deletable(review) == {(TWO, ONE), (NEAR, ONE)}

    site.upload(NEAR.key, jpeg(photo(3)))  # another picture now
    assert deletable(review) == {(TWO, ONE)}

    site.function().removed(site.delete(ONE.key))
    assert deletable(review) == set()


# --- what was shown, and what is there by now ---


def digest(site: FakeDeployment, named: NamedObject) -> str:
    (record,) = site.catalog.get(site.collection, [ObjectRef(*named).object_id])
    return str(record.digest)


def as_shown(site: FakeDeployment, *names: NamedObject) -> list[ShownObject]:
    return [ShownObject(*named, digest(site, named)) for named in names]


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


# --- taking back ---


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
        Said(ShownObject(*group.best[:2]), ShownObject(*other[:2]), replace_batch(DIFFERENT, "rule"))
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
        Said(ShownObject(*group.best[:2]), ShownObject(*group.others[0][:2]), replace_batch(DIFFERENT, "rule"))
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


# --- how much is read ---


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


# --- what may be deleted ---


def keep(review: Review, kept: NamedObject, goes: NamedObject) -> None:
    decide(review, kept, goes, Judged(Verdict.KEEP_ONE, by="somebody", kept=kept))


def test_nothing_may_be_deleted_of_which_nothing_would_be_left() -> None:
    site = FakeDeployment()
    keys = [NamedObject(BUCKET, f"{key}.jpg") for key in "abcd"]
    for named in keys:
        site.upload(named.key, CAT)
    review = site.review()
    a, b, c, d = keys
    for kept, goes in ((a, b), (b, c), (c, a)):
        keep(review, kept, goes)

    circle = review.deletable.page("*", limit=100)
    assert (circle.found, circle.contradicted, circle.after) == ([], [a, b, c], None)

    keep(review, d, b)
    assert deletable(review) == {(a, d), (b, d), (c, d)}
    pages, after = list[NamedObject](), None
    while True:
        page = review.deletable.page("*", limit=2, after=after)
        pages += [one.object.named for one in page.found]
        after = page.after
        if after is None:
            break
    assert pages == [a, b, c]


def test_page_of_what_may_be_deleted_is_checked_though_it_follows(site: FakeDeployment, review: Review) -> None:
    keep(review, ONE, TWO)
    keep(review, ONE, NEAR)
    first = review.deletable.page("*", limit=1)
    assert [one.object.named for one in first.found] == [NEAR]

    site.upload(TWO.key, jpeg(photo(3)))

    assert review.deletable.page("*", limit=1, after=first.after) == ([], [], None)


def test_what_may_be_deleted_has_the_content_that_was_decided_about(site: FakeDeployment, review: Review) -> None:
    keep(review, ONE, NEAR)

    (found,) = review.deletable.page("*", limit=10).found

    assert (found.object.sha256, found.stays.sha256) == (digest(site, NEAR), digest(site, ONE))
    assert found.object.etag == site.pictures.read(ObjectRef(*NEAR)).etag
