"""One id follows an upload through whatever becomes of its event."""

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from handler.core.correlation import correlation_id
from handler.core.model import ObjectRef
from handler.core.sequencers import just_after, padded_sequencer
from handler.wiring import Service
from tests.deployments import FakeDeployment
from tests.events import REMOVED, batch_job, notification, queued
from tests.pictures import jpeg, photo
from tests.unit.app.conftest import Invoke

CAT = photo(1, (320, 240))
ONE, TWO = padded_sequencer("1"), padded_sequencer("2")
MIDDLE = CAT.crop((32, 24, 288, 216))  # a stored view of the other


@pytest.fixture
def site() -> FakeDeployment:
    return FakeDeployment(generation="look1")


def test_upload_is_followed_through_retries_redrive_and_coming_again_to_its_message(
    site: FakeDeployment, invoke: Invoke
) -> None:
    site.upload("cat.jpg", jpeg(CAT))
    ref = site.put("middle.jpg", jpeg(MIDDLE))
    event = notification(ref)
    site.pictures.errors["middle.jpg"] = ConnectionError("slow down")
    sent = [event, event, {"requestContext": {"condition": "RetriesExhausted"}, "requestPayload": event}]
    lines = [invoke(one, cache(site.service)).line for one in sent]  # its last attempt: redriven, as it was queued
    del site.pictures.errors["middle.jpg"]
    lines.append(invoke(event, cache(site.service), remaining_ms=0).line)
    again, _ = site.again.sent.pop()
    lines.append(invoke(queued(again.document()), cache(site.service)).line)

    message = json.loads(site.topic.messages[-1].body)

    assert [line["message"] for line in lines] == ["failed", "failed", "failed", "indexed", "came_again"]
    assert {line["correlation_id"] for line in lines} == {message["correlation_id"]} == {correlation_id(ref)}


@pytest.mark.parametrize("other", [ObjectRef("b", "k", TWO), ObjectRef("b", "l", ONE), ObjectRef("c", "k", ONE)])
def test_other_events_have_other_ids(other: ObjectRef) -> None:
    one = ObjectRef("b", "k", ONE)

    assert correlation_id(one) == correlation_id(ObjectRef("b", "k", ONE, version="v"))  # known once it is read
    assert correlation_id(one) != correlation_id(other)


@pytest.mark.parametrize("before", ["nothing", "a rejection"])
def test_backfill_is_followed_whatever_place_it_gets_among_the_events(
    site: FakeDeployment, invoke: Invoke, before: str
) -> None:
    service: Callable[[], Service] = cache(site.service)
    if before == "a rejection":
        invoke(notification(site.put("cat.jpg", b"none")), service)
    site.pictures.objects["pictures", "cat.jpg"] = jpeg(CAT)
    job: dict[str, Any] = batch_job([ObjectRef("pictures", "cat.jpg")])
    site.pictures.errors["cat.jpg"] = ConnectionError("slow down")
    failed = invoke(job, service).line
    del site.pictures.errors["cat.jpg"]

    line = invoke(job, service).line

    assert (failed["message"], line["message"]) == ("failed", "indexed")
    assert line["correlation_id"] == failed["correlation_id"]


def test_overwriting_and_removal_are_events_of_their_own(site: FakeDeployment, invoke: Invoke) -> None:
    service = cache(site.service)
    refs = [site.put("cat.jpg", jpeg(CAT)) for _ in range(2)]
    lines = [invoke(notification(ref), service).line for ref in refs]
    lines.append(invoke(notification(site.delete("cat.jpg"), name=REMOVED), service).line)

    assert len({line["correlation_id"] for line in lines}) == 3


def test_place_among_the_events_is_none_of_an_upload() -> None:
    given = padded_sequencer("0062E99A88DC407460")

    assert correlation_id(ObjectRef("b", "k", just_after(given))) == correlation_id(ObjectRef("b", "k"))
    assert correlation_id(ObjectRef("b", "k", given)) != correlation_id(ObjectRef("b", "k"))
