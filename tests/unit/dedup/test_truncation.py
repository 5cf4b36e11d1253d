"""How many candidates are read, how many matches are kept, and that nothing dead hides what lives."""

from typing import Any

import pytest

from handler.core.model import (
    Collection,
    PictureRecord,
)
from tests.deployments import FakeDeployment
from tests.pictures import jpeg, near_copy, photo

CAT, DOG = photo(1), photo(2)


def test_list_of_matches_is_cut_at_the_cap_and_says_so(deployment: FakeDeployment) -> None:
    deployment.max_matches = 4
    for n in range(4):
        deployment.upload(f"cat{n}.jpg", jpeg(CAT))

    full = deployment.upload("full.jpg", jpeg(CAT))
    cut = deployment.upload("cut.jpg", jpeg(CAT))

    assert (len(full.matches), full.truncated) == (4, False)
    assert (len(cut.matches), cut.truncated) == (4, True)
    assert [match.record.ref.key for match in cut.matches] == ["cat0.jpg", "cat1.jpg", "cat2.jpg", "cat3.jpg"]


def test_stale_holders_do_not_hide_live_ones_behind_them(deployment: FakeDeployment) -> None:
    leave_holders_behind(deployment, 8)  # more than two pages
    deployment.upload("live.jpg", jpeg(CAT))

    deployment.upload("copy.jpg", jpeg(near_copy(CAT)))

    assert deployment.announced == [("copy.jpg", ["live.jpg"])]


def test_upload_without_look_alikes_reads_no_object_item(deployment: FakeDeployment) -> None:
    asked: list[list[str]] = []

    class Watched:
        def __getattr__(self, name: str) -> Any:
            return getattr(deployment.catalog, name)

        def get(self, collection: Collection, object_ids: list[str]) -> list[PictureRecord]:
            asked.append(object_ids)
            return deployment.catalog.get(collection, object_ids)

    deployment.upload("dog.jpg", jpeg(DOG))
    function = deployment.function(lambda adapter: Watched() if adapter is deployment.catalog else adapter)
    function.created(deployment.put("cat.jpg", jpeg(CAT)))

    assert asked == []


def test_more_candidates_than_one_call_reads_are_followed_up(deployment: FakeDeployment) -> None:
    leave_holders_behind(deployment, 250)  # dead, and as near as the live one
    deployment.upload("live.jpg", jpeg(CAT))

    report = deployment.upload("copy.jpg", jpeg(CAT))

    assert [match.record.ref.key for match in report.matches] == ["live.jpg"]


@pytest.mark.parametrize("gone", ["overwritten", "deleted"])
def test_trail_of_what_is_gone_hides_no_live_picture(deployment: FakeDeployment, gone: str) -> None:
    """A fixed camera overwrites or deletes a picture every minute: its old entries fill the journal."""
    deployment.max_candidates = 20
    deployment.upload("other.jpg", jpeg(near_copy(CAT)))
    indexer, body = deployment.indexer(), jpeg(CAT)
    for n in range(120):  # more than one call reads
        key = "latest.jpg" if gone == "overwritten" else f"{n}.jpg"
        indexer.index(deployment.put(key, body))
        if gone == "deleted":
            indexer.remove(deployment.delete(key))

    report = deployment.upload("new.jpg", body)

    found = {match.record.ref.key for match in report.matches}
    assert found == {"other.jpg"} | ({"latest.jpg"} if gone == "overwritten" else set())
    assert not report.truncated


def test_bound_that_the_buckets_reach_as_well_is_reported(deployment: FakeDeployment) -> None:
    deployment.max_candidates = 20
    leave_holders_behind(deployment, 30)

    report = deployment.upload("new.jpg", jpeg(CAT))

    assert (report.matches, report.truncated) == ([], True)


def leave_holders_behind(deployment: FakeDeployment, count: int) -> None:
    """Have *count* pictures that were deleted, though their notes were not."""
    indexer, body = deployment.indexer(), jpeg(CAT)
    for n in range(count):
        report, _ = indexer.index(deployment.put(f"old{n}.jpg", body))
        indexer.remove(deployment.delete(f"old{n}.jpg"))
        assert report.record is not None
        assert report.record.hash is not None
        deployment.catalog.add_holder(deployment.collection, report.record.hash, report.ref)
