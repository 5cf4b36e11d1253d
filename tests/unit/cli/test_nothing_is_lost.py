"""Whatever call fails, and wherever a run ends: an event of the failure queue was sent, or it waits there."""

import contextlib
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from handler.cli.failure_filter import FailureFilter
from handler.cli.failure_queue import HOLD_S, LOOK_S, FailureQueue
from handler.cli.failure_survey import survey
from handler.cli.redriving import Chosen, Pace, Tally, redrive
from handler.cli.saved_failures import Saved, created, load, move
from tests.unit.cli.failures import InMemoryQueue, client_error, key_of, record

NOW = datetime(2026, 10, 30, 23, tzinfo=UTC)
TIMEOUTS = [f"slow-{n}.jpg" for n in range(23)]  # more than two batches, and no whole one at the end
OTHERS = [f"denied-{n}.jpg" for n in range(14)]
WANTED = FailureFilter(NOW, causes=["timeout"])


class Killed(BaseException):
    """The process is gone: nothing that it would do any more happens."""


class Faulty:
    """A queue and a function: at one call something happens, before or after the call has its effect."""

    def __init__(self, at: int, fault: BaseException | None, *, effective: bool) -> None:
        self.sqs = InMemoryQueue(
            *[record(key, error="up", error_type="OutOfTime") for key in TIMEOUTS],
            *[record(key, error="no", error_type="ReadDenied") for key in OTHERS],
            "nonsense",
        )
        self.sent = list[str]()
        self.calls = 0
        self._at, self._fault, self._effective = at, fault, effective
        self._dead = False

    def __getattr__(self, operation: str) -> Any:
        return lambda **options: self._call(lambda: getattr(self.sqs, operation)(**options))

    def invoke(self, payload: bytes) -> None:
        self._call(lambda: self.sent.append(key_of(payload)))

    def sleep(self, seconds: float) -> None:
        self._call(lambda: setattr(self.sqs, "now_s", self.sqs.now_s + seconds))

    def _call(self, effect: Callable[[], Any]) -> Any:
        if self._dead:
            raise Killed
        self.calls += 1
        if self.calls - 1 != self._at or self._fault is None:
            return effect()
        if self._effective:
            effect()
        self._dead = isinstance(self._fault, Killed)
        raise self._fault

    def run(self, wanted: FailureFilter = WANTED) -> Tally:
        client: Any = self
        tally = Tally()
        with FailureQueue(client, "url") as queue:
            pace = Pace(4, clock=lambda: self.sqs.now_s, sleep=self.sleep)
            redrive(queue, self.invoke, tally, choice=Chosen(wanted), pace=pace, advance=lambda _count: None)
        return tally

    def look(self) -> None:
        client: Any = self
        with FailureQueue(client, "url") as queue:
            survey(queue, FailureFilter(NOW))

    @property
    def waiting(self) -> set[str]:
        """The keys in the queue."""
        return {self._key(one) for one in self.sqs.messages}

    @property
    def in_sight(self) -> set[str]:
        """The keys in the queue that anybody may receive."""
        return {self._key(one) for one in self.sqs.visible}

    def _key(self, message_id: str) -> str:
        body = self.sqs.messages[message_id]["Body"]
        return key_of(json.dumps(json.loads(body)["requestPayload"]).encode()) if body != "nonsense" else body


def calls_of(work: Callable[[Faulty], object]) -> int:
    """How many calls *work* makes where nothing happens."""
    calm = Faulty(-1, None, effective=False)
    work(calm)
    return calm.calls


def faults() -> Iterator[Any]:
    for name, fault in (
        ("error", client_error("InternalError", "Any")),
        ("throttled", client_error("TooManyRequestsException", "Any")),
        ("expired credentials", client_error("ExpiredTokenException", "Any")),
        ("no connection", EndpointConnectionError(endpoint_url="https://sqs")),
        ("ctrl-c", KeyboardInterrupt()),
        ("kill -9", Killed()),
    ):
        for effective in (False, True):
            yield pytest.param(fault, effective, id=f"{name}, {'after' if effective else 'before'} its effect")


