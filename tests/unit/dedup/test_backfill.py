"""Objects without a sequencer: what S3 Batch Operations and `lookalike backfill` name."""

import json
from dataclasses import replace

import pytest

from handler.core.backfill import Backfill, BackfillTell
from handler.core.matches import NotedPair, Pair
from handler.core.message import Message
from handler.core.model import Collection, Content, ObjectRef, Outcome, PictureRecord
from handler.core.sequencers import LOWEST_SEQUENCER, padded_sequencer
from handler.report import Report
from tests.deployments import BUCKET, FakeDeployment
from tests.fakes import InMemoryPairs, InMemoryPictures
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
    deployment.upload("cat.jpg", b"broken")
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


BEGAN = "2026-01-01T00:00:01+00:00"  # the pictures' own times are one second apart, from 00:00:00 on


def quietly(
    deployment: FakeDeployment, key: str, tell: BackfillTell = BackfillTell.NONE, *, began: str = BEGAN
) -> Report:
    """Have a job index what is under *key*."""
    return deployment.function().created(ObjectRef(BUCKET, key), backfill=Backfill("job", tell, began))


def stored(deployment: FakeDeployment, **bodies: bytes) -> None:
    """Put pictures into the bucket, with no event that says so."""
    for name, body in bodies.items():
        deployment.pictures.objects[BUCKET, f"{name}.jpg"] = body


def waiting(deployment: FakeDeployment) -> list[list[str]]:
    """The keys of each pair that waits for a verdict."""
    return [sorted(copy.key for copy in filed.copies) for filed in deployment.pairs.waiting(deployment.collection)]


@pytest.mark.parametrize("tell", [BackfillTell.NONE, BackfillTell.REPORT])
def test_pair_of_two_backfilled_pictures_waits_for_people_and_is_not_told(
    deployment: FakeDeployment, tell: BackfillTell
) -> None:
    stored(deployment, a=jpeg(CAT), b=jpeg(near_copy(CAT)))

    reports = [quietly(deployment, key, tell) for key in ("a.jpg", "b.jpg", "b.jpg", "a.jpg")]

    assert deployment.announced == []
    assert waiting(deployment) == [["a.jpg", "b.jpg"]]
    assert [report.quiet for report in reports] == [0, 1, 1, 1]


def test_all_tells_as_uploads_do_and_says_where_it_comes_from(deployment: FakeDeployment) -> None:
    stored(deployment, a=jpeg(CAT), b=jpeg(near_copy(CAT)))

    for key in ("a.jpg", "b.jpg"):
        quietly(deployment, key, BackfillTell.ALL)
    deployment.upload("c.jpg", jpeg(near_copy(CAT)))

    assert deployment.announced == [("b.jpg", ["a.jpg"]), ("c.jpg", ["b.jpg", "a.jpg"])]
    messages = deployment.topic.messages
    assert [message.attributes["origin"] for message in messages] == ["backfill", "upload"]
    assert [json.loads(message.body)["origin"] for message in messages] == ["backfill", "upload"]


def test_all_tells_what_an_earlier_job_kept_quiet_about(deployment: FakeDeployment) -> None:
    stored(deployment, a=jpeg(CAT), b=jpeg(near_copy(CAT)))
    for key in ("a.jpg", "b.jpg"):
        quietly(deployment, key)

    for key in ("a.jpg", "b.jpg"):
        quietly(deployment, key, BackfillTell.ALL)

    assert deployment.announced == [("a.jpg", ["b.jpg"])]


def test_pair_with_what_was_uploaded_meanwhile_is_told(deployment: FakeDeployment) -> None:
    stored(deployment, a=jpeg(CAT))
    deployment.upload("new.jpg", jpeg(near_copy(CAT)))  # it searches before the job comes to the other one

    quietly(deployment, "a.jpg")

    assert deployment.announced == [("a.jpg", ["new.jpg"])]
    assert deployment.topic.messages[0].attributes["origin"] == "backfill"


def test_upload_after_the_job_is_told_of_what_the_job_indexed(deployment: FakeDeployment) -> None:
    stored(deployment, a=jpeg(CAT))
    quietly(deployment, "a.jpg")

    deployment.upload("new.jpg", jpeg(near_copy(CAT)))

    assert deployment.announced == [("new.jpg", ["a.jpg"])]


def test_redelivered_upload_does_not_tell_what_a_job_kept_quiet_about(deployment: FakeDeployment) -> None:
    event = deployment.put("old.jpg", jpeg(CAT))
    deployment.function().created(event)
    stored(deployment, a=jpeg(near_copy(CAT)))
    quietly(deployment, "a.jpg")

    deployment.function().created(event)

    assert deployment.announced == []
    assert waiting(deployment) == [["a.jpg", "old.jpg"]]


