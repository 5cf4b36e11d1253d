"""The entry point: reads the command line and runs one command, each a module of its own."""

import argparse
import os
import sys
from collections.abc import Callable, Collection, Sequence
from importlib import import_module
from importlib.metadata import version
from typing import NamedTuple, NoReturn

from handler.cli.errors import OUTPUT_LOST, PIPE_CLOSED, USAGE_ERROR, CommandError
from handler.cli.output import OutputLost, ReaderGone, checked_output, complain
from handler.cli.stopping import Stopped, two_signals_end


class Command(NamedTuple):
    """One command of the table below."""

    module: str  # has configure(parser), which sets its texts and options, and what to `run` with them
    summary: str


COMMANDS = {
    "hash": Command("handler.cli.hash", "print the perceptual hash of picture files"),
    "pairs": Command("handler.cli.pairs", "find the near-duplicates among picture files"),
    "compare": Command("handler.cli.compare", "show how alike two picture files are, and why"),
    "find": Command("handler.cli.find", "ask a deployed stack which stored pictures show the same"),
    "show": Command("handler.cli.show", "ask a deployed stack what it knows of an object"),
    "explain": Command("handler.cli.explain", "say why a picture was told of another one, or was not"),
    "groups": Command("handler.cli.groups", "list the groups of pictures that wait for a decision"),
    "decide": Command("handler.cli.decide", "say which pictures to keep, or that they are different"),
    "decisions": Command("handler.cli.decisions", "list what was decided, and take it back"),
    "report": Command("handler.cli.report", "write the groups that wait as pages of thumbnails"),
    "list": Command("handler.cli.list", "keep sets of pictures that every upload is compared with"),
    "review": Command("handler.cli.review.command", "look at those groups on a page, and decide"),
    "connect": Command("handler.cli.connect", "have a bucket that is in use tell the stack of its pictures"),
    "backfill": Command("handler.cli.backfill", "have a deployed stack index what was in a bucket before"),
    "import": Command("handler.cli.importing", "have a stack know pictures by hashes of other software"),
    "bill": Command("handler.cli.bill", "print what a month of a deployment costs"),
    "status": Command("handler.cli.status", "show the health of a deployed stack on one screen"),
    "failures": Command("handler.cli.failures", "tell what waits in the failure queue, by cause"),
    "redrive": Command("handler.cli.redrive", "retry the events in the failure queue of a deployed stack"),
    "local": Command("handler.cli.local.commands", "run the whole stack on this machine, without AWS"),
}


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, where argparse would print the usage before it."""

    def error(self, message: str) -> NoReturn:
        self.exit(USAGE_ERROR, f"lookalike: {message} (see {self.prog} --help)\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line *argv* (default: the process's own) and return its exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    # Numpy's arrays are small here: OpenBLAS would start a thread for every core, and none of them is of use.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        with two_signals_end(), checked_output():
            return _status(arguments)
    except OutputLost as error:
        complain(str(error))
        return OUTPUT_LOST
    except ReaderGone:
        return PIPE_CLOSED
    except Stopped as stopped:
        return stopped.status


def _status(arguments: Sequence[str]) -> int:
    """Run the command that *arguments* name, and return its exit status."""
    first = next((one for one in arguments if not one.startswith("-")), None)
    options = parser([name for name in COMMANDS if name == first]).parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except CommandError as error:
        complain(str(error))
        return error.status


def parser(known: Collection[str]) -> argparse.ArgumentParser:
    """Return the parser of the command line, with the options of the commands *known*, which are imported for that."""
    whole = _Parser(
        prog="lookalike",
        description="Find pictures that show the same thing: in a folder, or as they arrive in an S3 bucket.",
        epilog="Run `lookalike COMMAND --help` for the options of a command, with examples.",
    )
    whole.add_argument("-V", "--version", action="version", version=f"lookalike {version('lookalike')}")
    commands = whole.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, command in COMMANDS.items():
        added = commands.add_parser(name, help=command.summary, formatter_class=argparse.RawDescriptionHelpFormatter)
        if name in known:
            import_module(command.module).configure(added)
    return whole


if __name__ == "__main__":
    sys.exit(main())
