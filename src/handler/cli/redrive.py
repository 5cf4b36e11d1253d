"""`lookalike redrive`: send the events that wait in the failure queue to the function again."""

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from handler.cli.arguments import positive
from handler.cli.aws_errors import explain
from handler.cli.dropping import NamedMessage, asked, confirmed, drop, shown
from handler.cli.errors import FAILED, STATUSES, USAGE_ERROR, CommandError
from handler.cli.failure_filter import add_filter, asked_for, is_filtered
from handler.cli.failure_groups import table as by_cause
from handler.cli.failure_log import FailureLog
from handler.cli.failure_queue import BATCH, HELD, HOLD_S, LOOK_S, FailureQueue
from handler.cli.failure_survey import Explain, Survey, by_log, survey
from handler.cli.measures import counted
from handler.cli.output import complain
from handler.cli.progress import Display, progress
from handler.cli.redrive_output import print_sent, print_waiting
from handler.cli.redriving import Chosen, Invoke, Pace, Tally, redrive, waiting
from handler.cli.resending import resend_file
from handler.cli.rows import terminal_width
from handler.cli.stacks import STACK, described, patient

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

DESCRIPTION = """\
Send each event that waits in the failure queue to the function again, and
delete it from the queue once Lambda has accepted it; with filters, those alone.
What that would be is shown first, by cause, and you are asked. An event that
cannot be read, or is not accepted, stays in the queue and is named. One that
fails again is back in the queue after its retries, minutes later, and waits for
the next redrive. Whatever ends a run early, the same command goes on; with
--from FILE by what FILE.sent says was sent, until all of FILE was.

With --drop, nothing is sent: the messages that are named are shown and, once
you have agreed, deleted for ever. Their ids are those of kept messages.

Region, credentials and endpoint come from where the AWS CLI takes them
(AWS_DEFAULT_REGION, AWS_PROFILE, AWS_ENDPOINT_URL, ...)."""

EPILOG = f"""\
JSON fields:
  sent     how many events Lambda accepted; not with --dry-run
  waiting  only with --dry-run: message_id, when, condition, error, error_type,
           objects, source, request_id, correlation_id, redriven and cause of
           each event
  kept     message_id and reason of each message that stays in the queue
  left     how many the filter leaves out
  before   how many of FILE an earlier run has sent; 0 without --from
with --drop instead:
  found    message_id, sent, objects, error and body of each message
  dropped  the ids of those that were deleted
  left     the ids of those that were not
  missing  the ids of which there is no message, or somebody else holds it

exit status:
  0  every event was sent or, with --dry-run, can be; or every one was dropped
  1  at least one was kept or missing, nobody agreed, or AWS could not be asked
  2  wrong usage, or there is no terminal to ask at and no --yes
{STATUSES}

examples:
  lookalike redrive --dry-run
  lookalike redrive --stack my-pictures --limit 100
  lookalike redrive --cause throttled --newer-than 2h --rate 10 --yes
  lookalike redrive --drop 73f7c7f2-ac31-4b47-b8ac-1ac2ac8fb8f5"""

CLIENT = patient(BATCH)
RATE = 50  # events a second; as fast as backfill sends
SEEN = 10_000  # messages that are looked at before the question
THINKING_S = 300  # that a message is held while somebody decides whether to drop it


