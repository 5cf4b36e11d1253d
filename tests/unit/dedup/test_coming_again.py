"""A picture whose search could not be whole comes again, until every view that may meet was compared."""

import json
import math
from typing import Any

import pytest

from handler.answers import answer
from handler.core.again import FIRST_DELAY_S, MAX_ATTEMPTS, MAX_DELAY_S, Again, NeverWhole
from handler.core.backfill import Backfill, BackfillTell
from handler.core.found import Lack, Route
from handler.core.model import ObjectRef, Outcome, PictureRejected
from handler.report import Report
from tests.deployments import BUCKET, FakeDeployment
from tests.fakes import RecordingQueue
from tests.pictures import jpeg, near_copy, photo

CAT, DOG = photo(1, (320, 240)), photo(2, (320, 240))
CORNER = CAT.crop((0, 0, CAT.width * 9 // 10, CAT.height * 9 // 10))  # a view that the buckets do not know
CENTRE = CAT.crop((CAT.width // 10, CAT.height // 10, CAT.width * 9 // 10, CAT.height * 9 // 10))  # a stored view
LATE = 0.0  # a deadline that is over


@pytest.fixture
def site() -> FakeDeployment:
    return FakeDeployment(generation="look1")


def upload_late(site: FakeDeployment, key: str, body: bytes) -> Report:
    """Upload on a new instance that has no time to load the journal."""
    return site.function().created(site.put(key, body), deadline=LATE)


def come_again(site: FakeDeployment, *, late: bool = False) -> Report:
    """Hand what was sent last to a new instance."""
    again, _ = site.again.sent.pop()
    function = site.function()
    return function.came_again(again, deadline=LATE) if late else function.came_again(again)


def test_crop_is_told_when_the_picture_comes_again(site: FakeDeployment) -> None:
    site.upload("cat.jpg", jpeg(CAT))

    first = upload_late(site, "corner.jpg", jpeg(CORNER))
    assert (first.outcome, first.matches, set(first.lacks)) == (Outcome.INDEXED, [], {Lack.NOW})
    second = come_again(site)

    assert site.announced == [("corner.jpg", ["cat.jpg"])]
    assert (second.attempt, second.lacks, site.again.sent) == (1, {}, [])


def test_what_the_buckets_found_is_told_at_once_and_not_again(site: FakeDeployment) -> None:
    site.outgrow()
    site.upload("cat.jpg", jpeg(CAT))
    site.upload("corner.jpg", jpeg(CORNER))
    site.topic.messages.clear()

    upload_late(site, "copy.jpg", jpeg(near_copy(CAT)))
    assert site.announced == [("copy.jpg", ["cat.jpg"])]
    come_again(site)

    assert site.announced == [("copy.jpg", ["cat.jpg"]), ("copy.jpg", ["corner.jpg"])]


def test_crop_of_what_is_listed_is_told_when_the_picture_comes_again(site: FakeDeployment) -> None:
    site.lists = ("banned",)
    site.lister().add("banned", site.listed("cat", jpeg(CAT)))

    upload_late(site, "corner.jpg", jpeg(CORNER))
    come_again(site)

    assert site.announced == [("corner.jpg", ["cat"])]


def test_picture_comes_again_until_it_was_searched_whole(site: FakeDeployment) -> None:
    site.upload("cat.jpg", jpeg(CAT))
    delays = [upload_late(site, "corner.jpg", jpeg(CORNER)).again_s]

    for attempt in range(1, 9):
        report = come_again(site, late=True)
        assert report.attempt == attempt
        delays.append(report.again_s)
    come_again(site)

    assert delays == [15, 30, 60, 120, 240, 480, 900, 900, 900]
    assert site.announced == [("corner.jpg", ["cat.jpg"])]


def test_delays_are_spread() -> None:
    again = Again(ObjectRef("pictures", "a.jpg"), 1, "2026")

    assert [again.delay_s(jitter) for jitter in (0.0, 0.5, 1.0)] == [FIRST_DELAY_S, 11, 8]
    assert Again(again.ref, MAX_ATTEMPTS, "2026").delay_s(0.0) == MAX_DELAY_S


def test_picture_that_is_never_searched_whole_fails_at_last(site: FakeDeployment) -> None:
    upload_late(site, "cat.jpg", jpeg(CAT))
    again, _ = site.again.sent.pop()
    last = Again(again.ref, MAX_ATTEMPTS, again.since)

    with pytest.raises(NeverWhole, match=r"came again 100 times since .*, and was never searched whole"):
        site.function().came_again(last, deadline=LATE)

    assert site.function().came_again(last).outcome is Outcome.INDEXED


@pytest.mark.parametrize("later", ["overwritten", "deleted", "overwritten, not told yet", "deleted, not told yet"])
def test_picture_that_is_another_one_by_now_ends_quietly(site: FakeDeployment, later: str) -> None:
    site.upload("cat.jpg", jpeg(CAT))
    upload_late(site, "corner.jpg", jpeg(CORNER))
    event = site.delete("corner.jpg") if "deleted" in later else site.put("corner.jpg", jpeg(DOG))
    if "not" not in later:
        (site.function().removed if "deleted" in later else site.function().created)(event)

    report = come_again(site)

    assert (report.outcome, site.announced, site.again.sent) == (Outcome.STALE, [], [])


def test_picture_that_cannot_be_read_any_more_asks_by_what_is_stored(site: FakeDeployment) -> None:
    site.upload("cat.jpg", jpeg(CAT))
    upload_late(site, "centre.jpg", jpeg(CENTRE))
    site.pictures.errors["centre.jpg"] = PictureRejected("archived", "the object is in an archive tier")

    report = come_again(site)

    assert (report.outcome, site.announced) == (Outcome.INDEXED, [("centre.jpg", ["cat.jpg"])])


def test_limit_that_was_lowered_meanwhile_takes_nothing_back(site: FakeDeployment) -> None:
    site.upload("cat.jpg", jpeg(CAT))
    upload_late(site, "centre.jpg", jpeg(CENTRE))
    site.max_pixels = 1000

    assert (come_again(site).outcome, site.announced) == (Outcome.INDEXED, [("centre.jpg", ["cat.jpg"])])


def test_picture_that_was_overwritten_by_none_ends_quietly(site: FakeDeployment) -> None:
    site.upload("cat.jpg", jpeg(CAT))
    upload_late(site, "corner.jpg", jpeg(CORNER))
    site.put("corner.jpg", b"no picture")  # its event is still to come

    assert (come_again(site).outcome, site.announced) == (Outcome.STALE, [])


def test_backfilled_picture_comes_again_as_well(site: FakeDeployment) -> None:
    site.upload("cat.jpg", jpeg(CAT))
    site.function().removed(site.event("corner.jpg"))  # its tombstone gives the backfill a place behind it
    ref = site.put("corner.jpg", jpeg(CORNER))
    site.function().created(ObjectRef(ref.bucket, ref.key), deadline=LATE)

    come_again(site)

    assert site.announced == [("corner.jpg", ["cat.jpg"])]


class WritesNothing:
    """An adapter that may be read alone."""

    def __init__(self, adapter: Any) -> None:
        self._adapter = adapter

    def __getattr__(self, name: str) -> Any:
        assert name not in ("put", "bury", "add", "add_holder", "drop_holder", "append"), name
        return getattr(self._adapter, name)


def test_picture_that_comes_again_is_not_stored_again(site: FakeDeployment) -> None:
    site.upload("cat.jpg", jpeg(CAT))
    upload_late(site, "corner.jpg", jpeg(CORNER))

    site.function(WritesNothing).came_again(site.again.sent.pop()[0])

    assert site.announced == [("corner.jpg", ["cat.jpg"])]


class NoQueue(RecordingQueue):
    def send(self, again: Again, delay_s: int) -> None:
        raise ConnectionError(again, delay_s)


def test_upload_that_cannot_come_again_fails_and_is_delivered_again(site: FakeDeployment) -> None:
    site.upload("cat.jpg", jpeg(CAT))
    working, site.again = site.again, NoQueue()
    event = site.put("corner.jpg", jpeg(CORNER))
    with pytest.raises(ConnectionError):
        site.function().created(event, deadline=LATE)

    site.again = working
    site.function().created(event, deadline=LATE)
    come_again(site)

    assert site.announced == [("corner.jpg", ["cat.jpg"])]


@pytest.mark.parametrize(("memory_bytes", "complete"), [(1 << 20, True), (0, False)])
def test_only_without_memory_a_message_is_not_complete(
    site: FakeDeployment, memory_bytes: int, *, complete: bool
) -> None:
    site.memory_bytes = memory_bytes
    site.upload("cat.jpg", jpeg(CAT))

    report = site.upload("copy.jpg", jpeg(near_copy(CAT)))

    (message,) = site.topic.messages
    assert (json.loads(message.body)["complete"], message.attributes["complete"]) == (complete, str(complete).lower())
    assert (report.complete, site.again.sent) == (complete, [])


def test_message_is_complete_where_the_rest_is_told_later(site: FakeDeployment) -> None:
    site.outgrow()
    site.upload("cat.jpg", jpeg(CAT))

    report = upload_late(site, "copy.jpg", jpeg(near_copy(CAT)))

    assert (report.complete, json.loads(site.topic.messages[-1].body)["complete"]) == (True, True)


@pytest.mark.parametrize("memory_bytes", [1 << 20, 0])
def test_buckets_know_all_that_has_one_view(memory_bytes: int) -> None:
    site = FakeDeployment(generation="phash1", memory_bytes=memory_bytes)
    site.upload("cat.jpg", jpeg(CAT))

    report = upload_late(site, "copy.jpg", jpeg(near_copy(CAT)))

    assert report.found is not None
    assert (report.found.route, report.lacks, site.again.sent) == (Route.PROBED, {}, [])
    assert json.loads(site.topic.messages[-1].body)["complete"] is True


def test_buckets_know_all_that_a_flat_picture_matches(site: FakeDeployment) -> None:
    site.memory_bytes = 0
    flat = jpeg(photo(1, (64, 64)).point(lambda _: 128))
    site.upload("blank.jpg", flat)

    report = site.upload("blank again.jpg", flat)

    assert (len(report.matches), report.lacks) == (1, {})


def test_question_that_is_not_answered_whole_says_so_and_comes_never_again(site: FakeDeployment) -> None:
    site.upload("cat.jpg", jpeg(CAT))

    answers = [
        answer(site.look_ups().look_up_file(jpeg(CORNER), "*", deadline=deadline)) for deadline in (LATE, math.inf)
    ]

    assert [(len(found["matches"]), found["complete"]) for found in answers] == [(0, False), (1, True)]
    assert site.again.sent == []


def test_backfill_that_comes_again_stays_quiet_and_is_done_with_once_it_was_whole(site: FakeDeployment) -> None:
    job = Backfill("job", BackfillTell.NONE, "2027-01-01T00:00:00+00:00")
    site.upload("cat.jpg", jpeg(CAT))
    site.pictures.objects[BUCKET, "corner.jpg"] = jpeg(CORNER)
    ref = ObjectRef(BUCKET, "corner.jpg")

    site.function().created(ref, deadline=LATE, backfill=job)
    (before,) = site.catalog.get(site.collection, [ref.object_id])
    second = come_again(site)
    (after,) = site.catalog.get(site.collection, [ref.object_id])

    assert site.announced == []
    assert (second.quiet, before.job, after.job) == (1, None, "job")
