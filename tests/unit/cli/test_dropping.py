"""`redrive --drop` deletes the messages that were named, once they were seen, and no other."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from handler.cli.dropping import Drop, NamedMessage, drop, shown
from handler.cli.failure_queue import FailureQueue
from handler.cli.main import main
from tests.unit.cli.failures import InMemoryQueue, record


def run(sqs: InMemoryQueue, *ids: str, agree: bool = True, seen: list[NamedMessage] | None = None) -> Drop:
    def answer(found: Sequence[NamedMessage]) -> bool:
        if seen is not None:
            seen.extend(found)
        return agree

    client: Any = sqs
    with FailureQueue(client, "url") as queue:
        return drop(queue, ids, answer, lambda _count: None)


def test_only_what_was_named_is_deleted() -> None:
    sqs = InMemoryQueue("nonsense", *[record(f"{n}.jpg") for n in range(25)])

    done = run(sqs, "m0", "m20")

    assert (done.dropped, done.left, done.missing) == (["m0", "m20"], [], [])
    assert sorted(sqs.visible) == sorted(f"m{n}" for n in range(26) if n not in (0, 20))


def test_nothing_is_deleted_unless_agreed_to() -> None:
    sqs, seen = InMemoryQueue("nonsense", record("a.jpg")), list[NamedMessage]()

    done = run(sqs, "m1", "m0", agree=False, seen=seen)

    assert [one.message_id for one in seen] == ["m1", "m0"]
    assert (done.dropped, done.left, sorted(sqs.visible)) == ([], ["m1", "m0"], ["m0", "m1"])


def test_others_are_back_in_the_queue_while_a_person_thinks() -> None:
    sqs = InMemoryQueue("nonsense", record("a.jpg"))
    client: Any = sqs

    def think(_found: Sequence[NamedMessage]) -> bool:
        assert sqs.visible == ["m1"]
        return True

    with FailureQueue(client, "url") as queue:
        assert drop(queue, ["m0"], think, lambda _count: None).dropped == ["m0"]


def test_what_is_not_there_is_missing_and_asked_about_by_nobody() -> None:
    seen = list[NamedMessage]()

    done = run(InMemoryQueue(record("a.jpg")), "other", seen=seen)

    assert (done.dropped, done.missing, seen) == ([], ["other"], [])


def test_what_sqs_does_not_delete_is_left() -> None:
    sqs = InMemoryQueue("nonsense", "more")
    sqs.stuck = {"m1"}

    done = run(sqs, "m0", "m1")

    assert (done.dropped, done.left) == (["m0"], ["m1"])


def test_message_is_shown_by_what_it_holds_on_lines_that_are_printable() -> None:
    seen = list[NamedMessage]()
    run(InMemoryQueue("no \x1b[31m\nJSON" + "x" * 200, record("a.jpg")), "m0", "m1", seen=seen)

    lines = shown(seen)

    assert lines[0] == "m0  2026-10-30T22:59:00Z  (cannot be read)"
    assert lines[1].startswith("  not JSON: ")
    assert lines[2].startswith(r"  no \x1b[31m\nJSONxxx")
    assert lines[3] == "m1  2026-10-30T22:59:00Z  amzn-s3-demo-bucket/a.jpg"
    assert all(line.isprintable() and len(line) <= 110 for line in lines)


def test_json_has_the_whole_message() -> None:
    body = record("a.jpg")

    (found,) = run(InMemoryQueue(body), "m0").describe()["found"]

    assert (found["message_id"], found["objects"]) == ("m0", ("amzn-s3-demo-bucket/a.jpg",))
    assert json.loads(found["body"]) == json.loads(body)


@pytest.mark.parametrize(
    ("arguments", "cure"),
    [
        (["--drop", "m0"], "give --yes to drop without being asked, or --dry-run"),
        (["--drop", "m0", "--json"], "give --yes to drop without being asked, or --dry-run"),
        (["--drop", "m0", "--yes", "--limit", "3"], "leave out --limit"),
        (["--drop", "m0", "--yes", "--dry-run"], "not both"),
        (["--drop", "m0", "--yes", "--cause", "throttled"], "leave out --limit and filters"),
        ([], "give --yes to send without being asked, or --dry-run"),
        (["--cause", "throttled", "--json"], "give --yes to send without being asked, or --dry-run"),
    ],
)
def test_nobody_to_ask_is_a_usage_error(
    arguments: list[str], cure: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)

    status = main(["redrive", *arguments])

    said = capsys.readouterr().err
    assert (status, said.count("\n")) == (2, 1)
    assert cure in said
