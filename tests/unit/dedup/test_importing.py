"""Pictures of which nothing is known but a hash that other software has computed."""

import json

import pytest

from handler.core.backfill import Backfill, BackfillTell
from handler.core.fingerprint import fingerprint
from handler.core.groups import grouped
from handler.core.model import ObjectRef, Outcome
from handler.indexing import NotSearched
from handler.report import Report
from tests.deployments import BUCKET, FakeDeployment
from tests.pictures import jpeg, near_copy, photo
from tests.schema import valid_message

CAT = photo(1)
BEGAN = "2026-01-01T00:00:01+00:00"


def hash_of(deployment: FakeDeployment, body: bytes) -> int:
    return fingerprint(body, "phash1", deployment.settings.limits).hash


def imported(deployment: FakeDeployment, key: str, hash: int, tell: BackfillTell = BackfillTell.ALL) -> Report:
    """Have a job import a hash; the bucket has no such object, and nobody reads it."""
    return deployment.function().created(ObjectRef(BUCKET, key), backfill=Backfill("job", tell, BEGAN), hash=hash)


def test_imported_picture_is_found_and_all_that_is_not_known_of_it_is_null(deployment: FakeDeployment) -> None:
    imported(deployment, "old.jpg", hash_of(deployment, jpeg(CAT)))

    deployment.upload("new.jpg", jpeg(CAT))

    (message,) = deployment.topic.messages
    (match,) = valid_message(message.body)["matches"]
    unknown = [name for name, value in match.items() if value is None]
    assert {"width", "height", "format", "bytes", "modified", "etag", "sha256"} <= set(unknown)
    assert (match["key"], match["kind"], match["distance"], match["unconfirmed"]) == ("old.jpg", "near", 0, True)


def test_imported_picture_searches(deployment: FakeDeployment) -> None:
    deployment.upload("first.jpg", jpeg(CAT))

    report = imported(deployment, "old.jpg", hash_of(deployment, jpeg(near_copy(CAT))))

    assert deployment.announced == [("old.jpg", ["first.jpg"])]
    (message,) = deployment.topic.messages
    assert valid_message(message.body)["picture"]["sha256"] is None
    assert json.loads(message.body)["matches"][0]["unconfirmed"]
    assert (report.outcome, report.job) == (Outcome.INDEXED, "job")


def test_two_with_one_hash_are_near_and_not_exact(deployment: FakeDeployment) -> None:
    for key in ("a.jpg", "b.jpg"):
        imported(deployment, key, 0x00FF_00FF_00FF_00FF)

    (message,) = deployment.topic.messages
    assert message.attributes["kind"] == "near"


def test_pairs_are_told_as_those_of_backfills(deployment: FakeDeployment) -> None:
    for key in ("a.jpg", "b.jpg"):
        imported(deployment, key, 0x00FF_00FF_00FF_00FF, BackfillTell.NONE)
    deployment.upload("c.jpg", jpeg(CAT))
    imported(deployment, "d.jpg", hash_of(deployment, jpeg(CAT)), BackfillTell.NONE)

    waiting = [sorted(copy.key for copy in filed.copies) for filed in deployment.pairs.waiting(deployment.collection)]
    assert deployment.announced == []
    assert sorted(waiting) == [["a.jpg", "b.jpg"], ["c.jpg", "d.jpg"]]


def test_what_is_not_known_never_makes_a_copy_the_best(deployment: FakeDeployment) -> None:
    hash = hash_of(deployment, jpeg(CAT))
    imported(deployment, "a.jpg", hash)
    deployment.upload("b.jpg", jpeg(CAT))

    for best_first in (("pixels",), ("compression",), ("oldest",), ("largest",)):
        (group,) = grouped(list(deployment.pairs.waiting(deployment.collection)), best_first)
        assert group.best.key == "b.jpg", best_first


@pytest.mark.parametrize("known", ["uploaded", "backfilled"])
def test_what_is_known_by_its_pixels_stays(deployment: FakeDeployment, known: str) -> None:
    ref = deployment.put("a.jpg", jpeg(CAT))
    if known == "uploaded":
        deployment.function().created(ref)
    else:
        deployment.function().created(ObjectRef(BUCKET, "a.jpg"), backfill=Backfill("earlier"))

    report = imported(deployment, "a.jpg", 1)

    (record,) = deployment.catalog.get(deployment.collection, [ref.object_id])
    assert report.outcome is Outcome.STALE
    assert (record.job, record.bytes) == ("job", len(jpeg(CAT)))


def test_what_was_removed_stays_so(deployment: FakeDeployment) -> None:
    deployment.upload("a.jpg", jpeg(CAT))
    deployment.function().removed(deployment.delete("a.jpg"))

    report = imported(deployment, "a.jpg", hash_of(deployment, jpeg(CAT)))
    deployment.upload("b.jpg", jpeg(near_copy(CAT)))

    assert report.outcome is Outcome.STALE
    assert deployment.announced == []


def test_upload_takes_the_place_of_an_imported_hash(deployment: FakeDeployment) -> None:
    imported(deployment, "a.jpg", 0x00FF_00FF_00FF_00FF)

    report = deployment.upload("a.jpg", jpeg(CAT))
    deployment.upload("b.jpg", jpeg(near_copy(CAT)))

    assert report.outcome is Outcome.INDEXED
    assert deployment.announced == [("b.jpg", ["a.jpg"])]
    assert not json.loads(deployment.topic.messages[0].body)["matches"][0]["unconfirmed"]


def test_nobody_looks_at_what_has_no_pixels(deployment: FakeDeployment) -> None:
    deployment.max_looks = 5
    imported(deployment, "old.jpg", hash_of(deployment, jpeg(CAT)))

    report = deployment.upload("new.jpg", jpeg(near_copy(CAT)))

    assert deployment.announced == [("new.jpg", ["old.jpg"])]
    assert report.looks == 0


def test_hashes_that_the_deployment_does_not_search_are_refused(with_views: FakeDeployment) -> None:
    with pytest.raises(NotSearched, match="hashes of phash1 are imported, and this deployment searches look1"):
        imported(with_views, "a.jpg", 1)
