"""The parts of a package that is run as `python -m PACKAGE PART`: one table, and only the part asked for is imported.

A part is a module with `add_arguments(parser)` and `run(options)`, which returns the exit status. Its docstring is its
help. Options that do not go together are an `argparse.ArgumentError` raised by `run`.
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import NoReturn

from training.printing import print_machine

INTERRUPTED = 130  # what shells use for a command that Ctrl-C ended
USAGE_ERROR = 2


@dataclass(frozen=True, slots=True)
class Part:
    """One line of the table."""

    module: str
    summary: str


Groups = Mapping[str, Mapping[str, Part]]  # by heading, then by the part's name


class _OneLineParser(argparse.ArgumentParser):
    """Says what is wrong in one line, where argparse would print the usage before it."""

    def error(self, message: str) -> NoReturn:
        self.exit(USAGE_ERROR, f"{self.prog}: {message} (see --help)\n")


def main(program: str, description: str, groups: Groups, argv: Sequence[str] | None = None) -> int:
    """Run the part that *argv* (default: the process's own) begins with, and return its exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    parts = {name: part for group in groups.values() for name, part in group.items()}
    table = _table(program, description, groups)
    if not arguments:
        table.print_help()
        return 0
    name = table.parse_args(arguments[:1]).part
    try:
        return _run(f"{program} {name}", parts[name], arguments[1:])
    except KeyboardInterrupt:
        return INTERRUPTED


def _table(program: str, description: str, groups: Groups) -> argparse.ArgumentParser:
    """Return the parser of the part's name, whose help lists all of them."""
    width = max(len(name) for group in groups.values() for name in group)
    lines = [f"`{program} PART --help` says more about each part."]
    for heading, group in groups.items():
        lines += ["", heading, *(f"  {name:{width}}  {part.summary}" for name, part in group.items())]
    parser = _OneLineParser(
        prog=program,
        usage="%(prog)s PART [OPTION ...]",
        description=description,
        epilog="\n".join(lines),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    every = [name for group in groups.values() for name in group]
    parser.add_argument("part", metavar="PART", choices=every, help=argparse.SUPPRESS)  # listed below, by heading
    return parser


def _run(program: str, part: Part, arguments: Sequence[str]) -> int:
    module = import_module(part.module)
    parser = _OneLineParser(
        prog=program, description=module.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    module.add_arguments(parser)
    options = parser.parse_args(arguments)
    print_machine()
    run: Callable[[argparse.Namespace], int] = module.run
    try:
        return run(options)
    except argparse.ArgumentError as error:
        parser.error(str(error))


def positive_integer(text: str) -> int:
    """Return the number that *text* is, for the `type` of an option."""
    if not (text.isascii() and text.isdigit() and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive whole number")
    return int(text)
