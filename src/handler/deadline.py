"""When an invocation ends, and what keeps a question from being cut off by that without an answer."""

import math
import time
from collections.abc import Callable
from typing import Any, NamedTuple

NEAR_SHARE = 0.9  # of the time of an invocation: one that takes more will soon be ended before it is done
RESERVED_S = 2.0  # of an invocation: to note, publish and mark, or to answer


class Allotted(NamedTuple):
    """The time that an invocation has, on a clock that only the caller knows, in seconds."""

    begin: float
    end: float

    def little_left_ms(self, now: float) -> int | None:
        """Return the milliseconds that are left, where that is a tenth of all or less; else None."""
        if now < self.begin + NEAR_SHARE * (self.end - self.begin):
            return None
        return max(0, round((self.end - now) * 1000))


class OutOfTime(Exception):
    """The invocation ends before the work is done: the event has to come again, or the question to ask for less."""


class Deadline:
    """Stops one invocation at a time: once there is none left, no call of its clients leaves any more.

    Whatever it does, a search, a page, a retry, it does by calls; between them is little else than looks, which know
    the time themselves.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.end = math.inf  # of the invocation, on this object's clock
        self._clock = clock

    def attach(self, client: Any) -> None:
        """Let every later call of *client*, and every attempt of it, raise OutOfTime when the time is up."""
        client.meta.events.register("before-send", self._check)

    def _check(self, **_: Any) -> None:
        if self._clock() > self.end - RESERVED_S:
            raise OutOfTime("the time of this invocation is up before all was read; raise Timeout, or ask for less")
