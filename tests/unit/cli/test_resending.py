"""`lookalike redrive --from FILE`: what is in a file is shown, sent, and after an interruption gone on with."""

import json
from pathlib import Path
from typing import Any

import pytest

from handler.cli.main import main
from tests.unit.cli.failures import InMemoryQueue, SessionOf, TypedIn, client_error, key_of, record

FROM = ["redrive", "--function", "f", "--queue-url", "url", "--from", "some.jsonl"]


class Accepting:
    """Lambda, which accepts events; *breaks* ends it with the one of that key."""

    def __init__(self, breaks: str | None = None) -> None:
        self.keys = list[str]()
        self.breaks = breaks

    def invoke(self, *, Payload: bytes, **_: Any) -> None:  # noqa: N803 - boto3's name
        key = key_of(Payload)
        if key == self.breaks:
            raise client_error("ExpiredToken", "Invoke")
        self.keys.append(key)


@pytest.fixture
def saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of 25 events and one that cannot be read, in the folder of the test."""
    monkeypatch.chdir(tmp_path)
    sqs = InMemoryQueue(*[record(f"{n}.jpg", bucket="a" if n % 2 else "b") for n in range(25)], "nonsense")
    monkeypatch.setattr("boto3.Session", lambda: SessionOf(sqs=sqs))
    main(["failures", "--queue-url", "url", "--save", "some.jsonl"])
    return tmp_path / "some.jsonl"


@pytest.fixture
def send(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """What runs the command against a Lambda; returns the exit status and the JSON document."""

    def run(accepting: Accepting, *words: str) -> tuple[int, dict[str, Any] | None]:
        monkeypatch.setattr("boto3.Session", lambda: SessionOf(**{"lambda": accepting}))
        capsys.readouterr()
        status = main([*FROM, "--rate", "1000", "--yes", "--json", *words])
        out = capsys.readouterr().out
        return status, json.loads(out) if out else None

    return run


def test_dry_run_shows_what_would_be_sent_and_asks_nobody(
    saved: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("boto3.Session", SessionOf)  # which has no client at all
    capsys.readouterr()

    status = main([*FROM, "--dry-run", "--bucket", "a", "--limit", "5"])

    out, err = capsys.readouterr()
    assert (status, out.splitlines()[-1]) == (0, "5 to send, 0 kept, 14 left by the filter")
    shown = [line.split()[0] for line in out.splitlines() if line.startswith("a/")]
    assert shown == [f"a/{n}.jpg" for n in range(1, 10, 2)]
    assert (err, [path.name for path in saved.parent.iterdir()]) == ("", ["some.jsonl"])


@pytest.mark.usefixtures("saved")
def test_dry_run_names_what_cannot_be_sent(capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()

    status = main([*FROM, "--dry-run", "--json"])

    said = json.loads(capsys.readouterr().out)
    assert (status, len(said["waiting"]), len(said["kept"]), said["before"]) == (1, 25, 1, 0)
    assert said["kept"][0]["reason"].endswith("it stays in the file alone")


def test_run_that_was_ended_early_goes_on_with_the_rest(send: Any, saved: Path) -> None:
    first, second, third = Accepting(breaks="17.jpg"), Accepting(), Accepting()

    ended, said = send(first)
    notes = (saved.parent / "some.jsonl.sent").read_text().split()
    went_on, rest = send(second)

    assert (ended, said and said["sent"], len(notes)) == (1, len(first.keys), len(first.keys))
    assert 10 <= len(first.keys) < 25
    assert sorted(first.keys + second.keys) == sorted(f"{n}.jpg" for n in range(25))
    assert (went_on, rest["sent"], rest["before"]) == (1, len(second.keys), len(first.keys))  # one is kept
    assert not (saved.parent / "some.jsonl.sent").exists()
    assert send(third)[1]["sent"] == 25  # once all was sent, the file is as new


def test_file_is_sent_part_by_part(send: Any, saved: Path) -> None:
    parts = [Accepting() for _ in range(3)]

    send(parts[0], "--limit", "5")
    send(parts[1], "--bucket", "a")
    assert (saved.parent / "some.jsonl.sent").exists()
    send(parts[2])

    assert [len(one.keys) for one in parts] == [5, 10, 10]
    assert len({key for one in parts for key in one.keys}) == 25
    assert not (saved.parent / "some.jsonl.sent").exists()


@pytest.mark.usefixtures("saved")
def test_what_was_sent_before_is_said_before_the_question(
    send: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    send(Accepting(), "--limit", "5")
    monkeypatch.setattr("sys.stdin", TypedIn("n\n"))

    status = main(FROM)

    out, err = capsys.readouterr()
    assert (status, out.splitlines()[-1]) == (1, "nothing sent")
    assert err.splitlines()[0] == "lookalike: 5 events sent before, as some.jsonl.sent has it: left out"


def test_note_that_cannot_be_written_stops_nothing(send: Any, saved: Path) -> None:
    (saved.parent / "some.jsonl.sent").symlink_to(saved.parent / "no folder" / "file")
    accepting = Accepting()

    send(accepting)

    assert len(accepting.keys) == 25
