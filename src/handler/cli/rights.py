"""Whether the roles of both functions may still do what the template lets them do.

IAM is asked to simulate it, so policies that were taken away or changed, boundaries and refusals of the organisation
all count. What stands under a condition is left out, and what the policies of buckets and keys refuse is not seen.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from botocore.exceptions import ClientError

from handler.cli.aws_errors import is_missing
from handler.cli.facts import RoleRights
from handler.cli.sources import buckets
from handler.cli.stacks import DeployedStack

READS = ("dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query")
PACKS = {"Packs": ("s3:GetObject", "s3:PutObject"), "MissingPacksAnswer404": ("s3:ListBucket",)}
LOG = {"Log": ("logs:CreateLogStream", "logs:PutLogEvents")}
NEEDED = {  # by role, then by the statement's name in template.yaml
    "events": {
        "Buckets": ("dynamodb:UpdateItem", *READS),
        "Pictures": (
            *("dynamodb:BatchGetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"),
            "dynamodb:Query",
        ),
        **PACKS,
        "Announce": ("sns:Publish",),
        "Failures": ("sqs:SendMessage",),
        "Intake": ("sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
        **LOG,
    },
    "questions": {
        "Buckets": READS,
        "Pictures": ("dynamodb:BatchGetItem", "dynamodb:Query"),
        "Reviews": ("dynamodb:Query",),
        **PACKS,
        **LOG,
    },
}
OF_EACH_BUCKET = {
    "Read": ("s3:GetObject", "s3:GetObjectVersion"),
    "MissingKeysAnswer404": ("s3:ListBucket", "s3:ListBucketVersions"),
}
MOST_BUCKETS = 10  # of pictures that are asked about
ROLES = {"events": "FunctionRoleArn", "questions": "AskRoleArn"}  # outputs
LOG_GROUPS = {"events": "LogGroupName", "questions": "AskLogGroupName"}


def rights(client: Any, stack: DeployedStack, role: str) -> RoleRights:
    """Return what the role of the function *role* may not do. Errors are botocore's."""
    arn = stack.output(ROLES[role])
    name = arn.rpartition("/")[2]
    try:
        missing = [
            one for resource, actions in _needed(stack, role) for one in _missing(client, arn, resource, actions)
        ]
    except ClientError as error:
        if is_missing(error):
            return RoleRights(role, name, there=False)
        raise
    return RoleRights(role, name, there=True, missing=tuple(missing))


def _missing(client: Any, role: str, resource: str, actions: Sequence[str]) -> Iterator[str]:
    """Yield which of *actions* on *resource* the role may not do, in words."""
    said = client.simulate_principal_policy(PolicySourceArn=role, ActionNames=list(actions), ResourceArns=[resource])
    for one in said["EvaluationResults"]:
        if one["EvalDecision"] != "allowed":
            yield f"{one['EvalActionName']} on {resource}"


def _needed(stack: DeployedStack, role: str) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield the ARN of each resource that the function needs, and for what."""
    arns = _arns(stack, role)
    for statement, actions in NEEDED[role].items():
        yield arns[statement], actions
    partition = _own(stack)[0]
    for bucket in buckets(stack)[:MOST_BUCKETS]:
        yield f"arn:{partition}:s3:::{bucket}/picture", OF_EACH_BUCKET["Read"]
        yield f"arn:{partition}:s3:::{bucket}", OF_EACH_BUCKET["MissingKeysAnswer404"]


def _arns(stack: DeployedStack, role: str) -> dict[str, str]:
    partition, region, account = _own(stack)

    def of(service: str, name: str) -> str:
        return f"arn:{partition}:{service}:{region}:{account}:{name}"

    def queue(output: str) -> str:
        return of("sqs", stack.output(output).rpartition("/")[2])

    packs = f"arn:{partition}:s3:::{stack.output('PacksBucketName')}"
    return {
        "Buckets": of("dynamodb", f"table/{stack.output('BucketTableName')}"),
        "Pictures": of("dynamodb", f"table/{stack.output('PictureTableName')}"),
        "Reviews": of("dynamodb", f"table/{stack.output('PictureTableName')}/index/Review"),
        "Packs": f"{packs}/pack",
        "MissingPacksAnswer404": packs,
        "Announce": stack.output("TopicArn"),
        "Failures": queue("FailureQueueUrl"),
        "Intake": queue("IntakeQueueUrl"),
        "Log": of("logs", f"log-group:{stack.output(LOG_GROUPS[role])}:log-stream:any"),
    }


def _own(stack: DeployedStack) -> tuple[str, str, str]:
    """Return the partition, the region and the account of the stack."""
    _, partition, _, region, account, *_ = stack.output("FunctionArn").split(":")
    return partition, region, account
