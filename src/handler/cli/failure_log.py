"""What the function's log says of events that a queue gave up, since no record does."""

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from handler.cli.failed_events import FROM_A_QUEUE, Failure

FAILED_LINES = '{ $.message = "failed" }'
WINDOWS_H = (1, 6, 24, 24 * 14)  # back from now: what waits has mostly failed lately, and the whole may be large
PATIENCE_S = 20.0  # usually, for all of it: causes that are not found by then stay unknown


class LoggedFailure(NamedTuple):
    """The last time that the function failed an object."""

    at_ms: int
    error_type: str
    error: str
    request_id: str


class FailureLog:
    """The lines about failures in one log group."""

    def __init__(
        self,
        client: Any,
        group: str,
        *,
        patience_s: float = PATIENCE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read by *client*, one of CloudWatch Logs, for *patience_s*."""
        self._client, self._group, self._patience_s, self._clock = client, group, patience_s, clock

    def explained(self, failures: Sequence[Failure], now: datetime) -> list[Failure]:
        """Return *failures*, those that a queue gave up with the error that the log has of them, if it has one.

        Errors are botocore's.
        """
        unknown = {name for one in failures if is_unexplained(one) for name in one.objects}
        if not unknown:
            return list(failures)
        oldest = min(one.moment for one in failures if is_unexplained(one))
        found = self._found(unknown, oldest, now)
        return [_explained(one, found) if is_unexplained(one) else one for one in failures]

    def _found(self, wanted: set[str], oldest: datetime, now: datetime) -> dict[str, LoggedFailure]:
        """Return the last failure of each object of *wanted*, as far as the log has one since *oldest*."""
        found: dict[str, LoggedFailure] = {}
        until, end = now + timedelta(minutes=5), self._clock() + self._patience_s  # clocks differ
        for hours in WINDOWS_H:
            since = max(oldest, now - timedelta(hours=hours))
            for line in self._lines(since, until, end):
                name = f"{line.get('bucket')}/{line.get('key')}"
                if name in wanted and (name not in found or found[name].at_ms <= line["at_ms"]):
                    found[name] = _logged(line)
            if wanted <= found.keys() or since == oldest or self._clock() > end:
                break
            until = since
        return found

    def _lines(self, since: datetime, until: datetime, end: float) -> Iterator[dict[str, Any]]:
        window = {"startTime": int(since.timestamp() * 1000), "endTime": int(until.timestamp() * 1000)}
        pages = self._client.get_paginator("filter_log_events").paginate(
            logGroupName=self._group, filterPattern=FAILED_LINES, **window
        )
        for page in pages:
            for event in page["events"]:
                if line := _line(event["message"]):
                    yield line | {"at_ms": event["timestamp"]}
            if self._clock() > end:
                return


def is_unexplained(failure: Failure) -> bool:
    """Whether a queue gave the event up, and nobody said why."""
    return failure.error == FROM_A_QUEUE


def _explained(failure: Failure, found: Mapping[str, LoggedFailure]) -> Failure:
    """Return *failure* with the last error of its objects, if that came after the event."""
    sent_ms = int(failure.moment.timestamp() * 1000)
    known = [found[name] for name in failure.objects if name in found and found[name].at_ms >= sent_ms]
    if not known:
        return failure
    last = max(known)
    return replace(failure, error_type=last.error_type, error=last.error, request_id=last.request_id)


def _line(text: str) -> dict[str, Any] | None:
    try:
        line = json.loads(text)
    except ValueError:
        return None
    return line if isinstance(line, dict) and line.get("message") == "failed" else None


def _logged(line: Mapping[str, Any]) -> LoggedFailure:
    name, traceback = str(line.get("exception_name", "")), str(line.get("exception", ""))
    # The last error of a traceback, which may tell of several, begins a line with its module and name.
    starts = list(re.finditer(rf"^(?:[\w.]+\.)?{re.escape(name)}(?:: |$)", traceback, re.MULTILINE))
    said = traceback[starts[-1].end() :].strip() if starts else traceback.strip().rpartition("\n")[2]
    return LoggedFailure(line["at_ms"], name, said, str(line.get("request_id", "")))
