"""What AWS refuses, in one line that says how to mend it."""

from collections.abc import Mapping

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
)
from botocore.exceptions import ConnectionError as NoConnectionError

from handler.aws.error_names import DENIED, MISSING, NO_CREDENTIALS, NOT_FOUND, gone
from handler.cli.output import one_line
from handler.cli.program import ours

PERMISSIONS = {  # by operation
    "DescribeStacks": "cloudformation:DescribeStacks",
    "GetQueueAttributes": "sqs:GetQueueAttributes",
    "ReceiveMessage": "sqs:ReceiveMessage",
    "DeleteMessageBatch": "sqs:DeleteMessage",
    "ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "Invoke": "lambda:InvokeFunction",
    "FilterLogEvents": "logs:FilterLogEvents",
}


def explain(
    error: BotoCoreError | ClientError,
    *,
    stack: str,
    region: str | None,
    permissions: Mapping[str, str] = PERMISSIONS,
    instead: str = "--function and --queue-url",
    output: str = "FunctionName",
) -> str:
    """Return one line that says what is wrong and how to mend it.

    *permissions* are those that operations need, *instead* the options that may be given instead of --stack, if any,
    and *output* is what --function takes.
    """
    match error:
        case NoCredentialsError() | PartialCredentialsError():
            return f"no AWS credentials ({one_line(error)}): run aws configure or aws sso login, or set AWS_PROFILE"
        case NoRegionError():
            return "no AWS region: set AWS_DEFAULT_REGION, or run aws configure"
        case HTTPClientError() | NoConnectionError():
            return f"no answer: {one_line(error)}: check the connection, the region and AWS_ENDPOINT_URL"
        case ClientError():
            pass
        case _:
            return f"{one_line(error)}: check the AWS configuration (aws sts get-caller-identity)"
    code, operation = _code(error), error.operation_name
    said = one_line(error)
    if operation == "DescribeStacks" and "does not exist" in said:
        return f"no stack {stack!r} in {region}: name it with --stack and its region with AWS_DEFAULT_REGION"
    if code in DENIED:
        cure = f", or give {instead}" if operation == "DescribeStacks" and instead else ""
        return f"no permission: ask for {permissions.get(operation, operation)}{cure} ({said})"
    if code in NO_CREDENTIALS:
        return f"AWS refused the credentials: renew them with aws sso login or aws configure ({said})"
    match gone([code], operation):
        case "queue":
            return f"no such queue in {region}: --queue-url takes the stack's output FailureQueueUrl ({said})"
        case "function" if operation == "Invoke":
            return f"no such function in {region}: --function takes the stack's output {output} ({said})"
        case "":
            return said
        case what:
            status = ours("status", stack)
            return f"there is no such {what} in {region}: {status} says what else the stack lacks ({said})"


def is_shared(error: ClientError) -> bool:
    """Whether every other message would meet with the same error."""
    return _code(error) in DENIED | NO_CREDENTIALS | NOT_FOUND


def is_missing(error: ClientError) -> bool:
    """Whether what was asked about is not there."""
    return _code(error) in MISSING


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
