"""What is saved of the failure queue can be read, filtered and sent again."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from handler.cli.errors import CommandError
from handler.cli.failed_events import examined
from handler.cli.failure_filter import FailureFilter
from handler.cli.failure_queue import FailureQueue
from handler.cli.main import main
from handler.cli.redriving import Chosen, Pace, Tally, resend
from handler.cli.saved_failures import Saved, copy, created, load, move
from tests.unit.cli.failures import EVENTS, InMemoryQueue, SessionOf, TypedIn, client_error, key_of, message, record

EVERYTHING = FailureFilter(datetime(2026, 10, 30, 23, tzinfo=UTC))
EVENT = (EVENTS / "eventbridge-object-created.json").read_text()


def a_full_queue() -> InMemoryQueue:
    sqs = InMemoryQueue(*[record(f"{n}.jpg") for n in range(12)], "nonsense")
    sqs.send(EVENT, attributes={"ERROR_CODE": "NO_PERMISSIONS", "ERROR_MESSAGE": "not authorized"})
    return sqs


def test_copy_has_every_message_and_leaves_the_queue_as_it_is(tmp_path: Path) -> None:
    sqs, saved = a_full_queue(), Saved()
    client: Any = sqs

    with FailureQueue(client, "url") as queue, created(tmp_path / "all.jsonl") as file:
        copy(queue, Chosen(EVERYTHING), file, saved, lambda _count: None)

    found = list(load(tmp_path / "all.jsonl"))
    assert [one.message_id for one in found] == [f"m{n}" for n in range(14)]
    assert found[0] == replace(examined(message(record("0.jpg"))), message_id="m0")
    assert (found[-1].condition, found[-1].error) == ("Undelivered", "NO_PERMISSIONS: not authorized")
    assert (saved.count, saved.discarded, len(sqs.visible)) == (14, 0, 14)
    line = json.loads((tmp_path / "all.jsonl").read_text().splitlines()[0])
    assert (line["cause"], line["body"]) == ("no-connection", record("0.jpg"))


def test_move_takes_what_is_meant_out_of_the_queue(tmp_path: Path) -> None:
    sqs, saved = a_full_queue(), Saved()
    client: Any = sqs
    sqs.stuck = {"m3"}

    with FailureQueue(client, "url") as queue, created(tmp_path / "some.jsonl") as file:
        move(queue, Chosen(replace(EVERYTHING, causes=["no-connection"])), file, saved, lambda _count: None)

    assert (saved.count, saved.discarded, saved.left) == (12, 11, ["m3"])
    assert [*sqs.messages] == ["m3", "m12", "m13"]


def test_nothing_is_deleted_before_the_disk_has_it(tmp_path: Path) -> None:
    path = tmp_path / "all.jsonl"

    class Watched(InMemoryQueue):
        def delete_message_batch(self, **options: Any) -> dict[str, Any]:
            on_disk = {json.loads(line)["message_id"] for line in path.read_text().splitlines()}
            assert {entry["ReceiptHandle"] for entry in options["Entries"]} <= on_disk
            return super().delete_message_batch(**options)

    sqs = Watched(*[record(f"{n}.jpg") for n in range(12)])
    client: Any = sqs

    with FailureQueue(client, "url") as queue, created(path) as file:
        move(queue, Chosen(EVERYTHING), file, Saved(), lambda _count: None)

    assert sqs.messages == {}


def test_what_was_saved_is_sent_again_and_what_cannot_be_read_is_kept(tmp_path: Path) -> None:
    client: Any = a_full_queue()
    with FailureQueue(client, "url") as queue, created(tmp_path / "all.jsonl") as file:
        copy(queue, Chosen(EVERYTHING), file, Saved(), lambda _count: None)
    sent, tally, counts = list[bytes](), Tally(), list[int]()

    def invoke(payload: bytes) -> None:
        if b"3.jpg" in payload:
            raise client_error("TooManyRequestsException", "Invoke", "rate exceeded")
        sent.append(payload)

    failures = list(load(tmp_path / "all.jsonl"))
    resend(failures, invoke, tally, limit=None, pace=Pace(), advance=counts.append)

    assert sorted(key_of(one) for one in sent if b"Records" in one) == sorted(f"{n}.jpg" for n in range(12) if n != 3)
    assert (tally.sent, {kept.message_id for kept in tally.kept}, sum(counts)) == (12, {"m3", "m12"}, 14)


def test_limit_bounds_what_is_sent_again() -> None:
    sent = list[bytes]()

    resend(
        [examined(message(record(f"{n}.jpg"))) for n in range(12)],
        sent.append, Tally(), limit=5, pace=Pace(), advance=lambda _count: None,
    )  # fmt: skip

    assert len(sent) == 5


def test_file_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("kept")

    with pytest.raises(CommandError, match="is there already"):
        created(tmp_path / "a")
    assert (tmp_path / "a").read_text() == "kept"


@pytest.mark.parametrize("text", ["no JSON", "[]", "{}", '{"message_id": "m", "body": "", "sent_ms": "x"}'])
def test_line_of_something_else_is_named(text: str, tmp_path: Path) -> None:
    (tmp_path / "a").write_text(f"{text}\n")

    with pytest.raises(CommandError, match="a:1 is no line that failures --save wrote"):
        list(load(tmp_path / "a"))


@pytest.mark.parametrize(
    ("arguments", "cure"),
    [
        (["failures", "--discard"], "give --save FILE as well"),
        (["failures", "--yes"], "leave it out"),
        (["failures", "--discard", "--save", "new.jsonl"], "give --yes to discard without being asked"),
        (["failures", "--save", __file__], "is there already"),
        (["redrive", "--from", "a", "--drop", "m", "--yes"], "leave out --drop"),
    ],
)
def test_options_that_do_not_go_together_are_a_usage_error(
    arguments: list[str], cure: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)

    status = main(arguments)

    said = capsys.readouterr().err
    assert (status, said.count("\n")) == (2, 1)
    assert cure in said


SAVED = ["failures", "--queue-url", "url", "--save", "all.jsonl"]


@pytest.mark.parametrize(
    ("words", "answer", "status", "waits"),
    [
        (SAVED, "", 0, 14),
        ([*SAVED, "--discard", "--yes"], "", 0, 0),
        ([*SAVED, "--discard", "--yes", "--cause", "no-connection"], "", 0, 2),
        ([*SAVED, "--discard", "--yes", "--cause", "timeout"], "", 0, 14),  # there is none
        ([*SAVED, "--discard"], "y\n", 0, 0),
        ([*SAVED, "--discard"], "n\n", 1, 14),
        (SAVED[:3], "", 1, 14),
        ([*SAVED[:3], "--cause", "timeout"], "", 0, 14),
    ],
)
def test_status_says_whether_what_was_asked_was_done(
    words: list[str], answer: str, status: int, waits: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqs = a_full_queue()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("boto3.Session", lambda: SessionOf(sqs=sqs))
    monkeypatch.setattr("sys.stdin", TypedIn(answer))

    assert (main(words), len(sqs.visible)) == (status, waits)


@pytest.mark.parametrize("why", ["not deleted", "held by another"])
def test_status_says_that_some_could_not_be_discarded(
    why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqs = a_full_queue()
    if why == "not deleted":
        sqs.stuck = {"m3"}
    else:
        sqs.hidden_until["m3"] = 100
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("boto3.Session", lambda: SessionOf(sqs=sqs))

    assert (main([*SAVED, "--discard", "--yes"]), len(sqs.messages)) == (1, 1)


def test_cause_that_the_log_told_is_in_the_file(tmp_path: Path) -> None:
    """The message of what a queue gave up says nothing of it, and after --discard the file is all that there is."""
    sqs = InMemoryQueue(EVENT)
    client: Any = sqs
    timed_out = replace(examined(message(EVENT)), message_id="m0", error_type="Sandbox.Timedout", error="late")

    with FailureQueue(client, "url") as queue, created(tmp_path / "all.jsonl") as file:
        copy(queue, Chosen(EVERYTHING, explained={"m0": timed_out}), file, Saved(), lambda _count: None)

    assert [one.cause.name for one in load(tmp_path / "all.jsonl")] == ["timeout"]


def test_limit_counts_what_can_be_sent_alone() -> None:
    failures = [examined(message("nonsense")), examined(message(record("a.jpg")))]
    sent, tally = list[bytes](), Tally()

    resend(failures, sent.append, tally, limit=1, pace=Pace(), advance=lambda _count: None)

    assert (len(sent), tally.sent, len(tally.kept)) == (1, 1, 1)
