"""When a call is tried again: as often as it takes, with jitter, for as long as the invocation has time."""

import math
import random
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from botocore.exceptions import ConnectionError as NoConnection
from botocore.exceptions import HTTPClientError

from handler.aws.trouble import PASSING, PASSING_STATUSES
from handler.deadline import RESERVED_S

FIRST_WAIT_S, MOST_WAIT_S = 0.05, 5.0  # at most, before the first retry and before the last ones
_MOST_DOUBLINGS = 10

# Botocore waits for whatever a handler returns but None, so none can say "no more": its own have to be silent. (Later
# versions take False for that, but which one a runtime brings is not ours to say.)
OWN_ATTEMPTS = 1  # of botocore: what clients have to be made with
FAILED = "lookalike_failed"  # when a request failed first, in what botocore keeps with it
CUT_OFF = (HTTPClientError, NoConnection)  # no connection, or it was cut, or no answer came in time


class Retries:
    """Says when the calls of clients are tried again, in place of botocore's own retries: OWN_ATTEMPTS ends those.

    They end after some attempts, or when many calls fail (a quota), so a throttled table would fail uploads within
    seconds; and they do not know when an invocation ends. What is tried again is throttling, an error of the service
    and a connection that failed; what AWS refuses (a condition, a permission, a parameter) never is.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        between: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._clock = clock
        self._between = between
        self._began = self._until = -math.inf

    def begin(self, deadline: float) -> None:
        """Let calls be tried again until shortly before *deadline*, when the invocation ends, on this object's clock.

        Before the first time none is.
        """
        self._began, self._until = self._clock(), deadline - RESERVED_S

    def attach(self, client: Any, *, share: float = 1.0) -> None:
        """Have the later calls of *client* tried again, each for no longer than that *share* of the time."""
        service = client.meta.service_model.service_id.hyphenize()
        client.meta.events.register_first(f"needs-retry.{service}", partial(self._wait, share))

    def wait_s(self, attempts: int, *, until: float = math.inf) -> float | None:
        """Return the seconds to wait after so many failed *attempts*, any from 0 on; None if there is no time left.

        There is none beyond *until*, either.
        """
        most = min(MOST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(attempts - 1, _MOST_DOUBLINGS))
        wait = self._between(0, most)  # "full jitter": who failed together does not come back together
        return wait if self._clock() + wait < min(until, self._until) else None

    def _wait(
        self, share: float, response: Any, attempts: int, caught_exception: Any, request_dict: Any, **_: Any
    ) -> float | None:
        """Return how long botocore shall wait before it tries again; None: it shall not."""
        failed = request_dict["context"].setdefault(FAILED, self._clock())
        busy = isinstance(caught_exception, CUT_OFF) if response is None else _is_busy(*response)
        return self.wait_s(attempts, until=failed + share * (self._until - self._began)) if busy else None


def _is_busy(answer: Any, parsed: dict[str, Any]) -> bool:
    code = str(parsed.get("Error", {}).get("Code", ""))
    if answer.status_code in PASSING_STATUSES or code in PASSING:
        return True
    # BatchGetItem that has read nothing. DynamoDB has an error for that; others may have not.
    return bool(parsed.get("UnprocessedKeys")) and not any(parsed.get("Responses", {}).values())
