"""Which uploads are announced as whose near-duplicates."""

import json

import pytest
from PIL import Image

from handler.core.model import (
    Outcome,
)
from handler.core.phash import hamming
from tests.deployments import FakeDeployment
from tests.pictures import jpeg, near_copy, photo, png

CAT, DOG = photo(1), photo(2)


def test_near_duplicate_is_announced_with_distance_and_kind(deployment: FakeDeployment) -> None:
    deployment.upload("cat.jpg", jpeg(CAT))

    report = deployment.upload("copy.jpg", jpeg(near_copy(CAT)))

    assert deployment.announced == [("copy.jpg", ["cat.jpg"])]
    (match,) = json.loads(deployment.topic.messages[0].body)["matches"]
    assert report.record is not None
    assert report.record.hash is not None
    assert match["distance"] == hamming(report.record.hash, int(match["hash"], 16)) <= 10
    assert match["similarity"] == 1 - match["distance"] / 64
    assert match["kind"] == "near"


def test_same_bytes_under_another_key_are_exact(deployment: FakeDeployment) -> None:
    deployment.upload("cat.jpg", jpeg(CAT))

    deployment.upload("again.jpg", jpeg(CAT))

    assert [m["kind"] for m in json.loads(deployment.topic.messages[0].body)["matches"]] == ["exact"]


def test_different_picture_is_silent(deployment: FakeDeployment) -> None:
    deployment.upload("cat.jpg", jpeg(CAT))

    report = deployment.upload("dog.jpg", jpeg(DOG))

    assert (report.outcome, deployment.announced) == (Outcome.INDEXED, [])


def test_crop_and_original_are_announced_whichever_comes_first() -> None:
    with_views = FakeDeployment(generation="look1")
    crop = CAT.crop((0, 0, CAT.width * 9 // 10, CAT.height * 9 // 10))
    with_views.upload("cat.jpg", jpeg(CAT))
    with_views.upload("corner.jpg", jpeg(crop))
    with_views.upload("dog corner.jpg", jpeg(DOG.crop((DOG.width // 10, DOG.height // 10, DOG.width, DOG.height))))
    with_views.upload("dog.jpg", jpeg(DOG))

    assert with_views.announced == [("corner.jpg", ["cat.jpg"]), ("dog.jpg", ["dog corner.jpg"])]
    views = [match["views"] for message in with_views.topic.messages for match in json.loads(message.body)["matches"]]
    assert views == [["top_left_90", "top_left"], ["bottom_right_90", "trimmed"]]


@pytest.mark.parametrize("orientations", ["none", "mirror", "all"])
def test_mirrored_picture_is_announced_where_that_is_asked_for(with_views: FakeDeployment, orientations: str) -> None:
    """The buckets are asked for pictures as they are."""
    with_views.orientations = orientations
    found = with_views.memory_bytes > 0 and orientations != "none"
    with_views.upload("cat.jpg", jpeg(CAT))
    with_views.upload("mirrored.jpg", jpeg(CAT.transpose(Image.Transpose.FLIP_LEFT_RIGHT)))

    matches = [match for message in with_views.topic.messages for match in json.loads(message.body)["matches"]]
    assert [match["orientation"] for match in matches] == [2] * found


def test_blank_pages_are_announced_if_their_bytes_are_equal(with_views: FakeDeployment) -> None:
    white, grey = png(Image.new("RGB", (300, 200), "white")), png(Image.new("RGB", (300, 200), "grey"))
    with_views.upload("white.png", white)
    with_views.upload("grey.png", grey)

    report = with_views.upload("white again.png", white)

    assert with_views.announced == [("white again.png", ["white.png"])]
    assert report.record is not None
    assert report.record.fingerprint is not None
    assert report.record.fingerprint.flat


def test_scopes_are_compared_within_themselves_only() -> None:
    deployment = FakeDeployment(scope_depth=1)
    deployment.upload("one/cat.jpg", jpeg(CAT))

    deployment.upload("two/cat.jpg", jpeg(near_copy(CAT)))
    deployment.upload("one/copy.jpg", jpeg(near_copy(CAT)))

    assert deployment.announced == [("one/copy.jpg", ["one/cat.jpg"])]


def test_overwritten_object_answers_for_its_new_picture_only(deployment: FakeDeployment) -> None:
    deployment.upload("a.jpg", jpeg(CAT))
    deployment.upload("a.jpg", jpeg(DOG))

    deployment.upload("cat.jpg", jpeg(near_copy(CAT)))
    deployment.upload("dog.jpg", jpeg(near_copy(DOG)))

    assert deployment.announced == [("dog.jpg", ["a.jpg"])]


def test_picture_replaced_by_a_bad_one_matches_nothing(deployment: FakeDeployment) -> None:
    deployment.upload("cat.jpg", jpeg(CAT))
    deployment.upload("cat.jpg", b"broken")

    deployment.upload("copy.jpg", jpeg(near_copy(CAT)))

    assert deployment.announced == []
