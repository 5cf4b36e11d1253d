"""Whether the buckets that a stack takes pictures from tell it of them. Errors are botocore's."""

import json
import shlex
from typing import Any

from botocore.exceptions import ClientError

from handler.cli.aws_errors import is_missing
from handler.cli.connections import MISSING, OK, Check, Clients, Connection
from handler.cli.facts import SourceBucket, Unknown
from handler.cli.program import ours
from handler.cli.stacks import DeployedStack

OWN_EVENTS = ("s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:LifecycleExpiration:*")

_ARNS = {"LambdaFunctionConfigurations": "LambdaFunctionArn", "QueueConfigurations": "QueueArn"}
_OURS = {"direct": ("LambdaFunctionConfigurations", "FunctionArn"), "queue": ("QueueConfigurations", "IntakeQueueArn")}


def buckets(stack: DeployedStack) -> list[str]:
    """Return the names of the buckets that pictures are taken from."""
    if own := stack.outputs.get("PicturesBucket"):
        return [own]
    return [one for one in stack.parameters.get("ExistingBuckets", "").split(",") if one]


def source(client: Clients, stack: DeployedStack, region: str, bucket: str) -> SourceBucket | Unknown:
    """Return whether *bucket* tells the stack of its pictures."""
    connection = Connection(client, stack, bucket, region)
    try:
        if connection.is_own:
            return _own(client("s3"), stack, bucket)
        connection.region()  # asks for the bucket
    except ClientError as error:
        if not is_missing(error):
            raise
        cure = ours(f"connect s3://{bucket} --check", stack.name)
        return SourceBucket(bucket, connected=False, way="there is no such bucket", cure=cure)
    checks = list(connection.delivery())
    if missing := next((one for one in checks if one.state == MISSING), None):
        return SourceBucket(bucket, connected=False, way=missing.found, cure=_cure(missing, stack, bucket))
    if unknown := next((one for one in checks if one.state != OK), None):
        return Unknown(f"whether s3://{bucket} is connected", unknown.found, unknown.cure.removeprefix("ask for "))
    return SourceBucket(bucket, connected=True, way="by EventBridge and the intake queue")


def _cure(missing: Check, stack: DeployedStack, bucket: str) -> str:
    """Return the command that mends what is *missing*, or says how to."""
    if missing.cure.startswith("aws "):
        return missing.cure
    return ours(f"connect s3://{bucket} {'--yes' if missing.check == 'eventbridge' else '--check'}", stack.name)


def _own(s3: Any, stack: DeployedStack, bucket: str) -> SourceBucket:
    said = s3.get_bucket_notification_configuration(Bucket=bucket)
    found = {name: value for name, value in said.items() if name != "ResponseMetadata"}
    ours = {stack.output("FunctionArn"), stack.output("IntakeQueueArn")}
    told = {
        event
        for kind, arn in _ARNS.items()
        for one in found.get(kind, [])
        if one[arn] in ours and not one.get("Filter")
        for event in one["Events"]
    }
    kind, output = _OURS[stack.parameters.get("Intake", "direct")]
    if missing := [event for event in OWN_EVENTS if event not in told]:
        others = {name: [one for one in found.get(name, []) if one[arn] not in ours] for name, arn in _ARNS.items()}
        again = {_ARNS[kind]: stack.output(output), "Events": list(OWN_EVENTS)}
        wanted = found | others | {kind: [*others[kind], again]}
        configuration = shlex.quote(json.dumps({name: value for name, value in wanted.items() if value != []}))
        return SourceBucket(
            bucket,
            connected=False,
            way=f"it tells nobody of {', '.join(missing)}",
            cure=f"aws s3api put-bucket-notification-configuration --bucket {bucket} "
            f"--notification-configuration {configuration}",
        )
    way = "S3 invokes the function" if kind.startswith("Lambda") else "by the intake queue"
    return SourceBucket(bucket, connected=True, way=way)
