"""`lookalike status`: the health of a deployed stack on one screen."""

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import boto3
from botocore.config import Config as ClientConfig
from botocore.exceptions import BotoCoreError, ClientError

from handler.cli.answers import PERMISSIONS
from handler.cli.aws_errors import explain
from handler.cli.connections import Clients
from handler.cli.errors import STATUSES, USAGE_ERROR, CommandError
from handler.cli.health import AT_ONCE, Health
from handler.cli.healthiness import health
from handler.cli.output import complain
from handler.cli.rows import terminal_width
from handler.cli.screen import screen
from handler.cli.stacks import STACK, described
from handler.cli.status_document import document

DESCRIPTION = """\
Show how a deployed stack is: troubles first, each with its page of the runbook
and the command to type next; then the stack and its functions, pictures by
scope with journal and packs, queues, what was counted in the last hour and day,
alarms, and what waits in the failure queue, by cause.

It changes nothing. Up to 100 messages of the failure queue are out of sight for
a moment. What it may not read is named, with the permission that is needed, and
the rest is shown.

PICTURES EVER are entries of the journal at this moment: pictures that are gone
are among them, and those that were replaced.

Region, credentials and endpoint come from where the AWS CLI takes them
(AWS_DEFAULT_REGION, AWS_PROFILE, AWS_ENDPOINT_URL, ...)."""

EPILOG = f"""\
JSON fields:
  health          healthy, trouble or unknown
  at              the moment
  stack           name, region, status, reason, changed and generation
  troubles        what, page and command of each
  unknown         what, reason and permission of what could not be told
  remarks         what is worth knowing, and no trouble
  functions, rights, resources, sources, subscribers, collections,
  further_scopes, queues, mappings, lately, logged, alarms, failures
                  what was found; docs/reference/command-line.md has their
                  fields

exit status:
  0  healthy
  1  there is a trouble
  2  there is none in what could be told, but something could not be; or
     nothing could be, or wrong usage
{STATUSES}

examples:
  lookalike status
  lookalike status --stack my-pictures --json
  lookalike status --scope 2026/ --scope 2027/"""

CLIENT = ClientConfig(
    retries={"mode": "standard", "total_max_attempts": 3},
    connect_timeout=3,
    read_timeout=10,
    max_pool_connections=2 * AT_ONCE,
)
SERVICES = ("cloudformation", "lambda", "dynamodb", "s3", "sqs", "sns", "cloudwatch", "events", "logs", "iam")


def configure(parser: argparse.ArgumentParser) -> None:
    """Set the texts and options of the command."""
    parser.description, parser.epilog = DESCRIPTION, EPILOG
    parser.add_argument("--stack", default=STACK, metavar="NAME", help="the deployed stack (default: %(default)s)")
    parser.add_argument(
        "--scope",
        action="append",
        metavar="SCOPE",
        help="count this scope alone; may be repeated (default: the folders of the buckets)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object instead")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print how the stack is; return 0 if it is healthy, 1 if there is a trouble, 2 if that could not be told."""
    with _explained(options):
        session = boto3.Session()
        # Made here, one after the other: a session is not for threads, its clients are.
        clients = {service: session.client(service, config=CLIENT) for service in SERVICES}  # type: ignore[call-overload]  # not a literal
        client: Clients = clients.__getitem__
        stack = described(client("cloudformation"), options.stack)
        facts = Health(client, stack, str(session.region_name), options.scope or ()).facts(_tell)
    if options.json:
        print(json.dumps(document(facts)))
    else:
        print(*screen(facts, terminal_width()), sep="\n")
    return int(health(facts))


def _tell(done: int, everything: int) -> None:
    """Say that it goes on, to somebody who waits."""
    if sys.stderr.isatty():
        complain(f"{done} of {everything} answers are there")


@contextmanager
def _explained(options: argparse.Namespace) -> Iterator[None]:
    """Raise CommandError, in one line, for whatever keeps it from telling anything."""
    try:
        yield
    except CommandError as error:
        raise CommandError(str(error), status=USAGE_ERROR) from error
    except (BotoCoreError, ClientError) as error:
        region = boto3.Session().region_name
        line = explain(error, stack=options.stack, region=region, permissions=PERMISSIONS, instead="")
        raise CommandError(line, status=USAGE_ERROR) from error
