"""What the logs of both functions tell of the last hour, kind by kind: what was amiss, and searches that were unusual.

Lines are looked for by what the function writes into few of them, so that a usual upload's is never sent.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from handler.cli.facts import LogCount
from handler.cli.stacks import DeployedStack
from handler.core.found import Lack, Route

FAILED, PARTIAL, NO_PACKS, SLOW, QUESTIONS = "failed", "partial", "no_packs", "slow", "questions"  # what is amiss
PROBED, AGAIN = "probed", "again"
KINDS = (FAILED, PARTIAL, NO_PACKS, SLOW, PROBED, AGAIN)  # of the function that handles events
UNUSUAL = '{ $.Troubles = 1 || $.again_s = * || $.route = "probed" }'
AMISS = "{ $.Troubles = 1 }"
PATIENCE_S = 4.0  # for which a log is looked through, the last quarter of an hour first
_WINDOWS = (timedelta(minutes=15), timedelta(hours=1))  # back from now; what fails is tried again within the first
_CLOCKS_DIFFER = timedelta(minutes=1)

Line = Mapping[str, Any]
Clock = Callable[[], float]


def of_events(client: Any, stack: DeployedStack, now: datetime, *, clock: Clock = time.monotonic) -> list[LogCount]:
    """Return each of KINDS, by the log of the function that handles events. Errors are botocore's."""
    return _counted(_Log(client, stack.output("LogGroupName"), UNUSUAL, clock), now, KINDS, _kinds)


def of_questions(client: Any, stack: DeployedStack, now: datetime, *, clock: Clock = time.monotonic) -> list[LogCount]:
    """Return what was amiss with questions, by the log of the function that answers them."""
    log = _Log(client, stack.output("AskLogGroupName"), AMISS, clock)
    return _counted(log, now, (QUESTIONS,), lambda _: {QUESTIONS})


class _Log:
    """The lines of a log that fit a pattern, as far as there is time to find them."""

    def __init__(self, client: Any, group: str, pattern: str, clock: Clock) -> None:
        self._client, self._group, self._pattern, self._clock = client, group, pattern, clock
        self._end = clock() + PATIENCE_S
        self.whole = True  # it was looked through to the end

    def lines(self, since: datetime, until: datetime) -> Iterator[Line]:
        pages = self._client.get_paginator("filter_log_events").paginate(
            logGroupName=self._group,
            filterPattern=self._pattern,
            startTime=round(since.timestamp() * 1000),
            endTime=round(until.timestamp() * 1000) - 1,
        )
        for page in pages:
            for event in page["events"]:
                if (line := _parsed(event["message"])) is not None:
                    yield line
            if page.get("nextToken") and self._clock() > self._end:
                self.whole = False
                return


def _counted(log: _Log, now: datetime, kinds: tuple[str, ...], kinds_of: Callable[[Line], set[str]]) -> list[LogCount]:
    counts, latest, until = list[Counter[str]](), dict[str, Line](), now + _CLOCKS_DIFFER
    for back in _WINDOWS:
        seen, last = Counter[str](), dict[str, Line]()
        for line in log.lines(now - back, until):
            found = kinds_of(line)
            seen.update(found)
            last |= dict.fromkeys(found, line)
        counts.append(seen)
        latest, until = last | latest, now - back
    lately, before = counts
    return [
        LogCount(one, lately[one], lately[one] + before[one], *_example(latest.get(one, {})), whole=log.whole)
        for one in kinds
    ]


def _kinds(line: Line) -> set[str]:
    found = {
        FAILED: line.get("message") in ("failed", "refused"),
        PARTIAL: f"{Lack.MEMORY}: " in line.get("lacks", ""),
        NO_PACKS: "trouble" in line,
        SLOW: "left_ms" in line,
        PROBED: line.get("route") == Route.PROBED,
        AGAIN: "again_s" in line,
    }
    return {kind for kind, fits in found.items() if fits}


def _example(line: Line) -> tuple[str, str]:
    """Return the object that *line* is about, and what it says was amiss; both may be empty."""
    of = f"s3://{line['bucket']}/{line['key']}" if "bucket" in line and "key" in line else ""
    left = f"{line['left_ms']} ms left" if "left_ms" in line else ""
    return of, str(line.get("exception_name") or line.get("trouble") or line.get("lacks") or left)


def _parsed(text: str) -> Line | None:
    try:
        line = json.loads(text)
    except ValueError:
        return None
    return line if isinstance(line, dict) else None
