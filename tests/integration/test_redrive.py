"""An event that failed for good, sent again by `lookalike redrive`."""

import contextlib
import json
import os
import pty
import re
import subprocess
import sys
import time

import pytest

from handler.cli.main import main
from tests.integration.conftest import PATIENCE_S, Site
from tests.pictures import jpeg, photo
from tests.proxy import Proxy

pytestmark = pytest.mark.emulator

ATTEMPTS = 3  # the first, and MaximumRetryAttempts


@pytest.fixture(autouse=True)
def aws(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the command find the deployment as a user of `local up` does, and the failure queue empty."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in site.deployment.environment.items():
        monkeypatch.setenv(name, value)
    site.client("sqs").purge_queue(QueueUrl=site.deployment.outputs["FailureQueueUrl"])


def waiting(site: Site) -> int:
    answer = site.client("sqs").get_queue_attributes(
        QueueUrl=site.deployment.outputs["FailureQueueUrl"], AttributeNames=["All"]
    )["Attributes"]
    return int(answer["ApproximateNumberOfMessages"]) + int(answer["ApproximateNumberOfMessagesNotVisible"])


def wait_for_failure(site: Site) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not waiting(site):
        assert time.monotonic() < deadline, f"nothing in the failure queue within {PATIENCE_S} s"
        time.sleep(0.1)


def test_redriven_event_indexes_its_picture_and_leaves_the_queue(
    site: Site, proxy: Proxy, capsys: pytest.CaptureFixture[str]
) -> None:
    event = site.put("cat.jpg", jpeg(photo(1)))
    proxy.crash_at(0, effective=False)
    site.client("lambda").invoke(
        FunctionName=site.deployment.outputs["FunctionName"], InvocationType="Event", Payload=json.dumps(event)
    )
    for _ in range(ATTEMPTS - 1):
        assert proxy.crashed.wait(30)
        proxy.crash_at(0, effective=False)
    site.wait_for_lines("cat.jpg", ATTEMPTS)
    wait_for_failure(site)

    dry = main(["redrive", "--dry-run"]), capsys.readouterr().out
    sent = main(["redrive", "--yes"]), capsys.readouterr().out

    assert dry[0] == 0
    assert f"/{site.folder}/cat.jpg  RetriesExhausted" in dry[1]
    assert "InjectedCrash" in dry[1]
    assert sent == (0, "1 sent, 0 kept\n")
    lines = site.wait_for_lines("cat.jpg", ATTEMPTS + 1)
    assert [line["message"] for line in lines] == ["failed"] * ATTEMPTS + ["indexed"]
    assert waiting(site) == 0


def test_what_cannot_be_read_stays_in_sight(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    sqs, url = site.client("sqs"), site.deployment.outputs["FailureQueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="not a record")

    status = main(["redrive", "--yes"])

    assert status == 1
    assert capsys.readouterr().out == "0 sent, 1 kept\n"
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    assert message["Body"] == "not a record"


def test_what_cannot_be_read_is_dropped_by_the_id_that_was_told(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    sqs, url = site.client("sqs"), site.deployment.outputs["FailureQueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="not a record")
    main(["redrive", "--yes"])
    (message_id,) = re.findall(r"drop it with redrive --drop (\S+),", capsys.readouterr().err)

    seen = main(["redrive", "--drop", message_id, "--dry-run"]), capsys.readouterr().out
    assert waiting(site) == 1
    dropped = main(["redrive", "--drop", message_id, "--yes"]), capsys.readouterr().out
    again = main(["redrive", "--drop", message_id, "--yes", "--json"]), json.loads(capsys.readouterr().out)

    assert seen[0] == 0
    assert seen[1].splitlines()[-1] == "0 dropped, 1 left, 0 missing"
    assert "  not a record" in seen[1].splitlines()
    assert dropped[0] == 0
    assert dropped[1].splitlines()[-1] == "1 dropped, 0 left, 0 missing"
    assert again == (1, {"found": [], "dropped": [], "left": [], "missing": [message_id]})
    assert waiting(site) == 0


def test_person_at_a_terminal_is_asked_before_anything_is_dropped(site: Site) -> None:
    sqs, url = site.client("sqs"), site.deployment.outputs["FailureQueueUrl"]
    message_id = sqs.send_message(QueueUrl=url, MessageBody="not a record")["MessageId"]

    for answer, status, left in (("n", 1, 1), ("", 1, 1), ("y", 0, 0)):
        said, ended = at_a_terminal(["redrive", "--drop", message_id], answer)

        assert "delete this message for ever? [y/N]" in said
        assert (ended, waiting(site)) == (status, left)


def at_a_terminal(arguments: list[str], answer: str) -> tuple[str, int]:
    """Run the command where it finds a terminal, answer its question, and return what it printed and its status."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "handler.cli.main", *arguments]
    said = b""
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs) as process:  # noqa: S603 - our own interpreter
        os.close(theirs)
        while b"[y/N]" not in said:
            said += os.read(ours, 4096)
        os.write(ours, f"{answer}\n".encode())
        with contextlib.suppress(OSError):  # the other end is closed
            while more := os.read(ours, 4096):
                said += more
        os.close(ours)
    return said.decode(), process.returncode


def test_missing_stack_is_one_line_with_its_cure(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["redrive", "--yes", "--stack", "nonsense"])

    assert status == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("lookalike: no stack 'nonsense' in us-east-1: name it with --stack")
