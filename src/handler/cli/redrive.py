"""`lookalike redrive`: send the events that wait in the failure queue to the function again."""

import argparse
import json
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config as ClientConfig
from botocore.exceptions import BotoCoreError, ClientError

from handler.cli.arguments import positive
from handler.cli.aws_errors import explain
from handler.cli.errors import STATUSES, USAGE_ERROR, CommandError
from handler.cli.failure_queue import BATCH, Failure, FailureQueue
from handler.cli.output import complain, printable
from handler.cli.progress import Shown, progress
from handler.cli.redriving import Invoke, Tally, redrive, waiting
from handler.cli.rows import laid_out, terminal_width

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

STACK = "lookalike"

DESCRIPTION = """\
Send each event that waits in the failure queue to the function again, and
delete it from the queue once Lambda has accepted it. An event that cannot be
read, or is not accepted, stays in the queue and is named. One that fails again
is back in the queue after its retries, minutes later, and waits for the next
redrive.

Region, credentials and endpoint come from where the AWS CLI takes them
(AWS_DEFAULT_REGION, AWS_PROFILE, AWS_ENDPOINT_URL, ...)."""

EPILOG = f"""\
JSON fields:
  sent     how many events Lambda accepted; not with --dry-run
  waiting  only with --dry-run: message_id, when, condition, error and objects
           of each event
  kept     message_id and reason of each message that stays in the queue

exit status:
  0  every event was sent or, with --dry-run, can be
  1  at least one was kept, or AWS could not be asked
  2  wrong usage
{STATUSES}

examples:
  lookalike redrive --dry-run
  lookalike redrive --stack my-pictures --limit 100"""

ERROR_WIDTH = 100  # of the table's last column
CLIENT = ClientConfig(
    retries={"mode": "standard", "total_max_attempts": 5},
    connect_timeout=5,
    read_timeout=20,
    max_pool_connections=BATCH,
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Set the texts and options of the command."""
    parser.description, parser.epilog = DESCRIPTION, EPILOG
    parser.add_argument("--stack", metavar="NAME", help=f"the deployed stack (default: {STACK})")
    parser.add_argument(
        "--function", metavar="ARN", help="ARN or name of the function, instead of --stack (default: the stack's)"
    )
    parser.add_argument("--queue-url", metavar="URL", help="its failure queue, with --function (default: the stack's)")
    parser.add_argument("--dry-run", action="store_true", help="list the events that wait, and send nothing")
    parser.add_argument("--limit", type=positive, metavar="N", help="stop after N messages (default: none)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Send what waits, or list it; return 0 if no message was kept, else 1."""
    if (options.function is None) != (options.queue_url is None):
        raise CommandError("--function and --queue-url go together: give both, or neither", status=USAGE_ERROR)
    if options.function is not None and options.stack is not None:
        raise CommandError("give --stack, or --function and --queue-url, not both", status=USAGE_ERROR)
    tally, region = Tally(), None
    try:
        session = boto3.Session()
        region = session.region_name
        function, url = _target(session, options)
        with FailureQueue(session.client("sqs", config=CLIENT), url) as queue:
            if options.dry_run:
                _list(queue, tally, options)
            else:
                _send(queue, partial(_invoke, session.client("lambda", config=CLIENT), function), tally, options)
    except (BotoCoreError, ClientError) as error:
        raise CommandError(explain(error, stack=options.stack or STACK, region=region)) from error
    return 1 if tally.kept else 0


def table(failures: Sequence[Failure], width: int | None = None) -> list[str]:
    """Return the lines of a table with a row for each item of each event, or lines where *width* is too little."""
    rows = list[tuple[str, ...]]()
    for failure in failures:
        error = printable(failure.error)
        error = error if len(error) <= ERROR_WIDTH else f"{error[: ERROR_WIDTH - 1]}…"
        rows += [(printable(one), failure.condition, failure.when, error) for one in failure.objects or ("(none)",)]
    return laid_out(("OBJECT", "CONDITION", "WHEN", "ERROR"), rows, width)


def _target(session: boto3.Session, options: argparse.Namespace) -> tuple[str, str]:
    """Return the function and the URL of its failure queue."""
    if options.function is not None:
        return options.function, options.queue_url
    stack = options.stack or STACK
    (found,) = session.client("cloudformation", config=CLIENT).describe_stacks(StackName=stack)["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}
    try:
        return outputs["FunctionName"], outputs["FailureQueueUrl"]
    except KeyError as error:
        raise CommandError(
            f"stack {stack!r} ({found['StackStatus']}) has no output {error}: "
            "it is not a stack of lookalike's, or not deployed yet"
        ) from error


def _send(queue: FailureQueue, invoke: Invoke, tally: Tally, options: argparse.Namespace) -> None:
    try:
        with _progress("sending", queue, options) as shown:
            redrive(queue, invoke, tally, limit=options.limit, advance=shown.advance)
    finally:  # Ctrl-C or an error does not hide what was done before
        _print_end(tally, f"{tally.sent} sent", {"sent": tally.sent}, options)


def _list(queue: FailureQueue, tally: Tally, options: argparse.Namespace) -> None:
    with _progress("reading", queue, options) as shown:
        failures = waiting(queue, tally, limit=options.limit, advance=shown.advance)
    if failures and not options.json:
        print(*table(failures, terminal_width()), sep="\n")
    listed = [{name: value for name, value in asdict(one).items() if name != "payload"} for one in failures]
    _print_end(tally, f"{len(failures)} to send", {"waiting": listed}, options)


def _print_end(tally: Tally, count: str, described: dict[str, Any], options: argparse.Namespace) -> None:
    """Print the end of the output: what was kept and why, and how much there was of each."""
    if options.json:
        print(json.dumps(described | {"kept": [asdict(kept) for kept in tally.kept]}))
        return
    for kept in tally.kept:
        complain(f"kept {kept.message_id}: {kept.reason}")
    print(f"{count}, {len(tally.kept)} kept")


def _progress(verb: str, queue: FailureQueue, options: argparse.Namespace) -> AbstractContextManager[Shown]:
    return progress(verb, lambda: queue.about if options.limit is None else min(queue.about, options.limit))


def _invoke(client: "LambdaClient", function: str, payload: bytes) -> None:
    client.invoke(FunctionName=function, InvocationType="Event", Payload=payload)  # answers 202, or raises
