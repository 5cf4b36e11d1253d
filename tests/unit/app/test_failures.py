"""What fails is logged, counted, answered in the way that its source understands, and stops nothing else."""

from functools import cache
from typing import Any

import pytest

from handler.config import BadConfiguration
from handler.core.model import Content, ObjectRef
from handler.deliveries import ItemsFailed, UnknownEvent
from handler.wiring import Service
from tests.deployments import FakeDeployment
from tests.events import batch_job, look_up, notification, queued
from tests.fakes import InMemoryPictures
from tests.pictures import jpeg, photo
from tests.unit.app.conftest import CONSUMED, FixedMeter, Invoke


class NoPermission(Exception):
    """What an adapter raises that reaches nothing."""


class DenyingPictures(InMemoryPictures):
    """A bucket that denies what is under `denied.jpg`."""

    def read(self, ref: ObjectRef) -> Content:
        if ref.key == "denied.jpg":
            raise NoPermission("no permission")
        return super().read(ref)


@pytest.fixture
def deployment() -> FakeDeployment:
    return FakeDeployment(pictures=DenyingPictures())


@pytest.fixture
def good(deployment: FakeDeployment) -> ObjectRef:
    return deployment.put("good.jpg", jpeg(photo(1)))


@pytest.fixture
def denied(deployment: FakeDeployment) -> ObjectRef:
    return deployment.put("denied.jpg", jpeg(photo(2)))


def misconfigured() -> Service:
    raise BadConfiguration("bad configuration: RADIUS is 'ten', want an integer from 0 to 16")


def test_failed_item_is_logged_with_its_error_and_counted(
    deployment: FakeDeployment, denied: ObjectRef, invoke: Invoke
) -> None:
    metered = deployment.service()._replace(meter=FixedMeter())

    invocation = invoke(notification(denied), lambda: metered)

    line = invocation.line
    assert (line["level"], line["message"]) == ("ERROR", "failed")
    assert (line["bucket"], line["key"], line["action"]) == (denied.bucket, "denied.jpg", "created")
    assert line["exception"].splitlines()[-1].endswith("NoPermission: no permission")
    assert "Traceback" in line["exception"]
    assert (line["read_units"], line["write_units"]) == (CONSUMED["read_units"], CONSUMED["write_units"])
    assert invocation.metrics == {"Troubles": [1]}


def test_failure_makes_an_asynchronous_event_come_again(
    deployment: FakeDeployment, good: ObjectRef, denied: ObjectRef, invoke: Invoke
) -> None:
    invocation = invoke(notification(denied, good), cache(deployment.service))

    assert isinstance(invocation.error, ItemsFailed)
    assert str(invocation.error) == "1 of 2 items failed: NoPermission: no permission"
    assert [line["message"] for line in invocation.lines] == ["failed", "indexed"]
    assert invocation.metrics == {"Troubles": [1]}


def test_failure_makes_a_queued_message_come_again_alone(
    deployment: FakeDeployment, good: ObjectRef, denied: ObjectRef, invoke: Invoke
) -> None:
    event = queued(notification(good), notification(denied), "not JSON")

    invocation = invoke(event, cache(deployment.service))

    assert invocation.reply == {"batchItemFailures": [{"itemIdentifier": "m1"}, {"itemIdentifier": "m2"}]}
    assert [line["message"] for line in invocation.lines] == ["indexed", "failed", "failed"]
    assert invocation.metrics["Troubles"] == [1, 1]


def test_failure_is_temporary_to_a_batch_job(
    deployment: FakeDeployment, good: ObjectRef, denied: ObjectRef, invoke: Invoke
) -> None:
    gone = ObjectRef(good.bucket, "gone.jpg")

    invocation = invoke(batch_job([good, denied, gone]), cache(deployment.service))

    results = [(one["taskId"], one["resultCode"], one["resultString"]) for one in invocation.reply["results"]]
    assert results == [
        ("t0", "Succeeded", "indexed"),
        ("t1", "TemporaryFailure", "no permission"),
        ("t2", "PermanentFailure", "pictures/gone.jpg does not exist"),
    ]
    assert invocation.metrics["Troubles"] == [1]


def test_failure_of_a_look_up_is_its_callers(deployment: FakeDeployment, denied: ObjectRef, invoke: Invoke) -> None:
    invocation = invoke(look_up(denied), deployment.service)

    assert isinstance(invocation.error, NoPermission)
    assert (invocation.line["message"], invocation.line["action"]) == ("failed", "lookup")
    assert invocation.metrics["Troubles"] == [1]


def test_message_that_cannot_be_read_is_named_by_its_receipt(deployment: FakeDeployment, invoke: Invoke) -> None:
    invocation = invoke(queued({"nonsense": 1}), deployment.service)

    assert invocation.reply == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    assert (invocation.line["message"], invocation.line["receipt"]) == ("failed", "m0")
    assert "UnknownEvent: SQS message m0: " in invocation.line["exception"]
    assert invocation.metrics["Troubles"] == [1]


def test_unknown_event_is_refused_before_a_service_is_made(invoke: Invoke) -> None:
    def never() -> Service:
        raise AssertionError

    invocation = invoke({"nonsense": 1}, never)

    assert isinstance(invocation.error, UnknownEvent)
    assert (invocation.line["level"], invocation.line["message"]) == ("ERROR", "refused")
    wanted = "no Records, detail, tasks, backfill or lookup (top-level keys: ['nonsense'])"
    assert wanted in invocation.line["exception"]
    assert invocation.metrics == {"Troubles": [1]}


REF = ObjectRef("pictures", "a.jpg")
SHAPES: dict[str, dict[str, Any]] = {
    "asynchronous": notification(REF),
    "queued": queued(notification(REF)),
    "batch": batch_job([REF]),
    "look-up": look_up(REF),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_bad_configuration_is_logged_and_counted(shape: str, invoke: Invoke) -> None:
    invocation = invoke(SHAPES[shape], misconfigured)

    line = invocation.line
    assert (line["level"], line["message"], line["key"]) == ("ERROR", "failed", "a.jpg")
    assert "BadConfiguration: bad configuration: RADIUS is 'ten'" in line["exception"]
    assert invocation.metrics == {"Troubles": [1]}


def test_bad_configuration_is_answered_in_the_way_of_each_source(invoke: Invoke) -> None:
    answered = {shape: invoke(event, misconfigured) for shape, event in SHAPES.items()}

    assert "1 of 1 items failed: BadConfiguration: bad configuration: RADIUS" in str(answered["asynchronous"].error)
    assert answered["queued"].reply == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    assert [one["resultCode"] for one in answered["batch"].reply["results"]] == ["TemporaryFailure"]
    assert isinstance(answered["look-up"].error, BadConfiguration)


@pytest.mark.parametrize(("remaining_ms", "tries"), [(60_000, True), (1_000, False)])
def test_calls_are_tried_again_for_as_long_as_the_invocation_has_time(
    invoke: Invoke, deployment: FakeDeployment, good: ObjectRef, remaining_ms: int, tries: bool
) -> None:
    service = deployment.service()

    invoke(notification(good), lambda: service, remaining_ms=remaining_ms)

    assert (service.retries.wait_s(1) is not None) == tries