def configure(parser: argparse.ArgumentParser) -> None:
    """Set the texts and options of the command."""
    parser.description, parser.epilog = DESCRIPTION, EPILOG
    parser.add_argument("--stack", metavar="NAME", help=f"the deployed stack (default: {STACK})")
    parser.add_argument(
        "--function", metavar="ARN", help="ARN or name of the function, instead of --stack (default: the stack's)"
    )
    parser.add_argument("--queue-url", metavar="URL", help="its failure queue, with --function (default: the stack's)")
    parser.add_argument(
        "--from",
        dest="from_file",
        type=Path,
        metavar="FILE",
        help="send what failures --save wrote to FILE, not what waits (default: none)",
    )
    parser.add_argument("--dry-run", action="store_true", help="list what would be sent, and send nothing")
    parser.add_argument("--limit", type=positive, metavar="N", help="stop after N events (default: none)")
    parser.add_argument(
        "--rate", type=positive, default=RATE, metavar="N", help=f"most events a second (default: {RATE})"
    )
    parser.add_argument(
        "--drop",
        action="append",
        metavar="ID",
        help="delete the message ID instead, having asked; may be repeated (default: none)",
    )
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead")
    add_filter(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Send what waits, list it or drop some; return 0 if no message was kept, or each was dropped, else 1."""
    if (options.function is None) != (options.queue_url is None):
        raise CommandError("--function and --queue-url go together: give both, or neither", status=USAGE_ERROR)
    if options.function is not None and options.stack is not None:
        raise CommandError("give --stack, or --function and --queue-url, not both", status=USAGE_ERROR)
    _check(options)
    tally, region = Tally(), None
    try:
        session = boto3.Session()
        region = session.region_name
        if options.from_file and options.dry_run:
            return resend_file(options, None)  # nobody is asked
        target = _target(session, options)
        invoke = partial(_invoke, session.client("lambda", config=CLIENT), target.function)
        if options.from_file:
            return resend_file(options, invoke)
        each_s = 0 if options.drop else max(LOOK_S, 1 / options.rate)
        hold_s = THINKING_S if options.drop else HOLD_S
        with FailureQueue(
            session.client("sqs", config=CLIENT), target.queue_url, hold_s=hold_s, each_s=each_s
        ) as queue:
            if options.drop:
                return _drop(queue, options)
            seen = _survey(session, queue, target, options) if options.cause or not options.yes else Survey()
            choice = Chosen(asked_for(options, queue.began), options.limit, seen.explained)
            if options.dry_run:
                _list(queue, choice, tally, options)
            elif options.yes or _agreed(seen, queue, options):
                _send(queue, choice, invoke, tally, options)
            else:
                print("nothing sent")
                return FAILED
    except (BotoCoreError, ClientError) as error:
        raise CommandError(explain(error, stack=options.stack or STACK, region=region)) from error
    return FAILED if tally.kept else 0


class Target(NamedTuple):
    """Where failed events wait, and where they go."""

    function: str
    queue_url: str
    log_group: str | None


def _target(session: boto3.Session, options: argparse.Namespace) -> Target:
    """Return the function, its failure queue and its log group, as far as they are known."""
    if options.function is not None:
        return Target(options.function, options.queue_url, None)
    stack = described(session.client("cloudformation", config=CLIENT), options.stack or STACK)
    return Target(stack.output("FunctionName"), stack.output("FailureQueueUrl"), stack.output("LogGroupName"))


def _survey(session: boto3.Session, queue: FailureQueue, target: Target, options: argparse.Namespace) -> Survey:
    """Return what of the queue is meant, by cause: for the question, and since what queues gave up has none yet."""
    known: Explain = list
    if target.log_group:
        known = by_log(FailureLog(session.client("logs", config=CLIENT), target.log_group), queue.began)
    with progress("reading", lambda: min(queue.about, SEEN)) as shows:
        return survey(queue, asked_for(options, queue.began), limit=SEEN, explain=known, advance=shows.advance)


def _agreed(seen: Survey, queue: FailureQueue, options: argparse.Namespace) -> bool:
    """Show what would be sent, by cause, and return whether the person at the terminal agrees to it."""
    if seen.groups:
        print(*by_cause(seen.groups, queue.began, terminal_width()), sep="\n", flush=True)
    if seen.left:
        print(f"{counted(seen.left, 'other')} the filter leaves in the queue", flush=True)
    count = sum(group.count for group in seen.groups if group.example.payload)
    if not seen.looked_at and queue.elsewhere:
        complain(f"{counted(queue.elsewhere, 'message')} {HELD}, and no other waits: the same command later")
        return False
    if not count and seen.whole and not queue.elsewhere:
        return True  # to nothing; the end says what is kept, and why
    if not count:
        return asked(f"none of the {seen.looked_at:,} that were seen; send those like it behind them?")
    several = f"these {count:,} events" if seen.whole else f"these {count:,} events and those like them"
    limited = f" (at most {options.limit:,})" if options.limit else ""
    return asked(f"send {'this event' if count == 1 and seen.whole else several} to the function again{limited}?")


def _send(queue: FailureQueue, choice: Chosen, invoke: Invoke, tally: Tally, options: argparse.Namespace) -> None:
    if choice.wanted.takes_all:
        queue.hold_s = HOLD_S  # what was received is sent at once
    try:
        with _progress("sending", queue, options) as shown:
            redrive(queue, invoke, tally, choice=choice, pace=Pace(options.rate), advance=shown.advance)
    except BaseException:
        complain("ended early: the same command goes on with the rest")
        raise
    finally:  # Ctrl-C or an error does not hide what was done before
        if tally.undeleted:
            complain(f"{counted(tally.undeleted, 'event')} sent, but still in the queue: the next redrive repeats them")
        if queue.elsewhere:
            complain(f"{counted(queue.elsewhere, 'message')} {HELD}: the same command goes on with them later")
        print_sent(tally, options)


def _list(queue: FailureQueue, choice: Chosen, tally: Tally, options: argparse.Namespace) -> None:
    with _progress("reading", queue, options) as shown:
        failures = waiting(queue, tally, choice=choice, advance=shown.advance)
    print_waiting(failures, queue.began, tally, options)


def _check(options: argparse.Namespace) -> None:
    """Raise CommandError if the options do not go together, or nobody could be asked."""
    if options.drop and (options.limit is not None or is_filtered(options)):
        raise CommandError("--drop takes its messages by their ids: leave out --limit and filters", status=USAGE_ERROR)
    if options.from_file and options.drop:
        raise CommandError("--from takes no messages out of a queue: leave out --drop", status=USAGE_ERROR)
    if options.drop and options.dry_run and options.yes:
        raise CommandError("give --dry-run, which drops nothing, or --yes, not both", status=USAGE_ERROR)
    if not (options.dry_run or options.yes) and (options.json or not sys.stdin.isatty()):
        does = ("--drop asks", "drop", "go") if options.drop else ("redrive asks", "send", "be sent")
        raise CommandError(
            f"{does[0]} first, which takes a terminal and no --json: "
            f"give --yes to {does[1]} without being asked, or --dry-run to see what would {does[2]}",
            status=USAGE_ERROR,
        )


def _drop(queue: FailureQueue, options: argparse.Namespace) -> int:
    """Show the messages that are named, and delete them if that was agreed to; return the exit status."""

    def agree(named: Sequence[NamedMessage]) -> bool:
        shows.close()
        if not options.json:
            print(*shown(named), sep="\n", flush=True)
        return not options.dry_run and (options.yes or confirmed(named))

    with ExitStack() as shows:
        searching = shows.enter_context(progress("searching", lambda: queue.about))
        done = drop(queue, list(dict.fromkeys(options.drop)), agree, searching.advance)
    if options.json:
        print(json.dumps(done.describe()))
    else:
        for one in done.missing:
            complain(f"no message {one} in the queue, or somebody else holds it: try again in {HOLD_S} s")
        print(f"{len(done.dropped)} dropped, {len(done.left)} left, {len(done.missing)} missing")
    return 1 if done.missing or (done.left and not options.dry_run) else 0


def _progress(verb: str, queue: FailureQueue, options: argparse.Namespace) -> AbstractContextManager[Display]:
    return progress(verb, lambda: queue.about if options.limit is None else min(queue.about, options.limit))


def _invoke(client: "LambdaClient", function: str, payload: bytes) -> None:
    client.invoke(FunctionName=function, InvocationType="Event", Payload=payload)  # answers 202, or raises
