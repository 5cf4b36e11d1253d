"""What a deployed function answers with, put together on this machine: by its settings, with one's own rights."""

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from handler.cli.aws_errors import explain
from handler.cli.errors import USAGE_ERROR, CommandError
from handler.cli.stacks import STACK, described, patient
from handler.config import BadConfiguration, Config
from handler.core.model import ReadDenied
from handler.wiring import AskService, build_asking

PATIENCE_S = 60.0  # for which what is throttled is asked again
PERMISSIONS = {  # by operation
    "DescribeStacks": "cloudformation:DescribeStacks on the stack",
    "GetFunctionConfiguration": "lambda:GetFunctionConfiguration on the output AskFunctionName",
    "BatchGetItem": "dynamodb:BatchGetItem on both tables",
    "GetItem": "dynamodb:GetItem on both tables",
    "Query": "dynamodb:Query on both tables and their indexes",
    "GetObject": "s3:GetObject on the pictures and the packs",
}


@contextmanager
def opened(options: argparse.Namespace) -> Iterator[AskService]:
    """Open what the stack of *options* answers with. Raises CommandError for what AWS refuses."""
    name, region = options.stack or STACK, None
    try:
        session = boto3.Session()
        region = session.region_name
        stack = described(session.client("cloudformation", config=patient(1)), name)
        function = session.client("lambda", config=patient(1))
        found = function.get_function_configuration(FunctionName=stack.output("AskFunctionName"))
        service = build_asking(Config.from_env(found["Environment"]["Variables"]))
        service.retries.begin(time.monotonic() + PATIENCE_S)
        yield service
    except BadConfiguration as error:
        raise CommandError(f"the function of stack {name!r} cannot start: {error}", status=USAGE_ERROR) from error
    except ReadDenied as error:
        raise CommandError(str(error), status=USAGE_ERROR) from error
    except (BotoCoreError, ClientError) as error:
        said = explain(error, stack=name, region=region, permissions=PERMISSIONS, instead="")
        raise CommandError(said, status=USAGE_ERROR) from error
