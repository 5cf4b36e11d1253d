"""A stack for fire drills: faults are brought about in it, and whoever follows the runbook mends them.

Its emulator enforces rights. As it speaks plain HTTP, the statements that deny what comes without TLS are turned off.
"""

import json
import os
import shutil
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
from tests.docs.markdown import CodeBlock, blocks
from tests.docs.shell import ShellCommand, commands, is_run, run
from tests.held_lines import until
from tests.pictures import jpeg, near_copy, photo

# The pages of the runbook that are about what somebody sees. `test_runbook.py` runs each, once the fault is there.
SYMPTOMS = (
    *("no-notices", "too-many-notices", "wrong-notice", "costs-rise", "poison-event", "throttling", "cannot-start"),
    *("lost-table", "lost-bucket", "rights-revoked", "bad-deployment", "stack-does-not-delete"),
)
RUNBOOK = ROOT / "docs" / "runbook"
PATIENCE_S = 60
OF_SAM = "aws-sam-cli-managed-default"  # the stack by which `sam deploy` keeps what it deploys
WITHOUT_TLS = "aws:SecureTransport: 'false'"


class Drill:
    """The stack, and what somebody sees of it from outside."""

    def __init__(self, there: Deployment, template: Path) -> None:
        self.there, self.template = there, template
        self.s3, self.sqs, self.sns = (there.client(service) for service in ("s3", "sqs", "sns"))
        self._logs = there.client("logs")
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

    def change(self, **parameters: str) -> None:
        """Give the stack that runs these parameters, quicker than a shell does."""
        (found,) = self.stacks.describe_stacks(StackName=STACK)["Stacks"]
        kept = [one["ParameterKey"] for one in found["Parameters"] if one["ParameterKey"] not in parameters]
        self.stacks.update_stack(
            StackName=STACK,
            UsePreviousTemplate=True,
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
            Parameters=[
                *({"ParameterKey": name, "UsePreviousValue": True} for name in kept),
                *({"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()),
            ],
        )
        self.stacks.get_waiter("stack_update_complete").wait(StackName=STACK, WaiterConfig={"Delay": 1})

    def lose(self, bucket: str) -> None:
        """Delete a bucket with all that is in it."""
        for found in self.s3.list_objects_v2(Bucket=bucket).get("Contents", ()):
            self.s3.delete_object(Bucket=bucket, Key=found["Key"])
        self.s3.delete_bucket(Bucket=bucket)

    def waiting(self) -> int:
        """How many events are in the failure queue."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        url = self.outputs["FailureQueueUrl"]
        said = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(said[name]) for name in names)

    def lines(self, key: str) -> list[dict[str, Any]]:
        """What the function has logged about an object."""
        return [document for document in self.logged() if document.get("key") == key]

    def keys(self, outcome: str) -> set[str]:
        """The objects of which the log has a line with *outcome*."""
        return {document["key"] for document in self.logged() if document["message"] == outcome}

    def logged(self) -> list[dict[str, Any]]:
        """What the function has logged about objects."""
        events = self._logs.filter_log_events(logGroupName=self.there.outputs["LogGroupName"])["events"]
        return [json.loads(event["message"]) for event in events if event["message"].startswith('{"level"')]

    def until(self, seen: Callable[[], Any], what: str) -> Any:
        """Look again and again: the emulator tells nobody what its functions do."""
        deadline = time.monotonic() + PATIENCE_S
        while not (found := seen()):
            assert time.monotonic() < deadline, f"no {what} within {PATIENCE_S} s"
            time.sleep(0.2)
        return found

    def until_outcome(self, key: str, outcome: str) -> dict[str, Any]:
        """Wait for the line with *outcome* of an object and return it."""

        def look() -> dict[str, Any] | None:
            return next((line for line in self.lines(key) if line["message"] == outcome), None)

        return until(look, f"{outcome} {key}", self.there, PATIENCE_S)

    def until_lines(self, key: str, count: int) -> None:
        """Wait until the function has logged *count* lines about an object."""
        until(lambda: len(self.lines(key)) >= count, f"{count} lines of {key}", self.there, PATIENCE_S)

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


class Reader:
    """Somebody with a shell in the checkout, who follows the runbook."""

    def __init__(self, there: Deployment, folder: Path) -> None:
        """*folder* is empty: what the checkout has is linked into it."""
        self._folder = folder
        for name in (".venv", ".venv-sam", "docs"):
            (folder / name).symlink_to(ROOT / name)
        (folder / "bin").mkdir()
        for command in ("aws", "python3"):
            (folder / "bin" / command).symlink_to(shutil.which(command, path=ROOT / ".venv" / "bin") or "")
        path = f"{folder / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        self._env = emulator.environment(there.endpoint, {"HOME": str(folder), "PATH": path, "COLUMNS": "120"})

    def follow(self, page: str) -> None:
        """Type all that *page* has, from top to bottom."""
        wanted = [block for block in blocks(RUNBOOK / f"{page}.md") if is_run(block)]
        run([command for block in wanted for command in commands(block)], self._folder, self._env)

    def type_of(self, page: str, *wanted: str, after: str = "") -> None:
        """Type those commands of *page* that have one of the texts *wanted*; *after* comes first."""
        found = [command for block in blocks(RUNBOOK / f"{page}.md") for command in commands(block)]
        chosen = [command for command in found if any(text in command.text for text in wanted)]
        assert len(chosen) >= len(wanted), (page, wanted)
        first = ShellCommand(chosen[0].block, f". docs/runbook/functions.sh{after and chr(10)}{after}")
        run([first, *chosen], self._folder, self._env)

    def type(self, *texts: str) -> None:
        """Type commands of no page."""
        block = CodeBlock(RUNBOOK / "functions.sh", 0, "console", "", "")
        run([ShellCommand(block, text) for text in (". docs/runbook/functions.sh", *texts)], self._folder, self._env)


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
