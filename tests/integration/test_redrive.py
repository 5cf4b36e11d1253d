"""An event that failed for good, sent again by `lookalike redrive`."""

import contextlib
import json
import os
import pty
import re
import subprocess
import sys
import time
from pathlib import Path

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


def held(site: Site) -> int:
    """Return how many failures somebody has received, and has not deleted yet."""
    hidden = "ApproximateNumberOfMessagesNotVisible"
    url = site.deployment.outputs["FailureQueueUrl"]
    return int(site.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=[hidden])["Attributes"][hidden])


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


def failed_for_good(site: Site, name: str, number: int, error_type: str, error: str) -> None:
    """Put a picture into a bucket, and into the failure queue Lambda's record of its event."""
    record = {
        "version": "1.0",
        "timestamp": "2026-01-01T00:00:00.000Z",
        "requestContext": {"requestId": f"r-{name}", "condition": "RetriesExhausted", "approximateInvokeCount": 3},
        "requestPayload": site.put(name, jpeg(photo(number))),
        "responsePayload": {"errorMessage": error, "errorType": error_type},
    }
    url = site.deployment.outputs["FailureQueueUrl"]
    site.client("sqs").send_message(QueueUrl=url, MessageBody=json.dumps(record))


def by_cause(capsys: pytest.CaptureFixture[str]) -> dict[str, int]:
    """What `failures` says waits, and how much of each."""
    assert main(["failures", "--json"]) == 1
    return {group["cause"]: group["count"] for group in json.loads(capsys.readouterr().out)["groups"]}


