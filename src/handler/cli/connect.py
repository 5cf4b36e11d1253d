"""`lookalike connect`: have a bucket that is there already tell the stack of its pictures."""

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config as ClientConfig
from botocore.exceptions import BotoCoreError, ClientError

from handler.aws.error_names import DENIED
from handler.cli.aws_errors import explain
from handler.cli.connections import OK, Clients, Connection
from handler.cli.errors import STATUSES, USAGE_ERROR, CommandError
from handler.cli.notifications import Disturbed, Notifications, WouldLose, read, switch
from handler.cli.output import complain, one_line, printable
from handler.cli.rows import laid_out, terminal_width
from handler.cli.stacks import STACK, DeployedStack, described

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

DESCRIPTION = """\
Have a bucket that is there already tell the stack of its pictures: switch
EventBridge on in its notifications, and leave all others as they are. The
change is shown first. Nothing is written where something would be lost, or
where somebody else changes them meanwhile.

With --check, say what is missing between bucket and stack, and the cure for
each. With --undo, switch EventBridge off, if this command has switched it on.

Region, credentials and endpoint come from where the AWS CLI takes them
(AWS_DEFAULT_REGION, AWS_PROFILE, AWS_ENDPOINT_URL, ...)."""

EPILOG = f"""\
JSON fields:
  bucket       its name
  changed      whether anything was written
  eventbridge  whether it is on now
  others       kind, arn, events and filters of each other notification
with --check instead:
  bucket       its name
  checks       check, state (ok, missing or unknown), found and cure of each

exit status:
  0  it is connected, or with --undo is not; with --check, nothing is missing
  1  it could not be done, or nobody agreed; something is missing or unknown
  2  wrong usage
{STATUSES}

examples:
  lookalike connect s3://photo-archive
  lookalike connect s3://photo-archive --check
  lookalike connect s3://photo-archive --undo --yes"""

