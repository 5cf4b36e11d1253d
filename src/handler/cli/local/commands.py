"""`lookalike local`: the whole stack on this machine, without an AWS account.

This module reads the options. What a verb does needs a checkout and most of it the development packages, so the
verb's own module is imported when it runs, after a look at whether they are there.
"""

import argparse
from collections.abc import Callable
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from handler.cli.errors import STATUSES, CommandError
from handler.cli.local import stack
from handler.cli.output import complain

EMULATOR = ("hypercorn", "ministack", "rich", "samtranslator")
PHOTOGRAPHS = ("skimage",)

DESCRIPTION = """\
Run the real template in an emulator on this machine. Needs a checkout of the
project after `make setup`; no AWS account, and none of yours is touched."""

UP = """\
Start an emulator with the stack deployed, and leave it running. Prints shell
commands that point an AWS client at it, and set a variable for each output of
the stack (LOOKALIKE_PICTURES_BUCKET for PicturesBucket) and for a queue that is
subscribed to the topic (LOOKALIKE_MESSAGES_QUEUE_URL). Safe to repeat: if it is
running already, prints the same again.

A client that ignores AWS_ENDPOINT_URL asks AWS itself, as AWS CLI 1 does for
SQS: give it --endpoint-url "$AWS_ENDPOINT_URL"."""
UP_EPILOG = f"""\
JSON fields:
  endpoint     where every service answers
  region       the one that there is
  environment  the variables that an AWS client needs
  outputs      of the stack
  queue_url    a queue that is subscribed to the topic
  parameters   of the template that were given
  pid, folder  of the emulator

exit status:
  0  it is running
  1  it could not be started, or is running otherwise than it was asked for
  2  wrong usage, or a parameter that the template does not allow
{STATUSES}

examples:
  eval "$(.venv/bin/lookalike local up --parameter ScopeDepth=2)"
  aws --endpoint-url "$AWS_ENDPOINT_URL" s3 ls $LOOKALIKE_PICTURES_BUCKET"""

DOWN = """\
Stop what `lookalike local up` has started, whether it answers or not, and
remove its data; and what runs have left that were killed."""
DOWN_EPILOG = f"""\
exit status:
  0  nothing is running any more
  1  a process could not be ended, and is named
  2  wrong usage
{STATUSES}

example:
  .venv/bin/lookalike local down"""

DEMO = """\
Deploy the stack into an emulator, upload pictures, show which of them are
announced as near-duplicates, and stop the emulator."""
DEMO_EPILOG = f"""\
exit status:
  0  every picture was handled and, of the built-in ones without --parameter,
     every edited copy announced with its original, and nothing else
  1  something failed, and is named
  2  wrong usage, or a parameter that the template does not allow
{STATUSES}

example:
  .venv/bin/lookalike local demo ~/Pictures"""

INVOKE = """\
Run the function on one event in Lambda's own image, by `sam local invoke` in
Docker. Starts an emulator, uploads the pictures that the event names, prints
what the function replied, stored and published, and stops the emulator."""
INVOKE_EPILOG = f"""\
exit status:
  0  the function replied
  1  it failed, or something is missing
  2  wrong usage, or a parameter that the template does not allow
{STATUSES}

example:
  .venv/bin/lookalike local invoke events/s3-object-created.json"""


class LocalVerb(NamedTuple):
    """One verb of the table below; the module of its name has run(root, options)."""

    summary: str
    configure: Callable[[argparse.ArgumentParser], None]  # sets its texts and options
    needs: tuple[str, ...]  # packages that `pip install lookalike` does not bring


def configure(parser: argparse.ArgumentParser) -> None:
    """Set the texts of the command, and its verbs."""
    parser.description = DESCRIPTION
    parser.epilog = "Run `lookalike local VERB --help` for the options of a verb, with an example."
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    for name, verb in VERBS.items():
        added = verbs.add_parser(name, help=verb.summary, formatter_class=argparse.RawDescriptionHelpFormatter)
        verb.configure(added)
        added.set_defaults(run=partial(_run, name))


def _configure_up(parser: argparse.ArgumentParser) -> None:
    parser.description, parser.epilog = UP, UP_EPILOG
    parser.add_argument("--json", action="store_true", help="print one JSON object instead")
    parser.add_argument("--port", type=_port, help="of the emulator (default: a free one)")
    parser.add_argument(
        "--docker",
        action="store_true",
        help="let containers reach it too, and write .lookalike/env.json for `sam local invoke --env-vars`",
    )
    _add_parameter(parser)


def _add_parameter(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--parameter",
        action="append",
        metavar="Name=Value",
        help="a parameter of the template, such as ScopeDepth=2; may be repeated (default: the template's)",
    )


def _configure_down(parser: argparse.ArgumentParser) -> None:
    parser.description, parser.epilog = DOWN, DOWN_EPILOG


def _configure_demo(parser: argparse.ArgumentParser) -> None:
    parser.description, parser.epilog = DEMO, DEMO_EPILOG
    parser.add_argument(
        "photos",
        nargs="?",
        type=Path,
        metavar="PHOTOS",
        help="a folder of pictures (default: photographs that scikit-image ships, and edited copies of them)",
    )
    _add_parameter(parser)


def _configure_invoke(parser: argparse.ArgumentParser) -> None:
    parser.description, parser.epilog = INVOKE, INVOKE_EPILOG
    parser.add_argument("event", type=Path, metavar="EVENT", help="a JSON file, such as those in events/")
    _add_parameter(parser)


VERBS = {
    "up": LocalVerb("start an emulator with the stack, and leave it running", _configure_up, EMULATOR),
    "down": LocalVerb("stop what `local up` has started", _configure_down, ()),
    "demo": LocalVerb("upload pictures and show what is announced", _configure_demo, EMULATOR + PHOTOGRAPHS),
    "invoke": LocalVerb("run the function on one event, in Docker", _configure_invoke, EMULATOR + PHOTOGRAPHS),
}


def _run(name: str, options: argparse.Namespace) -> int:
    """Run the verb *name*, once everything that it needs is known to be there."""
    root = stack.project_root()
    if missing := [package for package in VERBS[name].needs if find_spec(package) is None]:
        raise CommandError(
            f"local needs packages that are not installed ({', '.join(missing)}): "
            f"run make setup in {root}, and use its .venv/bin/lookalike"
        )
    run: Callable[[Path, argparse.Namespace], int] = import_module(f"handler.cli.local.{name}").run
    try:
        return run(root, options)
    except KeyboardInterrupt:
        complain("interrupted; everything that was started has been stopped")
        raise


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 1 << 16:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port number (want 1 to 65535)")
    return int(text)
