import argparse
from datetime import UTC, datetime, timedelta

import pytest

from handler.cli.failed_events import Failure, examined
from handler.cli.failure_filter import FailureFilter, duration
from tests.unit.cli.failures import message, record

NOW = datetime(2026, 10, 30, 23, tzinfo=UTC)


def failed(key: str = "uploads/a.jpg", **said: str) -> Failure:
    return examined(message(record(key, **said)))


def test_without_anything_asked_for_all_are_taken() -> None:
    everything = FailureFilter(NOW)

    assert everything.takes_all
    assert everything.takes(failed())
    assert everything.takes(examined(message("nonsense")))


@pytest.mark.parametrize(
    ("wanted", "taken"),
    [
        (FailureFilter(NOW, causes=["timeout"]), True),
        (FailureFilter(NOW, causes=["throttled", "timeout"]), True),
        (FailureFilter(NOW, causes=["throttled"]), False),
        (FailureFilter(NOW, buckets=["pics"]), True),
        (FailureFilter(NOW, buckets=["pic"]), False),
        (FailureFilter(NOW, prefixes=["uploads/"]), True),
        (FailureFilter(NOW, prefixes=["pics/"]), False),
        (FailureFilter(NOW, buckets=["pics"], prefixes=["thumbs/", "uploads/a"]), True),
        (FailureFilter(NOW, older_than=timedelta(hours=1)), True),
        (FailureFilter(NOW, older_than=timedelta(hours=3)), False),
        (FailureFilter(NOW, newer_than=timedelta(hours=3)), True),
        (FailureFilter(NOW, newer_than=timedelta(hours=1)), False),
        (FailureFilter(NOW, causes=["timeout"], buckets=["other"]), False),
    ],
)
def test_everything_that_was_asked_for_has_to_fit(wanted: FailureFilter, taken: bool) -> None:
    failure = failed(bucket="pics", error="up", error_type="OutOfTime", when="2026-10-30T21:00:00Z")

    assert wanted.takes(failure) is taken
    assert not wanted.takes_all


def test_bucket_and_prefix_have_to_be_of_one_object() -> None:
    two = examined(message('{"Records": [' + ", ".join(map(notified, ("pics/a.jpg", "other/uploads/b.jpg"))) + "]}"))

    assert two.objects == ("pics/a.jpg", "other/uploads/b.jpg")
    assert not FailureFilter(NOW, buckets=["pics"], prefixes=["uploads/"]).takes(two)
    assert FailureFilter(NOW, buckets=["other"], prefixes=["uploads/"]).takes(two)


def notified(name: str) -> str:
    bucket, _, key = name.partition("/")
    described = f'{{"bucket": {{"name": "{bucket}"}}, "object": {{"key": "{key}"}}}}'
    return f'{{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": {described}}}'


def test_message_that_cannot_be_read_is_taken_by_its_cause_alone() -> None:
    unread = examined(message("nonsense"))

    assert FailureFilter(NOW, causes=["unknown-event"]).takes(unread)
    assert not FailureFilter(NOW, buckets=["pics"]).takes(unread)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("90s", timedelta(seconds=90)),
        ("30m", timedelta(minutes=30)),
        ("2h", timedelta(hours=2)),
        ("3d", timedelta(days=3)),
        ("1w", timedelta(weeks=1)),
    ],
)
def test_lengths_of_time(text: str, length: timedelta) -> None:
    assert duration(text) == length


@pytest.mark.parametrize("text", ["", "2", "h", "0h", "-1h", "2 h", "1.5h", "2y", "9999999999w", "²h"])
def test_what_is_no_length_of_time_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=r"no length of time|too long"):
        duration(text)
