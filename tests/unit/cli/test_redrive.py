"""Events of the failure queue go to the function again, and nothing is lost on the way."""

import _thread
import json
import re
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, NoCredentialsError, NoRegionError

from handler.cli.aws_errors import explain
from handler.cli.failure_queue import LATE_BATCHES, FailureQueue, Unreadable, read
from handler.cli.main import main
from handler.cli.redrive import table
from handler.cli.redriving import Report, redrive, waiting

EVENTS = Path(__file__).parents[3] / "events"
RECORD = json.loads((EVENTS / "failed-event.json").read_text())
START_MS = 1_793_401_200_000  # the queue's clock below
DATE = "Fri, 30 Oct 2026 23:00:00 GMT"


class InMemoryQueue:
    """What an SQS client does with one queue: a message that was received is out of sight until it is handed back."""

    def __init__(self, *bodies: str) -> None:
        self.messages: dict[str, dict[str, Any]] = {}
        self.hidden: set[str] = set()
        self.delivered_twice = False  # every message comes once more, at once
        self.deliveries: Counter[str] = Counter()
        for body in bodies:
            self.send(body)

    def send(self, body: str, *, sent_ms: int = START_MS - 60_000) -> None:
        message_id = f"m{len(self.messages)}"
        self.messages[message_id] = {"MessageId": message_id, "Body": body, "sent_ms": sent_ms}

    @property
    def visible(self) -> list[str]:
        return [message_id for message_id in self.messages if message_id not in self.hidden]

    def get_queue_attributes(self, **_: Any) -> dict[str, Any]:
        return {
            "Attributes": {"ApproximateNumberOfMessages": str(len(self.visible))},
            "ResponseMetadata": {"HTTPHeaders": {"date": DATE}},
        }

    def receive_message(self, **options: Any) -> dict[str, Any]:
        chosen = self.visible[: options["MaxNumberOfMessages"]]
        for one in chosen:
            self.deliveries[one] += 1
            if not self.delivered_twice or self.deliveries[one] > 1:
                self.hidden.add(one)
        return {"Messages": [self._delivery(one) for one in chosen]} if chosen else {}

    def _delivery(self, message_id: str) -> dict[str, Any]:
        message = self.messages[message_id]
        return {
            "MessageId": message_id,
            "Body": message["Body"],
            "ReceiptHandle": message_id,
            "Attributes": {"SentTimestamp": str(message["sent_ms"])},
        }

    def delete_message_batch(self, **options: Any) -> None:
        entries = options["Entries"]
        assert 1 <= len(entries) <= 10
        for entry in entries:
            if not self.delivered_twice or self.deliveries[entry["ReceiptHandle"]] > 1:
                self.messages.pop(entry["ReceiptHandle"], None)

    def change_message_visibility_batch(self, **options: Any) -> None:
        entries = options["Entries"]
        assert 1 <= len(entries) <= 10
        assert {entry["VisibilityTimeout"] for entry in entries} == {0}
        self.hidden -= {entry["ReceiptHandle"] for entry in entries}


def record(key: str) -> str:
    """Return the record of a failed upload of *key*."""
    copy = json.loads(json.dumps(RECORD))
    copy["requestPayload"]["Records"][0]["s3"]["object"]["key"] = key
    return json.dumps(copy)


def message(body: str) -> Any:
    return {"MessageId": "m", "Body": body, "Attributes": {"SentTimestamp": str(START_MS)}}


def key_of(payload: bytes) -> str:
    return str(json.loads(payload)["Records"][0]["s3"]["object"]["key"])


def client_error(code: str, operation: str, text: str = "because") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": text}}, operation)


def never(payload: bytes) -> None:
    raise AssertionError(payload)


def run(sqs: InMemoryQueue, invoke: Callable[[bytes], None], report: Report, limit: int | None = None) -> None:
    client: Any = sqs
    with FailureQueue(client, "url") as queue:
        redrive(queue, invoke, report, limit=limit, advance=lambda _count: None)


def test_reads_what_lambda_recorded() -> None:
    failure = read(message(json.dumps(RECORD)))

    assert failure.objects == ("amzn-s3-demo-bucket/uploads/astronaut (edited).jpg",)
    assert (failure.condition, failure.when) == ("RetriesExhausted", "2029-12-04T09:14:41.027Z")
    assert failure.error.startswith("1 of 1 items failed: EndpointConnectionError")
    assert json.loads(failure.payload) == RECORD["requestPayload"]


