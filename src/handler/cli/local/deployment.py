"""A whole deployment on this machine: the emulator, the stack in it, and a queue subscribed to its topic."""

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import boto3
import botocore.session
from botocore.config import Config as ClientConfig

from handler.cli.local import emulator, stack
from handler.cli.local.emulator import CREDENTIALS, REGION, Emulator
from handler.cli.stacks import STACK

BUSY = "waiting for another local up or down, which is under way"
MESSAGES = "lookalike-messages"  # the queue that is subscribed to the topic

_WORD = re.compile("(?<=[a-z])(?=[A-Z])")  # where one begins in a name such as PicturesBucket

_FUNCTION_URL = re.compile(r"https://(?P<id>[a-z0-9]+)\.lambda-url\.[^/]+/")

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Deployment:
    """One running deployment; as a context manager it ends with its block."""

    emulator: Emulator
    outputs: Mapping[str, str]  # of the stack
    queue_url: str  # subscribed to the topic, raw delivery
    parameters: Mapping[str, str] = field(default_factory=dict)  # of the template, where they are not the default

    @property
    def endpoint(self) -> str:
        """Where every service answers."""
        return self.emulator.endpoint

    @property
    def region(self) -> str:
        """The one region there is."""
        return REGION

    @property
    def environment(self) -> dict[str, str]:
        """The variables with which any AWS SDK reaches this deployment and nothing else."""
        return emulator.aws_variables(self.endpoint)

    @property
    def variables(self) -> dict[str, str]:
        """What there is in the deployment, by the names that `local up` gives it in a shell."""
        found = {**self.outputs, "MessagesQueueUrl": self.queue_url}
        return {f"LOOKALIKE_{_WORD.sub('_', name).upper()}": value for name, value in found.items()}

    @property
    def bucket(self) -> str:
        """The bucket to put pictures into."""
        return self.outputs["PicturesBucket"]

    def client(self, service: str) -> Any:
        """Return a boto3 client of *service* that can reach this deployment only, whatever the user has configured."""
        return _client(self.endpoint, service)

    def describe(self) -> dict[str, Any]:
        """Return what `local up` prints and what a later `local up` or `local down` finds again."""
        return {
            "endpoint": self.endpoint,
            "region": self.region,
            "environment": self.environment,
            "outputs": dict(self.outputs),
            "queue_url": self.queue_url,
            "parameters": dict(self.parameters),
            "pid": self.emulator.pid,
            "folder": str(self.emulator.folder),
        }

    def stop(self) -> list[int]:
        """End everything that was started for this deployment; no error if it has ended already.

        Return the processes that could not be ended, or be told from others.
        """
        return self.emulator.stop()

    def __enter__(self) -> "Deployment":
        """Return the deployment itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the deployment."""
        self.stop()


def start(
    root: Path,
    *,
    port: int | None = None,
    function_endpoint: str | None = None,
    parameters: Mapping[str, str] | None = None,
    container_gateway: str | None = None,
    progress: Progress = lambda _step: None,
) -> Deployment:
    """Build, start an emulator, deploy into it and subscribe a queue.

    *function_endpoint* is where the function looks for AWS, if not at the emulator itself (a proxy
    that injects faults); *parameters* are the template's. Raises LocalError; leaves nothing running then.
    """
    progress("building the layer and the function")
    template = stack.build_for_emulator(root)
    progress("starting the emulator")
    started = emulator.start(
        stack.work_folder(root) / stack.RUN_FOLDERS, port=port, container_gateway=container_gateway
    )
    try:
        progress("deploying the stack")
        _client(started.endpoint, "s3").create_bucket(Bucket=stack.ARTIFACTS)
        local, asked = {"EndpointUrl": function_endpoint or started.endpoint}, dict(parameters or {})
        stack.deploy(root, template, endpoint=started.endpoint, parameters=local | asked)
        outputs = _outputs(started.endpoint)
        return Deployment(started, outputs, _subscribe(started.endpoint, outputs["TopicArn"]), asked)
    except BaseException:
        started.stop()
        raise


def running(root: Path) -> Deployment | None:
    """Return the deployment that `save` has noted, if it still answers."""
    found = noted(root)
    return found if found and found.emulator.alive() else None


def noted(root: Path) -> Deployment | None:
    """Return the deployment that `save` has noted, whether it answers or not."""
    try:
        noted = json.loads(_state(root).read_text())
        found = Emulator(noted["endpoint"], noted["pid"], Path(noted["folder"]))
        return Deployment(found, noted["outputs"], noted["queue_url"], noted["parameters"])
    except (FileNotFoundError, KeyError, TypeError, ValueError):
        return None  # nothing was noted, or not by this version


def save(root: Path, deployment: Deployment) -> None:
    """Note *deployment* so that it is found again; only the user can read the note."""
    with os.fdopen(os.open(_state(root), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(deployment.describe(), file, indent=2)


def forget(root: Path) -> None:
    """Remove the note; no error if there is none."""
    _state(root).unlink(missing_ok=True)


def lock_file(root: Path) -> Path:
    """Return the file that is locked by who starts or ends the deployment that goes on running."""
    return stack.work_folder(root) / "deployment.lock"


def _state(root: Path) -> Path:
    return stack.work_folder(root) / "deployment.json"


def _client(endpoint: str, service: str) -> Any:
    nothing_of_the_users = {"profile": (None, None, None, None), "config_file": (None, None, os.devnull, None)}
    session = boto3.Session(
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        region_name=REGION,
        botocore_session=botocore.session.Session(session_vars=nothing_of_the_users),
    )
    config = ClientConfig(
        proxies={},
        max_pool_connections=32,
        retries={"mode": "standard"},
        s3={"addressing_style": "path"},  # an emulator has no DNS name for each bucket
    )
    make: Any = session.client
    return make(service, endpoint_url=emulator.require_loopback(endpoint), config=config)


def _outputs(endpoint: str) -> dict[str, str]:
    (found,) = _client(endpoint, "cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in found["Outputs"]}
    return {name: _reachable(value, endpoint) for name, value in outputs.items()}


def _reachable(output: str, endpoint: str) -> str:
    """Return the URL of a function as the emulator answers it, where an *output* is one: there is no DNS for AWS's."""
    found = _FUNCTION_URL.fullmatch(output)
    return f"{endpoint}/_aws/lambda-url/{found['id']}/" if found else output


def _subscribe(endpoint: str, topic_arn: str) -> str:
    """Make a queue, subscribe it to the topic and return its URL."""
    sqs = _client(endpoint, "sqs")
    url: str = sqs.create_queue(QueueName=MESSAGES)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic_arn}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    subscription = {"RawMessageDelivery": "true"}
    _client(endpoint, "sns").subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=arn, Attributes=subscription)
    return url
