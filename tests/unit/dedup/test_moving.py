"""A deployment that moves from one generation to another."""

from handler.core.model import (
    ObjectRef,
)
from tests.deployments import BUCKET, FakeDeployment
from tests.pictures import jpeg, near_copy, photo

CAT = photo(1)


def test_deployment_moves_between_generations_without_a_gap(deployment: FakeDeployment) -> None:
    """Write both, backfill, switch: what was stored before, meanwhile and after is found."""
    before, deleted = deployment.put("before.jpg", jpeg(CAT)), deployment.put("deleted.jpg", jpeg(CAT))
    for ref in (before, deleted):
        deployment.function().created(ref)

    deployment.generation = "look1"  # written besides, while phash1 is searched
    shadow = deployment.indexer()
    meanwhile = deployment.put("meanwhile.jpg", jpeg(CAT))
    shadow.index(meanwhile)
    shadow.remove(deployment.delete("deleted.jpg"))
    for ref in (before, meanwhile, deleted):  # the backfill names every object without a sequencer
        shadow.index(ObjectRef(BUCKET, ref.key))

    report = deployment.upload("after.jpg", jpeg(near_copy(CAT)))

    assert {match.record.ref.key for match in report.matches} == {"before.jpg", "meanwhile.jpg"}
    assert {match.record.generation for match in report.matches} == {"look1"}
    assert [picture for picture, _ in deployment.announced] == ["deleted.jpg", "after.jpg"]
