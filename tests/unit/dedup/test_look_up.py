"""The matches of an object, for whoever asks."""

from handler.core.model import (
    ObjectRef,
)
from tests.deployments import BUCKET, FakeDeployment
from tests.pictures import jpeg, near_copy, photo

CAT, DOG = photo(1), photo(2)


def test_look_up_compares_what_is_in_the_bucket_now(deployment: FakeDeployment) -> None:
    before = deployment.upload("cat.jpg", jpeg(CAT))
    dog = deployment.upload("dog.jpg", jpeg(DOG))
    deployment.pictures.objects[BUCKET, "cat.jpg"] = jpeg(DOG)

    report = deployment.function().look_up(ObjectRef(BUCKET, "cat.jpg"))

    assert report.record is not None
    assert before.record is not None
    assert dog.record is not None
    assert report.record.hash == dog.record.hash != before.record.hash
    assert [match.record.ref.key for match in report.matches] == ["dog.jpg"]


def test_look_up_answers_and_leaves_no_trace(deployment: FakeDeployment) -> None:
    deployment.upload("cat.jpg", jpeg(CAT))
    asked = deployment.put("question.jpg", jpeg(near_copy(CAT)))

    report = deployment.function().look_up(asked)

    assert [match.record.ref.key for match in report.matches] == ["cat.jpg"]
    assert deployment.announced == []
    assert deployment.pairs.items == {}
    assert deployment.upload("other.jpg", jpeg(CAT)).matches[0].record.ref.key == "cat.jpg"
    assert len(deployment.announced[0][1]) == 1
