"""What `find` and `show` have in common: they ask the function of a deployed stack, directly."""

import argparse
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config as ClientConfig
from botocore.exceptions import BotoCoreError, ClientError

from handler.cli.aws_errors import explain
from handler.cli.errors import USAGE_ERROR, CommandError
from handler.cli.output import one_line, printable

STACK = "lookalike"
OUTPUT = "AskFunctionName"
ERROR = USAGE_ERROR  # as grep has it: 1 means that nothing was found
CLIENT = ClientConfig(
    retries={"mode": "standard", "total_max_attempts": 3},
    connect_timeout=5,
    read_timeout=900,  # as long as a function may run
)
WHERE = """\
Region, credentials and endpoint come from where the AWS CLI takes them
(AWS_DEFAULT_REGION, AWS_PROFILE, AWS_ENDPOINT_URL, ...)."""


def add_deployed(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which function to ask, and how to print."""
    parser.add_argument("--stack", metavar="NAME", help=f"the deployed stack (default: {STACK})")
    parser.add_argument(
        "--function", metavar="ARN", help=f"its output {OUTPUT}, instead of --stack (default: the stack's)"
    )
    parser.add_argument("--json", action="store_true", help="print the answer as one JSON object instead")


def object_named(text: str) -> dict[str, str] | None:
    """Return bucket and key of an object that is named s3://bucket/key; None if *text* names none so.

    Raises CommandError if one of both is missing.
    """
    if not text.startswith("s3://"):
        return None
    bucket, _, key = text.removeprefix("s3://").partition("/")
    if not bucket or not key:
        raise CommandError(f"{printable(text)}: want s3://BUCKET/KEY", status=ERROR)
    return {"bucket": bucket, "key": key}


def asked(event: Mapping[str, Any], options: argparse.Namespace) -> dict[str, Any]:
    """Return what the function answers to *event*. Raises CommandError if it is a problem, or there is no answer."""
    if options.function is not None and options.stack is not None:
        raise CommandError("give --stack or --function, not both", status=ERROR)
    region = None
    try:
        session = boto3.Session()
        region = session.region_name
        function = options.function or _output(session, options.stack or STACK)
        answer = session.client("lambda", config=CLIENT).invoke(
            FunctionName=function, Payload=json.dumps(event).encode()
        )
        said: dict[str, Any] = json.loads(answer["Payload"].read())
    except (BotoCoreError, ClientError) as error:
        what = explain(error, stack=options.stack or STACK, region=region, instead="--function", output=OUTPUT)
        raise CommandError(what, status=ERROR) from error
    if "FunctionError" in answer:
        reason = one_line(Exception(said.get("errorMessage", said)))
        raise CommandError(f"the function failed: {reason}: see its log", status=ERROR)
    if not {"status", "body"} <= said.keys():
        raise CommandError(f"{function} does not answer questions: --function takes the output {OUTPUT}", status=ERROR)
    if said["status"] != 200:
        problem = urlsplit(said["body"]["type"]).path.rpartition(":")[2]
        raise CommandError(f"{problem}: {one_line(Exception(said['body']['detail']))}", status=ERROR)
    found: dict[str, Any] = said["body"]
    return found


def _output(session: boto3.Session, stack: str) -> str:
    (found,) = session.client("cloudformation", config=CLIENT).describe_stacks(StackName=stack)["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}
    if OUTPUT not in outputs:
        raise CommandError(
            f"stack {stack!r} ({found['StackStatus']}) has no output {OUTPUT}: "
            "it is not a stack of lookalike's, or of an earlier version",
            status=ERROR,
        )
    return outputs[OUTPUT]
