"""Parallel writers, and instances of the function that are killed under way."""

import contextlib
import json
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from handler.cli.main import main
from tests.integration.conftest import Site
from tests.integration.test_redrive import waiting

WRITERS = 16
OPEN_AT_ONCE = 6  # events under way, and so instances: each takes 150 MB and, to start, 1.7 s of a core
KILLS = 8
SILENCE_S = 90  # without any news; an invocation that hangs is given up after 60
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


class Fleet:
    """Carries out steps, kills instances meanwhile, and counts in the log what was acknowledged."""

    def __init__(self, site: Site, log_group: str, rng: random.Random) -> None:
        self._site, self._log_group, self._rng = site, log_group, rng
        self._logs = site.client("logs")
        self._todo: SimpleQueue[FleetStep | None] = SimpleQueue()
        self._slots = threading.Semaphore(OPEN_AT_ONCE)
        self._news = threading.Condition()
        self._invocations: set[str] = set()  # each has a stream of the log
        self._since_ms = LATE_MS
        self._open: set[Event] = set()  # whose acknowledgement is waited for
        self._mute = (
            0  # acknowledged invocations whose line is late, or lost: the emulator reads it with little patience
        )
        self._taken: set[Event] = set()  # for those of the mute ones
        self.acknowledged: Counter[Event] = Counter()
        self.interrupted = 0  # invocations

    def run(self, steps: list[FleetStep]) -> None:
        """Carry out *steps*; return when the events of all are acknowledged, redriven if need be."""
        events = sum(1 for step in steps for _ in step.all())
        for step in steps:
            self._todo.put(step)
        with ThreadPoolExecutor(WRITERS) as pool:
            writers = [pool.submit(self._write) for _ in range(WRITERS)]
            try:
                self._watch(events, writers)
            finally:
                self._end()

    def _watch(self, events: int, writers: list[Future[None]]) -> None:
        kill_at = [events * kill // (KILLS + 1) for kill in range(KILLS, 0, -1)]  # acknowledged events; next one last
        deadline = time.monotonic() + SILENCE_S
        while (done := self.acknowledged.total() + self._mute) < events:
            time.sleep(LOOK_S)
            if self._look():
                deadline = time.monotonic() + SILENCE_S
            elif waiting(self._site):  # as an operator would
                assert main(["redrive", "--yes"]) == 0
            if kill_at and done >= kill_at[-1] and self._kill_one():
                kill_at.pop()
            for writer in writers:
                if writer.done():
                    writer.result()
            assert time.monotonic() < deadline, f"{done} of {events} events acknowledged, then no news"

    def _write(self) -> None:
        while step := self._todo.get():
            with self._slots:
                self._carry_out(step)
            for later in step.then:
                self._todo.put(later)

    def _carry_out(self, step: FleetStep) -> None:
        event = (step.name, "indexed" if step.body else "removed")
        with self._news:
            self._open.add(event)
        if step.body:
            self._site.upload(step.name, step.body)
        else:
            self._site.delete(step.name)
        with self._news:
            self._news.wait_for(lambda: event not in self._open)

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
            if self._open and len(self._open) == self._mute - len(self._taken):  # so these are the mute ones
                self._taken |= self._open
                self._open.clear()
            self._news.notify_all()
        self._invocations |= new.keys()
        return bool(new)

    def _note(self, messages: list[str]) -> None:
        """Count one invocation: one that failed is no acknowledgement, whatever it has logged."""
        said = [message for message in messages if not message.startswith(PLATFORM)]
        self.interrupted += any(KILLED in message for message in said)
        if not all(message.startswith("{") for message in said):
            return
        self._mute += 1
        for line in map(json.loads, said):
            if "key" in line:  # not the metrics
                event = (line["key"].removeprefix(f"{self._site.folder}/"), line["message"])
                self.acknowledged[event] += 1
                self._mute -= 1
                self._open.discard(event)
                self._taken.discard(event)

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