def test_pair_that_an_upload_noted_before_it_stopped_is_told_by_its_retry(deployment: FakeDeployment) -> None:
    stored(deployment, old=jpeg(CAT), a=jpeg(near_copy(CAT)))
    deployment.function().created(ObjectRef(BUCKET, "a.jpg"), backfill=Backfill("earlier", BackfillTell.NONE, BEGAN))
    event = deployment.put("old.jpg", jpeg(CAT))

    class Deaf:
        def publish(self, _: Message) -> None:
            raise ConnectionError

    with pytest.raises(ConnectionError):
        deployment.function(lambda adapter: Deaf() if adapter is deployment.topic else adapter).created(event)
    quietly(deployment, "a.jpg")  # the pair is due, whatever the job has to be quiet about
    deployment.function().created(event)

    assert deployment.announced[0] == ("a.jpg", ["old.jpg"])
    assert waiting(deployment) == [["a.jpg", "old.jpg"]]


def test_pair_whose_finder_stopped_before_it_was_filed_is_filed_by_its_retry(deployment: FakeDeployment) -> None:
    stored(deployment, a=jpeg(CAT), b=jpeg(near_copy(CAT)))
    quietly(deployment, "a.jpg")

    class StopsOnceNoted(InMemoryPairs):
        def note_pair(self, collection: Collection, pair: Pair, found: NotedPair) -> NotedPair:
            deployment.pairs.note_pair(collection, pair, found)
            raise ConnectionError

    with pytest.raises(ConnectionError):
        deployment.function(lambda adapter: StopsOnceNoted() if adapter is deployment.pairs else adapter).created(
            ObjectRef(BUCKET, "b.jpg"), backfill=Backfill("job", BackfillTell.NONE, BEGAN)
        )
    quietly(deployment, "b.jpg")

    assert deployment.announced == []
    assert waiting(deployment) == [["a.jpg", "b.jpg"]]


def test_job_does_not_open_again_what_was_set_aside(deployment: FakeDeployment) -> None:
    stored(deployment, a=jpeg(CAT), b=jpeg(near_copy(CAT)))
    for key in ("a.jpg", "b.jpg"):
        quietly(deployment, key)
    (filed,) = deployment.pairs.waiting(deployment.collection)
    deployment.pairs.close(deployment.collection, filed.pair)

    quietly(deployment, "b.jpg")

    assert waiting(deployment) == []


def test_multipart_upload_is_dated_by_its_beginning_and_may_have_ended_since() -> None:
    def record(etag: str, modified: str) -> PictureRecord:
        ref = ObjectRef(BUCKET, "a.jpg", padded_sequencer("1"))
        return PictureRecord(ref, "phash1", Outcome.INDEXED, etag=etag, modified=modified)

    job = Backfill("job", BackfillTell.NONE, "2026-05-10T00:00:00+00:00")

    assert not job.is_due(record("e", "2026-05-09T23:59:59+00:00"))
    assert job.is_due(record("e", "2026-05-10T00:00:00+00:00"))
    assert job.is_due(record("e-2", "2026-05-04T00:00:00+00:00"))
    assert not job.is_due(record("e-2", "2026-05-02T00:00:00+00:00"))


def test_matches_of_lists_are_told_whatever_the_job_tells(deployment: FakeDeployment) -> None:
    deployment.lists = ("banned",)
    deployment.lister().add("banned", deployment.listed("bad", jpeg(CAT)))
    stored(deployment, a=jpeg(near_copy(CAT)))

    quietly(deployment, "a.jpg")

    assert deployment.announced == [("a.jpg", ["bad"])]


@pytest.mark.parametrize(
    ("body", "outcome"), [(jpeg(CAT), Outcome.INDEXED), (b"broken", Outcome.REJECTED), (None, Outcome.GONE)]
)
def test_job_is_noted_once_it_is_done_with_an_object(
    deployment: FakeDeployment, body: bytes | None, outcome: Outcome
) -> None:
    if body is not None:
        stored(deployment, a=body)

    report = quietly(deployment, "a.jpg")

    (record,) = deployment.catalog.get(deployment.collection, [report.ref.object_id])
    assert (report.job, record.job, record.outcome) == ("job", "job", outcome)


def test_what_an_event_told_of_is_not_read_again_and_is_done_with(deployment: FakeDeployment) -> None:
    ref = deployment.put("a.jpg", jpeg(CAT))
    deployment.function().created(ref)
    deployment.pictures.errors["a.jpg"] = ConnectionError()

    report = quietly(deployment, "a.jpg")

    (record,) = deployment.catalog.get(deployment.collection, [ref.object_id])
    assert report.outcome is Outcome.STALE
    assert (record.job, record.ref.sequencer) == ("job", ref.sequencer)
