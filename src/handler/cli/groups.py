"""`lookalike groups`: list the groups of announced pictures that wait for a decision."""

import argparse
import json
from collections.abc import Iterator, Sequence
from itertools import islice

from handler.cli.arguments import positive
from handler.cli.asking import WHERE, add_deployed, asker
from handler.cli.errors import STATUSES
from handler.cli.output import complain, printable
from handler.cli.reviewing import Document, add_filters, filters, groups, members, named, uri
from handler.cli.rows import laid_out, terminal_width
from handler.cli.tagging import TAG, Duplicate, tag_all

NONE_WAIT = 1
USUALLY = 50
HEADINGS = ("PICTURE", "GROUP", "KIND", "AGREEMENT", "SIZE", "FORMAT", "BYTES")

DESCRIPTION = f"""\
List the groups of announced pictures that wait for a decision: of each the best
copy, then those that match it. With --tag those are marked in their buckets as
duplicates of the best copy: other tags stay, and no event of tags reaches the
stack.

{WHERE}"""

EPILOG = f"""\
JSON fields: `groups`, each as the reference has it (Asking, Groups).

exit status:
  0  at least one group waits
  1  none does
  2  wrong usage, or the question could not be answered
{STATUSES}

examples:
  lookalike groups
  lookalike groups --kind exact,near --agreement 0.98
  lookalike groups --scope hotels/astoria/ --json
  lookalike groups --kind exact --limit 10000 --tag"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Set the texts and options of the command."""
    parser.description, parser.epilog = DESCRIPTION, EPILOG
    add_filters(parser)
    parser.add_argument(
        "--limit", type=positive, default=USUALLY, metavar="N", help=f"most groups (default: {USUALLY})"
    )
    parser.add_argument(
        "--tag",
        action="store_true",
        help=f"also tag each copy with {TAG} and the id of the best (default: no tags)",
    )
    add_deployed(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the groups; return 0 if there are any, else 1."""
    waiting = groups(asker(options), filters(options))
    some = list(islice(waiting, options.limit))
    if options.tag:
        tag_all([one for group in some for one in _duplicates(group)], options)
    if options.json:
        print(json.dumps({"groups": some}))
    elif some:
        print(*table(some, terminal_width()), sep="\n")
    if next(waiting, None):
        complain("more groups wait: raise --limit")
    return 0 if some else NONE_WAIT


def table(some: Sequence[Document], width: int | None = None) -> list[str]:
    """Return the lines of a table with a row for each picture, or lines where *width* is too little."""
    return laid_out(HEADINGS, [row for number, group in enumerate(some, 1) for row in _rows(number, group)], width)


def _duplicates(group: Document) -> Iterator[Duplicate]:
    """Yield what matches the best copy, which is a duplicate of none."""
    for copy in group["others"]:
        yield Duplicate(named(copy), named(group["best"]), copy["version"], copy["etag"])


def _rows(number: int, group: Document) -> Iterator[tuple[str, ...]]:
    for copy in members(group):
        agreement = copy.get("agreement")
        yield (
            printable(uri(named(copy))),
            str(number),
            copy.get("kind", "best"),
            "-" if agreement is None else f"{agreement:.3f}",
            f"{copy['width']} x {copy['height']}" if copy["width"] else "-",
            copy["format"] or "-",
            str(copy["bytes"] or "-"),
        )
