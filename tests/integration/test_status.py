"""`lookalike status` of a deployed stack: faults with real causes, and the command that it gives for each of them."""

import json
import shlex
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from handler.cli.healthiness import RETRIED
from handler.cli.local.emulator import environment
from tests.conftest import ROOT
from tests.integration.conftest import Site
from tests.integration.journals import PACK, capacity, fill
from tests.integration.subscribers import AWS
from tests.pictures import jpeg, photo

pytestmark = pytest.mark.emulator

COMMAND = ".venv/bin/lookalike status"
ALARM = "lookalike-failure-queue"

Status = Callable[..., tuple[int, dict[str, Any]]]


def is_well(answer: tuple[int, dict[str, Any]]) -> bool:
    """Whether there is no trouble; what other tests have had fail may be between two tries."""
    ended, document = answer
    late = [one["what"] for one in document["unknown"]] == [RETRIED]
    return (ended, document["troubles"]) == (2 if late else 0, []) and (late or not document["unknown"])


@pytest.fixture
def status(site: Site) -> Status:
    """What runs the command about the test's own scope, and returns its status and its document."""

    def run(**changed: str) -> tuple[int, dict[str, Any]]:
        words = [*COMMAND.split(), "--json", "--scope", site.collection.scope]
        done = subprocess.run(words, cwd=ROOT, env=environment(site.deployment.endpoint, changed), capture_output=True)  # noqa: S603 - our own command
        assert (done.returncode, done.stderr) in [(number, b"") for number in range(3)]
        return done.returncode, json.loads(done.stdout)

    return run


@pytest.fixture(autouse=True)
def nothing_wrong(site: Site) -> Iterator[None]:
    """Leave the stack as it was: other tests have it, too."""
    sqs, url = site.client("sqs"), site.deployment.outputs["FailureQueueUrl"]
    sqs.purge_queue(QueueUrl=url)
    yield
    sqs.purge_queue(QueueUrl=url)
    site.client("cloudwatch").set_alarm_state(AlarmName=ALARM, StateValue="OK", StateReason="the test is over")


def type_in(command: str, site: Site) -> None:
    """Run a command as the screen has it; the AWS CLI is told of the emulator."""
    program, *words = shlex.split(command)
    path = [str(AWS), "--endpoint-url", site.deployment.endpoint] if program == "aws" else [program]
    done = subprocess.run([*path, *words], cwd=ROOT, env=environment(site.deployment.endpoint), capture_output=True)  # noqa: S603 - what is tested
    assert done.returncode == 0, done.stderr


def commands(document: dict[str, Any]) -> dict[str, str]:
    return {one["page"]: one["command"] for one in document["troubles"]}


def test_healthy_stack_tells_what_it_has(site: Site, status: Status) -> None:
    site.upload("cat.jpg", jpeg(photo(1)))
    site.wait_for_lines("cat.jpg")

    ended, document = status()

    assert is_well((ended, document))
    assert document["health"] == ("healthy", "trouble", "unknown")[ended]
    (size,) = [one for one in document["collections"] if one["scope"] == site.collection.scope]
    assert (size["pictures"], size["segments"], size["packs"], size["missing_packs"]) == (1, 1, 0, 0)
    assert document["stack"]["status"] == "CREATE_COMPLETE"
    assert [one["state"] for one in document["functions"]] == ["Active", "Active"]
    assert {one["state"] for one in document["resources"]} == {"ACTIVE"}
    assert [one["state"] for one in document["mappings"]] == ["Enabled"]


def test_scopes_are_the_folders_of_the_bucket(site: Site) -> None:
    site.upload("cat.jpg", jpeg(photo(1)))
    site.wait_for_lines("cat.jpg")

    words = [*COMMAND.split(), "--json"]
    done = subprocess.run(words, cwd=ROOT, env=environment(site.deployment.endpoint), capture_output=True)  # noqa: S603 - our own command

    sizes = {one["scope"]: one["pictures"] for one in json.loads(done.stdout)["collections"]}
    assert sizes[site.collection.scope] == 1


