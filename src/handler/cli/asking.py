"""What commands have in common that ask the function of a deployed stack, directly."""

import argparse
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config as ClientConfig
from botocore.exceptions import BotoCoreError, ClientError

from handler.cli.aws_errors import explain
from handler.cli.errors import USAGE_ERROR, CommandError
from handler.cli.output import one_line, printable
from handler.cli.stacks import STACK
from handler.core.names import named_object

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


Ask = Callable[[Mapping[str, Any]], dict[str, Any]]


class Refused(CommandError):
    """The function answered with a problem; *kind* is the last part of its type, *problem* the document."""

    def __init__(self, kind: str, detail: str, problem: Mapping[str, Any]) -> None:
        super().__init__(f"{kind}: {detail}", status=ERROR)
        self.kind = kind
        self.detail = detail
        self.problem = problem


def add_deployed(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which function to ask, and how to print."""
    add_function(parser)
    parser.add_argument("--json", action="store_true", help="print the answer as one JSON object instead")


def add_function(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which function to ask."""
    parser.add_argument("--stack", metavar="NAME", help=f"the deployed stack (default: {STACK})")
    parser.add_argument(
        "--function", metavar="ARN", help=f"its output {OUTPUT}, instead of --stack (default: the stack's)"
    )


def object_named(text: str) -> dict[str, str] | None:
    """Return bucket and key of an object that is named s3://bucket/key; None if *text* names none so.

    Raises CommandError if one of both is missing.
    """
    named = named_object(text)
    if named is None:
        return None
    bucket, key = named
    if not bucket or not key:
        raise CommandError(f"{printable(text)}: want s3://BUCKET/KEY", status=ERROR)
    return {"bucket": bucket, "key": key}


def asked(event: Mapping[str, Any], options: argparse.Namespace) -> dict[str, Any]:
    """Return what the function answers to *event*. Raises CommandError if it is a problem, or there is no answer."""
    return asker(options)(event)


def asker(options: argparse.Namespace) -> Ask:
    """Return what asks the function that *options* name, as often as one likes, and raises as `asked` does.

    Raises CommandError if there is no such function.
    """
    if options.function is not None and options.stack is not None:
        raise CommandError("give --stack or --function, not both", status=ERROR)
    region: list[str | None] = []
    with explained(options, region):
        session = boto3.Session()
        region.append(session.region_name)
        function = options.function or _output(session, options.stack or STACK)
        client = session.client("lambda", config=CLIENT)

    def ask(event: Mapping[str, Any]) -> dict[str, Any]:
        with explained(options, region):
            answer = client.invoke(FunctionName=function, Payload=json.dumps(event).encode())
            said: dict[str, Any] = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            reason = one_line(Exception(said.get("errorMessage", said)))
            raise CommandError(f"the function failed: {reason}: see its log", status=ERROR)
        if not {"status", "body"} <= said.keys():
            wrong = f"{function} does not answer questions: --function takes the output {OUTPUT}"
            raise CommandError(wrong, status=ERROR)
        return document(said)

    return ask


def document(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document that a direct question was answered with. Raises Refused if it is a problem."""
    found: dict[str, Any] = said["body"]
    if said["status"] != 200:
        raise Refused(urlsplit(found["type"]).path.rpartition(":")[2], one_line(Exception(found["detail"])), found)
    return found


@contextmanager
def explained(options: argparse.Namespace, region: Sequence[str | None] = ()) -> Iterator[None]:
    """Raise CommandError, in one line, for whatever AWS says no with."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        where = next(iter(region), None)
        what = explain(error, stack=options.stack or STACK, region=where, instead="--function", output=OUTPUT)
        raise CommandError(what, status=ERROR) from error


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
