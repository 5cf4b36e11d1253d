"""What the handler counts, as CloudWatch gets it: by the lines themselves."""

import math
from functools import cache

import pytest

from handler.core.found import Lack
from handler.core.journal import Shape
from tests.deployments import FakeDeployment
from tests.docs.function import NoPacks
from tests.events import REMOVED, look_up, notification, queued
from tests.fakes import InMemoryJournal
from tests.pictures import jpeg, near_copy, photo
from tests.unit.app.conftest import CONSUMED, FixedMeter, Invoke

CAT, DOG = photo(1), photo(2)
SMALL = Shape(segment_bytes=1, pack_sizes=(1,))  # every entry fills a pack


@pytest.fixture
def deployment() -> FakeDeployment:
    return FakeDeployment()


def test_usual_events_are_a_line_each_and_count_nothing(deployment: FakeDeployment, invoke: Invoke) -> None:
    """CloudWatch charges for each metric that occurs, and for each byte of its document."""
    first, copy = deployment.put("cat.jpg", jpeg(CAT)), deployment.put("copy.jpg", jpeg(near_copy(CAT)))
    events = {
        "indexed": notification(first),
        "indexed, with a match": notification(copy),
        "looked_up": look_up(first),
        "gone": notification(deployment.event("gone.jpg")),
        "removed": notification(deployment.event("cat.jpg"), name=REMOVED),
        "stale": notification(first),
        "ignored": {"Event": "s3:TestEvent"},
    }

    found = {what: invoke(event, deployment.service) for what, event in events.items()}

    assert {what: one.line["message"] for what, one in found.items()} == {what: what.split(",")[0] for what in events}
    assert found["indexed, with a match"].line["matches"] == 1
    assert {what: one.metrics for what, one in found.items()} == {what: {} for what in events}


def test_rejection_is_counted(deployment: FakeDeployment, invoke: Invoke) -> None:
    invocation = invoke(notification(deployment.put("bad.jpg", b"not a picture")), deployment.service)

    assert (invocation.metrics, invocation.units) == ({"Rejected": [1]}, {"Rejected": "Count"})


def test_matches_that_are_on_lists_are_counted(invoke: Invoke) -> None:
    deployment = FakeDeployment(lists=("banned",))
    for name in ("one", "two"):
        deployment.lister().add("banned", deployment.listed(name, jpeg(CAT)))

    metrics = invoke(notification(deployment.put("cat.jpg", jpeg(CAT))), deployment.service).metrics

    assert metrics == {"ListMatches": [2]}


def test_each_object_counts_by_its_own_line(deployment: FakeDeployment, invoke: Invoke) -> None:
    refs = [deployment.put(key, body) for key, body in (("a.jpg", b"a"), ("b.jpg", jpeg(CAT)), ("c.jpg", b"c"))]

    invocation = invoke(notification(*refs), cache(deployment.service))

    assert [line.get("Rejected") for line in invocation.lines] == [1, None, 1]


@pytest.mark.parametrize("packs", [True, False])
@pytest.mark.parametrize("memory_bytes", [1 << 20, 0])
def test_object_with_one_trouble_or_several_is_counted_once(invoke: Invoke, memory_bytes: int, packs: bool) -> None:
    there = FakeDeployment(
        generation="look1", memory_bytes=memory_bytes, journal=InMemoryJournal(shape=SMALL), shape=SMALL
    )
    there.upload("dog.jpg", jpeg(DOG))
    if not packs:
        there.packs = NoPacks()

    invocation = invoke(notification(there.put("cat.jpg", jpeg(CAT))), there.service)

    line = invocation.line
    assert ("trouble" in line, Lack.MEMORY in line.get("lacks", "")) == (not packs, memory_bytes == 0)
    assert invocation.metrics == ({} if packs and memory_bytes else {"Troubles": [1]})


def test_failure_is_counted_by_its_own_line(deployment: FakeDeployment, invoke: Invoke) -> None:
    """Which passes where LogLevel is ERROR."""
    deployment.put("cat.jpg", jpeg(CAT))
    deployment.pictures.errors["cat.jpg"] = ConnectionError("no answer")

    invocation = invoke(notification(deployment.event("cat.jpg")), deployment.service)

    assert (invocation.line["level"], invocation.line["Troubles"]) == ("ERROR", 1)
    assert invocation.metrics == {"Troubles": [1]}


@pytest.mark.parametrize("fails", [False, True])
def test_what_is_done_shortly_before_the_invocation_ends_counts_at_every_log_level(
    deployment: FakeDeployment, invoke: Invoke, fails: bool
) -> None:
    ref = deployment.put("cat.jpg", jpeg(CAT))
    if fails:
        deployment.pictures.errors["cat.jpg"] = ConnectionError("no answer")

    invocation = invoke(notification(ref), deployment.service, remaining_ms=0)

    assert (invocation.line["level"], invocation.line["left_ms"]) == ("ERROR", 0)
    assert invocation.metrics == {"Troubles": [1]}


def test_what_comes_again_may_take_all_the_time_and_is_no_trouble(invoke: Invoke) -> None:
    there = FakeDeployment(generation="look1")
    there.upload("dog.jpg", jpeg(DOG))

    first = invoke(notification(there.put("cat.jpg", jpeg(CAT))), cache(there.service), remaining_ms=0)
    reference, _ = there.again.sent.pop()
    again = invoke(queued(reference.document()), cache(there.service), remaining_ms=0)

    assert ("again_s" in first.line, again.line["message"]) == (True, "came_again")
    assert [one.line["level"] for one in (first, again)] == ["INFO", "INFO"]
    assert (first.metrics, again.metrics) == ({}, {})


@pytest.mark.parametrize(("usual", "dear"), [(3.5, False), (3, True), (math.inf, False)])
@pytest.mark.parametrize("fails", [False, True])
def test_reads_beyond_what_is_usual_are_counted_also_of_what_fails(
    deployment: FakeDeployment, invoke: Invoke, usual: float, dear: bool, fails: bool
) -> None:
    service = deployment.service()._replace(meter=FixedMeter(), usual_read_units=usual)
    ref = deployment.put("cat.jpg", jpeg(CAT))
    if fails:
        deployment.pictures.errors["cat.jpg"] = ConnectionError("no answer")

    metrics = invoke(notification(ref), lambda: service).metrics

    assert CONSUMED["read_units"] == 3.5
    assert metrics == ({"Troubles": [1]} if fails else {}) | ({"DearReads": [1]} if dear else {})
