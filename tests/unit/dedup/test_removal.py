"""What is gone is not announced, whatever the order of events."""

from typing import Any

from handler.core.model import (
    ObjectRef,
    Outcome,
    PictureRecord,
)
from tests.deployments import BUCKET, FakeDeployment
from tests.pictures import jpeg, near_copy, photo

CAT = photo(1)


def test_near_duplicate_of_a_deleted_picture_is_silent(deployment: FakeDeployment) -> None:
    deployment.upload("cat.jpg", jpeg(CAT))
    report = deployment.function().removed(deployment.delete("cat.jpg"))

    deployment.upload("copy.jpg", jpeg(near_copy(CAT)))

    assert (report.outcome, deployment.announced) == (Outcome.REMOVED, [])


def test_late_delete_does_not_remove_a_newer_upload(deployment: FakeDeployment) -> None:
    deployment.upload("cat.jpg", jpeg(CAT))
    deletion = deployment.delete("cat.jpg")
    deployment.upload("cat.jpg", jpeg(CAT))

    late = deployment.function().removed(deletion)
    deployment.upload("copy.jpg", jpeg(near_copy(CAT)))

    assert late.outcome is Outcome.STALE
    assert deployment.announced == [("copy.jpg", ["cat.jpg"])]


def test_late_creation_does_not_revive_a_deleted_object(deployment: FakeDeployment) -> None:
    creation = deployment.put("cat.jpg", jpeg(CAT))
    deployment.function().removed(deployment.event("cat.jpg"))

    late = deployment.function().created(creation)
    deployment.upload("copy.jpg", jpeg(near_copy(CAT)))

    assert (late.outcome, deployment.announced) == (Outcome.STALE, [])


def test_removal_without_sequencer_buries_what_is_gone(deployment: FakeDeployment) -> None:
    deployment.upload("cat.jpg", jpeg(CAT))
    still_there = deployment.function().removed(ObjectRef(BUCKET, "cat.jpg"))
    deployment.delete("cat.jpg")

    report = deployment.function().removed(ObjectRef(BUCKET, "cat.jpg"))
    deployment.upload("copy.jpg", jpeg(near_copy(CAT)))

    assert (still_there.outcome, report.outcome) == (Outcome.IGNORED, Outcome.REMOVED)
    assert deployment.announced == []


def test_picture_deleted_during_its_search_is_not_announced(deployment: FakeDeployment) -> None:
    deployment.upload("cat.jpg", jpeg(CAT))
    event = deployment.put("copy.jpg", jpeg(near_copy(CAT)))
    deletion = deployment.delete("copy.jpg")
    deployment.pictures.objects[BUCKET, "copy.jpg"] = jpeg(near_copy(CAT))  # it was read just before

    class DeletingCatalog:
        """The catalog, behind whose first answer the deletion is handled."""

        def __init__(self) -> None:
            self._deleted = False

        def __getattr__(self, name: str) -> Any:
            return getattr(deployment.catalog, name)

        def get(self, *args: Any) -> list[PictureRecord]:
            answer = deployment.catalog.get(*args)
            if not self._deleted:
                self._deleted = True
                deployment.function().removed(deletion)
            return answer

    slow = deployment.function(lambda adapter: DeletingCatalog() if adapter is deployment.catalog else adapter)
    report = slow.created(event)

    assert len(report.matches) == 1
    assert deployment.announced == []
