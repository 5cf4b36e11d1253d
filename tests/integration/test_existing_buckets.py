"""Buckets that were there before the stack, each with a notification of its own that has to go on."""

import json
import runpy
import secrets
import shlex
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from handler.cli.local.deployment import Deployment
from handler.cli.main import main
from tests.conftest import EXISTING, ROOT
from tests.held_lines import until
from tests.integration.conftest import PATIENCE_S
from tests.pictures import jpeg, near_copy, photo

pytestmark = pytest.mark.emulator

FIRST, SECOND = EXISTING


class Used(NamedTuple):
    """A bucket in use: what it notifies of its objects arrives in a queue."""

    name: str
    queue: str


@pytest.fixture(autouse=True)
def aws(existing: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let commands find the deployment as a user of `local up` does."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in existing.environment.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def buckets(existing: Deployment) -> Iterator[tuple[Used, Used]]:
    """Two buckets: one notifies a queue, the other a topic that a queue is subscribed to."""
    s3, sns = existing.client("s3"), existing.client("sns")
    first, second = make_queue(existing), make_queue(existing)
    topic = sns.create_topic(Name=f"uploads-{secrets.token_hex(4)}")["TopicArn"]
    sns.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=arn_of(existing, second),
        Attributes={"RawMessageDelivery": "true"},
    )
    prefix = {"Key": {"FilterRules": [{"Name": "prefix", "Value": "in/"}]}}
    to_queue = {"Id": "thumbnails", "QueueArn": arn_of(existing, first), "Events": ["s3:ObjectCreated:*"]}
    to_topic = {"Id": "audit", "TopicArn": topic, "Events": ["s3:ObjectCreated:Put", "s3:ObjectRemoved:*"]}
    for name, notified in (
        (FIRST, {"QueueConfigurations": [to_queue | {"Filter": prefix}]}),
        (SECOND, {"TopicConfigurations": [to_topic]}),
    ):
        s3.create_bucket(Bucket=name)
        s3.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration=notified)
    for queue in (first, second):
        assert json.loads(receive(existing, queue))["Event"] == "s3:TestEvent"
    yield Used(FIRST, first), Used(SECOND, second)
    for name in EXISTING:
        for one in s3.list_objects_v2(Bucket=name).get("Contents", []):
            s3.delete_object(Bucket=name, Key=one["Key"])
        s3.delete_bucket(Bucket=name)
    intake = existing.outputs["IntakeQueueUrl"]
    noted = existing.client("sqs").list_queue_tags(QueueUrl=intake).get("Tags", {})
    if noted:
        existing.client("sqs").untag_queue(QueueUrl=intake, TagKeys=list(noted))


def make_queue(there: Deployment) -> str:
    return str(there.client("sqs").create_queue(QueueName=f"used-{secrets.token_hex(4)}")["QueueUrl"])


def arn_of(there: Deployment, queue: str) -> str:
    found = there.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    return str(found["Attributes"]["QueueArn"])


def receive(there: Deployment, queue: str) -> str:
    """Wait for one message of *queue*, take it out and return its body."""
    sqs = there.client("sqs")
    answer = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20, MaxNumberOfMessages=1)
    (message,) = answer["Messages"]
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return str(message["Body"])


def told_of(there: Deployment, key: str) -> dict[str, Any]:
    """Wait for the message about *key*; what others that share the deployment left in the queue is dropped."""
    while True:
        message: dict[str, Any] = json.loads(receive(there, there.queue_url))
        if message["picture"]["key"] == key:
            return message


def notified(there: Deployment, bucket: str) -> dict[str, Any]:
    said = there.client("s3").get_bucket_notification_configuration(Bucket=bucket)
    return {name: value for name, value in said.items() if name != "ResponseMetadata"}


def lines(there: Deployment, message: str, key: str) -> list[dict[str, Any]]:
    """Wait until the function has logged *message* about *key*; return the lines that say so."""

    def look() -> list[dict[str, Any]]:
        events = there.client("logs").filter_log_events(logGroupName=there.outputs["LogGroupName"])["events"]
        found = [json.loads(one["message"]) for one in events if one["message"].startswith('{"level"')]
        return [line for line in found if (line["message"], line.get("key")) == (message, key)]

    return until(look, f"{message} {key}", there, PATIENCE_S)