def test_bucket_that_tells_nobody_is_connected_again_by_the_command(site: Site, status: Status) -> None:
    site.s3.put_bucket_notification_configuration(Bucket=site.deployment.bucket, NotificationConfiguration={})

    ended, document = status()

    try:
        assert (ended, list(commands(document))) == (1, ["docs/runbook/no-notices.md"])
    finally:
        (command,) = commands(document).values()
        type_in(command, site)
    assert is_well(status())
    site.upload("cat.jpg", jpeg(photo(2)))
    site.wait_for_lines("cat.jpg")


def test_mapping_that_was_disabled_is_enabled_by_the_command(site: Site, status: Status) -> None:
    _, document = status()
    (mapping,) = document["mappings"]
    site.client("lambda").update_event_source_mapping(UUID=mapping["uuid"], Enabled=False)

    ended, document = status()

    try:
        assert (ended, list(commands(document))) == (1, ["docs/runbook/intake-queue.md"])
    finally:
        type_in(commands(document)["docs/runbook/intake-queue.md"], site)
    assert is_well(status())


def test_failed_event_is_told_with_its_cause_and_its_alarm_and_stays_in_the_queue(site: Site, status: Status) -> None:
    sqs, url = site.client("sqs"), site.deployment.outputs["FailureQueueUrl"]
    event = site.event("ObjectCreated:Put", "gone.jpg")
    record = json.loads((ROOT / "events" / "failed-event.json").read_text()) | {"requestPayload": event}
    for body in (json.dumps(record), json.dumps(record), "nonsense"):
        sqs.send_message(QueueUrl=url, MessageBody=body)
    described = [{"Name": "QueueName", "Value": url.rpartition("/")[2]}]
    datum = {"MetricName": "ApproximateNumberOfMessagesVisible", "Dimensions": described, "Value": 3.0}
    site.client("cloudwatch").put_metric_data(Namespace="AWS/SQS", MetricData=[datum])

    ended, document = status()

    assert ended == 1
    (trouble,) = document["troubles"]
    assert trouble["what"].startswith("3 events wait in the failure queue; alarm failure-queue has been on for ")
    assert trouble["page"] == "docs/runbook/failure-queue.md"
    assert trouble["command"].endswith("lookalike failures")  # by its path, where a shell does not find it
    lost, poison = document["failures"]["causes"]
    assert (lost["events"], lost["cause"], lost["detail"]) == (2, "no-connection", "EndpointConnectionError")
    assert lost["example"].endswith("/gone.jpg")
    assert (poison["events"], poison["cause"], poison["example"]) == (1, "unknown-event", "")
    words = [".venv/bin/lookalike", "failures", "--json"]
    said = subprocess.run(words, cwd=ROOT, env=environment(site.deployment.endpoint), capture_output=True)  # noqa: S603 - our own command
    groups = [(one["cause"], one["detail"], one["count"]) for one in json.loads(said.stdout)["groups"]]
    assert groups == [(one["cause"], one["detail"], one["events"]) for one in (lost, poison)]
    assert status()[1]["queues"][1]["waiting"] == 3  # what was looked at is in sight again


def test_pack_that_is_missing(site: Site, status: Status) -> None:
    collection, prefix = site.collection, own_packs(site)
    fill(site.client("dynamodb"), site.deployment.outputs["BucketTableName"], collection, PACK + 1)
    missing = status()
    assert is_well(missing)
    assert any("lacks 1 of 1 pack" in one for one in missing[1]["remarks"])

    site.put("cat.jpg", jpeg(photo(3)))
    site.send({"lookup": {"bucket": "quiet-pictures", "key": f"{site.folder}/cat.jpg"}})  # loads, and makes the pack

    ended, made = status()
    assert is_well((ended, made))
    (size,) = [one for one in made["collections"] if one["scope"] == collection.scope]
    assert (size["packs"], size["missing_packs"], size["pictures"]) == (1, 0, (PACK + 1) * capacity(collection))
    (pack,) = own_packs(site) - prefix
    site.s3.delete_object(Bucket=site.deployment.outputs["PacksBucketName"], Key=pack)
    assert any("lacks 1 of 1 pack" in one for one in status()[1]["remarks"])