def begin(work: Callable[[], object]) -> None:
    """Do *work* as far as it comes."""
    with contextlib.suppress(ClientError, EndpointConnectionError, KeyboardInterrupt, Killed):
        work()


@pytest.mark.parametrize(("fault", "effective"), list(faults()))
def test_event_is_sent_or_waits_wherever_a_redrive_ends_and_the_next_one_goes_on(
    fault: BaseException, effective: bool
) -> None:
    for at in range(calls_of(Faulty.run)):
        faulty = Faulty(at, fault, effective=effective)

        begin(faulty.run)
        assert set(TIMEOUTS) <= {*faulty.sent} | faulty.waiting, at
        assert {*OTHERS, "nonsense"} <= faulty.waiting, at

        faulty._at, faulty._dead = -1, False
        faulty.sqs.now_s += HOLD_S + 60 * LOOK_S  # what could not be handed back is in sight again
        faulty.run()
        assert {*faulty.sent} == {*TIMEOUTS}, at
        assert faulty.waiting == faulty.in_sight == {*OTHERS, "nonsense"}, at


def test_ctrl_c_puts_everything_else_in_sight_at_once() -> None:
    for at in range(1, calls_of(Faulty.run)):
        faulty = Faulty(at, KeyboardInterrupt(), effective=False)

        begin(faulty.run)

        if faulty.calls - 1 > at:  # there was something to hand back, and the interruption did not hit that
            assert len(faulty.waiting - faulty.in_sight) <= 10, at


@pytest.mark.parametrize(("fault", "effective"), list(faults()))
def test_nobody_loses_anything_by_looking(fault: BaseException, effective: bool) -> None:
    for at in range(calls_of(Faulty.look)):
        faulty = Faulty(at, fault, effective=effective)

        begin(faulty.look)
        faulty.sqs.now_s += HOLD_S + 60 * LOOK_S

        assert faulty.in_sight == {*TIMEOUTS, *OTHERS, "nonsense"}, at
        assert faulty.sent == []


@pytest.mark.parametrize(("fault", "effective"), list(faults()))
def test_what_is_discarded_is_in_the_file_wherever_that_ends(
    fault: BaseException, effective: bool, tmp_path: Path
) -> None:
    def discard(faulty: Faulty, path: Path) -> None:
        client: Any = faulty
        with FailureQueue(client, "url") as queue, created(path) as file:
            move(queue, Chosen(WANTED), file, Saved(), lambda _count: None)

    for at in range(calls_of(lambda calm: discard(calm, tmp_path / "calm"))):
        (tmp_path / "calm").unlink(missing_ok=True)
        faulty, path = Faulty(at, fault, effective=effective), tmp_path / str(at)

        begin(lambda faulty=faulty, path=path: discard(faulty, path))  # type: ignore[misc]  # no inference for defaults
        saved = {key_of(one.payload) for one in load(path)} if path.exists() else set()

        assert {*TIMEOUTS} <= saved | faulty.waiting, at
        assert {*OTHERS, "nonsense"} <= faulty.waiting, at
        faulty.sqs.now_s += HOLD_S + 60 * LOOK_S
        assert faulty.waiting == faulty.in_sight, at


def test_what_the_filter_leaves_is_counted_and_back_in_sight() -> None:
    calm = Faulty(-1, None, effective=False)

    tally = calm.run()

    assert (tally.sent, tally.left, tally.kept) == (len(TIMEOUTS), len(OTHERS) + 1, [])
    assert calm.in_sight == {*OTHERS, "nonsense"}


def test_events_are_spread_over_time_by_the_rate() -> None:
    calm = Faulty(-1, None, effective=False)

    calm.run()

    assert calm.sqs.now_s == pytest.approx((len(TIMEOUTS) - 3) / 4)  # the last ones are sent, and nobody waits after


def test_slow_rate_sends_one_after_the_other() -> None:
    waits = list[float]()
    pace = Pace(1, clock=lambda: 0.0, sleep=waits.append)

    for _ in range(3):
        pace.wait(pace.at_once)

    assert pace.at_once == 1
    assert waits == [1.0, 2.0]
