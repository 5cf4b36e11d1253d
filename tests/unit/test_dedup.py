import json
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image, ImageOps

from handler.core.message import Message
from handler.core.model import (
    LOWEST_SEQUENCER,
    Collection,
    Content,
    ObjectRef,
    Outcome,
    PictureRecord,
)
from handler.core.phash import hamming
from tests.deployments import BUCKET, FakeDeployment
from tests.fakes import (
    InMemoryPictures,
)
from tests.pictures import jpeg, near_copy, photo, png


@pytest.fixture(params=[1 << 20, 0], ids=["journal", "buckets"])
def deployment(request: pytest.FixtureRequest) -> FakeDeployment:
    """Twice: with instances that remember the journal, and with such as have to probe the buckets."""
    return FakeDeployment(memory_bytes=request.param)


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


@pytest.fixture
def looking(deployment: FakeDeployment) -> FakeDeployment:
    """The same, with the generation that has several views."""
    deployment.generation = "look1"
    return deployment


def test_crop_and_original_are_announced_whichever_comes_first() -> None:
    looking = FakeDeployment(generation="look1")
    crop = CAT.crop((0, 0, CAT.width * 9 // 10, CAT.height * 9 // 10))
    looking.upload("cat.jpg", jpeg(CAT))
    looking.upload("corner.jpg", jpeg(crop))
    looking.upload("dog corner.jpg", jpeg(DOG.crop((DOG.width // 10, DOG.height // 10, DOG.width, DOG.height))))
    looking.upload("dog.jpg", jpeg(DOG))

    assert looking.announced == [("corner.jpg", ["cat.jpg"]), ("dog.jpg", ["dog corner.jpg"])]
    views = [match["views"] for message in looking.topic.messages for match in json.loads(message.body)["matches"]]
    assert views == [["whole", "top_left"], ["bottom_right", "whole"]]


@pytest.mark.parametrize(("orientations", "found"), [("none", False), ("mirror", True), ("all", True)])
def test_mirrored_picture_is_announced_where_that_is_asked_for(
    looking: FakeDeployment, orientations: str, *, found: bool
) -> None:
    looking.orientations = orientations
    looking.upload("cat.jpg", jpeg(CAT))
    looking.upload("mirrored.jpg", jpeg(CAT.transpose(Image.Transpose.FLIP_LEFT_RIGHT)))

    matches = [match for message in looking.topic.messages for match in json.loads(message.body)["matches"]]
    assert [match["orientation"] for match in matches] == [2] * found


def test_blank_pages_are_announced_only_where_their_bytes_are_equal(looking: FakeDeployment) -> None:
    white, grey = png(Image.new("RGB", (300, 200), "white")), png(Image.new("RGB", (300, 200), "grey"))
    looking.upload("white.png", white)
    looking.upload("grey.png", grey)

    report = looking.upload("white again.png", white)

    assert looking.announced == [("white again.png", ["white.png"])]
    assert report.record is not None
    assert report.record.fingerprint is not None
    assert report.record.fingerprint.flat


def test_deleted_picture_with_several_views_leaves_no_holder_behind(looking: FakeDeployment) -> None:
    framed = ImageOps.expand(CAT, 30, "white")  # its trimmed view has a hash of its own
    report = looking.upload("framed.jpg", jpeg(framed))
    assert report.record is not None
    looking.function().removed(looking.delete("framed.jpg"))

    whole, trimmed = report.record.entry_hashes[:2]
    assert whole != trimmed
    for hash in (whole, trimmed):
        assert [page for page in looking.catalog.holders(looking.collection, hash) if page] == []


def test_deployment_moves_from_one_generation_to_another_without_a_gap(deployment: FakeDeployment) -> None:
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


def test_different_picture_is_silent(deployment: FakeDeployment) -> None:
    deployment.upload("cat.jpg", jpeg(CAT))

    report = deployment.upload("dog.jpg", jpeg(DOG))

    assert (report.outcome, deployment.announced) == (Outcome.INDEXED, [])


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
    assert list(deployment.catalog.pairs.values()) == [True]


def test_overwritten_object_answers_for_its_new_picture_only(deployment: FakeDeployment) -> None:
    deployment.upload("a.jpg", jpeg(CAT))
    deployment.upload("a.jpg", jpeg(DOG))

    deployment.upload("cat.jpg", jpeg(near_copy(CAT)))
    deployment.upload("dog.jpg", jpeg(near_copy(DOG)))

    assert deployment.announced == [("dog.jpg", ["a.jpg"])]


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


def test_removal_without_sequencer_buries_what_is_gone_from_the_bucket(deployment: FakeDeployment) -> None:
    deployment.upload("cat.jpg", jpeg(CAT))
    still_there = deployment.function().removed(ObjectRef(BUCKET, "cat.jpg"))
    deployment.delete("cat.jpg")

    report = deployment.function().removed(ObjectRef(BUCKET, "cat.jpg"))
    deployment.upload("copy.jpg", jpeg(near_copy(CAT)))

    assert (still_there.outcome, report.outcome) == (Outcome.IGNORED, Outcome.REMOVED)
    assert deployment.announced == []


def test_removal_of_an_unknown_object_without_sequencer_is_ignored(deployment: FakeDeployment) -> None:
    assert deployment.function().removed(ObjectRef(BUCKET, "never.jpg")).outcome is Outcome.IGNORED


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


def test_picture_replaced_by_a_bad_one_answers_no_more(deployment: FakeDeployment) -> None:
    deployment.upload("cat.jpg", jpeg(CAT))
    deployment.upload("cat.jpg", b"broken")

    deployment.upload("copy.jpg", jpeg(near_copy(CAT)))

    assert deployment.announced == []


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
    for n in range(8):  # more than two pages of holders that were deleted, their notes left behind
        report = deployment.upload(f"old{n}.jpg", jpeg(CAT))
        deployment.function().removed(deployment.delete(f"old{n}.jpg"))
        assert report.record is not None
        assert report.record.hash is not None
        deployment.catalog.add_holder(deployment.collection, report.record.hash, report.ref)
    deployment.upload("live.jpg", jpeg(CAT))
    deployment.topic.messages.clear()

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
    for n in range(250):  # dead, and as near as the live one
        ref = deployment.put(f"old{n}.jpg", jpeg(CAT))
        deployment.function().created(ref)
        deployment.function().removed(deployment.delete(f"old{n}.jpg"))
    deployment.upload("live.jpg", jpeg(CAT))

    report = deployment.upload("copy.jpg", jpeg(CAT))

    assert [match.record.ref.key for match in report.matches] == ["live.jpg"]


@pytest.mark.parametrize("gone", ["overwritten", "deleted"])
def test_trail_of_what_is_gone_hides_no_live_picture(deployment: FakeDeployment, gone: str) -> None:
    """A fixed camera overwrites or deletes a picture every minute: its old entries fill the journal."""
    deployment.max_candidates = 20
    deployment.upload("other.jpg", jpeg(near_copy(CAT)))
    for n in range(120):  # more than one call reads
        key = "latest.jpg" if gone == "overwritten" else f"{n}.jpg"
        deployment.upload(key, jpeg(CAT))
        if gone == "deleted":
            deployment.function().removed(deployment.delete(key))

    report = deployment.upload("new.jpg", jpeg(CAT))

    found = {match.record.ref.key for match in report.matches}
    assert found == {"other.jpg"} | ({"latest.jpg"} if gone == "overwritten" else set())
    assert not report.truncated


def test_overwritten_picture_leaves_no_holder_behind(deployment: FakeDeployment) -> None:
    first = deployment.upload("a.jpg", jpeg(CAT))
    second = deployment.upload("a.jpg", jpeg(CAT))
    third = deployment.upload("a.jpg", jpeg(DOG))

    assert deployment.holders(first) == []
    assert deployment.holders(second) == []
    assert deployment.holders(third) == [third.ref.object_id]


def test_backfilled_pair_is_announced_again_once_both_pictures_have_changed(deployment: FakeDeployment) -> None:
    def backfill(key: str, body: bytes) -> None:
        deployment.function().created(replace(deployment.put(key, body), sequencer=LOWEST_SEQUENCER))

    for one, other in ((jpeg(CAT), jpeg(near_copy(CAT))), (jpeg(DOG), jpeg(near_copy(DOG)))):
        for _ in range(2):  # a job may be run again
            backfill("x.jpg", one)
            backfill("y.jpg", other)

    assert deployment.announced == [("y.jpg", ["x.jpg"])] * 2


def test_backfill_leaves_what_an_event_has_indexed(deployment: FakeDeployment) -> None:
    event = deployment.put("cat.jpg", jpeg(CAT))
    deployment.function().created(event)

    report = deployment.function().created(replace(event, sequencer=LOWEST_SEQUENCER))

    assert report.outcome is Outcome.STALE


@pytest.mark.parametrize("before", ["deleted", "rejected"])
def test_backfill_brings_back_what_is_in_the_bucket_but_not_indexed(deployment: FakeDeployment, before: str) -> None:
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


def test_object_with_a_stale_note_under_a_near_hash_is_told_once(deployment: FakeDeployment) -> None:
    original = deployment.upload("cat.jpg", jpeg(CAT))
    overwritten = deployment.upload("cat.jpg", jpeg(near_copy(CAT)))
    assert original.record is not None
    assert overwritten.record is not None
    assert original.record.hash not in (None, overwritten.record.hash)
    deployment.catalog.add_holder(deployment.collection, original.record.hash or 0, original.ref)

    report = deployment.upload("again.jpg", jpeg(CAT))

    assert len(report.matches) == 1
    assert deployment.announced == [("again.jpg", ["cat.jpg"])]


def test_picture_deleted_while_its_matches_are_sought_is_not_announced(deployment: FakeDeployment) -> None:
    deployment.upload("cat.jpg", jpeg(CAT))
    event = deployment.put("copy.jpg", jpeg(near_copy(CAT)))
    deletion = deployment.delete("copy.jpg")
    deployment.pictures.objects[BUCKET, "copy.jpg"] = jpeg(near_copy(CAT))  # it was read just before

    class DeletingImages:
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

    slow = deployment.function(lambda adapter: DeletingImages() if adapter is deployment.catalog else adapter)
    report = slow.created(event)

    assert len(report.matches) == 1
    assert deployment.announced == []


def test_scopes_are_compared_within_themselves_only() -> None:
    deployment = FakeDeployment(scope_depth=1)
    deployment.upload("one/cat.jpg", jpeg(CAT))

    deployment.upload("two/cat.jpg", jpeg(near_copy(CAT)))
    deployment.upload("one/copy.jpg", jpeg(near_copy(CAT)))

    assert deployment.announced == [("one/copy.jpg", ["one/cat.jpg"])]


def test_look_up_tells_matches_and_leaves_no_trace(deployment: FakeDeployment) -> None:
    deployment.upload("cat.jpg", jpeg(CAT))
    asked = deployment.put("question.jpg", jpeg(near_copy(CAT)))

    report = deployment.function().look_up(asked)

    assert [match.record.ref.key for match in report.matches] == ["cat.jpg"]
    assert deployment.announced == []
    assert deployment.catalog.pairs == {}
    assert deployment.upload("other.jpg", jpeg(CAT)).matches[0].record.ref.key == "cat.jpg"
    assert len(deployment.announced[0][1]) == 1


class Crash(Exception):
    """The function stopped here."""


class Unpublishable:
    """A topic that cannot be reached."""

    def publish(self, _: Message) -> None:
        raise Crash


class Steps:
    """Wraps adapters so that the call after *survived* calls crashes, before or after it takes effect."""

    def __init__(self, survived: int, *, effective: bool) -> None:
        self.left = survived
        self.effective = effective
        self.crashed = False

    def wrap(self, adapter: Any) -> Any:
        steps = self

        class Stepped:
            def __getattr__(self, name: str) -> Any:
                def call(*args: Any, **kwargs: Any) -> Any:
                    steps.left -= 1
                    if steps.crashed or (steps.left < 0 and not steps.effective):
                        steps.crashed = True
                        raise Crash
                    answer = getattr(adapter, name)(*args, **kwargs)
                    if steps.left < 0:
                        steps.crashed = True
                        raise Crash
                    return answer

                return call

        return Stepped()


@pytest.mark.parametrize("effective", [False, True], ids=["before its effect", "after its effect"])
@pytest.mark.parametrize("memory_bytes", [1 << 20, 0], ids=["journal", "buckets"])
def test_crash_at_any_step_then_a_retry_announces_the_pair(memory_bytes: int, *, effective: bool) -> None:
    crashes = 0
    while True:
        deployment = FakeDeployment(memory_bytes=memory_bytes)
        deployment.upload("cat.jpg", jpeg(CAT))
        event = deployment.put("copy.jpg", jpeg(near_copy(CAT)))
        steps = Steps(crashes, effective=effective)
        try:
            deployment.function(steps.wrap).created(event)
        except Crash:
            crashes += 1
        else:
            break
        deployment.function().created(event)

        assert ("copy.jpg", ["cat.jpg"]) in deployment.announced, f"crash at step {crashes}"
        assert list(deployment.catalog.pairs.values()) == [True]

    assert crashes >= 15  # read, 7 writes, ends, tail or probe and holders, get, re-check, note, publish, mark


def test_pair_that_only_the_other_upload_noted_is_published_by_whoever_finds_it(deployment: FakeDeployment) -> None:
    deployment.upload("cat.jpg", jpeg(CAT))
    event = deployment.put("copy.jpg", jpeg(near_copy(CAT)))
    with pytest.raises(Crash):
        deployment.function(lambda adapter: Unpublishable() if adapter is deployment.topic else adapter).created(event)
    assert list(deployment.catalog.pairs.values()) == [False]

    # The original's own event is delivered again, before the copy's is retried.
    original = deployment.catalog.get(deployment.collection, [ObjectRef(BUCKET, "cat.jpg").object_id])
    deployment.function().created(original[0].ref)

    assert deployment.announced == [("cat.jpg", ["copy.jpg"])]
