"""Parallel writers, and instances of the function that are killed under way."""

import contextlib
import json
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from handler.cli.main import main
from handler.core.model import Outcome
from tests.integration.conftest import Site
from tests.integration.test_redrive import waiting

WRITERS = 16
OPEN_AT_ONCE = 6  # events under way, and so instances: each takes 150 MB and, to start, 1.7 s of a core
KILLS = 8
SILENCE_S = 90  # without any news; an invocation that hangs is given up after 60
QUIET_S = 2  # without any news: then the index is asked, since the emulator reads lines with little patience
LOOK_S = 0.05  # between two looks at the log, which cannot be subscribed to here
LATE_MS = 1000  # a line may come into the log this long after its time
KILLED = "Worker process died"  # what the emulator logs then
SERVING_THREADS = 4  # more have those that served an upload; if one is killed while it starts, the emulator ends all
PLATFORM = ("START ", "END ", "REPORT ")  # lines of the emulator's own

Event = tuple[str, str]  # name and outcome


@dataclass(frozen=True)
class FleetStep:
    """One upload or deletion; *then* follows when the function has acknowledged its event."""

    name: str
    body: bytes | None  # None: delete it
    then: tuple["FleetStep", ...] = ()

    def all(self) -> Iterator["FleetStep"]:
        yield self
        for step in self.then:
            yield from step.all()

    @property
    def event(self) -> Event:
        """What the function says once it has acknowledged its event."""
        return self.name, Outcome.INDEXED if self.body else Outcome.REMOVED


class Fleet:
    """Carries out steps, kills instances meanwhile, and counts in the log what was acknowledged.

    An invocation without a line says nothing: it may have failed, or its lines came too late for the emulator.
    """

    def __init__(self, site: Site, log_group: str, rng: random.Random) -> None:
        self._site, self._log_group, self._rng = site, log_group, rng
        self._logs = site.client("logs")
        self._todo: SimpleQueue[FleetStep | None] = SimpleQueue()
        self._slots = threading.Semaphore(OPEN_AT_ONCE)
        self._news = threading.Condition()
        self._invocations: set[str] = set()  # each has a stream of the log
        self._since_ms = LATE_MS
        self._open: set[Event] = set()  # whose acknowledgement is waited for
        self._done: set[Event] = set()  # by the log, or by the index
        self.acknowledged: Counter[Event] = Counter()
        self.interrupted = 0  # invocations

    def run(self, steps: list[FleetStep], settled: Callable[[], bool]) -> None:
        """Carry out *steps*; return once all events are acknowledged, and *settled* or long silent.

        An event that the index knows may be tried again still: an invocation may be killed after it wrote there.
        """
        events = {each.event for step in steps for each in step.all()}
        for step in steps:
            self._todo.put(step)
        with ThreadPoolExecutor(WRITERS) as pool:
            writers = [pool.submit(self._write) for _ in range(WRITERS)]
            try:
                self._watch(events, settled, writers)
            finally:
                self._end()

    def _watch(self, events: set[Event], settled: Callable[[], bool], writers: list[Future[None]]) -> None:
        kill_at = [len(events) * kill // (KILLS + 1) for kill in range(KILLS, 0, -1)]  # events done; next one last
        news = time.monotonic()
        while not (events <= self._done and settled()):
            time.sleep(LOOK_S)
            if self._look():
                news = time.monotonic()
            elif waiting(self._site):  # as an operator would
                assert main(["redrive", "--yes"]) == 0
            elif time.monotonic() > news + QUIET_S and self._ask():
                news = time.monotonic()
            if kill_at and len(self._done) >= kill_at[-1] and self._kill_one():
                kill_at.pop()
            for writer in writers:
                if writer.done():
                    writer.result()
            if time.monotonic() > news + SILENCE_S:
                assert events <= self._done, f"no news, and {len(events - self._done)} events are open"
                break

    def _write(self) -> None:
        while step := self._todo.get():
            with self._slots:
                self._carry_out(step)
            for later in step.then:
                self._todo.put(later)

    def _carry_out(self, step: FleetStep) -> None:
        with self._news:
            self._open.add(step.event)
        if step.body:
            self._site.upload(step.name, step.body)
        else:
            self._site.delete(step.name)
        with self._news:
            self._news.wait_for(lambda: step.event not in self._open)

    def _end(self) -> None:
        for _ in range(WRITERS):
            self._todo.put(None)
        with self._news:
            self._open.clear()
            self._news.notify_all()

    # --- what the function does ---

    def _look(self) -> bool:
        """Take in what was logged since the last look; whether there was anything."""
        page = self._logs.filter_log_events(logGroupName=self._log_group, startTime=self._since_ms - LATE_MS)
        new: dict[str, list[str]] = {}
        for event in page["events"]:
            self._since_ms = max(self._since_ms, event["timestamp"])
            if event["logStreamName"] not in self._invocations:
                new.setdefault(event["logStreamName"], []).append(event["message"])
        with self._news:
            for messages in new.values():
                self._note(messages)
            self._news.notify_all()
        self._invocations |= new.keys()
        return bool(new)

    def _note(self, messages: list[str]) -> None:
        """Count one invocation: one that failed is no acknowledgement, whatever it has logged."""
        said = [message for message in messages if not message.startswith(PLATFORM)]
        self.interrupted += any(KILLED in message for message in said)
        if not all(message.startswith("{") for message in said):
            return
        for line in map(json.loads, said):
            if "key" in line:  # not the metrics
                event = (line["key"].removeprefix(f"{self._site.folder}/"), line["message"])
                self.acknowledged[event] += 1
                self._close(event)

    def _ask(self) -> bool:
        """Ask the index for what is open; whether it knows any of it."""
        with self._news:
            known = {event for event in self._open if self._recorded(event)}
            for event in known:
                self._close(event)
            self._news.notify_all()
        return bool(known)

    def _recorded(self, event: Event) -> bool:
        name, outcome = event
        record = self._site.record(name, self._site.deployment.bucket)
        return record is not None and record.outcome == outcome

    def _close(self, event: Event) -> None:
        self._open.discard(event)
        self._done.add(event)

    def _kill_one(self) -> bool:
        serving = [pid for pid in instances(self._site.deployment.emulator.pid) if threads(pid) > SERVING_THREADS]
        if serving:
            os.kill(self._rng.choice(serving), signal.SIGKILL)
        return bool(serving)


def instances(emulator: int) -> list[int]:
    """Return the processes under *emulator* that run the function."""
    found = []
    for task in Path(f"/proc/{emulator}/task").glob("*/children"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has ended
            for child in map(int, task.read_text().split()):
                is_one = b"_worker.py" in Path(f"/proc/{child}/cmdline").read_bytes()
                found += [child] if is_one else instances(child)
    return found


def threads(pid: int) -> int:
    """Return how many threads the process has; none once it has ended."""
    try:
        return len(list(Path(f"/proc/{pid}/task").iterdir()))
    except FileNotFoundError:
        return 0
