"""What may be deleted: what is not kept, while what is kept is there as it was decided about."""

import pytest

from handler.core.model import ObjectRef
from handler.core.verdicts import NamedObject, Verdict
from handler.review.decisions import Judged
from handler.review.service import Review
from tests.deployments import BUCKET, FakeDeployment
from tests.pictures import jpeg, photo
from tests.unit.review.conftest import CAT, NEAR, ONE, TWO, decide, deletable, digest, keep


def test_none_is_to_go_for_a_picture_that_nobody_has_seen_beside_it(review: Review, site: FakeDeployment) -> None:
    site.upload(NEAR.key, jpeg(photo(3)))

    with pytest.raises(ValueError, match="look at them again"):
        decide(review, ONE, NEAR, Judged(Verdict.KEEP_ONE, by="somebody", kept=ONE))

    assert deletable(review) == set()


def test_what_is_not_kept_may_be_deleted_while_what_is_kept_is_there(review: Review, site: FakeDeployment) -> None:
    decide(review, ONE, TWO, Judged(Verdict.KEEP_ONE, by="somebody", kept=ONE))
    decide(review, ONE, NEAR, Judged(Verdict.KEEP_ONE, by="somebody", kept=ONE))
    assert deletable(review) == {(TWO, ONE), (NEAR, ONE)}

    site.upload(NEAR.key, jpeg(photo(3)))  # another picture now
    assert deletable(review) == {(TWO, ONE)}

    site.function().removed(site.delete(ONE.key))
    assert deletable(review) == set()


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