def checks(capsys: pytest.CaptureFixture[str], bucket: str) -> tuple[int, dict[str, dict[str, str]]]:
    status = main(["connect", f"s3://{bucket}", "--check", "--json"])
    document = json.loads(capsys.readouterr().out)
    assert document["bucket"] == bucket
    return status, {one["check"]: one for one in document["checks"]}


def test_uploads_to_both_are_told_and_their_own_notifications_go_on(
    existing: Deployment, buckets: tuple[Used, Used]
) -> None:
    before = [notified(existing, one.name) for one in buckets]

    assert [main(["connect", f"s3://{one.name}", "--yes"]) for one in buckets] == [0, 0]

    assert [notified(existing, one.name) for one in buckets] == [
        one | {"EventBridgeConfiguration": {}} for one in before
    ]
    key = f"in/{secrets.token_hex(4)} ä+b.jpg"
    for used, body in zip(buckets, (jpeg(photo(1)), jpeg(near_copy(photo(1)))), strict=True):
        existing.client("s3").put_object(Bucket=used.name, Key=key, Body=body)
        lines(existing, "indexed", key)
        # The first that comes is of the upload: nobody was sent a test event by being connected.
        (record,) = json.loads(receive(existing, used.queue))["Records"]
        assert (record["eventName"], record["s3"]["bucket"]["name"]) == ("ObjectCreated:Put", used.name)
    told = told_of(existing, key)
    assert (told["picture"]["bucket"], told["picture"]["key"]) == (SECOND, key)
    assert [(match["bucket"], match["key"]) for match in told["matches"]] == [(FIRST, key)]
    existing.client("s3").delete_object(Bucket=SECOND, Key=key)
    assert lines(existing, "removed", key)[0]["bucket"] == SECOND


