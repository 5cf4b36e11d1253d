"""`lookalike failures`: what waits in the failure queue, by cause, and what to do about it."""

import argparse
import json
import sys
import textwrap
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from handler.cli.arguments import positive
from handler.cli.aws_errors import explain
from handler.cli.causes import CAUSES
from handler.cli.dropping import asked
from handler.cli.errors import STATUSES, USAGE_ERROR, CommandError
from handler.cli.failure_filter import add_filter, asked_for
from handler.cli.failure_groups import table, told
from handler.cli.failure_log import FailureLog
from handler.cli.failure_queue import BATCH, HELD, FailureQueue
from handler.cli.failure_survey import Explain, Survey, by_log, survey
from handler.cli.measures import counted
from handler.cli.output import complain, printable
from handler.cli.progress import progress
from handler.cli.redriving import Chosen
from handler.cli.rows import terminal_width
from handler.cli.saved_failures import Saved, copy, created, move
from handler.cli.stacks import STACK, described, patient

MOST = 10_000  # messages that are looked at: a minute or so
DONE, SOMETHING, COULD_NOT_TELL = 0, 1, 2  # exit statuses
COPIED = ("example", "page", "then")
TEXT_WIDTH = 120  # where standard output is no terminal
DESCRIPTION = """\
Tell what waits in the failure queue by cause: how many events, since when, of
which buckets and folders, one as an example, the page of the runbook, and the
next command. Nothing is taken out of the queue. SQS does not list a queue: each
message is received, out of sight of others meanwhile, and handed back.

With --save, the messages are written to a file as well; with --discard, what
is in the file is then deleted from the queue: redrive --from sends it again.

Region, credentials and endpoint come from where the AWS CLI takes them
(AWS_DEFAULT_REGION, AWS_PROFILE, AWS_ENDPOINT_URL, ...)."""

