"""What the handler counts, as CloudWatch gets it."""

from functools import cache

import pytest

from tests.deployments import FakeDeployment
from tests.events import REMOVED, look_up, notification
from tests.pictures import jpeg, near_copy, photo
from tests.unit.app.conftest import Invoke

CAT, DOG = photo(1), photo(2)


@pytest.fixture
def deployment() -> FakeDeployment:
    return FakeDeployment()


def test_indexed_picture_counts_its_matches_and_its_search(deployment: FakeDeployment, invoke: Invoke) -> None:
    deployment.upload("cat.jpg", jpeg(CAT))

    metrics = invoke(notification(deployment.put("copy.jpg", jpeg(near_copy(CAT)))), deployment.service).metrics

    assert metrics == {"Indexed": [1], "NearDuplicates": [1]}


def test_what_did_not_occur_is_not_counted(deployment: FakeDeployment, invoke: Invoke) -> None:
    """CloudWatch charges for each metric that occurs, also where it is zero."""
    metrics = invoke(notification(deployment.put("cat.jpg", jpeg(CAT))), deployment.service).metrics

    assert metrics == {"Indexed": [1]}


def test_looks_are_told_by_the_line_alone(invoke: Invoke) -> None:
    deployment = FakeDeployment(generation="look1", max_looks=5)
    deployment.upload("cat.jpg", jpeg(CAT))

    invocation = invoke(notification(deployment.put("copy.jpg", jpeg(near_copy(CAT)))), deployment.service)

    assert ("Looks" in invocation.metrics, invocation.line["looks"]) == (False, 1)


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
def test_search_that_the_buckets_answered_is_counted(invoke: Invoke, memory_bytes: int) -> None:
    deployment = FakeDeployment(memory_bytes=memory_bytes)
    service = cache(deployment.service)  # one instance

    first, second = (
        invoke(notification(deployment.put(key, jpeg(CAT))), service).metrics for key in ("cat.jpg", "again.jpg")
    )

    routes = [{name for name in metrics if name.startswith("Searches")} for metrics in (first, second)]
    assert routes == ([set() if memory_bytes else {"SearchesProbed"}] * 2)


def test_items_of_one_event_are_counted_one_by_one(deployment: FakeDeployment, invoke: Invoke) -> None:
    refs = [deployment.put(key, jpeg(CAT)) for key in ("a.jpg", "b.jpg", "c.jpg")]

    metrics = invoke(notification(*refs), cache(deployment.service)).metrics

    assert metrics["Indexed"] == [1, 1, 1]
    assert metrics["NearDuplicates"] == [1, 2]


def test_everything_is_counted_not_timed(deployment: FakeDeployment, invoke: Invoke) -> None:
    """Lambda's own metrics and the fields of the lines tell times."""
    units = invoke(notification(deployment.put("cat.jpg", jpeg(CAT))), deployment.service).units

    assert set(units.values()) == {"Count"}


def test_failure_is_counted_by_its_own_line(deployment: FakeDeployment, invoke: Invoke) -> None:
    """A document of metrics has level INFO, and does not pass where LogLevel is ERROR."""
    deployment.put("cat.jpg", jpeg(CAT))
    deployment.pictures.errors["cat.jpg"] = ConnectionError("no answer")

    invocation = invoke(notification(deployment.event("cat.jpg")), deployment.service)

    assert (invocation.line["level"], invocation.line["Failed"]) == ("ERROR", [1])
    assert invocation.metrics == {"Failed": [1]}