@pytest.mark.usefixtures("buckets")
def test_check_tells_what_is_missing_until_nothing_is(existing: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    status, found = checks(capsys, FIRST)
    assert status == 1
    assert {name for name, one in found.items() if one["state"] != "ok"} == {"eventbridge", "reading"}
    assert found["eventbridge"]["cure"] == f"lookalike connect s3://{FIRST}"
    assert found["reading"] == {
        "check": "reading",
        "state": "unknown",
        "found": "there is no object to try",
        "cure": "put a picture into it, and check again",
    }

    main(["connect", f"s3://{FIRST}", "--yes"])
    existing.client("s3").put_object(Bucket=FIRST, Key="cat.jpg", Body=jpeg(photo(2)))
    capsys.readouterr()

    status, found = checks(capsys, FIRST)
    assert {name: one for name, one in found.items() if one["state"] != "ok"} == {}
    assert status == 0
    assert found["reading"]["found"] == "the function has read cat.jpg"


def test_check_of_a_bucket_that_the_stack_does_not_name(
    existing: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    existing.client("s3").create_bucket(Bucket="unnamed")

    status, found = checks(capsys, "unnamed")

    assert status == 1
    assert found["stack"]["state"] == "missing"
    assert f"ExistingBuckets={FIRST},{SECOND},unnamed" in found["stack"]["cure"]


def test_check_of_a_bucket_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    status, found = checks(capsys, "no-such-bucket")

    assert status == 1
    assert list(found) == ["bucket"]
    assert found["bucket"]["found"] == "there is no such bucket"


@pytest.mark.usefixtures("buckets")
def test_undo_takes_off_what_connect_has_put_on(existing: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    before = notified(existing, SECOND)
    main(["connect", f"s3://{SECOND}", "--yes"])
    capsys.readouterr()

    status = main(["connect", f"s3://{SECOND}", "--undo", "--yes"])

    said = capsys.readouterr()
    assert status == 0
    assert notified(existing, SECOND) == before
    assert said.out.splitlines()[-1] == f"s3://{SECOND}: EventBridge is off"
    assert "no other rule of this event bus hears of this bucket" in said.err
    assert "deploy with ExistingBuckets that does not name it" in said.err
    assert main(["connect", f"s3://{SECOND}", "--undo", "--yes"]) == 0
    assert capsys.readouterr().out == f"s3://{SECOND}: EventBridge is off already\n"


@pytest.mark.usefixtures("buckets")
def test_undo_leaves_what_somebody_else_has_switched_on(
    existing: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    both = notified(existing, FIRST) | {"EventBridgeConfiguration": {}}
    existing.client("s3").put_bucket_notification_configuration(
        Bucket=FIRST, NotificationConfiguration=both, SkipDestinationValidation=True
    )
    assert main(["connect", f"s3://{FIRST}", "--yes"]) == 0
    assert capsys.readouterr().out == f"s3://{FIRST}: EventBridge is on already\n"

    status = main(["connect", f"s3://{FIRST}", "--undo", "--yes"])

    assert status == 1
    assert "nothing says that this command has switched EventBridge on" in capsys.readouterr().err
    assert notified(existing, FIRST) == both


@pytest.mark.usefixtures("buckets")
def test_undo_names_the_rules_of_others(existing: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    events = existing.client("events")
    pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": [FIRST]}}}
    other = {"source": ["aws.s3"], "detail": {"bucket": {"name": ["another"]}}}
    events.put_rule(Name="thumbnails-too", EventPattern=json.dumps(pattern))
    events.put_rule(Name="of-another-bucket", EventPattern=json.dumps(other))
    main(["connect", f"s3://{FIRST}", "--yes"])
    capsys.readouterr()

    main(["connect", f"s3://{FIRST}", "--undo", "--yes"])

    assert "other rules may hear of this bucket by now: thumbnails-too\n" in capsys.readouterr().err


@pytest.mark.usefixtures("buckets")
def test_what_a_restored_table_missed_is_caught_up_with(
    existing: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    s3, names = existing.client("s3"), [f"{secrets.token_hex(4)} {name}.jpg" for name in ("a", "b", "c", "d")]
    overwritten, deleted, missed, unchanged = names
    main(["connect", f"s3://{FIRST}", "--yes"])
    for number, key in enumerate((overwritten, deleted, unchanged)):
        s3.put_object(Bucket=FIRST, Key=key, Body=jpeg(photo(10 + number)))
        lines(existing, "indexed", key)
    main(["connect", f"s3://{FIRST}", "--undo", "--yes"])  # what happens now is unknown to the table
    for number, key in enumerate((overwritten, missed)):
        s3.put_object(Bucket=FIRST, Key=key, Body=jpeg(photo(20 + number)))
    s3.delete_object(Bucket=FIRST, Key=deleted)
    capsys.readouterr()

    catch_up(existing)

    assert capsys.readouterr().out == "2 created, 1 removed\n"
    lines(existing, "indexed", missed)
    lines(existing, "removed", deleted)
    second = "second line about what was overwritten"
    until(lambda: lines(existing, "indexed", overwritten)[1:], second, existing, PATIENCE_S)
    catch_up(existing)
    assert capsys.readouterr().out == "0 created, 0 removed\n"


def catch_up(there: Deployment) -> None:
    """Run the example of the runbook."""
    table = there.client("lambda").get_function_configuration(FunctionName=there.outputs["FunctionName"])
    names = table["Environment"]["Variables"]
    runpy.run_path(str(ROOT / "docs" / "examples" / "catch_up.py"))["main"](
        FIRST, names["PICTURE_TABLE"], there.outputs["IntakeQueueUrl"]
    )


def test_buckets_that_tell_nobody_are_troubles_whose_commands_connect_them(
    existing: Deployment, buckets: tuple[Used, Used], capsys: pytest.CaptureFixture[str]
) -> None:
    def health() -> tuple[int, list[dict[str, Any]]]:
        status = main(["status", "--json"])
        return status, json.loads(capsys.readouterr().out)["troubles"]

    status, troubles = health()
    found = [one for one in troubles if one["page"] == "docs/runbook/no-notices.md"]
    assert (status, len(found)) == (1, len(buckets))
    for one in found:
        assert main(shlex.split(one["command"])[1:]) == 0
    capsys.readouterr()
    assert health() in [(0, []), (2, [])]  # 2: what another test had fail may be between two tries

    events, queue = existing.client("events"), existing.outputs["IntakeQueueArn"]
    (rule,) = events.list_rule_names_by_target(TargetArn=queue)["RuleNames"]
    events.disable_rule(Name=rule)
    status, troubles = health()
    events.enable_rule(Name=rule)

    assert (status, {one["command"] for one in troubles}) == (1, {f"aws events enable-rule --name {rule}"})
