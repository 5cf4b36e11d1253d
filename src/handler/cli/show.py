"""`lookalike show`: ask a deployed stack what it knows of an object."""

import argparse
import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from handler.cli.asking import ERROR, WHERE, add_deployed, asked, object_named
from handler.cli.errors import STATUSES, CommandError
from handler.cli.output import printable
from handler.cli.program import ours
from handler.cli.stacks import STACK

DESCRIPTION = f"""\
Ask a deployed stack what it knows of an object: by its index, or by the object
itself where the index does not know it as it is now.

{WHERE}"""

EPILOG = f"""\
JSON fields: those of the answer, as the reference has them (Asking, Pictures).

exit status:
  0  it was told
  2  wrong usage, or the question could not be answered: no such object, say
{STATUSES}

examples:
  lookalike show s3://amzn-s3-demo-bucket/uploads/holiday.jpg
  lookalike show --json --version 3HL4kqtJvjVBH s3://amzn-s3-demo-bucket/a.jpg"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Set the texts and options of the command."""
    parser.description, parser.epilog = DESCRIPTION, EPILOG
    parser.add_argument("object", metavar="s3://BUCKET/KEY", help="the object")
    parser.add_argument("--version", metavar="ID", help="a version of it (default: the current one)")
    add_deployed(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print what is known; return 0."""
    named = object_named(options.object)
    if named is None:
        raise CommandError(f"{printable(options.object)}: want s3://BUCKET/KEY", status=ERROR)
    query = named | ({"version": options.version} if options.version else {})
    answer = asked({"method": "GET", "path": "/v1/pictures", "query": query}, options)
    print(json.dumps(answer) if options.json else "\n".join(lines(answer, options.stack or STACK)))
    return 0


def lines(known: Mapping[str, Any], stack: str = STACK) -> list[str]:
    """Return a line for each thing that is *known*: what is not is left out."""
    rows = list(_rows(known))
    width = max(len(name) for name, _ in rows)
    told = [f"{name:<{width}}  {printable(value)}" for name, value in rows]
    if known["outcome"] is None:  # what the object itself says is easily taken for what the index has
        explain = ours(f"explain {shlex.quote('s3://{bucket}/{key}'.format_map(known))}", stack)
        told += ["", f"It is not indexed as it is now; this says more: {printable(explain)}"]
    return told


def _rows(known: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in known.items():
        match value:
            case None | []:
                continue
            case dict():
                yield from ((f"{name[:-1]} {one}", what) for one, what in value.items())
            case list():
                yield from ((name, str(one)) for one in value)
            case bool():
                yield name, "yes" if value else "no"
            case _:
                yield name, str(value)
