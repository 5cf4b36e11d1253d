"""The entry point: parses the command line and runs one subcommand, each a module of its own."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.metadata import version
from typing import NoReturn

# By command: the module with add_parser(subparsers) that sets `run`.
COMMANDS = {
    "hash": "handler.cli.hash",
    "pairs": "handler.cli.pairs",
    "compare": "handler.cli.compare",
    "local": "handler.cli.local.commands",
    "redrive": "handler.cli.redrive",
}
INTERRUPTED = 130  # what shells use for a command that Ctrl-C ended
USAGE_ERROR = 2


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, where argparse would print the usage before it."""

    def error(self, message: str) -> NoReturn:
        self.exit(USAGE_ERROR, f"lookalike: {message} (see {self.prog} --help)\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line *argv* (default: the process's own) and return its exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        options = _parser(arguments).parse_args(arguments)
        run: Callable[[argparse.Namespace], int] = options.run
        status = run(options)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader (`| head`) has seen enough. Python flushes stdout once more at exit, so give it somewhere to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return status


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    parser = _Parser(
        prog="lookalike",
        description="Find near-duplicate pictures in S3 buckets, as they arrive.",
        epilog="`lookalike COMMAND --help` tells more of each command.",
    )
    parser.add_argument("--version", action="version", version=f"lookalike {version('lookalike')}")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    # Only the command that is asked for is imported, so that `hash` starts fast.
    wanted = [name for name in COMMANDS if arguments[:1] == [name]]
    for name in wanted or COMMANDS:
        import_module(COMMANDS[name]).add_parser(subparsers)
    return parser


if __name__ == "__main__":
    sys.exit(main())
