"""What the handler counts, as CloudWatch gets it."""

from functools import cache

import pytest

from handler.core import prices
from handler.core.journal import Shape
from tests.deployments import FakeDeployment
from tests.events import REMOVED, look_up, notification
from tests.fakes import InMemoryJournal
from tests.pictures import jpeg, near_copy, photo
from tests.unit.app.conftest import CONSUMED, FixedMeter, Invoke

CAT, DOG = photo(1), photo(2)
UNITS = {"ReadUnits", "WriteUnits"}
SEARCH = {"Probes", "PacksRead", "Looks", "ReadCost"}


@pytest.fixture
def deployment() -> FakeDeployment:
    return FakeDeployment()


def test_indexed_picture_counts_its_matches_and_its_search(deployment: FakeDeployment, invoke: Invoke) -> None:
    deployment.upload("cat.jpg", jpeg(CAT))

    metrics = invoke(notification(deployment.put("copy.jpg", jpeg(near_copy(CAT)))), deployment.service).metrics

    times = {f"{step}Time" for step in ("Read", "Decode", "Write", "Search", "Look", "Announce")}
    assert metrics.keys() == {"Indexed", "NearDuplicates", "Truncated", "SearchesLoaded"} | times | UNITS | SEARCH
    assert (metrics["Indexed"], metrics["NearDuplicates"], metrics["Truncated"]) == ([1], [1], [0])
    assert (metrics["SearchesLoaded"], metrics["Probes"], metrics["PacksRead"]) == ([1], [0], [0])
    assert metrics["DecodeTime"][0] > 0


def test_list_of_matches_that_was_cut_is_counted(deployment: FakeDeployment, invoke: Invoke) -> None:
    deployment.max_matches = 2
    for number in range(3):
        deployment.upload(f"{number}.jpg", jpeg(CAT))

    metrics = invoke(notification(deployment.put("cat.jpg", jpeg(CAT))), deployment.service).metrics

    assert (metrics["NearDuplicates"], metrics["Truncated"]) == ([2], [1])


def test_other_outcomes_are_counted_by_name(deployment: FakeDeployment, invoke: Invoke) -> None:
    creation = deployment.put("cat.jpg", jpeg(CAT))
    events = {
        "Rejected": notification(deployment.put("bad.jpg", b"not a picture")),
        "Gone": notification(deployment.event("gone.jpg")),
        "Removed": notification(deployment.event("cat.jpg"), name=REMOVED),
        "Stale": notification(creation),
        "LookedUp": look_up(creation),
        "Ignored": {"Event": "s3:TestEvent"},
    }

    counted = {name: invoke(event, deployment.service).metrics for name, event in events.items()}

    for name, metrics in counted.items():
        assert metrics[name] == [1]
        assert not metrics.keys() & {*events, "Indexed", "NearDuplicates", "Failed"} - {name}
    assert counted["Ignored"].keys() == {"Ignored"}


@pytest.mark.parametrize("memory_bytes", [1 << 20, 0], ids=["journal", "buckets"])
def test_each_route_of_a_search_is_counted(invoke: Invoke, memory_bytes: int) -> None:
    deployment = FakeDeployment(memory_bytes=memory_bytes)
    service = cache(deployment.service)  # one instance

    first, second = (
        invoke(notification(deployment.put(key, jpeg(CAT))), service).metrics for key in ("cat.jpg", "again.jpg")
    )

    routes = [{name for name in metrics if name.startswith("Searches")} for metrics in (first, second)]
    assert routes == ([{"SearchesLoaded"}, {"SearchesWarm"}] if memory_bytes else [{"SearchesProbed"}] * 2)
    assert (first["Probes"] > [0]) == (memory_bytes == 0)


def test_consumption_and_its_cost_are_counted(deployment: FakeDeployment, invoke: Invoke) -> None:
    metered = deployment.service()._replace(meter=FixedMeter())

    metrics = invoke(notification(deployment.put("cat.jpg", jpeg(CAT))), lambda: metered).metrics

    assert (metrics["ReadUnits"], metrics["WriteUnits"]) == ([CONSUMED["read_units"]], [CONSUMED["write_units"]])
    assert metrics["ReadCost"] == [pytest.approx(CONSUMED["read_units"] * prices.READ_UNIT * 1e6)]


def test_packs_that_were_read_are_counted_and_cost(invoke: Invoke) -> None:
    small = Shape(segment_bytes=100, pack_sizes=(1,))  # each picture fills a segment, and a segment is a pack
    deployment = FakeDeployment(journal=InMemoryJournal(shape=small), shape=small)
    for number in range(3):
        deployment.upload(f"{number}.jpg", jpeg(CAT))

    metrics = invoke(notification(deployment.put("cat.jpg", jpeg(CAT))), deployment.service).metrics

    assert metrics["PacksRead"] == [3]
    assert metrics["ReadCost"] == [pytest.approx(3 * prices.S3_GET * 1e6)]


def test_items_of_one_event_are_counted_one_by_one(deployment: FakeDeployment, invoke: Invoke) -> None:
    refs = [deployment.put(key, jpeg(CAT)) for key in ("a.jpg", "b.jpg", "c.jpg")]

    metrics = invoke(notification(*refs), cache(deployment.service)).metrics

    assert metrics["Indexed"] == [1, 1, 1]
    assert metrics["NearDuplicates"] == [0, 1, 2]
    assert metrics["Probes"] == [0, 0, 0]


def test_times_are_milliseconds_and_all_else_is_counted(deployment: FakeDeployment, invoke: Invoke) -> None:
    units = invoke(notification(deployment.put("cat.jpg", jpeg(CAT))), deployment.service).units

    assert {name: unit for name, unit in units.items() if unit != "Count"} == {
        name: "Milliseconds" for name in units if name.endswith("Time")
    }
    assert "SearchTime" in units
