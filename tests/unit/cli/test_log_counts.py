"""What the logs tell, kind by kind."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from handler.cli.facts import LogCount
from handler.cli.log_counts import (
    AGAIN,
    FAILED,
    KINDS,
    NO_PACKS,
    PARTIAL,
    PATIENCE_S,
    PROBED,
    SLOW,
    of_events,
    of_questions,
)
from handler.cli.stacks import DeployedStack

NOW = datetime(2026, 11, 28, 3, 0, tzinfo=UTC)
STACK = DeployedStack("lookalike", "CREATE_COMPLETE", {"LogGroupName": "log", "AskLogGroupName": "asked"}, {}, NOW)
OBJECT = {"bucket": "b", "key": "k"}
Line = dict[str, Any]


class Log:
    """Answers `FilterLogEvents`: a page for each of the lines."""

    def __init__(self, *lines: tuple[float, Line | str]) -> None:
        """*lines* are minutes ago, and what was written then."""
        self._lines = lines
        self.groups = set[str]()

    def get_paginator(self, _: str) -> "Log":
        return self

    def paginate(self, *, logGroupName: str, startTime: int, endTime: int, **_: str) -> Iterator[Any]:  # noqa: N803 - boto3's names
        self.groups.add(logGroupName)
        written = [((NOW - timedelta(minutes=ago)).timestamp() * 1000, text) for ago, text in self._lines]
        found = [text for at_ms, text in written if startTime <= at_ms <= endTime]
        for number, text in enumerate(found, 1):
            message = text if isinstance(text, str) else json.dumps(text)
            yield {"events": [{"message": message}]} | ({"nextToken": "t"} if number < len(found) else {})


def by_kind(log: Log, clock: Sequence[float] = ()) -> dict[str, LogCount]:
    times = iter(clock)
    return {one.kind: one for one in of_events(log, STACK, NOW, clock=lambda: next(times, 0.0))}


@pytest.mark.parametrize(
    ("line", "kinds"),
    [
        ({"message": "failed", "Troubles": 1, "exception_name": "E"}, {FAILED}),
        ({"message": "refused", "Troubles": 1}, {FAILED}),
        ({"message": "indexed", "Troubles": 1, "complete": False, "lacks": "memory: m", "route": "probed"},
         {PARTIAL, PROBED}),
        ({"message": "indexed", "Troubles": 1, "trouble": "denied", "lacks": "now: packs", "again_s": 9},
         {NO_PACKS, AGAIN}),
        ({"message": "failed", "Troubles": 1, "exception_name": "OutOfTime", "left_ms": 1900}, {FAILED, SLOW}),
        ({"message": "indexed", "lacks": "filing: 3 in the buckets yet; memory", "again_s": 9}, {AGAIN}),
        ("no JSON", set()),
    ],
)  # fmt: skip
def test_line_is_of_the_kinds_that_it_tells_of(line: Line | str, kinds: set[str]) -> None:
    found = by_kind(Log((1, line)))

    assert list(found) == list(KINDS)
    assert {kind for kind, one in found.items() if one.hour} == kinds


def test_last_minutes_and_hour_with_the_latest_example() -> None:
    lines = [(m, {"message": "failed", "exception_name": f"E{m}", **OBJECT}) for m in (61, 59, 16, 14, 2)]

    found = by_kind(Log(*lines))[FAILED]

    assert found == LogCount(FAILED, lately=2, hour=4, example="s3://b/k", detail="E2", whole=True)


def test_line_of_another_clock_is_counted_once() -> None:
    assert by_kind(Log((-0.5, {"message": "failed"})))[FAILED].hour == 1


def test_log_that_is_too_long_is_told_as_far_as_there_was_time_the_latest_first() -> None:
    lines = [(minutes, {"message": "failed"}) for minutes in (50, 40, 10, 5, 1)]
    over = count(step=PATIENCE_S)

    found = by_kind(Log(*lines), [next(over) for _ in range(9)])[FAILED]

    assert (found.lately, found.hour, found.whole) == (2, 3, False)


def test_questions_are_counted_by_their_own_log() -> None:
    log = Log((20, {"message": "asked", "complete": False, "lacks": "memory: m"}), (5, {"message": "failed"}))

    (found,) = of_questions(log, STACK, NOW)

    assert (found.lately, found.hour, found.detail, log.groups) == (1, 2, "", {"asked"})
