"""`lookalike redrive`: send the events that wait in the failure queue to the function again."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from importlib.util import find_spec
from types import TracebackType
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config as ClientConfig
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
)
from botocore.exceptions import ConnectionError as NoConnectionError

from handler.events import Created, Ignored, Item, LookUp, Removed, UnknownEvent, decode

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import (
        ChangeMessageVisibilityBatchRequestEntryTypeDef,
        DeleteMessageBatchRequestEntryTypeDef,
        MessageTypeDef,
    )

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
BATCH = 10  # messages; the most that SQS gives and takes at once
HOLD_S = 300  # nobody else sees a message meanwhile; many times longer than a batch takes
LATE_BATCHES = 10  # in a row without a message that was there at the start: then no other can be expected
ERROR_WIDTH = 100  # of the table's last column
CLIENT = ClientConfig(
    retries={"mode": "standard", "total_max_attempts": 5},
    connect_timeout=5,
    read_timeout=20,
    max_pool_connections=BATCH,
)

DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}
REFUSED = {
    *("ExpiredToken", "ExpiredTokenException", "InvalidAccessKeyId", "InvalidClientTokenId", "RequestExpired"),
    *("SignatureDoesNotMatch", "InvalidSignatureException", "UnrecognizedClientException"),
}
NO_QUEUE = {"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist", "NonExistentQueue"}
NO_FUNCTION = {"ResourceNotFoundException"}
PERMISSIONS = {  # by operation
    "DescribeStacks": "cloudformation:DescribeStacks",
    "GetQueueAttributes": "sqs:GetQueueAttributes",
    "ReceiveMessage": "sqs:ReceiveMessage",
    "DeleteMessageBatch": "sqs:DeleteMessage",
    "ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "Invoke": "lambda:InvokeFunction",
}

Invoke = Callable[[bytes], None]  # raises what boto3 raises if the payload was not accepted
Advance = Callable[[int], None]


class RedriveError(Exception):
    """What a person has to mend; the message is the one line that says what and how."""


class Unreadable(Exception):
    """A message that holds no failed event of the function; the text is the reason."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed event, as Lambda recorded it."""

    message_id: str
    when: str  # ISO 8601, UTC
    condition: str  # Lambda's word: RetriesExhausted, EventAgeExceeded
    error: str
    objects: tuple[str, ...]  # bucket/key of each item
    payload: bytes  # the event itself


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


class FailureQueue:
    """The messages that were in the queue at the start; as a context manager it hands back what is not deleted."""

    def __init__(self, client: "SQSClient", url: str) -> None:
        """Ask the queue how much waits, and for the time: what fails again must not be taken for waiting."""
        self._client, self._url = client, url
        answer = client.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
        self.about = int(answer["Attributes"]["ApproximateNumberOfMessages"])
        # SQS's own clock, since SentTimestamp is by it; it tells whole seconds, so take the end of this one.
        date = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
        self._start_ms = int(date.timestamp() * 1000) + 1000
        self._held: dict[str, str] = {}  # message id: latest receipt handle
        self._deleted: set[str] = set()

    def batches(self, limit: int | None = None) -> Iterator[list["MessageTypeDef"]]:
        """Yield the messages, each once however often SQS delivers it, and at most *limit* in all."""
        left, late = limit, 0
        while left != 0 and late < LATE_BATCHES:
            answer = self._client.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=BATCH if left is None else min(BATCH, left),
                VisibilityTimeout=HOLD_S,
                WaitTimeSeconds=1,  # asks all of SQS's servers; without it an answer may be empty by chance
                MessageSystemAttributeNames=["SentTimestamp"],
            )
            received = {message["MessageId"]: message for message in answer.get("Messages", [])}
            if not received:
                return
            batch = [message for message in received.values() if self._is_due(message)]
            self._held |= {message_id: message["ReceiptHandle"] for message_id, message in received.items()}
            self.delete([message_id for message_id in received if message_id in self._deleted])
            late = 0 if batch else late + 1
            left = None if left is None else left - len(batch)
            if batch:
                yield batch

    def delete(self, message_ids: Sequence[str]) -> None:
        """Delete held messages. One that SQS fails to delete comes again, and repeats safely."""
        for some in _chunks(message_ids):
            entries: list[DeleteMessageBatchRequestEntryTypeDef] = [
                {"Id": str(number), "ReceiptHandle": self._held.pop(one)} for number, one in enumerate(some)
            ]
            self._deleted.update(some)
            self._client.delete_message_batch(QueueUrl=self._url, Entries=entries)

    def hand_back(self) -> None:
        """Make what is held visible again, as if it had not been received."""
        for some in _chunks(list(self._held.values())):
            entries: list[ChangeMessageVisibilityBatchRequestEntryTypeDef] = [
                {"Id": str(number), "ReceiptHandle": one, "VisibilityTimeout": 0} for number, one in enumerate(some)
            ]
            self._client.change_message_visibility_batch(QueueUrl=self._url, Entries=entries)
        self._held.clear()

    def __enter__(self) -> "FailureQueue":
        """Return the queue itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Hand back what is held; if that fails, it is visible again after HOLD_S all the same."""
        try:
            self.hand_back()
        except (BotoCoreError, ClientError) as problem:
            _say(f"not handed back ({problem}): what was kept is out of sight for {HOLD_S} s")

    def _is_due(self, message: "MessageTypeDef") -> bool:
        known = message["MessageId"] in self._held or message["MessageId"] in self._deleted
        return not known and int(message["Attributes"]["SentTimestamp"]) < self._start_ms


