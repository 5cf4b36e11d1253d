"""One line of the log for each item of an event."""

import json
import re
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest

from handler.core.bill import COUNTS
from handler.core.fingerprint import fingerprint
from handler.core.found import Route
from handler.core.journal import Shape
from handler.core.model import Limits, ObjectRef, Outcome
from handler.core.phash import to_hex
from handler.core.sequencers import padded_sequencer
from tests.deployments import BUCKET, FakeDeployment
from tests.events import REMOVED, look_up, notification, queued
from tests.fakes import InMemoryJournal
from tests.pictures import jpeg, near_copy, photo
from tests.unit.app.conftest import CONSUMED, REQUEST_ID, FixedMeter, Invoke, Invoked

CAT, DOG = photo(1), photo(2)
OBJECT = {"bucket", "key"}
EVENT = {*OBJECT, "sequencer", "correlation_id"}
UNITS = {"read_units", "write_units"}
COSTS = {"ms", *UNITS}
READING = {"read_ms", "decode_ms"}
SEARCH = {"hash", "matches", "route", "pictures", "search_ms"}
COUNTING = {"service", "request_id", "_aws"}
ALWAYS = {"level", "message", "timestamp"}


@pytest.fixture
def deployment() -> FakeDeployment:
    return FakeDeployment()


def fields(invocation: Invoked) -> set[str]:
    """The names in its only line, but for those that every line has."""
    assert invocation.line.keys() >= ALWAYS
    return invocation.line.keys() - ALWAYS


def test_indexed_picture_is_logged_with_hash_and_search(deployment: FakeDeployment, invoke: Invoke) -> None:
    deployment.upload("cat.jpg", jpeg(CAT))
    body = jpeg(near_copy(CAT))

    invocation = invoke(notification(deployment.put("copy.jpg", body)), deployment.service)

    line = invocation.line
    assert fields(invocation) == EVENT | COSTS | READING | SEARCH | {"write_ms", "announced", "announce_ms", "kind"}
    assert (line["level"], line["message"]) == ("INFO", "indexed")
    assert re.fullmatch(r"[\d-]{10}T[\d:]{8}\.\d{3}Z", line["timestamp"])
    assert abs(datetime.now(UTC) - datetime.fromisoformat(line["timestamp"])) < timedelta(hours=1)
    assert (line["bucket"], line["key"], line["sequencer"]) == (BUCKET, "copy.jpg", f"{2:016X}")
    assert (line["matches"], line["announced"], line["kind"]) == (1, 1, "near")
    assert (line["route"], line["pictures"]) == (Route.LOADED, 2)
    assert line["hash"] == to_hex(fingerprint(body, "phash1", Limits()).hash)
    assert invocation.reply == {"outcomes": ["indexed"]}


def test_unusable_picture_is_logged_with_its_reason(deployment: FakeDeployment, invoke: Invoke) -> None:
    invocation = invoke(notification(deployment.put("bad.jpg", b"not a picture")), deployment.service)

    assert fields(invocation) == EVENT | COSTS | READING | COUNTING | {"write_ms", "reason", "Rejected"}
    assert invocation.line["request_id"] == REQUEST_ID
    assert (invocation.line["level"], invocation.line["message"]) == ("INFO", "rejected")
    assert invocation.line["reason"].startswith("unsupported: begins with b'not a pi'")


def test_object_that_is_gone_is_logged_with_its_reason(deployment: FakeDeployment, invoke: Invoke) -> None:
    invocation = invoke(notification(deployment.event("gone.jpg")), deployment.service)

    assert fields(invocation) == EVENT | COSTS | {"read_ms", "write_ms", "reason"}
    assert invocation.line["message"] == "gone"
    assert invocation.line["reason"] == "pictures/gone.jpg does not exist"


def test_removal_and_what_comes_too_late_are_told(deployment: FakeDeployment, invoke: Invoke) -> None:
    creation = deployment.put("cat.jpg", jpeg(CAT))
    removal = notification(deployment.event("cat.jpg"), name=REMOVED)

    removed = invoke(removal, deployment.service)
    stale = invoke(notification(creation), deployment.service)

    assert (removed.line["message"], stale.line["message"]) == ("removed", "stale")
    assert fields(removed) == EVENT | COSTS | {"write_ms"}
    assert fields(stale) == EVENT | COSTS | READING | {"write_ms", "hash", "matches"}


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({"Event": "s3:TestEvent"}, {"reason": "s3:TestEvent"}),
        (notification(ObjectRef(BUCKET, "a.jpg"), name="ObjectTagging:Put"), {"reason": "ObjectTagging:Put"}),
    ],
    ids=["test event", "other event"],
)
def test_what_asks_for_nothing_is_logged_with_its_reason(
    deployment: FakeDeployment, invoke: Invoke, event: dict[str, Any], expected: dict[str, str]
) -> None:
    invocation = invoke(event, deployment.service)

    assert invocation.line["message"] == Outcome.IGNORED
    assert {name: invocation.line[name] for name in fields(invocation)} == expected


def test_look_up_is_logged_as_one_that_changed_nothing(deployment: FakeDeployment, invoke: Invoke) -> None:
    deployment.upload("cat.jpg", jpeg(CAT))
    asked = deployment.put("question.jpg", jpeg(CAT))

    invocation = invoke(look_up(asked), deployment.service)

    line = invocation.line
    assert fields(invocation) == OBJECT | COSTS | READING | SEARCH
    assert (line["message"], line["matches"]) == ("looked_up", 1)


