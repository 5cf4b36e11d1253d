"""A pipe from a queue to a bus, as AWS documents it: the emulator's pipes keep a definition, and read no queue.

So this does what the service does, by nothing but the definition in the template and the rights of its role. What AWS
itself makes of them is not shown by it.
"""

import json
import re
from typing import Any

import boto3
import botocore.session
from botocore.validate import ParamValidator
from samtranslator.yaml_helper import yaml_parse

from handler.cli.local import emulator
from tests.integration.subscribers import EXAMPLES, Guarded

PLACE = re.compile(r"<(\$[.\w]+)>")


def transformed(template: str, record: dict[str, Any]) -> str:
    """Return what an input template makes of a *record* of a queue.

    Each path stands for its value in JSON; a body that is JSON is read as such ("implicit body data parsing").
    """
    whole = record | {"body": _parsed(record["body"])}

    def value(found: re.Match[str]) -> str:
        there: Any = whole
        for name in found[1].split(".")[1:]:
            there = there[name]
        return json.dumps(there)

    return PLACE.sub(value, template)


def _parsed(body: str) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body


class Pipe:
    """The pipe of a deployed example."""

    def __init__(self, guarded: Guarded, example: str, stack: str) -> None:
        (kept,) = [one for one in guarded.client("pipes").list_pipes()["Pipes"] if one["Name"].startswith(f"{stack}-")]
        template = yaml_parse((EXAMPLES / example / "template.yaml").read_text())
        (described,) = [one for one in template["Resources"].values() if one["Type"] == "AWS::Pipes::Pipe"]
        whole = guarded.client("pipes").describe_pipe(Name=kept["Name"])
        # The template's properties, as CreatePipe has them; what they refer to is as it was deployed.
        self.definition: dict[str, Any] = described["Properties"] | {
            name: whole[name] for name in ("Name", "Source", "Target", "RoleArn")
        }
        self._guarded = guarded
        self._of_role = _clients(guarded, whole["RoleArn"].rpartition("/")[2])

    def mistakes(self) -> str:
        """Return what CreatePipe would find wrong with the definition, by its model; nothing if it is good."""
        model = botocore.session.get_session().get_service_model("pipes")
        request = model.shape_for("CreatePipeRequest")
        return str(ParamValidator().validate(self.definition, request).generate_report())

    def carry(self, count: int) -> None:
        """Put *count* messages of the queue on the bus, and delete them from the queue, by the role's own rights."""
        sqs, events = self._of_role("sqs"), self._of_role("events")
        source, target = self.definition["Source"], self.definition["TargetParameters"]
        queue = self._guarded.client("sqs").get_queue_url(QueueName=source.rpartition(":")[2])["QueueUrl"]
        entry = target["EventBridgeEventBusParameters"] | {"EventBusName": self.definition["Target"]}
        size = self.definition["SourceParameters"]["SqsQueueParameters"]["BatchSize"]
        sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])  # AWS asks for the right to do that
        for _ in range(count):
            answer = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20, MaxNumberOfMessages=size)
            (message,) = answer["Messages"]
            detail = transformed(target["InputTemplate"], _record(message, source))
            assert events.put_events(Entries=[entry | {"Detail": detail}])["FailedEntryCount"] == 0
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])


def _record(message: dict[str, Any], source: str) -> dict[str, Any]:
    """Return what a pipe is given of a queue's *message*."""
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes", {}),
        "messageAttributes": message.get("MessageAttributes", {}),
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": source,
        "awsRegion": source.split(":")[3],
    }


def _clients(guarded: Guarded, role: str) -> Any:
    """Return what makes clients of a user who has the rights of *role*, which the service alone may assume."""
    iam, name = guarded.client("iam"), f"as-{role}"[:64]
    iam.create_user(UserName=name)
    for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
        iam.put_user_policy(UserName=name, PolicyName=policy, PolicyDocument=json.dumps(document))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    session = boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name=emulator.REGION)
    return lambda service: session.client(service, endpoint_url=guarded.client("iam").meta.endpoint_url)
