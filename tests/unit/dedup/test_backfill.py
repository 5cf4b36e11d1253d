"""Objects without a sequencer: what S3 Batch Operations names."""

from dataclasses import replace

import pytest

from handler.core.model import (
    LOWEST_SEQUENCER,
    Content,
    ObjectRef,
    Outcome,
)
from tests.deployments import BUCKET, FakeDeployment
from tests.fakes import (
    InMemoryPictures,
)
from tests.pictures import jpeg, near_copy, photo

CAT, DOG = photo(1), photo(2)


def test_backfilled_pair_is_announced_again_once_both_changed(deployment: FakeDeployment) -> None:
    def backfill(key: str, body: bytes) -> None:
        deployment.function().created(replace(deployment.put(key, body), sequencer=LOWEST_SEQUENCER))

    for one, other in ((jpeg(CAT), jpeg(near_copy(CAT))), (jpeg(DOG), jpeg(near_copy(DOG)))):
        for _ in range(2):  # a job may be run again
            backfill("x.jpg", one)
            backfill("y.jpg", other)

    assert deployment.announced == [("y.jpg", ["x.jpg"])] * 2


@pytest.mark.parametrize("before", ["deleted", "rejected"])
def test_backfill_brings_back_what_is_not_indexed(deployment: FakeDeployment, before: str) -> None:
    event = deployment.put("cat.jpg", b"broken" if before == "rejected" else jpeg(CAT))
    deployment.function().created(event)
    if before == "deleted":
        deployment.function().removed(deployment.delete("cat.jpg"))
    deployment.pictures.objects[BUCKET, "cat.jpg"] = jpeg(CAT)  # restored, with no event that says so

    backfilled = deployment.function().created(ObjectRef(BUCKET, "cat.jpg"))
    late = deployment.function().created(event) if before == "rejected" else None
    deployment.upload("copy.jpg", jpeg(near_copy(CAT)))

    assert backfilled.outcome is Outcome.INDEXED
    assert late is None or late.outcome is Outcome.STALE
    assert deployment.announced == [("copy.jpg", ["cat.jpg"])]


def test_object_deleted_while_it_is_backfilled_stays_deleted(deployment: FakeDeployment) -> None:
    deployment.upload("cat.jpg", jpeg(CAT))
    deletion = deployment.delete("cat.jpg")

    class DeletedOnceRead(InMemoryPictures):
        """The bucket, from which the object goes just after it was read."""

        def read(self, _: ObjectRef) -> Content:
            deployment.function().removed(deletion)
            return Content(jpeg(CAT), etag="etag", version=None, modified="2026-01-01T00:00:00+00:00")

    slow = deployment.function(lambda adapter: DeletedOnceRead() if adapter is deployment.pictures else adapter)
    slow.created(ObjectRef(BUCKET, "cat.jpg"))
    deployment.upload("copy.jpg", jpeg(near_copy(CAT)))

    assert deployment.announced == []
