"""The examples of subscribers, deployed as their page says: by the AWS CLI, from their folders."""

import functools
import hashlib
import importlib.util
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3

from handler.cli.local import emulator, stack
from handler.cli.local.deployment import Deployment
from tests.conftest import ROOT

EXAMPLES = ROOT / "examples"
AWS = Path(sys.executable).parent / "aws"


def load(example: str, module: str) -> Any:
    """Return a module of an example, which is no package."""
    spec = importlib.util.spec_from_file_location(module, EXAMPLES / example / f"{module}.py")
    assert spec is not None
    assert spec.loader is not None
    loaded: ModuleType = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def deploy(there: Deployment, example: str, scratch: Path, parameters: Mapping[str, str]) -> dict[str, str]:
    """Deploy the template of *example* under a name of its own; return its outputs, and its name as `Stack`."""
    name, packaged = f"{example}-{secrets.token_hex(3)}", scratch / f"{example}.yaml"
    template = EXAMPLES / example / "template.yaml"
    run(there, "package", "--template-file", template, "--s3-bucket", stack.ARTIFACTS, "--output-template", packaged)
    words = [f"{key}={value}" for key, value in parameters.items()]
    run(
        there,
        *("deploy", "--template-file", packaged, "--stack-name", name, "--capabilities", "CAPABILITY_IAM"),
        *("--parameter-overrides", *words),
    )
    (found,) = there.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    return {"Stack": name} | {one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", [])}


def run(there: Deployment, *words: str | os.PathLike[str]) -> None:
    """Run a command of `aws cloudformation`."""
    done = subprocess.run(  # noqa: S603 - the AWS CLI of this environment, and words of these tests
        [AWS, "cloudformation", *words, "--endpoint-url", there.endpoint],
        env=emulator.environment(there.endpoint),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


class Guarded:
    """An emulator that enforces rights, with a topic and a versioned bucket, and none of Lookalike's stack."""

    def __init__(self, running: emulator.Emulator, scratch: Path) -> None:
        self._here, self._scratch = Deployment(running, {}, ""), scratch
        self.client = functools.cache(self._here.client)
        self.s3 = self.client("s3")
        self.topic = self.client("sns").create_topic(Name="matches")["TopicArn"]
        self.s3.create_bucket(Bucket=stack.ARTIFACTS)
        self.bucket = self.make_bucket("pictures")

    def make_bucket(self, name: str, versioning: str = "Enabled") -> str:
        """Make a bucket of a name that begins so; *versioning* may be empty."""
        bucket = f"{name}-{secrets.token_hex(4)}"
        self.s3.create_bucket(Bucket=bucket)
        if versioning:
            self.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": versioning})
        return bucket

    def deploy(self, example: str, **parameters: str) -> dict[str, str]:
        return deploy(self._here, example, self._scratch, {"TopicArn": self.topic} | parameters)

    def publish(self, message: dict[str, Any], **attributes: str) -> None:
        """Publish *message* as the function does; an attribute that is a JSON array is a String.Array."""
        self.client("sns").publish(
            TopicArn=self.topic,
            Message=json.dumps(message),
            MessageAttributes={
                name: {"DataType": "String.Array" if value.startswith("[") else "String", "StringValue": value}
                for name, value in attributes.items()
            },
        )

    def invoke(self, function: str, message: dict[str, Any]) -> None:
        """Invoke *function* as SNS does, and wait for its end."""
        event = {"Records": [{"Sns": {"Message": json.dumps(message)}}]}
        answer = self.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event))
        assert "FunctionError" not in answer, answer["Payload"].read()

    def subscribe_queue(self, **attributes: str) -> str:
        """Subscribe a new queue to the topic; return its URL."""
        queue = self.make_queue("sns")
        self.client("sns").subscribe(
            TopicArn=self.topic,
            Protocol="sqs",
            Endpoint=self.arn(queue),
            Attributes={"RawMessageDelivery": "true"} | attributes,
        )
        return queue

    def make_queue(self, sender: str) -> str:
        """Make a queue to which the service *sender* may send; return its URL."""
        sqs = self.client("sqs")
        queue = str(sqs.create_queue(QueueName=f"seen-{secrets.token_hex(4)}")["QueueUrl"])
        allow = {"Effect": "Allow", "Principal": {"Service": f"{sender}.amazonaws.com"}, "Action": "sqs:SendMessage"}
        policy = {"Version": "2012-10-17", "Statement": [allow | {"Resource": self.arn(queue)}]}
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps(policy)})
        return queue

    def arn(self, queue: str) -> str:
        found = self.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
        return str(found["Attributes"]["QueueArn"])

    def receive(self, queue: str) -> list[str]:
        """Wait for messages; return their bodies."""
        answer = self.client("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=20, MaxNumberOfMessages=10)
        return [message["Body"] for message in answer.get("Messages", [])]

    def reader(self, name: str) -> tuple[str, Any]:
        """Make a user who may do all to S3 that no policy of a bucket denies; return their ARN and their client."""
        iam = self.client("iam")
        arn = iam.create_user(UserName=name)["User"]["Arn"]
        rights = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
        iam.put_user_policy(UserName=name, PolicyName="s3", PolicyDocument=json.dumps(rights))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        client = boto3.client(
            "s3",
            endpoint_url=self._here.endpoint,
            region_name=emulator.REGION,
            aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"],
        )
        return arn, client

    def put(self, key: str, body: bytes, bucket: str | None = None, **options: Any) -> dict[str, Any]:
        """Store an object; return what a message says of it."""
        where = {"Bucket": bucket or self.bucket, "Key": key}
        self.s3.put_object(**where, Body=body, **options)
        found = self.s3.head_object(**where)
        return {
            "bucket": where["Bucket"],
            "key": key,
            "version": found.get("VersionId"),
            "etag": found["ETag"].strip('"'),
            "bytes": len(body),
            "modified": found["LastModified"].isoformat(),
            "sha256": hashlib.sha256(body).hexdigest(),
        }


def message(picture: dict[str, Any], *matches: dict[str, Any], kind: str = "exact", **more: Any) -> dict[str, Any]:
    """A message with what subscribers look at."""
    return {
        "schema": "lookalike.match/1",
        "id": secrets.token_hex(16),
        "picture": picture,
        "matches": [match | {"kind": kind} | more for match in matches],
    }