def test_record_without_time_is_as_old_as_its_message() -> None:
    body = json.dumps({"requestPayload": RECORD["requestPayload"], "responsePayload": None})

    failure = read(message(body))

    assert (failure.when, failure.condition, failure.error) == ("2026-10-30T23:00:00.000Z", "", "")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("no JSON", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "no record of a failed invocation"),
        ("{}", "no record of a failed invocation"),
        ('{"requestPayload": null}', "no record of a failed invocation"),
        ('{"requestPayload": {"nonsense": 1}}', "unknown event: no Records"),
    ],
)
def test_what_is_no_failed_event_is_unreadable(body: str, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        read(message(body))


@pytest.mark.parametrize("path", sorted(EVENTS.glob("*.json")), ids=lambda path: path.stem)
def test_every_accepted_event_can_be_redriven(path: Path) -> None:
    event = json.loads(path.read_text())

    failure = read(message(json.dumps({"requestPayload": event})))

    assert json.loads(failure.payload) == event
    assert failure.objects


def test_everything_is_sent_and_deleted() -> None:
    sqs, report, sent = InMemoryQueue(*[record(f"{n}.jpg") for n in range(25)]), Report(), list[str]()

    run(sqs, lambda payload: sent.append(key_of(payload)), report)

    assert sorted(sent) == sorted(f"{n}.jpg" for n in range(25))
    assert sqs.messages == {}
    assert report == Report(sent=25)


def test_empty_queue_sends_nothing() -> None:
    report = Report()

    run(InMemoryQueue(), never, report)

    assert report == Report()


def test_unreadable_message_stays_in_sight_and_holds_up_nothing() -> None:
    sqs, report = InMemoryQueue("nonsense", record("a.jpg")), Report()

    run(sqs, lambda _payload: None, report)

    assert sqs.visible == ["m0"]
    assert report.sent == 1
    assert [kept.message_id for kept in report.kept] == ["m0"]


def test_message_that_is_received_twice_is_sent_once() -> None:
    sqs, report, sent = InMemoryQueue(record("a.jpg"), "nonsense"), Report(), list[bytes]()
    sqs.delivered_twice = True

    run(sqs, sent.append, report)

    assert len(sent) == 1
    assert (report.sent, len(report.kept)) == (1, 1)
    assert sqs.visible == ["m1"]


def test_event_that_fails_again_is_left_for_the_next_time() -> None:
    sqs, report, sent = InMemoryQueue(record("a.jpg")), Report(), list[bytes]()

    def fail_again(payload: bytes) -> None:
        sent.append(payload)
        sqs.send(record("again.jpg"), sent_ms=START_MS + 180_000)

    run(sqs, fail_again, report)

    assert (len(sent), report.sent) == (1, 1)
    (left,) = (json.loads(sqs.messages[one]["Body"]) for one in sqs.visible)
    assert key_of(json.dumps(left["requestPayload"]).encode()) == "again.jpg"


def test_ends_although_messages_keep_arriving() -> None:
    class Flooded(InMemoryQueue):
        def receive_message(self, **options: Any) -> dict[str, Any]:
            self.send(record("new.jpg"), sent_ms=START_MS + 5_000)
            return super().receive_message(**options)

    sqs = Flooded()

    run(sqs, never, Report())

    assert len(sqs.visible) == LATE_BATCHES


def test_event_that_is_not_accepted_is_kept() -> None:
    sqs, report = InMemoryQueue(record("a.jpg"), record("b.jpg")), Report()

    def throttle_a(payload: bytes) -> None:
        if key_of(payload) == "a.jpg":
            raise client_error("TooManyRequestsException", "Invoke", "rate exceeded")

    run(sqs, throttle_a, report)

    assert sqs.visible == ["m0"]
    assert report.sent == 1
    assert "rate exceeded" in report.kept[0].reason


def test_denied_permission_ends_the_run_and_loses_nothing() -> None:
    sqs, report, asked = InMemoryQueue(*[record(f"{n}.jpg") for n in range(25)]), Report(), list[bytes]()

    def deny(payload: bytes) -> None:
        asked.append(payload)
        if key_of(payload) != "3.jpg":
            raise client_error("AccessDeniedException", "Invoke")

    with pytest.raises(ClientError, match="AccessDenied"):
        run(sqs, deny, report)

    assert len(asked) == 10
    assert report == Report(sent=1)
    assert len(sqs.visible) == 24


@pytest.fixture
def ctrl_c_raises() -> Iterator[None]:
    """Make SIGINT raise KeyboardInterrupt, as it does in a terminal; a shell has jobs in the background ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c_raises")
def test_ctrl_c_ends_the_batch_and_loses_nothing() -> None:
    sqs, report, sent = InMemoryQueue(*[record(f"{n}.jpg") for n in range(25)]), Report(), list[str]()

    def interrupted(payload: bytes) -> None:
        sent.append(key_of(payload))
        if len(sent) == 5:
            _thread.interrupt_main()

    with pytest.raises(KeyboardInterrupt):
        run(sqs, interrupted, report)

    left = [json.loads(sqs.messages[one]["Body"])["requestPayload"] for one in sqs.visible]
    assert {key_of(json.dumps(event).encode()) for event in left} == {f"{n}.jpg" for n in range(25)} - set(sent)
    assert report.sent == len(sent)


def test_limit_bounds_what_is_sent() -> None:
    sqs, report = InMemoryQueue(*[record(f"{n}.jpg") for n in range(25)]), Report()

    run(sqs, lambda _payload: None, report, limit=12)

    assert report.sent == 12
    assert len(sqs.visible) == 13


def test_listing_changes_nothing() -> None:
    sqs, report = InMemoryQueue(*[record(f"{n}.jpg") for n in range(25)], "nonsense"), Report()
    client: Any = sqs

    with FailureQueue(client, "url") as queue:
        failures = waiting(queue, report, limit=None, advance=lambda _count: None)

    assert len(failures) == 25
    assert len(report.kept) == 1
    assert len(sqs.visible) == 26


def test_table_has_a_row_for_each_object_and_no_character_that_a_terminal_obeys() -> None:
    several = json.loads((EVENTS / "s3-several-records.json").read_text())
    answer = {"errorMessage": "first line\nsecond \x1b[31m"}
    failure = read(message(json.dumps({"requestPayload": several, "responsePayload": answer})))

    lines = table([failure])

    assert len(lines) == 1 + len(failure.objects)
    assert len(failure.objects) > 1
    assert all(line.isprintable() for line in lines)
    assert lines[1].startswith(failure.objects[0])
    assert lines[1].endswith(r"first line\nsecond \x1b[31m")


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (NoCredentialsError(), "no AWS credentials .* aws sso login"),
        (NoRegionError(), "no AWS region: set AWS_DEFAULT_REGION"),
        (EndpointConnectionError(endpoint_url="http://x"), "no answer: .* check the connection"),
        (
            client_error("ValidationError", "DescribeStacks", "Stack with id s does not exist"),
            "no stack 's' in eu-west-1: name it with --stack",
        ),
        (
            client_error("AccessDenied", "DescribeStacks"),
            "no permission: have cloudformation:DescribeStacks allowed, or name --function",
        ),
        (client_error("AccessDeniedException", "Invoke"), "no permission: have lambda:InvokeFunction allowed"),
        (client_error("ExpiredToken", "ReceiveMessage"), "credentials are refused: renew them"),
        (client_error("AWS.SimpleQueueService.NonExistentQueue", "GetQueueAttributes"), "no such queue in eu-west-1"),
        (client_error("ResourceNotFoundException", "Invoke"), "no such function in eu-west-1"),
    ],
)
def test_error_is_one_line_with_its_cure(error: BotoCoreError | ClientError, line: str) -> None:
    said = explain(error, stack="s", region="eu-west-1")

    assert "\n" not in said
    assert re.search(line, said)


@pytest.fixture
def nothing_configured(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return monkeypatch


@pytest.mark.usefixtures("nothing_configured")
def test_missing_region_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["redrive"])

    assert status == 1
    assert capsys.readouterr().err.startswith("lookalike: no AWS region")


def test_missing_credentials_are_told(
    nothing_configured: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    nothing_configured.setenv("AWS_DEFAULT_REGION", "us-east-1")

    status = main(["redrive"])

    assert status == 1
    assert capsys.readouterr().err.startswith("lookalike: no AWS credentials")


@pytest.mark.parametrize(
    "arguments",
    [["--function", "f"], ["--queue-url", "u"], ["--stack", "s", "--function", "f", "--queue-url", "u"]],
)
def test_half_an_address_is_a_usage_error(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["redrive", *arguments])

    assert status == 2
    assert capsys.readouterr().err.count("\n") == 1
