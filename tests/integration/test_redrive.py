"""An event that failed for good, sent again by `lookalike redrive`."""

import json
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
    sent = main(["redrive"]), capsys.readouterr().out

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

    status = main(["redrive"])

    assert status == 1
    assert capsys.readouterr().out == "0 sent, 1 kept\n"
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    assert message["Body"] == "not a record"


def test_missing_stack_is_one_line_with_its_cure(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["redrive", "--stack", "nonsense"])

    assert status == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("lookalike: no stack 'nonsense' in us-east-1: name it with --stack")
