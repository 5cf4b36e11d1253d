"""Each pair is announced once, however often and on whatever way it is found."""

from handler.core.model import (
    Outcome,
)
from tests.deployments import FakeDeployment
from tests.pictures import jpeg, near_copy, photo

CAT = photo(1)


def test_retried_upload_does_not_match_itself(deployment: FakeDeployment) -> None:
    event = deployment.put("cat.jpg", jpeg(CAT))

    reports = [deployment.function().created(event) for _ in range(3)]

    assert [report.outcome for report in reports] == [Outcome.INDEXED] * 3
    assert deployment.announced == []


def test_same_event_twice_announces_its_pair_once(deployment: FakeDeployment) -> None:
    deployment.upload("cat.jpg", jpeg(CAT))
    event = deployment.put("copy.jpg", jpeg(near_copy(CAT)))

    for _ in range(2):
        deployment.function().created(event)

    assert deployment.announced == [("copy.jpg", ["cat.jpg"])]
    assert [pair.announced for pair in deployment.pairs.items.values()] == [True]


def test_object_noted_for_two_hashes_is_announced_once(deployment: FakeDeployment) -> None:
    original = deployment.upload("cat.jpg", jpeg(CAT))
    overwritten = deployment.upload("cat.jpg", jpeg(near_copy(CAT)))
    assert original.record is not None
    assert overwritten.record is not None
    assert original.record.hash not in (None, overwritten.record.hash)
    deployment.catalog.add_holder(deployment.collection, original.record.hash or 0, original.ref)

    report = deployment.upload("again.jpg", jpeg(CAT))

    assert len(report.matches) == 1
    assert deployment.announced == [("again.jpg", ["cat.jpg"])]
