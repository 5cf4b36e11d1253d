"""`lookalike redrive`: send the events that wait in the failure queue to the function again."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config as ClientConfig
from botocore.exceptions import BotoCoreError, ClientError

from handler.cli.aws_errors import explain, is_shared, one_line, printable
from handler.cli.errors import USAGE_ERROR, CommandError
from handler.cli.failure_queue import BATCH, Failure, FailureQueue, Unreadable, read

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

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

Invoke = Callable[[bytes], None]  # raises what boto3 raises if the payload was not accepted
Advance = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Kept:
    """A message that stays in the queue, and why."""

    message_id: str
    reason: str


@dataclass(slots=True)
class Report:
    """What became of the messages so far."""

    sent: int = 0
    kept: list[Kept] = field(default_factory=list)


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


def redrive(queue: FailureQueue, invoke: Invoke, report: Report, *, limit: int | None, advance: Advance) -> None:
    """Invoke the function with each event that waits, delete what it accepted, and tell *report* all the while.

    Raises the first error that all messages would share (no permission, no function, no connection). When it
    is interrupted it ends the batch at hand first: every message is then either sent and deleted, or waits.
    """
    for batch in queue.batches(limit):
        failures = [failure for message in batch if (failure := _read_or_keep(message, report))]
        accepted = list[str]()
        try:
            refused = _invoke_all(invoke, failures, accepted)
        finally:
            report.sent += len(accepted)
            queue.delete(accepted)
        for message_id, error in refused.items():
            if not isinstance(error, ClientError) or is_shared(error):
                raise error
            report.kept.append(Kept(message_id, f"not accepted: {one_line(error)}"))
        advance(len(batch))


def waiting(queue: FailureQueue, report: Report, *, limit: int | None, advance: Advance) -> list[Failure]:
    """Return the failed events in the queue, oldest first."""
    failures = []
    for batch in queue.batches(limit):
        failures += [failure for message in batch if (failure := _read_or_keep(message, report))]
        advance(len(batch))
    return sorted(failures, key=lambda failure: failure.when)


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


def _invoke_all(invoke: Invoke, failures: Sequence[Failure], accepted: list[str]) -> dict[str, Exception]:
    """Add the message ids of what was accepted to *accepted*, even if interrupted; return the other ones' errors."""
    refused: dict[str, Exception] = {}

    def call(failure: Failure) -> None:
        try:
            invoke(failure.payload)
        except Exception as error:  # the caller's, in its own thread
            refused[failure.message_id] = error
        else:
            accepted.append(failure.message_id)

    pool = ThreadPoolExecutor(BATCH)
    try:
        for failure in failures:
            pool.submit(call, failure)
        pool.shutdown()
    finally:
        pool.shutdown()  # after Ctrl-C, for what is under way
    return refused


def _invoke(client: "LambdaClient", function: str, payload: bytes) -> None:
    client.invoke(FunctionName=function, InvocationType="Event", Payload=payload)  # answers 202, or raises


def _read_or_keep(message: "MessageTypeDef", report: Report) -> Failure | None:
    try:
        return read(message)
    except Unreadable as error:
        report.kept.append(
            Kept(
                message["MessageId"],
                f"cannot be read: {one_line(error)}; delete it with aws sqs delete-message, or let it expire",
            )
        )
        return None


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
