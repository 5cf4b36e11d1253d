"""Reading, fingerprinting, storing and removing one object."""

from dataclasses import replace

import pytest
from PIL import ImageOps

from handler.core.model import (
    LOWEST_SEQUENCER,
    ObjectRef,
    Outcome,
)
from tests.deployments import BUCKET, FakeDeployment
from tests.pictures import jpeg, photo, png

CAT, DOG = photo(1), photo(2)


@pytest.fixture
def deployment() -> FakeDeployment:
    return FakeDeployment()


@pytest.fixture
def looking(deployment: FakeDeployment) -> FakeDeployment:
    """The same, with the generation that has several views."""
    deployment.generation = "look1"
    return deployment


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"not a picture", "unsupported"),
        (b"", "empty"),
        (jpeg(CAT)[:400], "truncated"),
        (png(photo(3, (1100, 1000))), "too_many_pixels"),
    ],
)
def test_bad_picture_is_recorded_with_its_reason_and_not_an_error(
    deployment: FakeDeployment, body: bytes, code: str
) -> None:
    report = deployment.upload("bad.jpg", body)

    assert report.outcome is Outcome.REJECTED
    assert report.record is not None
    assert (report.record.reason or "").startswith(f"{code}: ")


def test_object_gone_before_it_was_read_is_recorded(deployment: FakeDeployment) -> None:
    event = deployment.put("cat.jpg", jpeg(CAT))
    deployment.delete("cat.jpg")

    report = deployment.function().created(event)

    assert report.outcome is Outcome.GONE


def test_overwritten_picture_leaves_no_holder_behind(deployment: FakeDeployment) -> None:
    first = deployment.upload("a.jpg", jpeg(CAT))
    second = deployment.upload("a.jpg", jpeg(CAT))
    third = deployment.upload("a.jpg", jpeg(DOG))

    assert deployment.holders(first) == []
    assert deployment.holders(second) == []
    assert deployment.holders(third) == [third.ref.object_id]


def test_deleted_picture_with_several_views_leaves_no_holder_behind(looking: FakeDeployment) -> None:
    framed = ImageOps.expand(CAT, 30, "white")  # its trimmed view has a hash of its own
    report = looking.upload("framed.jpg", jpeg(framed))
    assert report.record is not None
    looking.function().removed(looking.delete("framed.jpg"))

    whole, trimmed = report.record.entry_hashes[:2]
    assert whole != trimmed
    for hash in (whole, trimmed):
        assert [page for page in looking.catalog.holders(looking.collection, hash) if page] == []


def test_removal_of_an_unknown_object_without_sequencer_is_ignored(deployment: FakeDeployment) -> None:
    assert deployment.function().removed(ObjectRef(BUCKET, "never.jpg")).outcome is Outcome.IGNORED


def test_backfill_leaves_what_an_event_has_indexed(deployment: FakeDeployment) -> None:
    event = deployment.put("cat.jpg", jpeg(CAT))
    deployment.function().created(event)

    report = deployment.function().created(replace(event, sequencer=LOWEST_SEQUENCER))

    assert report.outcome is Outcome.STALE
