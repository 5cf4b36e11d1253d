"""What waits, by cause, and how it is told; the queue is left as it is."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from handler.cli.failed_events import examined
from handler.cli.failure_filter import FailureFilter
from handler.cli.failure_groups import age, grouped, place_of
from handler.cli.failure_queue import FailureQueue
from handler.cli.failure_survey import Survey, survey
from handler.cli.failures import screen
from handler.cli.main import main
from tests.unit.cli.failures import InMemoryQueue, client_error, failed_again, message, record

NOW = datetime(2026, 10, 30, 23, tzinfo=UTC)
DENIED = "1 of 1 items failed: ReadDenied: pics/{} may not be read by the function's role: grant it s3:GetObject there"
BUSY = "1 of 1 items failed: ClientError: An error occurred (SlowDown) when calling the GetObject operation: slow"


def denied(key: str, when: str = "2026-10-30T21:00:00Z") -> str:
    return record(key, bucket="pics", error=DENIED.format(key), when=when)


def look(sqs: InMemoryQueue, wanted: FailureFilter | None = None, limit: int | None = None) -> Survey:
    client: Any = sqs
    with FailureQueue(client, "url") as queue:
        return survey(queue, wanted or FailureFilter(NOW), limit=limit)


def test_what_waits_is_grouped_by_cause_largest_first() -> None:
    sqs = InMemoryQueue(record("busy.jpg", error=BUSY), *[denied(f"uploads/{n}.jpg") for n in range(12)], "nonsense")

    seen = look(sqs)

    assert [(group.cause.name, group.count) for group in seen.groups] == [
        ("access-denied", 12), ("throttled", 1), ("unknown-event", 1)
    ]  # fmt: skip
    assert (seen.looked_at, seen.left, seen.whole) == (14, 0, True)


def test_one_right_on_two_tables_makes_two_groups() -> None:
    said = (
        "1 of 1 items failed: ClientError: An error occurred (AccessDeniedException) when calling the PutItem "
        "operation: r is not authorized to perform: dynamodb:PutItem on resource: arn:aws:dynamodb:r:1:table/{}"
    )

    groups = grouped(examined(message(record("a.jpg", error=said.format(table)))) for table in ("a", "b", "a"))

    assert [(group.cause.detail, group.count) for group in groups] == [
        ("dynamodb:PutItem on table/a", 2), ("dynamodb:PutItem on table/b", 1)
    ]  # fmt: skip


def test_looking_leaves_every_message_in_sight() -> None:
    sqs = InMemoryQueue(*[record(f"{n}.jpg") for n in range(25)], "nonsense")

    look(sqs)

    assert len(sqs.visible) == 26


def test_queue_that_breaks_down_keeps_its_messages_and_shows_them_again() -> None:
    class Breaking(InMemoryQueue):
        def receive_message(self, **options: Any) -> dict[str, Any]:
            if len(self.messages) - len(self.visible) >= 10:
                raise client_error("InternalError", "ReceiveMessage")
            return super().receive_message(**options)

    sqs = Breaking(*[record(f"{n}.jpg") for n in range(25)])

    with pytest.raises(ClientError):
        look(sqs)

    assert len(sqs.visible) == 25


def test_limit_bounds_what_is_looked_at() -> None:
    seen = look(InMemoryQueue(*[record(f"{n}.jpg") for n in range(25)]), limit=10)

    assert (seen.looked_at, seen.whole) == (10, False)


def test_filter_leaves_out_what_is_not_asked_for() -> None:
    sqs = InMemoryQueue(record("busy.jpg", error=BUSY), denied("a.jpg"), "nonsense")

    seen = look(sqs, FailureFilter(NOW, causes=["throttled"]))

    assert [group.cause.name for group in seen.groups] == ["throttled"]
    assert (seen.taken, seen.left) == (1, 2)


def test_group_tells_since_when_from_where_and_of_what() -> None:
    events = [denied("uploads/1.jpg", "2026-10-27T23:00:00Z"), denied("uploads/2.jpg"), denied("c.jpg")]

    (group,) = grouped(examined(message(one)) for one in events)

    assert (group.oldest, group.newest) == (NOW - timedelta(days=3), NOW - timedelta(hours=2))
    assert dict(group.sources) == {"S3": 3}
    assert group.places.most_common() == [("pics/uploads/", 2), ("pics/", 1)]
    assert group.example.objects == ("pics/c.jpg",)


def test_event_that_failed_again_after_a_redrive_is_told() -> None:
    first = examined(message(denied("a.jpg")))
    second = examined(message(failed_again(first.again)))
    third = examined(message(failed_again(second.again)))

    (group,) = grouped([second, third])
    lines = screen(Survey([group], looked_at=2), 2, 0, NOW, 80)

    assert [one.redriven for one in (first, second, third)] == [0, 1, 2]
    assert first.payload == second.payload == third.payload
    assert first.objects == third.objects
    assert (group.redriven, group.most_redriven) == (2, 2)
    assert any("redriven up to 2 times, and failed again" in line for line in lines)


@pytest.mark.parametrize("width", [80, 120, None])
def test_screen_names_what_to_do_on_lines_that_fit(width: int | None) -> None:
    sqs = InMemoryQueue(record("busy.jpg", error=BUSY), *[denied(f"uploads/{n}.jpg") for n in range(12)], "no \x1b[31m")

    lines = screen(look(sqs), 14, 3, NOW, width)

    assert lines[0] == "14 events in the failure queue, by 3 causes"
    assert lines[1] == "3 more are held by somebody else, or by a run that was killed: look again later"
    assert [line.split() for line in lines if line.startswith(("CAUSE", "access-denied  "))] == [
        ["CAUSE", "EVENTS", "OLDEST", "NEWEST", "FROM", "PAGE"],
        ["access-denied", "12", "2", "h", "2", "h", "S3", "rights-revoked.md"],
    ]
    for wanted in (
        "access-denied: a right of the function is missing: s3:GetObject on pics",
        "  example  s3://pics/uploads/11.jpg",
        "  page     docs/runbook/rights-revoked.md",
        "  then     lookalike redrive --cause access-denied",
        "  then     lookalike redrive --drop m13",
    ):
        assert wanted in lines
    assert all(line.isprintable() and len(line) <= (width or 120) for line in lines)


def test_next_command_names_a_stack_of_another_name() -> None:
    (group,) = look(InMemoryQueue(record("busy.jpg", error=BUSY))).groups

    assert group.next_command() == "lookalike redrive --cause throttled"
    assert group.next_command("my-pictures") == "lookalike redrive --cause throttled --stack my-pictures"


def test_nothing_that_waits_is_one_line() -> None:
    assert screen(look(InMemoryQueue()), 0, 0, NOW, 80) == ["nothing waits in the failure queue"]


def test_sample_of_a_long_queue_says_that_it_is_one() -> None:
    sqs = InMemoryQueue(*[record(f"{n}.jpg") for n in range(25)])

    assert screen(look(sqs, limit=10), 25, 0, NOW, 80)[0] == "10 events of the first 10 of about 25"


def test_json_has_the_whole_error() -> None:
    (group,) = look(InMemoryQueue(record("a.jpg", error="x" * 5000))).groups

    described = json.loads(json.dumps(group.describe()))

    assert described["example"]["error"] == "x" * 5000
    assert (described["cause"], described["count"], described["page"]) == (
        "unknown",
        1,
        "docs/runbook/function-errors.md",
    )


@pytest.mark.parametrize(
    ("name", "place"),
    [("b/a.jpg", "b/"), ("b/x/a.jpg", "b/x/"), ("b/x/y/a.jpg", "b/x/"), ("b//a", "b//"), ("(no a/b)", "(no a/b)")],
)
def test_place_is_the_bucket_and_the_first_folder(name: str, place: str) -> None:
    assert place_of(name) == place


@pytest.mark.parametrize(
    ("seconds", "told"), [(-5, "0 s"), (59, "59 s"), (60, "1 min"), (7199, "1 h"), (86400 * 3, "3 d")]
)
def test_age_is_told_in_its_largest_unit(seconds: int, told: str) -> None:
    assert age(timedelta(seconds=seconds)) == told


def test_unreachable_aws_could_not_be_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("AWS_PROFILE", "AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")

    status = main(["failures"])

    assert status == 2
    assert capsys.readouterr().err.startswith("lookalike: no AWS region")
