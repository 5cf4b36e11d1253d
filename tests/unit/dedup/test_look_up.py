"""The matches of an object, for whoever asks."""

import pytest

from handler.core.model import MatchKind, ObjectRef, Outcome
from handler.report import Report
from tests.deployments import BUCKET, FakeDeployment
from tests.pictures import jpeg, near_copy, photo

CAT, DOG = photo(1), photo(2)


def test_look_up_compares_what_is_in_the_bucket_now(deployment: FakeDeployment) -> None:
    before = deployment.upload("cat.jpg", jpeg(CAT))
    dog = deployment.upload("dog.jpg", jpeg(DOG))
    deployment.pictures.objects[BUCKET, "cat.jpg"] = jpeg(DOG)

    report = deployment.look_ups().look_up(ObjectRef(BUCKET, "cat.jpg"))

    assert report.record is not None
    assert before.record is not None
    assert dog.record is not None
    assert report.record.hash == dog.record.hash != before.record.hash
    assert [match.record.ref.key for match in report.matches] == ["dog.jpg"]


def test_look_up_answers_and_leaves_no_trace(deployment: FakeDeployment) -> None:
    deployment.upload("cat.jpg", jpeg(CAT))
    asked = deployment.put("question.jpg", jpeg(near_copy(CAT)))

    report = deployment.look_ups().look_up(asked)

    assert [match.record.ref.key for match in report.matches] == ["cat.jpg"]
    assert deployment.announced == []
    assert deployment.pairs.items == {}
    assert deployment.upload("other.jpg", jpeg(CAT)).matches[0].record.ref.key == "cat.jpg"
    assert len(deployment.announced[0][1]) == 1


def keys(report: Report) -> list[tuple[str, MatchKind]]:
    return [(match.record.ref.key, match.kind) for match in report.matches]


@pytest.mark.parametrize(("generation", "max_looks"), [("look1", 5), ("look1", 0), ("phash1", 0), ("phash1", 5)])
def test_file_that_is_in_no_bucket_is_compared_and_not_stored(generation: str, max_looks: int) -> None:
    deployment = FakeDeployment(generation=generation, max_looks=max_looks)
    deployment.upload("cat.jpg", jpeg(CAT))
    deployment.upload("dog.jpg", jpeg(DOG))

    same = deployment.look_ups().look_up_file(jpeg(CAT), "*")
    near = deployment.look_ups().look_up_file(jpeg(near_copy(CAT)), "*")

    assert (keys(same), keys(near)) == ([("cat.jpg", MatchKind.EXACT)], [("cat.jpg", MatchKind.NEAR)])
    assert near.looks == (1 if max_looks else 0)
    assert keys(deployment.upload("other.jpg", jpeg(CAT))) == [("cat.jpg", MatchKind.EXACT)]


def test_file_that_is_no_picture_is_rejected(deployment: FakeDeployment) -> None:
    report = deployment.look_ups().look_up_file(b"no picture", "*")

    assert (report.outcome, report.matches) == (Outcome.REJECTED, ())


@pytest.mark.parametrize(
    ("generation", "orientations"), [("look1", "none"), ("look1", "mirror"), ("look1", "all"), ("phash1", "none")]
)
@pytest.mark.parametrize("memory_bytes", [1 << 20, 0])
def test_hash_finds_what_has_a_view_within_the_radius(generation: str, orientations: str, memory_bytes: int) -> None:
    deployment = FakeDeployment(generation=generation, memory_bytes=memory_bytes, orientations=orientations)
    stored = deployment.upload("cat.jpg", jpeg(CAT)).record
    deployment.upload("dog.jpg", jpeg(DOG))
    assert stored is not None
    assert stored.hash is not None

    near = deployment.look_ups().look_up_hash(stored.hash ^ 0b111, "*")
    far = deployment.look_ups().look_up_hash(stored.hash ^ 0x1FFF, "*")

    assert [(match.record.ref.key, match.distance) for match in near.matches] == [("cat.jpg", 3)]
    assert far.matches == []


def test_search_of_another_scope_finds_nothing_of_the_own(deployment: FakeDeployment) -> None:
    deployment.scope_depth = 1
    one = deployment.upload("one/cat.jpg", jpeg(CAT))
    deployment.upload("two/cat.jpg", jpeg(CAT))

    there = deployment.look_ups().look_up(ObjectRef(BUCKET, one.ref.key), scope="two/")
    file = deployment.look_ups().look_up_file(jpeg(CAT), "one/")

    assert (keys(there), keys(file)) == ([("two/cat.jpg", MatchKind.EXACT)], [("one/cat.jpg", MatchKind.EXACT)])