def test_every_item_has_a_line_of_its_own(deployment: FakeDeployment, invoke: Invoke) -> None:
    cat, bad, dog = (
        deployment.put(key, body) for key, body in (("cat.jpg", jpeg(CAT)), ("bad", b"?"), ("dog.jpg", jpeg(DOG)))
    )

    invocation = invoke(queued(notification(cat, bad), notification(dog)), cache(deployment.service))

    logged = [(line["key"], line["message"]) for line in invocation.lines]
    assert logged == [("cat.jpg", "indexed"), ("bad", "rejected"), ("dog.jpg", "indexed")]
    assert [line.get("pictures") for line in invocation.lines] == [1, None, 2]


def test_line_tells_what_the_item_has_consumed(deployment: FakeDeployment, invoke: Invoke) -> None:
    metered = deployment.service()._replace(meter=FixedMeter())

    invocation = invoke(notification(deployment.put("cat.jpg", jpeg(CAT))), lambda: metered)

    assert {name: invocation.line[name] for name in UNITS} == {name: CONSUMED[name] for name in UNITS}
    assert invocation.line["ms"] >= invocation.line["decode_ms"]


@pytest.mark.parametrize(("remaining_ms", "route"), [(60_000, Route.LOADED), (0, Route.PROBED)])
def test_search_keeps_to_the_time_that_the_invocation_has(invoke: Invoke, remaining_ms: int, route: Route) -> None:
    """A journal of several pages is not read to its end by an invocation that is about to end."""
    small = Shape(segment_bytes=100)
    deployment = FakeDeployment(journal=InMemoryJournal(shape=small, page_segments=1), shape=small)
    for number in range(5):
        deployment.upload(f"{number}.jpg", jpeg(CAT))

    event = notification(deployment.put("cat.jpg", jpeg(CAT)))
    invocation = invoke(event, deployment.service, remaining_ms=remaining_ms)

    assert (invocation.line["route"], invocation.line["matches"]) == (route, 5)


# --- what a line costs ---

LONGEST_BUCKET = "b" * 63
MOST_BYTES, MOST_BYTES_OF_COUNTS = 600, 300  # of a line


def ref(letter: str, sequencer: str = "5") -> ObjectRef:
    """An object with a key of 100 bytes."""
    return ObjectRef(LONGEST_BUCKET, letter.ljust(100, "x"), padded_sequencer(sequencer))


@pytest.fixture
def invocations(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> list[Invoked]:
    """What comes of events that end in every outcome there is."""
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=0;Sampled=0")  # by Lambda
    deployment = FakeDeployment(generation="look1", max_looks=5, lists=("banned",))
    deployment.lister().add("banned", deployment.listed("cat.jpg", jpeg(CAT)))
    deployment.upload("cat.jpg", jpeg(CAT))
    bodies = {"a": jpeg(DOG), "b": jpeg(near_copy(CAT)), "c": bytes(range(128, 256)), "d": jpeg(CAT)[:-500]}
    deployment.pictures.objects |= {(LONGEST_BUCKET, ref(letter).key): body for letter, body in bodies.items()}
    service = cache(deployment.service)
    events = [notification(ref(letter)) for letter in "abcde"]
    events += [notification(ref("a", "4")), notification(ref("a"), name="ObjectTagging:Put")]
    events += [look_up(ref(letter)) for letter in "abe"] + [notification(ref("a", "6"), name=REMOVED)]
    return [invoke(event, service) for event in events]


def test_line_has_at_most_600_bytes_and_300_more_where_it_counts_something(invocations: list[Invoked]) -> None:
    assert {one.line["message"] for one in invocations} == {*Outcome, "looked_up"}
    assert {one.line["level"] for one in invocations} == {"INFO"}
    assert max(one.sizes[0] for one in invocations if not one.metrics) <= MOST_BYTES
    assert max(one.sizes[0] for one in invocations) <= MOST_BYTES + MOST_BYTES_OF_COUNTS


def test_upload_without_a_match_has_the_bytes_that_the_bill_reckons_with(invocations: list[Invoked]) -> None:
    """With numbers as long as those of a deployed stack, where half of the uploads look at a stored picture."""
    line = invocations[0].line
    numbers = {"sequencer": "0055AED6DCD90281E5", "pictures": 100_000, "read_units": 1.5, "write_units": 2}
    steps = {"read_ms": 20, "decode_ms": 10, "write_ms": 30, "search_ms": 30, "ms": 100}
    usual = line | numbers | steps
    looking = usual | {"looks": 1, "look_ms": 20}

    assert (line["message"], line["matches"]) == ("indexed", 0)
    assert usual.keys() == line.keys()
    assert (written(usual) + written(looking)) / 2 == pytest.approx(COUNTS.line_bytes + 100, abs=5)


def written(line: dict[str, Any]) -> int:
    """Return the bytes of a line."""
    return len(json.dumps(line, separators=(",", ":")))


def test_each_object_has_one_line_and_nothing_else(invocations: list[Invoked]) -> None:
    assert {len(one.sizes) for one in invocations} == {1}
