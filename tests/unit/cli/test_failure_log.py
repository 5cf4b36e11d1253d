"""What a queue gave up has the cause that the function's log tells of its object."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from handler.cli.failed_events import Failure, examined
from handler.cli.failure_filter import FailureFilter
from handler.cli.failure_log import FailureLog
from handler.cli.failure_queue import FailureQueue
from handler.cli.failure_survey import Survey, by_log, survey
from tests.unit.cli.failures import EVENTS, START_MS, InMemoryQueue, client_error, message, record

NOW = datetime(2026, 10, 30, 23, 30, tzinfo=UTC)  # half an hour after START_MS
EVENT = (EVENTS / "s3-object-created.json").read_text()
TRACEBACK = """\
Traceback (most recent call last):
  File "app.py", line 60, in _run
    raise ReadDenied from error
handler.core.model.ReadDenied: at first

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
handler.core.model.ReadDenied: b/k may not be read by the function's role: grant it s3:GetObject there"""


class Log:
    """CloudWatch Logs with some lines, by time; one page for each of them."""

    def __init__(self, *lines: tuple[datetime, dict[str, Any] | str]) -> None:
        self.lines = lines
        self.asked: list[tuple[int, int]] = []

    def get_paginator(self, name: str) -> "Log":
        assert name == "filter_log_events"
        return self

    def paginate(self, **options: Any) -> Iterator[dict[str, Any]]:
        since, until = options["startTime"], options["endTime"]
        self.asked.append((since, until))
        for at, line in self.lines:
            ms = int(at.timestamp() * 1000)
            if since <= ms < until:
                yield {"events": [{"timestamp": ms, "message": line if isinstance(line, str) else json.dumps(line)}]}


def line(failure: Failure, *, name: str = "ReadDenied", traceback: str = TRACEBACK) -> dict[str, Any]:
    bucket, _, key = failure.objects[0].partition("/")
    said = {"message": "failed", "bucket": bucket, "key": key, "request_id": "r1"}
    return said | {"exception_name": name, "exception": traceback}


@pytest.fixture
def given_up() -> Failure:
    return examined(message(EVENT))


def explained(log: Log, *failures: Failure, clock: Iterator[float] | None = None) -> list[Failure]:
    client: Any = log
    said = FailureLog(client, "group", clock=(lambda: next(clock)) if clock else lambda: 0.0)
    return said.explained(failures, NOW)


def test_queued_event_has_the_last_error_of_its_object(given_up: Failure) -> None:
    earlier = line(given_up, name="OutOfTime", traceback="OutOfTime: earlier")
    log = Log((NOW - timedelta(minutes=20), earlier), (NOW - timedelta(minutes=10), line(given_up)))

    (found,) = explained(log, given_up)

    assert found == replace(
        given_up,
        error_type="ReadDenied",
        error="b/k may not be read by the function's role: grant it s3:GetObject there",
        request_id="r1",
    )
    assert (found.cause.name, found.condition) == ("access-denied", "ReceivesExhausted")


@pytest.mark.parametrize(
    ("name", "traceback", "error"),
    [
        ("KeyError", "Traceback\nKeyError: 'best'", "'best'"),
        ("MemoryError", "Traceback\nMemoryError", ""),
        ("ClientError", "Traceback\nbotocore.exceptions.ClientError: An error\nof two lines", "An error\nof two lines"),
        ("Other", "Traceback\nwhatever", "whatever"),
        ("Other", "", ""),
    ],
)
def test_error_is_what_the_traceback_ends_with(given_up: Failure, name: str, traceback: str, error: str) -> None:
    log = Log((NOW, line(given_up, name=name, traceback=traceback)))

    (found,) = explained(log, given_up)

    assert (found.error_type, found.error) == (name, error)


def test_line_before_the_event_is_of_another(given_up: Failure) -> None:
    log = Log((datetime.fromtimestamp(START_MS / 1000 - 60, UTC), line(given_up)))

    assert explained(log, given_up) == [given_up]


def test_line_that_is_no_json_and_other_objects_are_passed_over(given_up: Failure) -> None:
    other = line(given_up) | {"key": "other.jpg"}
    log = Log((NOW, "no JSON"), (NOW, "[]"), (NOW, other), (NOW, line(given_up) | {"message": "indexed"}))

    assert explained(log, given_up) == [given_up]


def test_what_lambda_recorded_needs_no_log() -> None:
    log = Log()

    recorded = examined(message(record("a.jpg")))

    assert (explained(log, recorded), log.asked) == ([recorded], [])


def test_latest_hours_are_read_first_and_the_rest_only_if_need_be(given_up: Failure) -> None:
    old = replace(given_up, when="2026-10-20T00:00:00.000Z")
    late, early = Log((NOW, line(old))), Log((NOW - timedelta(days=5), line(old)))

    assert [one.error_type for one in explained(late, old) + explained(early, old)] == ["ReadDenied"] * 2
    assert (len(late.asked), len(early.asked)) == (1, 4)
    assert all(newer[0] == older[1] for newer, older in zip(early.asked, early.asked[1:], strict=False))


def test_reading_ends_in_time_however_long_the_log_is(given_up: Failure) -> None:
    other = line(given_up) | {"key": "other.jpg"}
    log = Log(*[(NOW, other)] * 100, (NOW, line(given_up)))

    found = explained(log, given_up, clock=iter(range(0, 1000, 5)))

    assert found == [given_up]


def look(sqs: InMemoryQueue, log: Log, *causes: str) -> Survey:
    client: Any = sqs
    logs: Any = log
    with FailureQueue(client, "url") as queue:
        return survey(queue, FailureFilter(NOW, causes=causes), explain=by_log(FailureLog(logs, "group"), NOW))


def test_what_waits_is_grouped_and_filtered_by_what_the_log_says(given_up: Failure) -> None:
    sqs, log = InMemoryQueue(EVENT, record("a.jpg"), "nonsense"), Log((NOW, line(given_up)))

    whole, part = look(sqs, log), look(sqs, log, "access-denied")

    assert sorted(group.cause.name for group in whole.groups) == ["access-denied", "no-connection", "unknown-event"]
    assert ([group.count for group in part.groups], part.left) == ([1], 2)
    assert part.explained["m0"].error_type == "ReadDenied"
    assert len(sqs.visible) == 3


def test_log_that_cannot_be_read_is_said_and_hides_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    class Denied(Log):
        def paginate(self, **_: Any) -> Iterator[dict[str, Any]]:
            raise client_error("AccessDeniedException", "FilterLogEvents")

    seen = look(InMemoryQueue(EVENT), Denied())

    assert [group.cause.name for group in seen.groups] == ["given-up"]
    assert "log, which may say why queues gave events up, cannot be read" in capsys.readouterr().err


def test_messages_are_back_in_sight_while_the_log_is_read(given_up: Failure) -> None:
    sqs = InMemoryQueue(EVENT, record("a.jpg"))
    client: Any = sqs

    def explain(failures: Sequence[Failure]) -> Sequence[Failure]:
        assert len(sqs.visible) == 2
        return failures

    with FailureQueue(client, "url") as queue:
        assert survey(queue, FailureFilter(NOW), explain=explain).explained == {
            "m0": replace(given_up, message_id="m0", when="2026-10-30T22:59:00.000Z")
        }