def add_parser(subparsers: "argparse._SubParsersAction[Any]") -> None:
    """Add the `redrive` command."""
    parser = subparsers.add_parser(
        "redrive",
        help="send the events of the failure queue to the function again",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--stack", metavar="NAME", help=f"the deployed stack ({STACK})")
    parser.add_argument("--function", metavar="ARN", help="instead of --stack: ARN or name of the function")
    parser.add_argument("--queue-url", metavar="URL", help="with --function: its failure queue")
    parser.add_argument("--dry-run", action="store_true", help="print what waits, and send nothing")
    parser.add_argument("--limit", type=_positive, metavar="N", help="stop after N messages")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=partial(run, parser))


def run(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    """Send what waits, or list it; return 0 if no message was kept, else 1."""
    if (options.function is None) != (options.queue_url is None):
        parser.error("want --function and --queue-url together")
    if options.function is not None and options.stack is not None:
        parser.error("want --stack, or --function and --queue-url, not both")
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
    except RedriveError as error:
        _say(str(error))
        return 1
    except (BotoCoreError, ClientError) as error:
        _say(explain(error, stack=options.stack or STACK, region=region))
        return 1
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
            if not isinstance(error, ClientError) or _is_shared(error):
                raise error
            report.kept.append(Kept(message_id, f"not accepted: {_one_line(error)}"))
        advance(len(batch))


def waiting(queue: FailureQueue, report: Report, *, limit: int | None, advance: Advance) -> list[Failure]:
    """Return the failed events in the queue, oldest first."""
    failures = []
    for batch in queue.batches(limit):
        failures += [failure for message in batch if (failure := _read_or_keep(message, report))]
        advance(len(batch))
    return sorted(failures, key=lambda failure: failure.when)


def read(message: "MessageTypeDef") -> Failure:
    """Return the failed event that *message* holds. Raises Unreadable if the function would not know what to do."""
    try:
        record = json.loads(message["Body"])
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"not JSON: {error}") from error
    if not isinstance(record, Mapping) or not isinstance(record.get("requestPayload"), Mapping):
        raise Unreadable("no record of a failed invocation: want an object with an object requestPayload")
    try:
        items = decode(record["requestPayload"]).items
    except (UnknownEvent, RecursionError) as error:
        raise Unreadable(str(error)) from error
    answer = record.get("responsePayload")
    context = record.get("requestContext")
    return Failure(
        message_id=message["MessageId"],
        when=str(record.get("timestamp") or _iso(int(message["Attributes"]["SentTimestamp"]))),
        condition=str(context.get("condition", "")) if isinstance(context, Mapping) else "",
        error=str(answer.get("errorMessage", "") if isinstance(answer, Mapping) else answer or ""),
        objects=tuple(_object(item) for item in items),
        payload=json.dumps(record["requestPayload"], separators=(",", ":")).encode(),
    )


def table(failures: Sequence[Failure]) -> list[str]:
    """Return the lines of a table with a row for each item of each event."""
    rows = [("OBJECT", "CONDITION", "WHEN", "ERROR")]
    for failure in failures:
        error = _printable(failure.error)
        error = error if len(error) <= ERROR_WIDTH else f"{error[: ERROR_WIDTH - 1]}…"
        rows += [(_printable(one), failure.condition, failure.when, error) for one in failure.objects or ("(none)",)]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return ["  ".join([*map(str.ljust, row, widths), row[3]]).rstrip() for row in rows]


def explain(error: BotoCoreError | ClientError, *, stack: str, region: str | None) -> str:
    """Return one line that says what is wrong and how to mend it."""
    match error:
        case NoCredentialsError() | PartialCredentialsError():
            return f"no AWS credentials ({_one_line(error)}): run aws configure or aws sso login, or set AWS_PROFILE"
        case NoRegionError():
            return "no AWS region: set AWS_DEFAULT_REGION, or run aws configure"
        case HTTPClientError() | NoConnectionError():
            return f"no answer: {_one_line(error)}: check the connection, the region and AWS_ENDPOINT_URL"
        case ClientError():
            pass
        case _:
            return f"{_one_line(error)}: check the AWS configuration (aws sts get-caller-identity)"
    code, operation = _code(error), error.operation_name
    said = _one_line(error)
    if operation == "DescribeStacks" and "does not exist" in said:
        return f"no stack {stack!r} in {region}: name it with --stack and its region with AWS_DEFAULT_REGION"
    if code in DENIED:
        cure = ", or name --function and --queue-url" if operation == "DescribeStacks" else ""
        return f"no permission: have {PERMISSIONS.get(operation, operation)} allowed{cure} ({said})"
    if code in REFUSED:
        return f"the AWS credentials are refused: renew them with aws sso login or aws configure ({said})"
    if code in NO_QUEUE:
        return f"no such queue in {region}: --queue-url wants the stack's output FailureQueueUrl ({said})"
    if code in NO_FUNCTION and operation == "Invoke":
        return f"no such function in {region}: --function wants the stack's output FunctionName ({said})"
    return said


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
        raise RedriveError(
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
        report.kept.append(Kept(message["MessageId"], f"cannot be read: {_one_line(error)}"))
        return None


def _object(item: Item) -> str:
    match item.action:
        case Created(ref) | Removed(ref) | LookUp(ref):
            return f"{ref.bucket}/{ref.key}"
        case Ignored(reason):
            return f"({reason})"
        case unreadable:
            return f"({unreadable.error})"


def _is_shared(error: ClientError) -> bool:
    """Whether every other message would meet with the same error."""
    return _code(error) in DENIED | REFUSED | NO_FUNCTION


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _chunks(everything: Sequence[str]) -> Iterator[Sequence[str]]:
    return (everything[start : start + BATCH] for start in range(0, len(everything), BATCH))


def _iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _one_line(error: Exception) -> str:
    return _printable(" ".join(str(error).split()))


def _printable(text: str) -> str:
    """Return *text* on one line: keys and messages may hold any character, and a terminal obeys some."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


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
