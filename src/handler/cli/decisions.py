"""`lookalike decisions`: list what was decided and what may be deleted, and take decisions back."""

import argparse
import json
from collections.abc import Sequence
from itertools import islice

from handler.cli.arguments import positive
from handler.cli.asking import ERROR, WHERE, Ask, add_deployed, asker, object_named
from handler.cli.deciding import undo_batch, undo_pair
from handler.cli.errors import STATUSES, CommandError
from handler.cli.measures import counted
from handler.cli.output import complain, printable
from handler.cli.progress import progress
from handler.cli.reviewing import Document, Surplus, add_scope, listed, named, surplus, uri
from handler.cli.rows import laid_out, terminal_width
from handler.cli.tagging import TAG, Duplicate, tag_all
from handler.core.verdicts import NamedObject

NOTHING = 1
USUALLY = 50
HEADINGS = ("ONE", "OTHER", "VERDICT", "KEPT", "BY", "AT", "BATCH", "NOTE")

DESCRIPTION = f"""\
List what was decided, the newest first; or with --to-delete the objects that
may be deleted, since another one that shows the same stays. With --undo take a
decision back, or all that was decided at once: the pictures wait again. Nothing
is deleted. With --tag it is marked for whoever deletes: other tags stay, and no
event of tags reaches the stack.

{WHERE}"""

EPILOG = f"""\
JSON fields: `decisions`, each as the reference has it (Asking, Decisions). With
--to-delete: `objects`, each with `object` and `kept`, and `contradicted`, those
of which nothing would be left.

exit status:
  0  at least one was listed, or taken back
  1  none was
  2  wrong usage, or the question could not be answered
{STATUSES}

examples:
  lookalike decisions --scope hotels/astoria/
  lookalike decisions --undo 'decide 2026-05-01 09:30:00 1f2e3d'
  lookalike decisions --undo s3://b/a.jpg s3://b/c.jpg
  lookalike decisions --to-delete --json"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Set the texts and options of the command."""
    parser.description, parser.epilog = DESCRIPTION, EPILOG
    add_scope(parser)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--batch", metavar="BATCH", help="only what was decided at once (default: all)")
    what.add_argument(
        "--undo",
        nargs="+",
        metavar="BATCH|A B",
        help="take back what was decided at once, or about two objects (default: nothing)",
    )
    what.add_argument("--to-delete", action="store_true", help="list what may be deleted")
    parser.add_argument(
        "--tag",
        action="store_true",
        help=f"with --to-delete: also tag each with {TAG} and the id of what stays (default: no tags)",
    )
    parser.add_argument(
        "--limit", type=positive, default=USUALLY, metavar="N", help=f"most decisions (default: {USUALLY})"
    )
    add_deployed(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print what was asked for; return 0 if there is anything, else 1."""
    pair = _pair(options.undo)
    if options.tag and not options.to_delete:
        raise CommandError("--tag goes with --to-delete: it tags what that lists", status=ERROR)
    ask = asker(options)
    if options.to_delete:
        return _to_delete(ask, options)
    if options.undo:
        return _undo(ask, pair, options)
    query = {name: value for name in ("scope", "batch") if (value := getattr(options, name))}
    found = listed(ask, "/v1/decisions", query, "decisions")
    some = list(islice(found, options.limit))
    if options.json:
        print(json.dumps({"decisions": some}))
    elif some:
        print(*table(some, terminal_width()), sep="\n")
    if next(found, None):
        complain("there are more: raise --limit")
    return 0 if some else NOTHING


def table(some: Sequence[Document], width: int | None = None) -> list[str]:
    """Return the lines of a table with a row for each decision, or lines where *width* is too little."""
    rows = [
        tuple(
            map(
                printable,
                (
                    *(uri(named(one)) for one in decision["objects"]),
                    decision["verdict"],
                    uri(named(decision["kept"])) if decision["kept"] else "-",
                    decision["by"],
                    decision["at"],
                    decision["batch"] or "-",
                    decision["note"] or "-",
                ),
            )
        )
        for decision in some
    ]
    return laid_out(HEADINGS, rows, width)


def _to_delete(ask: Ask, options: argparse.Namespace) -> int:
    found, contradicted = surplus(ask, options.scope)
    if options.tag:
        _tag(found, options)
    if options.json:
        document = {
            "objects": [_stored(one) for one in found],
            "contradicted": [name._asdict() for name in contradicted],
        }
        print(json.dumps(document))
    elif found:
        rows = [(printable(uri(one.object)), printable(uri(one.stays))) for one in found]
        print(*laid_out(("PICTURE", "KEPT"), rows, terminal_width()), sep="\n")
    if contradicted:
        names = counted(len(contradicted), "picture")
        complain(f"{names} left out: decisions contradict each other, nothing would be kept of them")
    return 0 if found else NOTHING


def _stored(one: Surplus) -> Document:
    content = {"version": one.version, "etag": one.etag, "sha256": one.sha256}
    return {"object": {**one.object._asdict(), **content}, "kept": one.stays._asdict()}


def _tag(found: Sequence[Surplus], options: argparse.Namespace) -> None:
    """Tag what may be deleted, in its bucket; name what cannot be."""
    tag_all([Duplicate(one.object, one.stays, one.version, one.etag) for one in found], options)


def _undo(ask: Ask, pair: tuple[NamedObject, NamedObject] | None, options: argparse.Namespace) -> int:
    undone = list[Document]()
    with progress("taking back", lambda: None) as shown:
        for some in [undo_pair(ask, *pair, options.scope)] if pair else undo_batch(ask, options.undo[0], options.scope):
            undone += some
            shown.advance(len(some))
    if options.json:
        print(json.dumps({"decisions": undone}))
    else:
        print(f"{counted(len(undone), 'decision')} taken back")
    return 0 if undone else NOTHING


def _pair(words: Sequence[str] | None) -> tuple[NamedObject, NamedObject] | None:
    if words is None or len(words) == 1:
        return None
    named_objects = [object_named(word) for word in words]
    if len(words) != 2 or None in named_objects:
        raise CommandError("--undo takes a batch, or two objects as s3://BUCKET/KEY", status=ERROR)
    one, other = (NamedObject(**found) for found in named_objects if found)
    return one, other
