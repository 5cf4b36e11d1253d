import json

import pytest

from handler.cli.failed_events import read
from handler.cli.failure_rows import table
from handler.cli.main import main
from tests.unit.cli.failures import EVENTS, RECORD, InMemoryQueue, SessionOf, TypedIn, message


def test_table_has_a_printable_row_for_each_object() -> None:
    several = json.loads((EVENTS / "s3-several-records.json").read_text())
    answer = {"errorMessage": "first line\nsecond \x1b[31m"}
    failure = read(message(json.dumps({"requestPayload": several, "responsePayload": answer})))

    lines = table([failure])

    assert len(lines) == 1 + len(failure.objects)
    assert len(failure.objects) > 1
    assert all(line.isprintable() for line in lines)
    assert lines[1].startswith(failure.objects[0])
    assert lines[1].endswith(r"first line\nsecond \x1b[31m")


def test_narrow_terminal_gets_lines_instead_of_a_table() -> None:
    lines = table([read(message(json.dumps(RECORD)))], 50)

    assert lines == [
        "amzn-s3-demo-bucket/uploads/astronaut (edited).jpg",
        "  condition RetriesExhausted",
        "  when 2029-12-04T09:14:41.027Z",
        lines[3],
    ]
    assert lines[3].startswith("  error 1 of 1 items failed: ")


@pytest.fixture
def nothing_configured(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return monkeypatch


@pytest.mark.usefixtures("nothing_configured")
def test_missing_region_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["redrive", "--yes"])

    assert status == 1
    assert capsys.readouterr().err.startswith("lookalike: no AWS region")


def test_missing_credentials_are_one_line(
    nothing_configured: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    nothing_configured.setenv("AWS_DEFAULT_REGION", "us-east-1")

    status = main(["redrive", "--yes"])

    assert status == 1
    assert capsys.readouterr().err.startswith("lookalike: no AWS credentials")


def test_nobody_is_asked_about_what_is_out_of_sight(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sqs = InMemoryQueue(json.dumps(RECORD))
    sqs.hidden_until["m0"] = 100
    monkeypatch.setattr("boto3.Session", lambda: SessionOf(**{"sqs": sqs, "lambda": None}))
    monkeypatch.setattr("sys.stdin", TypedIn("y\n"))

    status = main(["redrive", "--function", "f", "--queue-url", "url"])

    out, err = capsys.readouterr()
    assert (status, out) == (1, "nothing sent\n")
    assert err.startswith("lookalike: 1 message held by somebody else, or by a run that was killed")
    assert "[y/N]" not in err


@pytest.mark.parametrize(
    "arguments",
    [["--function", "f"], ["--queue-url", "u"], ["--stack", "s", "--function", "f", "--queue-url", "u"]],
)
def test_half_an_address_is_a_usage_error(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["redrive", *arguments])

    assert status == 2
    assert capsys.readouterr().err.count("\n") == 1
