"""Alarms that watch what the function counts: each begins by its cause, and ends by its cure."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from handler import log
from handler.core.journal import Shape
from handler.wiring import Service
from tests.alarms import ALARMS, STACK, Alarm, Metric, Point
from tests.deployments import FakeDeployment
from tests.docs.function import BrokenPictures, NoPacks
from tests.events import look_up, notification
from tests.fakes import InMemoryJournal, InMemoryPacks
from tests.pictures import jpeg, near_copy, photo
from tests.unit.app.conftest import FixedMeter, Invoke

APART_S = 240.0  # between two uploads: some in every period of the alarms
OURS = [name for name in ALARMS if all(one.namespace == "Lookalike" for one in Alarm(name).metrics.values())]
PICTURE = jpeg(photo(1))


@dataclass
class Watched:
    """A deployment whose counts reach CloudWatch, by a clock of its own."""

    invoke: Invoke
    now: float = 0.0
    points: list[Point] = field(default_factory=list)

    def handle(self, event: dict[str, Any], service: Callable[[], Service], *, remaining_ms: int = 60_000) -> None:
        self.now += APART_S
        for name, values in self.invoke(event, service, remaining_ms=remaining_ms).metrics.items():
            metric = Metric(log.NAMESPACE, name, (("service", STACK),), "AWS::StackName")
            self.points += [Point(metric, self.now, value) for value in values]

    def uploads(
        self, there: FakeDeployment, count: int = 5, body: bytes = PICTURE, *, remaining_ms: int = 60_000
    ) -> None:
        """Handle uploads of *body*, each by a new instance, whose invocations have so much time."""
        for number in range(count):
            event = notification(there.put(f"{self.now:.0f}/{number}.jpg", body))
            self.handle(event, there.service, remaining_ms=remaining_ms)

    @property
    def in_alarm(self) -> set[str]:
        return {name for name in OURS if Alarm(name).state(self.points, self.now) == "ALARM"}


@pytest.fixture
def watched(invoke: Invoke) -> Watched:
    return Watched(invoke)


def test_these_are_ours() -> None:
    assert set(OURS) == {"TroublesAlarm", "ReadCostAlarm"}


def test_normal_load_is_no_alarm_at_any_time(watched: Watched) -> None:
    there = FakeDeployment()
    seen = set[str]()

    for number in range(30):
        body = b"no picture" if number % 10 == 9 else jpeg(near_copy(photo(number % 3)))
        watched.uploads(there, 1, body)
        seen |= watched.in_alarm
    watched.handle(look_up(there.event("0/0.jpg")), there.service)

    assert {point.metric.name for point in watched.points} == {"Rejected"}
    assert seen | watched.in_alarm == set()


def test_pictures_that_cannot_be_read(watched: Watched) -> None:
    there = FakeDeployment(pictures=BrokenPictures())

    watched.uploads(there)
    assert watched.in_alarm == {"TroublesAlarm"}

    watched.uploads(FakeDeployment())
    assert watched.in_alarm == set()


def test_bad_configuration(watched: Watched) -> None:
    there = FakeDeployment()

    def misconfigured() -> Service:
        raise ValueError("bad configuration")

    for number in range(3):
        watched.handle(notification(there.put(f"{number}.jpg", PICTURE)), misconfigured)
    assert watched.in_alarm == {"TroublesAlarm"}

    watched.uploads(there)
    assert watched.in_alarm == set()


def test_single_event_that_nothing_accepts_wakes_nobody(watched: Watched) -> None:
    """It ends in the failure queue, which has an alarm of its own."""
    watched.handle({"nonsense": 1}, FakeDeployment().service)

    assert watched.in_alarm == set()


def test_packs_that_cannot_be_reached(watched: Watched) -> None:
    shape = Shape(segment_bytes=1, pack_sizes=(1,))  # every entry fills a pack
    there = FakeDeployment(journal=InMemoryJournal(shape=shape), packs=NoPacks(), shape=shape)

    watched.uploads(there)
    assert watched.in_alarm == {"TroublesAlarm"}

    there.packs = InMemoryPacks()
    watched.uploads(there)
    assert watched.in_alarm == set()


def test_scope_that_outgrows_its_memory(watched: Watched) -> None:
    there = FakeDeployment(generation="look1", memory_bytes=0)

    watched.uploads(there)
    assert watched.in_alarm == {"TroublesAlarm"}

    there.memory_bytes = 1 << 20
    watched.uploads(there)
    assert watched.in_alarm == set()


def test_invocations_that_take_nearly_all_of_their_time(watched: Watched) -> None:
    there = FakeDeployment()

    watched.uploads(there, remaining_ms=0)
    assert watched.in_alarm == {"TroublesAlarm"}

    watched.uploads(there)
    assert watched.in_alarm == set()


def test_reads_that_cost_too_much(watched: Watched) -> None:
    there = FakeDeployment()

    def service(usual: float) -> Service:
        return there.service()._replace(meter=FixedMeter(), usual_read_units=usual)

    def event() -> dict[str, Any]:
        return notification(*(there.event(f"{watched.now}/{number}.jpg") for number in range(9)))

    for _ in range(11):
        watched.handle(event(), lambda: service(usual=3))
    assert watched.in_alarm == set()  # 99 in the hour
    watched.handle(notification(there.event("hundredth.jpg")), lambda: service(usual=3))
    assert watched.in_alarm == {"ReadCostAlarm"}

    for _ in range(15):
        watched.handle(event(), lambda: service(usual=4))
    assert watched.in_alarm == set()