def test_function_that_cannot_start_is_told_by_its_variables(site: Site, status: Status) -> None:
    client, name = site.client("lambda"), site.deployment.outputs["FunctionName"]
    before = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    client.update_function_configuration(FunctionName=name, Environment={"Variables": before | {"RADIUS": "x"}})

    ended, document = status()

    client.update_function_configuration(FunctionName=name, Environment={"Variables": before})
    assert ended == 1
    assert "bad configuration: RADIUS is 'x'" in document["troubles"][0]["what"]
    assert is_well(status())


def test_right_that_was_taken_away_is_named(site: Site, status: Status) -> None:
    iam, role = site.client("iam"), site.deployment.outputs["FunctionRoleArn"].rpartition("/")[2]
    name = "index-announce-log"
    policy = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    less = [one for one in policy["Statement"] if one["Sid"] != "Announce"]
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(policy | {"Statement": less}))

    ended, document = status()

    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(policy))
    assert ended == 1
    (trouble,) = document["troubles"]
    topic = site.deployment.outputs["TopicArn"]
    assert trouble["what"] == f"the role of the function lacks sns:Publish on {topic}"
    assert [one["missing"] for one in document["rights"]] == [[f"sns:Publish on {topic}"], []]
    type_in(trouble["command"], site)
    assert is_well(status())


def test_what_does_not_answer_is_named_and_the_rest_is_told(status: Status) -> None:
    ended, document = status(AWS_ENDPOINT_URL_CLOUDWATCH="http://127.0.0.1:9")

    assert (ended, document["health"]) == (2, "unknown")
    named = [one["what"] for one in document["unknown"] if one["what"] != RETRIED]  # which other tests may bring about
    assert named == ["the alarms", "what was counted lately"]
    assert (document["alarms"], document["lately"]) == (None, None)
    assert [one["queue"] for one in document["queues"]] == ["intake", "failure"]


def test_stack_is_not_healthy_while_what_failed_is_tried_again(site: Site, status: Status) -> None:
    site.client("lambda").invoke(FunctionName=site.deployment.outputs["FunctionName"], Payload=b'{"nonsense": 1}')

    ended, document = status()

    assert (ended, document["troubles"], [one["what"] for one in document["unknown"]]) == (2, [], [RETRIED])


def test_people_get_a_screen(site: Site) -> None:
    done = subprocess.run(COMMAND.split(), cwd=ROOT, env=environment(site.deployment.endpoint), capture_output=True)  # noqa: S603 - our own command

    lines = done.stdout.decode().splitlines()
    assert lines[0].startswith("lookalike in us-east-1, ")
    assert [word for line in lines for word in line.split()[:1] if word in ("SCOPE", "QUEUE", "LAST")] == [
        *("SCOPE", "QUEUE", "LAST")
    ]


def test_missing_stack_is_one_line_with_its_cure(site: Site) -> None:
    words = [*COMMAND.split(), "--stack", "nonsense"]
    done = subprocess.run(words, cwd=ROOT, env=environment(site.deployment.endpoint), capture_output=True)  # noqa: S603 - our own command

    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode().startswith("lookalike: no stack 'nonsense' in us-east-1: name it with --stack")


def own_packs(site: Site) -> set[str]:
    listed = site.s3.list_objects_v2(Bucket=site.deployment.outputs["PacksBucketName"]).get("Contents", [])
    return {one["Key"] for one in listed}
