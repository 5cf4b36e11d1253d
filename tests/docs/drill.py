"""A stack for fire drills: faults are brought about in it, and whoever follows the runbook mends them.

Its emulator enforces rights. As it speaks plain HTTP, the statements that deny what comes without TLS are turned off.
"""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from handler.cli.local import emulator
from handler.cli.local import stack as stacks
from handler.cli.local.deployment import Deployment
from handler.cli.stacks import STACK
from tests.conftest import ROOT
from tests.pictures import jpeg, near_copy, photo

# The pages of the runbook that are about what somebody sees. `test_runbook.py` runs each, once the fault is there.
SYMPTOMS = (
    *("no-notices", "too-many-notices", "wrong-notice", "costs-rise", "poison-event", "throttling", "cannot-start"),
    *("lost-table", "lost-bucket", "rights-revoked", "bad-deployment", "stack-does-not-delete"),
)
PATIENCE_S = 60
OF_SAM = "aws-sam-cli-managed-default"  # the stack by which `sam deploy` keeps what it deploys
WITHOUT_TLS = "aws:SecureTransport: 'false'"


class Drill:
    """The stack, and what somebody sees of it from outside."""

    def __init__(self, there: Deployment, template: Path) -> None:
        self.there, self.template = there, template
        self.s3, self.sqs, self.sns = (there.client(service) for service in ("s3", "sqs", "sns"))
        self.functions, self.iam = there.client("lambda"), there.client("iam")
        self.dynamodb, self.stacks = there.client("dynamodb"), there.client("cloudformation")
        self._number = 100

    @property
    def outputs(self) -> dict[str, str]:
        """Of the stack as it is now."""
        (found,) = self.stacks.describe_stacks(StackName=STACK)["Stacks"]
        return {one["OutputKey"]: one["OutputValue"] for one in found["Outputs"]}

    @property
    def bucket(self) -> str:
        return self.outputs["PicturesBucket"]

    @property
    def role(self) -> str:
        """The name of the function's role."""
        return self.outputs["FunctionRoleArn"].rpartition("/")[2]

    def upload(self, key: str, body: bytes) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)

    def invoke(self, event: dict[str, Any]) -> None:
        """Invoke the function as S3 does: nobody waits for it, and it is tried three times."""
        self.functions.invoke(
            FunctionName=self.outputs["FunctionName"], InvocationType="Event", Payload=json.dumps(event)
        )

    def waiting(self) -> int:
        """How many events are in the failure queue."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        url = self.outputs["FailureQueueUrl"]
        said = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(said[name]) for name in names)

    def lines(self, key: str) -> list[dict[str, Any]]:
        """What the function has logged about an object."""
        events = self.there.client("logs").filter_log_events(logGroupName=self.outputs["LogGroupName"])["events"]
        documents = [json.loads(event["message"]) for event in events if event["message"].startswith('{"level"')]
        return [document for document in documents if document.get("key") == key]

    def until(self, seen: Callable[[], Any], what: str) -> Any:
        """Look again and again: the emulator tells nobody what its functions do."""
        deadline = time.monotonic() + PATIENCE_S
        while not (found := seen()):
            assert time.monotonic() < deadline, f"no {what} within {PATIENCE_S} s"
            time.sleep(0.2)
        return found

    def until_outcome(self, key: str, outcome: str) -> dict[str, Any]:
        """Wait for the line with *outcome* of an object and return it."""
        line: dict[str, Any] = self.until(
            lambda: next((line for line in self.lines(key) if line["message"] == outcome), None), f"{outcome} {key}"
        )
        return line

    def until_failed(self, count: int = 1) -> None:
        self.until(lambda: self.waiting() >= count, "failures that wait")

    def new_pair(self) -> tuple[bytes, bytes]:
        """Two copies of a picture that was not seen yet."""
        self._number += 1
        return jpeg(photo(self._number)), jpeg(near_copy(photo(self._number)))

    def works(self) -> None:
        """Upload two copies of a new picture and wait until somebody is told of them."""
        names = [f"works-{self._number}-{name}.jpg" for name in "ab"]
        queue = own_queue(self.there)
        for name, body in zip(names, self.new_pair(), strict=True):
            self.upload(name, body)
            self.until_outcome(name, "indexed")
        assert [one["picture"]["key"] for one in self.receive(queue, 1)] == names[1:]

    def receive(self, queue: str, count: int) -> list[dict[str, Any]]:
        """Wait for *count* messages in the queue and return all that are there."""
        found: list[dict[str, Any]] = []

        def came() -> bool:
            answer = self.sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1, MaxNumberOfMessages=10)
            for message in answer.get("Messages", ()):
                found.append(json.loads(message["Body"]))
                self.sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            return len(found) >= count

        self.until(came, f"{count} messages")
        return found


def own_queue(there: Deployment) -> str:
    """A new queue, subscribed to the topic."""
    sqs, name = there.client("sqs"), f"drill-{time.monotonic_ns()}"
    url: str = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allow = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow | {"Resource": arn}]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    there.client("sns").subscribe(
        TopicArn=there.outputs["TopicArn"], Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"}
    )
    return url


def deploy(endpoint: str, template: Path, **parameters: str) -> None:
    """Deploy *template* as `samconfig.toml` says, so that sam keeps it below the name of the stack."""
    done = subprocess.run(  # noqa: S603 - sam of this checkout, and words of these tests
        [
            *(stacks.sam_executable(ROOT), "deploy", "--config-env", "local", "--no-confirm-changeset"),
            *("--template-file", template, "--stack-name", STACK, "--region", emulator.REGION),
            *("--s3-bucket", stacks.ARTIFACTS, "--s3-prefix", STACK, "--capabilities", "CAPABILITY_IAM"),
            *("--parameter-overrides", *stacks.overrides({"EndpointUrl": endpoint, **parameters})),
        ],
        env=emulator.environment(endpoint, {"SAM_CLI_POLL_DELAY": "0.1"}),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def drill() -> Iterator[Drill]:
    """Start the stack, and end it with the block."""
    built = stacks.build_for_emulator(ROOT)
    template = built.with_name("without-tls.yaml")
    text = built.read_text()
    assert WITHOUT_TLS in text
    template.write_text(text.replace(WITHOUT_TLS, WITHOUT_TLS.replace("false", "true")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTH", "true")
        running = emulator.start(stacks.work_folder(ROOT) / stacks.RUN_FOLDERS)
    try:
        there = Deployment(running, {}, "")
        there.client("s3").create_bucket(Bucket=stacks.ARTIFACTS)
        kept = {"Resources": {}, "Outputs": {"SourceBucket": {"Value": stacks.ARTIFACTS}}}
        kept["Resources"] = {"Handle": {"Type": "AWS::CloudFormation::WaitConditionHandle"}}
        there.client("cloudformation").create_stack(StackName=OF_SAM, TemplateBody=json.dumps(kept))
        deploy(running.endpoint, template)
        (found,) = there.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
        outputs = {one["OutputKey"]: one["OutputValue"] for one in found["Outputs"]}
        yield Drill(Deployment(running, outputs, ""), template)
    finally:
        running.stop()
