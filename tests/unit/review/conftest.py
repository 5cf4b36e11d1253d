"""Three pictures of one, and many pairs, that wait to be decided about."""

from copy import deepcopy

import pytest

from handler.core.model import ObjectRef
from handler.core.verdicts import Decision, NamedObject, Verdict
from handler.review.decisions import Judged, Said, ShownObject
from handler.review.service import Review
from tests.deployments import BUCKET, FakeDeployment
from tests.pictures import jpeg, near_copy, photo

CAT, COPY = jpeg(photo(1)), jpeg(near_copy(photo(1)))
ONE, TWO, NEAR = (NamedObject(BUCKET, key) for key in ("one.jpg", "two.jpg", "near.jpg"))
DIFFERENT = Judged(Verdict.DIFFERENT, by="somebody", note="why", batch="today")


@pytest.fixture(scope="session")
def first_site() -> FakeDeployment:
    """What `site` begins with, uploaded once."""
    deployment = FakeDeployment()
    for named, body in ((ONE, CAT), (TWO, CAT), (NEAR, COPY)):
        deployment.upload(named.key, body)
    return deployment


@pytest.fixture
def site(first_site: FakeDeployment) -> FakeDeployment:
    """Two equal files and a near copy, so three pairs."""
    return deepcopy(first_site)


@pytest.fixture
def review(site: FakeDeployment) -> Review:
    return site.review()


@pytest.fixture(scope="session")
def first_many() -> FakeDeployment:
    """What `many` begins with, uploaded once."""
    deployment = FakeDeployment()
    for number in range(12):
        body = jpeg(photo(number + 10))
        for key in (f"{number:02}.jpg", f"{number:02} again.jpg"):
            deployment.upload(key, body)
        if number % 4 == 0:
            deployment.upload(f"{number:02} near.jpg", jpeg(near_copy(photo(number + 10))))
    return deployment


@pytest.fixture
def many(first_many: FakeDeployment) -> FakeDeployment:
    """Twelve pairs of equal files, and one near copy of each fourth."""
    return deepcopy(first_many)


def decide(review: Review, one: NamedObject, other: NamedObject, judged: Judged) -> Decision:
    (stored,) = review.decisions.decide([Said(ShownObject(*one), ShownObject(*other), judged)])
    return stored


def deletable(review: Review) -> set[tuple[NamedObject, NamedObject]]:
    return {(one.object.named, one.stays.named) for one in review.deletable.page("*", limit=100).found}


def keep(review: Review, kept: NamedObject, goes: NamedObject) -> None:
    decide(review, kept, goes, Judged(Verdict.KEEP_ONE, by="somebody", kept=kept))


def keys(review: Review) -> list[tuple[str, ...]]:
    return [
        (group.best.key, *(copy.key for copy in group.others)) for group in review.groups.page("*", limit=10).groups
    ]


def waiting(site: FakeDeployment) -> set[frozenset[str]]:
    return {frozenset(copy.key for copy in filed.copies) for filed in site.pairs.waiting(site.collection)}


def digest(site: FakeDeployment, named: NamedObject) -> str:
    (record,) = site.catalog.get(site.collection, [ObjectRef(*named).object_id])
    return str(record.digest)


def as_shown(site: FakeDeployment, *names: NamedObject) -> list[ShownObject]:
    return [ShownObject(*named, digest(site, named)) for named in names]