HEADINGS = ("CHECK", "STATE", "FOUND", "CURE")
NOTIFIED = ("", "KIND", "DESTINATION", "EVENTS", "OBJECTS")
NOTE = "lookalike:connected:"  # and the bucket: a tag of the intake queue, by which --undo knows what was switched on
CLIENT = ClientConfig(retries={"mode": "standard", "total_max_attempts": 5}, connect_timeout=5, read_timeout=120)
PERMISSIONS = {  # by operation
    "DescribeStacks": "cloudformation:DescribeStacks",
    "HeadBucket": "s3:ListBucket",
    "GetBucketNotificationConfiguration": "s3:GetBucketNotification",
    "PutBucketNotificationConfiguration": "s3:PutBucketNotification",
    "TagQueue": "sqs:TagQueue",
    "ListQueueTags": "sqs:ListQueueTags",
    "UntagQueue": "sqs:UntagQueue",
    "ListRules": "events:ListRules",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Set the texts and options of the command."""
    parser.description, parser.epilog = DESCRIPTION, EPILOG
    parser.add_argument("bucket", type=_bucket, metavar="s3://BUCKET", help="the bucket")
    parser.add_argument("--stack", default=STACK, metavar="NAME", help="the deployed stack (default: %(default)s)")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="change nothing: say what is missing")
    what.add_argument("--undo", action="store_true", help="switch EventBridge off again")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Connect the bucket, undo that or check it; return 0 if that was done, or nothing is missing, else 1."""
    if options.check and options.yes:
        raise CommandError("--check asks nothing: leave out --yes", status=USAGE_ERROR)
    if not (options.check or options.yes) and (options.json or not sys.stdin.isatty()):
        raise CommandError(
            "this asks first, which takes a terminal and no --json: give --yes to go on without being asked"
            + ("" if options.undo else ", or --check to see what is missing"),
            status=USAGE_ERROR,
        )
    with _explained(options):
        session = boto3.Session()
        client: Clients = cache(lambda service: session.client(service, config=CLIENT))
        stack = described(client("cloudformation"), options.stack)
        connection = Connection(client, stack, options.bucket, str(session.region_name))
        if options.check:
            return _check(connection, options)
        if connection.is_own:
            raise CommandError(f"s3://{options.bucket} is the stack's own bucket, and needs no connecting")
        return (_undo if options.undo else _connect)(client, stack, connection, options)


def shown(notifications: Notifications, mark: str, width: int | None = None) -> list[str]:
    """Return a table of what a bucket notifies of: all others stay, and EventBridge has *mark*."""
    rows = [
        ("stays", one.kind, printable(one.arn), " ".join(one.events), printable(", ".join(one.filters)) or "all")
        for one in notifications.destinations
    ]
    return laid_out(NOTIFIED, [*rows, (mark, "EventBridge", "rules of the account", "all", "all")], width)


def _check(connection: Connection, options: argparse.Namespace) -> int:
    found = list(connection.checks())
    if options.json:
        print(json.dumps({"bucket": options.bucket, "checks": [asdict(one) for one in found]}))
    else:
        rows = [(one.check, one.state, one.found, one.cure or "-") for one in found]
        print(*laid_out(HEADINGS, rows, terminal_width()), sep="\n")
    return 0 if all(one.state == OK for one in found) else 1


def _connect(client: Clients, stack: DeployedStack, connection: Connection, options: argparse.Namespace) -> int:
    if (region := connection.region()) != client("s3").meta.region_name:
        raise CommandError(
            f"s3://{options.bucket} is in {region}, and a rule hears of buckets in its own region alone: "
            f"deploy a stack in {region}"
        )
    before = read(client("s3"), options.bucket)
    if not before.eventbridge and not _switch(client, before, options, on=True):
        return 1
    if not before.eventbridge:
        _note(client("sqs"), stack, options.bucket)
    state = "is on already" if before.eventbridge else "is on, which S3 takes up to five minutes to act on"
    _end(before, options, f"EventBridge {state}", on=True)
    if not connection.is_named:
        complain(f"the stack takes nothing from it yet: deploy with {connection.overrides}")
    return 0


def _undo(client: Clients, stack: DeployedStack, connection: Connection, options: argparse.Namespace) -> int:
    before = read(client("s3"), options.bucket)
    sqs, url, note = client("sqs"), stack.output("IntakeQueueUrl"), NOTE + options.bucket
    noted = note in sqs.list_queue_tags(QueueUrl=url).get("Tags", {})
    if before.eventbridge and not noted:
        raise CommandError(
            "nothing says that this command has switched EventBridge on: others may need it, so it stays; "
            "switch it off in the bucket's properties if you are sure"
        )
    if before.eventbridge:
        complain(_users(client("events"), stack, options.bucket))
        if not _switch(client, before, options, on=False):
            return 1
    if noted:
        sqs.untag_queue(QueueUrl=url, TagKeys=[note])
    _end(before, options, "EventBridge is off" if before.eventbridge else "EventBridge is off already", on=False)
    if connection.is_named:
        complain("the stack is told nothing of it any more: deploy with ExistingBuckets that does not name it")
    return 0


def _switch(client: Clients, before: Notifications, options: argparse.Namespace, *, on: bool) -> bool:
    """Show what would change, and change it if that is agreed to; return whether it was."""
    if not options.json:
        print(*shown(before, "added" if on else "removed", terminal_width()), sep="\n", flush=True)
    if not options.yes:
        print(f"switch EventBridge {'on' if on else 'off'}? [y/N] ", end="", file=sys.stderr, flush=True)
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            complain("nothing was changed")
            return False
    switch(client("s3"), options.bucket, before, on=on)
    return True


def _end(before: Notifications, options: argparse.Namespace, text: str, *, on: bool) -> None:
    if not options.json:
        print(f"s3://{options.bucket}: {text}")
        return
    others = [one._asdict() for one in before.destinations]
    said = {"bucket": options.bucket, "changed": before.eventbridge != on, "eventbridge": on, "others": others}
    print(json.dumps(said))


def _note(sqs: "SQSClient", stack: DeployedStack, bucket: str) -> None:
    """Note that EventBridge was off in *bucket* before; without the note --undo leaves it on."""
    try:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        sqs.tag_queue(QueueUrl=stack.output("IntakeQueueUrl"), Tags={NOTE + bucket: now})
    except ClientError as error:
        complain(f"could not note on the queue that it was off before, so --undo will leave it on: {one_line(error)}")


def _users(events: Any, stack: DeployedStack, bucket: str) -> str:
    """Say which other rules of the account may hear of the bucket."""
    try:
        pages = events.get_paginator("list_rules").paginate()
        rules = [rule for page in pages for rule in page["Rules"]]
        ours = set(events.list_rule_names_by_target(TargetArn=stack.output("IntakeQueueArn"))["RuleNames"])
    except ClientError:
        return "other rules may hear of this bucket by now, and you may not list them (events:ListRules)"
    names = [rule["Name"] for rule in rules if rule["Name"] not in ours and _hears(rule, bucket)]
    if names:
        return f"other rules may hear of this bucket by now: {', '.join(names)}"
    return "no other rule of this event bus hears of this bucket, by its pattern; those of other buses may"


def _hears(rule: dict[str, Any], bucket: str) -> bool:
    """Whether the pattern of *rule* may take an event of S3 about *bucket*."""
    pattern = json.loads(rule.get("EventPattern") or "null")
    if pattern is None:
        return False  # it goes by a schedule
    names = pattern.get("detail", {}).get("bucket", {}).get("name", [bucket])
    return "aws.s3" in pattern.get("source", ["aws.s3"]) and any(
        name == bucket or not isinstance(name, str) for name in names
    )


def _bucket(text: str) -> str:
    """Return the bucket in s3://BUCKET. Raises ArgumentTypeError if *text* is no such address."""
    name = text.removeprefix("s3://").removesuffix("/")
    if not text.startswith("s3://") or not name or "/" in name:
        raise argparse.ArgumentTypeError(f"{printable(text)!r} is not the address of a bucket, such as s3://photos")
    return name


@contextmanager
def _explained(options: argparse.Namespace) -> Iterator[None]:
    """Raise CommandError, in one line, for whatever keeps the command from its end."""
    try:
        yield
    except (WouldLose, Disturbed) as error:
        raise CommandError(f"s3://{options.bucket}: {error}") from error
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in ("NoSuchBucket", "404"):
            raise CommandError(f"there is no bucket s3://{options.bucket}: check its name, and the account") from error
        if code in DENIED and error.operation_name in PERMISSIONS:
            raise CommandError(f"no permission: ask for {PERMISSIONS[error.operation_name]}") from error
        raise CommandError(_cause(error, options)) from error
    except BotoCoreError as error:
        raise CommandError(_cause(error, options)) from error


def _cause(error: BotoCoreError | ClientError, options: argparse.Namespace) -> str:
    region = boto3.Session().region_name
    return explain(error, stack=options.stack, region=region, permissions=PERMISSIONS, instead="")
