"""Time that passes as fast as it can be computed: thousands of tasks of real code, one at a time, and their clock.

A task is a greenlet: it runs until it sleeps or waits for another one, however deep in other people's code that is.
"""

import heapq
import itertools
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from typing import Any

from greenlet import getcurrent, greenlet


class World:
    """The clock, and who goes on when."""

    def __init__(self) -> None:
        self.now = 0.0  # seconds
        self._queue: list[tuple[float, int, Task]] = []
        self._order = itertools.count()
        self._hub = greenlet(self._run)

    def clock(self) -> float:
        """Return the time."""
        return self.now

    def spawn(self, group: "Group", fn: Callable[[], Any]) -> "Later":
        """Begin to run *fn* now, as one of *group*; return its future."""
        later = Later(self)
        self._at(self.now, Task(group, lambda: _finish(later, fn), self._hub))
        return later

    def event(self) -> "Later":
        """Return a future for which somebody sets a result."""
        return Later(self)

    def sleep(self, seconds: float) -> None:
        """Let the task that calls wait."""
        self._at(self.now + seconds, _current())
        self.switch()

    def switch(self) -> None:
        """Let the task that calls wait until somebody wakes it."""
        self._hub.switch()

    def wake(self, task: "Task") -> None:
        """Let *task* go on."""
        self._at(self.now, task)

    def run(self) -> None:
        """Return when nobody has anything to do any more."""
        self._hub.switch()

    def _at(self, when: float, task: "Task") -> None:
        heapq.heappush(self._queue, (when, next(self._order), task))

    def _run(self) -> None:
        while self._queue:
            self.now, _, task = heapq.heappop(self._queue)
            if not task.group.ended:
                task.switch()


class Group:
    """Tasks that end together: a function instance."""

    def __init__(self) -> None:
        self.ended = False


class Task:
    """One of a group; comes back to the hub when it is done."""

    def __init__(self, group: Group, fn: Callable[[], None], hub: Any) -> None:
        self.group = group
        self._greenlet: Any = greenlet(fn, hub)
        self._greenlet.task = self

    def switch(self) -> None:
        """Go on, until it sleeps or waits."""
        self._greenlet.switch()


def _current() -> Task:
    task: Task = getcurrent().task
    return task


def _finish(later: "Later", fn: Callable[[], Any]) -> None:
    try:
        later.set_result(fn())
    except Exception as error:
        later.set_exception(error)


class Later(Future[Any]):
    """The future of a task. Who asks for its result, or for its hash, waits in virtual time."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world
        self._waiting: list[Task] = []
        self.add_done_callback(lambda _: self._wake())

    def result(self, timeout: float | None = None) -> Any:
        """Return what came of it."""
        self._await()
        return super().result(timeout)

    def __hash__(self) -> int:
        self._await()  # `concurrent.futures.wait` begins with a set of what it waits for
        return super().__hash__()

    def _await(self) -> None:
        while not self.done():
            self._waiting.append(_current())
            self._world.switch()

    def _wake(self) -> None:
        for task in self._waiting:
            self._world.wake(task)


class Pool(Executor):
    """As many tasks at once as an instance has threads; the others wait for their turn."""

    def __init__(self, world: World, group: Group, threads: int) -> None:
        self._world, self._group, self._free = world, group, threads
        self._queue: deque[tuple[Later, Callable[[], Any]]] = deque()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Later:
        """Run it as soon as a thread is free."""
        later = Later(self._world)
        self._queue.append((later, lambda: fn(*args, **kwargs)))
        self._begin()
        return later

    def _begin(self) -> None:
        while self._free and self._queue:
            self._free -= 1
            self._world.spawn(self._group, partial(self._do, *self._queue.popleft()))

    def _do(self, later: Later, fn: Callable[[], Any]) -> None:
        _finish(later, fn)
        self._free += 1
        self._begin()