def test_causes_are_told_apart_and_one_of_them_is_redriven_by_a_command_that_is_killed(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    slow, denied = [f"slow-{n}.jpg" for n in range(8)], [f"denied-{n}.jpg" for n in range(2)]
    for number, name in enumerate(slow):
        failed_for_good(
            site, name, number, "Sandbox.Timedout", "RequestId: r Error: Task timed out after 60.00 seconds"
        )
    for number, name in enumerate(denied, len(slow)):
        said = (
            f"quiet-pictures/{site.folder}/{name} may not be read by the function's role: grant it s3:GetObject there"
        )
        failed_for_good(site, name, number, "ItemsFailed", f"1 of 1 items failed: ReadDenied: {said}")
    site.client("sqs").send_message(QueueUrl=site.deployment.outputs["FailureQueueUrl"], MessageBody="not a record")

    assert by_cause(capsys) == {"timeout": 8, "access-denied": 2, "unknown-event": 1}

    command = [sys.executable, "-m", "handler.cli.main", "redrive", "--cause", "timeout", "--yes", "--rate"]
    with subprocess.Popen([*command, "3"]) as process:  # noqa: S603 - our own interpreter
        deadline = time.monotonic() + PATIENCE_S
        while waiting(site) > 8:  # some are sent and deleted, and some are not
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.kill()
    assert 3 < waiting(site) < 11

    deadline = time.monotonic() + 2 * PATIENCE_S
    while waiting(site) > 3:  # what the killed one held comes in sight again
        assert time.monotonic() < deadline
        if not held(site):
            subprocess.run([*command, "50"], check=True, capture_output=True)  # noqa: S603 - our own interpreter
        time.sleep(0.1)

    assert all(site.wait_for_record(name).alive for name in slow)
    assert [site.record(name) for name in denied] == [None, None]
    assert by_cause(capsys) == {"access-denied": 2, "unknown-event": 1}
    assert main(["redrive", "--yes", "--bucket", "quiet-pictures", "--prefix", f"{site.folder}/denied-"]) == 0
    assert capsys.readouterr().out == "2 sent, 0 kept, 1 left by the filter\n"
    assert all(site.wait_for_record(name).alive for name in denied)
    assert by_cause(capsys) == {"unknown-event": 1}


def test_full_queue_is_emptied_and_every_picture_indexed(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    """By what is stored: the emulator loses lines of the log where it is busy."""
    names = [f"{number}.jpg" for number in range(40)]
    for number, name in enumerate(names):
        failed_for_good(
            site, name, number, "Sandbox.Timedout", "RequestId: r Error: Task timed out after 60.00 seconds"
        )

    first = main(["redrive", "--yes", "--limit", "5"]), capsys.readouterr().out
    rest = (
        main(["redrive", "--yes", "--rate", "2"]),
        capsys.readouterr().out,
    )  # the emulator starts an instance for each

    assert (first, rest) == ((0, "5 sent, 0 kept\n"), (0, "35 sent, 0 kept\n"))
    assert all(site.wait_for_record(name).alive for name in names)
    assert waiting(site) == 0


def test_event_that_a_queue_gave_up_has_the_cause_that_the_log_tells(
    site: Site, proxy: Proxy, capsys: pytest.CaptureFixture[str]
) -> None:
    event = site.put("queued.jpg", jpeg(photo(1)))
    site.client("sqs").send_message(
        QueueUrl=site.deployment.outputs["FailureQueueUrl"], MessageBody=json.dumps(event)
    )  # what the intake queue does when it has handed it over ten times
    assert by_cause(capsys) == {"given-up": 1}
    proxy.crash_at(0, effective=False)
    assert not site.send_by_queue(event)
    site.wait_for_lines("queued.jpg")

    status = main(["failures"])

    said = capsys.readouterr().out
    assert status == 1
    assert "unknown: an error that is not known here: InjectedCrash" in said
    assert main(["redrive", "--yes", "--cause", "given-up"]) == 0
    assert main(["redrive", "--yes", "--cause", "unknown"]) == 0
    assert capsys.readouterr().out == "0 sent, 0 kept, 1 left by the filter\n1 sent, 0 kept\n"
    assert site.wait_for_lines("queued.jpg", 2)[1]["message"] == "indexed"


def test_poison_is_set_aside_in_a_file_and_sent_again_from_there(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    failed_for_good(site, "poison.jpg", 1, "ItemsFailed", "1 of 1 items failed: KeyError: 'best'")
    failed_for_good(site, "slow.jpg", 2, "Sandbox.Timedout", "RequestId: r Error: Task timed out after 60.00 seconds")
    file = str(tmp_path / "poison.jsonl")

    status = main(["failures", "--cause", "unknown", "--save", file, "--discard", "--yes"])

    assert (status, capsys.readouterr().err) == (0, f"lookalike: 1 saved in {file}, 1 discarded\n")
    assert by_cause(capsys) == {"timeout": 1}
    assert main(["redrive", "--from", file, "--yes"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "1 sent, 0 kept"
    assert site.wait_for_lines("poison.jpg")[0]["message"] == "indexed"
    assert by_cause(capsys) == {"timeout": 1}


def test_nothing_that_waits_is_success(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["failures"])

    assert (status, capsys.readouterr().out) == (0, "nothing waits in the failure queue\n")


def test_event_that_fails_again_after_a_redrive_says_so(
    site: Site, proxy: Proxy, capsys: pytest.CaptureFixture[str]
) -> None:
    failed_for_good(site, "poison.jpg", 1, "Sandbox.Timedout", "RequestId: r Error: Task timed out after 60.00 seconds")
    proxy.crash_at(0, effective=False)
    assert main(["redrive", "--yes"]) == 0
    for _ in range(ATTEMPTS - 1):
        assert proxy.crashed.wait(30)
        proxy.crash_at(0, effective=False)
    site.wait_for_lines("poison.jpg", ATTEMPTS)
    wait_for_failure(site)
    capsys.readouterr()

    status = main(["failures"])

    said = capsys.readouterr().out
    assert status == 1
    assert "it was redriven once, and failed again: mend the cause first" in said
    assert f"s3://quiet-pictures/{site.folder}/poison.jpg" in said
    assert "InjectedCrash" in said


def test_person_at_a_terminal_sees_what_would_be_sent_and_is_asked(site: Site) -> None:
    failed_for_good(site, "a.jpg", 1, "Sandbox.Timedout", "RequestId: r Error: Task timed out after 60.00 seconds")

    for answer, status, left, end in (("n", 1, 1, "nothing sent"), ("y", 0, 0, "1 sent, 0 kept")):
        said, ended = at_a_terminal(["redrive"], answer)

        assert "timeout" in said
        assert "send this event to the function again? [y/N]" in said
        assert end in said
        assert (ended, waiting(site)) == (status, left)
    site.wait_for_lines("a.jpg")


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