EPILOG = f"""\
causes:
{textwrap.fill(", ".join(CAUSES), 80, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)}

JSON fields:
  groups     of each: cause, detail, words, cure, page, count, oldest, newest,
             sources, places, redriven, example and next
  looked_at  how many messages were looked at
  left       how many of them the filter leaves out
  about      how many the queue has, as SQS estimates
  hidden     how many somebody else holds, or a run that was killed

exit status:
  0  nothing waits, or nothing that the filter takes; with --save: all of that
     is in the file and, with --discard, deleted
  1  something waits; with --save: not all of it was saved or deleted
  2  wrong usage, or AWS could not be asked
{STATUSES}

examples:
  lookalike failures
  lookalike failures --stack my-pictures --newer-than 2h --json
  lookalike failures --cause access-denied --bucket my-pictures
  lookalike failures --cause unknown --save poison.jsonl --discard"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Set the texts and options of the command."""
    parser.description, parser.epilog = DESCRIPTION, EPILOG
    parser.add_argument("--stack", metavar="NAME", default=STACK, help=f"the deployed stack (default: {STACK})")
    parser.add_argument(
        "--queue-url", metavar="URL", help="the failure queue, instead of --stack (default: the stack's)"
    )
    parser.add_argument(
        "--limit", type=positive, default=MOST, metavar="N", help=f"look at N messages at most (default: {MOST})"
    )
    parser.add_argument(
        "--save",
        type=Path,
        metavar="FILE",
        help="also write every message to a new FILE, as JSON lines (default: none)",
    )
    parser.add_argument(
        "--discard", action="store_true", help="with --save: delete from the queue what is in FILE, having asked"
    )
    parser.add_argument("--yes", action="store_true", help="with --discard: do not ask")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead")
    add_filter(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print what waits by cause; return the exit status."""
    _check(options)
    region = None
    try:
        session = boto3.Session()
        region = session.region_name
        url, log_group = _target(session, options)
        with FailureQueue(session.client("sqs", config=patient(BATCH)), url) as queue:
            seen = _look(session, queue, log_group, options)
            _print(seen, queue, options)
            waits = bool(seen.groups or not seen.whole)
            if options.save and seen.groups:
                waits = not _save(seen, queue, options)
    except (BotoCoreError, ClientError) as error:
        said = explain(error, stack=options.stack, region=region, instead="--queue-url")
        raise CommandError(said, status=COULD_NOT_TELL) from error
    except CommandError as error:
        raise CommandError(str(error), status=COULD_NOT_TELL) from error
    return SOMETHING if waits or queue.elsewhere else DONE


def _check(options: argparse.Namespace) -> None:
    """Raise CommandError if the options do not go together, or nobody could be asked."""
    if options.discard and not options.save:
        raise CommandError("--discard deletes what --save has written: give --save FILE as well", status=USAGE_ERROR)
    if options.save and options.save.exists():
        raise CommandError(f"{printable(str(options.save))} is there already: give another", status=USAGE_ERROR)
    if options.yes and not options.discard:
        raise CommandError("--yes goes with --discard alone: leave it out", status=USAGE_ERROR)
    if options.discard and not options.yes and (options.json or not sys.stdin.isatty()):
        said = "--discard asks first, which takes a terminal and no --json: give --yes to discard without being asked"
        raise CommandError(said, status=USAGE_ERROR)


def _look(session: boto3.Session, queue: FailureQueue, log_group: str | None, options: argparse.Namespace) -> Survey:
    known: Explain = list
    if log_group:
        known = by_log(FailureLog(session.client("logs", config=patient(1)), log_group), queue.began)
    wanted = asked_for(options, queue.began)
    with progress("reading", lambda: min(queue.about, options.limit)) as shown:
        return survey(queue, wanted, limit=options.limit, explain=known, advance=shown.advance)


def _print(seen: Survey, queue: FailureQueue, options: argparse.Namespace) -> None:
    hidden = queue.elsewhere
    if options.json:
        counts = {"looked_at": seen.looked_at, "left": seen.left, "about": queue.about, "hidden": hidden}
        print(json.dumps({"groups": [group.describe(options.stack) for group in seen.groups]} | counts))
    else:
        print(*screen(seen, queue.about, hidden, queue.began, terminal_width(), options.stack), sep="\n", flush=True)


def _save(seen: Survey, queue: FailureQueue, options: argparse.Namespace) -> bool:
    """Write what was seen to a file, and delete it from the queue if that was asked for; return whether all of it was.

    Whoever is asked, and does not agree, has nothing done.
    """
    if options.discard and not seen.whole:
        raise CommandError(f"only {seen.looked_at:,} messages were looked at: raise --limit to discard")
    if options.discard and not options.yes and not asked("write these events to the file and delete them?"):
        complain("nothing saved, and nothing discarded")
        return False
    choice, saved = Chosen(asked_for(options, queue.began), explained=seen.explained), Saved()
    with created(options.save) as file, progress("saving", lambda: queue.about) as shown:
        try:
            (move if options.discard else copy)(queue, choice, file, saved, shown.advance)
        finally:  # an interruption does not hide what was done before
            shown.complain(f"{saved.count:,} saved in {printable(str(options.save))}, {saved.discarded:,} discarded")
            if saved.left:
                shown.complain(f"{counted(len(saved.left), 'message')} could not be deleted, and will be there again")
    return saved.count >= seen.taken and not saved.left


def screen(seen: Survey, about: int, hidden: int, now: datetime, width: int | None, stack: str = STACK) -> list[str]:
    """Return the lines that tell what was *seen* of *about* so many messages, besides those that are *hidden*."""
    lines = [_summary(seen, about)]
    if hidden:
        lines.append(f"{counted(hidden, 'more is', 'more are')} {HELD}: look again later")
    if seen.groups:
        lines += ["", *table(seen.groups, now, width)]
    for group in seen.groups:
        lines += ["", *_block(told(group, now, stack), width or TEXT_WIDTH)]
    return lines


def _summary(seen: Survey, about: int) -> str:
    left = f"; the filter leaves out {seen.left:,}" if seen.left else ""
    if not seen.looked_at:
        return "nothing waits in the failure queue"
    if not seen.whole:
        return f"{counted(seen.taken, 'event')} of the first {seen.looked_at:,} of about {about:,}{left}"
    return f"{counted(seen.taken, 'event')} in the failure queue, by {counted(len(seen.groups), 'cause')}{left}"


def _block(said: Sequence[tuple[str, str]], width: int) -> list[str]:
    """Return lines with each text behind its heading: whole where somebody may want to copy it, else wrapped."""
    (cause, words), *others = said
    lines = textwrap.wrap(f"{cause}: {words}", width, subsequent_indent="  ", break_long_words=False)
    for heading, text in others:
        first = f"  {heading:<9}"
        if heading in COPIED:
            lines.append(first + text)
        else:
            lines += textwrap.wrap(text, width, initial_indent=first, subsequent_indent=" " * len(first))
    return lines


def _target(session: boto3.Session, options: argparse.Namespace) -> tuple[str, str | None]:
    """Return the URL of the failure queue, and the function's log group if that is known."""
    if options.queue_url:
        return str(options.queue_url), None
    stack = described(session.client("cloudformation", config=patient(1)), options.stack)
    return stack.output("FailureQueueUrl"), stack.output("LogGroupName")
