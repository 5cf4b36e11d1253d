"""`lookalike redrive`: send the events that wait in the failure queue to the function again."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config as ClientConfig
from botocore.exceptions import BotoCoreError, ClientError

from handler.cli.aws_errors import explain, printable
from handler.cli.errors import USAGE_ERROR, CommandError
from handler.cli.failure_queue import BATCH, Failure, FailureQueue
from handler.cli.redriving import Advance, Invoke, Report, redrive, waiting

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

DESCRIPTION = """\
Send each event that waits in the failure queue to the function again, and delete it from the queue once Lambda has
accepted it. What cannot be read, or is not accepted, stays in the queue and is told of. An event that fails again
comes back after its retries (minutes later), and is left for the next redrive.

Region, credentials and endpoint are those of the AWS CLI (AWS_DEFAULT_REGION, AWS_PROFILE, AWS_ENDPOINT_URL, ...)."""

EPILOG = """\
With --json one object is printed: sent, kept (a list of message_id and reason), and with --dry-run waiting (a list of
message_id, when, condition, error and objects) in place of sent.

The exit status is 0 if nothing was kept, 1 if something was."""

STACK = "lookalike"
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
    parser.add_argument("--stack", metavar="NAME", help=f"the deployed stack ({STACK})")
    parser.add_argument("--function", metavar="ARN", help="instead of --stack: ARN or name of the function")
    parser.add_argument("--queue-url", metavar="URL", help="with --function: its failure queue")
    parser.add_argument("--dry-run", action="store_true", help="print what waits, and send nothing")
    parser.add_argument("--limit", type=_positive, metavar="N", help="stop after N messages")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Send what waits, or list it; return 0 if no message was kept, else 1."""
    if (options.function is None) != (options.queue_url is None):
        raise CommandError("want --function and --queue-url together", status=USAGE_ERROR)
    if options.function is not None and options.stack is not None:
        raise CommandError("want --stack, or --function and --queue-url, not both", status=USAGE_ERROR)
    report, region = Report(), None
    try:
        session = boto3.Session()
        region = session.region_name
        function, url = _target(session, options)
        with FailureQueue(session.client("sqs", config=CLIENT), url) as queue:
            if options.dry_run:
                _show_waiting(queue, report, limit=options.limit, as_json=options.json)
            else:
                invoke = partial(_invoke, session.client("lambda", config=CLIENT), function)
                _send_waiting(queue, invoke, report, limit=options.limit, as_json=options.json)
    except (BotoCoreError, ClientError) as error:
        raise CommandError(explain(error, stack=options.stack or STACK, region=region)) from error
    return 1 if report.kept else 0


def table(failures: Sequence[Failure]) -> list[str]:
    """Return the lines of a table with a row for each item of each event."""
    rows = [("OBJECT", "CONDITION", "WHEN", "ERROR")]
    for failure in failures:
        error = printable(failure.error)
        error = error if len(error) <= ERROR_WIDTH else f"{error[: ERROR_WIDTH - 1]}…"
        rows += [(printable(one), failure.condition, failure.when, error) for one in failure.objects or ("(none)",)]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return ["  ".join([*map(str.ljust, row, widths), row[3]]).rstrip() for row in rows]


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
            f"stack {stack!r} ({found['StackStatus']}) has no output {error}: is it lookalike's, and deployed?"
        ) from error


def _send_waiting(queue: FailureQueue, invoke: Invoke, report: Report, *, limit: int | None, as_json: bool) -> None:
    try:
        with _progress("sending", queue.about, limit) as advance:
            redrive(queue, invoke, report, limit=limit, advance=advance)
    finally:  # also what was done before Ctrl-C or an error is told
        _tell_kept(report, f"{report.sent} sent", {"sent": report.sent}, as_json=as_json)


def _show_waiting(queue: FailureQueue, report: Report, *, limit: int | None, as_json: bool) -> None:
    with _progress("reading", queue.about, limit) as advance:
        failures = waiting(queue, report, limit=limit, advance=advance)
    if failures and not as_json:
        print(*table(failures), sep="\n")
    shown = [{name: value for name, value in asdict(one).items() if name != "payload"} for one in failures]
    _tell_kept(report, f"{len(failures)} to send", {"waiting": shown}, as_json=as_json)


def _tell_kept(report: Report, count: str, described: dict[str, Any], *, as_json: bool) -> None:
    """Print the end of the output: what was kept and why, and how much there was of each."""
    if as_json:
        print(json.dumps(described | {"kept": [asdict(kept) for kept in report.kept]}))
        return
    for kept in report.kept:
        _say(f"kept {kept.message_id}: {kept.reason}")
    print(f"{count}, {len(report.kept)} kept")


def _invoke(client: "LambdaClient", function: str, payload: bytes) -> None:
    client.invoke(FunctionName=function, InvocationType="Event", Payload=payload)  # answers 202, or raises


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive whole number")
    return int(text)


def _say(line: str) -> None:
    print(f"lookalike: {line}", file=sys.stderr)


@contextmanager
def _progress(verb: str, about: int, limit: int | None) -> Iterator[Advance]:
    """Show a bar on standard error if that is a terminal; give what moves it on by so many messages."""
    if not sys.stderr.isatty() or find_spec("rich") is None:
        yield lambda _count: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(verb), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(verb, total=about if limit is None else min(about, limit))
        yield lambda count: progress.advance(task, count)
