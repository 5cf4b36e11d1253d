"""`lookalike find`: ask a deployed stack which stored pictures show the same."""

import argparse
import base64
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from handler.ask.questions import HASH, HASH_OPTIONS, MAX_LIMIT, OPTIONS
from handler.ask.request import MAX_BODY_BYTES
from handler.cli.arguments import list_names, whole_number
from handler.cli.asking import ERROR, WHERE, add_deployed, asked, object_named
from handler.cli.errors import STATUSES, CommandError
from handler.cli.files import read, why_unusable
from handler.cli.output import complain, printable
from handler.cli.rows import laid_out, terminal_width
from handler.core.buckets import MAX_RADIUS
from handler.core.generations import DEFAULT_GENERATION, GENERATIONS
from handler.core.lists import BARE_RADIUS
from handler.core.model import EFFORTS, ORIENTATIONS, TELLS, Limits, PictureRejected

NOTHING_FOUND = 1

DESCRIPTION = f"""\
Ask a deployed stack which stored pictures show the same as a file, an object or
what had a hash. Nothing is stored or announced. A file is sent to the function,
whole. Where nothing confirms the matches, as those of a bare hash, a line on
standard error says so.

{WHERE}"""

EPILOG = f"""\
JSON fields: those of the answer, as the reference has them (Asking, Searches).

exit status:
  0  at least one picture was found
  1  none was found
  2  wrong usage, or the question could not be answered
{STATUSES}

examples:
  lookalike find holiday.jpg
  lookalike find --limit 3 s3://amzn-s3-demo-bucket/uploads/holiday.jpg
  lookalike find --lists banned holiday.jpg
  lookalike find --scope hotels/astoria/ --json ./00ff00ff00ff00ff"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Set the texts and options of the command."""
    parser.description, parser.epilog = DESCRIPTION, EPILOG
    parser.add_argument(
        "what", metavar="PATH|s3://BUCKET/KEY|HASH", help="a picture file, an object, or 16 lower-case hex digits"
    )
    parser.add_argument("--scope", metavar="SCOPE", help="search among these folders (default: the object's own)")
    parser.add_argument(
        "--lists",
        type=list_names,
        metavar="NAMES",
        help="compare with these lists, with commas between, or '' for none (default: the stack's Lists)",
    )
    parser.add_argument(
        "--radius",
        type=whole_number(0, MAX_RADIUS),
        metavar="BITS",
        help=f"greatest distance that counts (default: the stack's Radius, or {BARE_RADIUS} for a hash of look1)",
    )
    parser.add_argument(
        "--limit", type=whole_number(1, MAX_LIMIT), metavar="N", help="most matches (default: the stack's MaxMatches)"
    )
    parser.add_argument(
        "--orientations",
        choices=tuple(ORIENTATIONS),
        help="also mirrored pictures, or turned ones as well (default: the stack's Orientations)",
    )
    parser.add_argument(
        "--effort", choices=EFFORTS, help="by how many windows it asks; not for a hash (default: the stack's Effort)"
    )
    parser.add_argument(
        "--tell", choices=TELLS, help="the least kind that is wanted; not for a hash (default: the stack's Tell)"
    )
    parser.add_argument("--generation", choices=tuple(GENERATIONS), help=f"of a hash (default: {DEFAULT_GENERATION})")
    add_deployed(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print what was found; return 0 if anything was, else 1."""
    answer = asked(event(options), options)
    if options.json:
        print(json.dumps(answer))
    elif answer["matches"]:
        print(*table(answer["matches"], terminal_width()), sep="\n")
    if answer["matches"] and not answer["confirmed"]:
        complain("nothing confirms these: a bare hash has neither check bits nor pixels")
    if answer["truncated"]:
        complain("there are, or may be, more: raise --limit")
    if not answer.get("complete", True):
        complain("not all was compared: the function has too little memory, or time, to load the journal now")
    return 0 if answer["matches"] else NOTHING_FOUND


def event(options: argparse.Namespace) -> dict[str, Any]:
    """Return the direct question that *options* ask. Raises CommandError if there is nothing to ask about."""
    is_hash = re.fullmatch(HASH, options.what) is not None
    known = HASH_OPTIONS if is_hash else OPTIONS
    given = {name: getattr(options, name) for name in OPTIONS if getattr(options, name) is not None}
    if wrong := [name for name in given if name not in known]:
        raise CommandError(f"--{wrong[0]} says nothing about a bare hash: leave it out", status=ERROR)
    if options.generation and not is_hash:
        raise CommandError("--generation is that of a hash: leave it out", status=ERROR)
    question = {"method": "POST", "path": "/v1/searches"}
    if is_hash:
        body = {"hash": options.what, "generation": options.generation or DEFAULT_GENERATION}
        return question | {"body": body | given}
    if named := object_named(options.what):
        return question | {"body": {"object": named} | given}
    if "lists" in given:
        given["lists"] = ",".join(given["lists"])
    return question | {"query": given, "body": base64.b64encode(_file(options.what)).decode()}


def table(matches: Sequence[Mapping[str, Any]], width: int | None = None) -> list[str]:
    """Return the lines of a table with a row for each match, or lines where *width* is too little."""
    rows = [
        (
            printable(_name(match)),
            match["kind"],
            str(match["distance"]),
            "-" if match["agreement"] is None else f"{match['agreement']:.3f}",
            " in ".join(dict.fromkeys(match["views"])),
        )
        for match in matches
    ]
    return laid_out(("PICTURE", "KIND", "DISTANCE", "AGREEMENT", "VIEWS"), rows, width)


def _name(match: Mapping[str, Any]) -> str:
    """Return the address of an object, or the list and the name of an entry of one, which is no object of S3."""
    name = f"{match['bucket']}/{match['key']}"
    return name if match.get("list") else f"s3://{name}"


def _file(path: str) -> bytes:
    try:
        return read(path, Limits(max_bytes=MAX_BODY_BYTES))
    except PictureRejected as error:
        why = (
            f"it has over {MAX_BODY_BYTES} bytes: put it into a bucket and name the object"
            if error.code == "too_many_bytes"
            else why_unusable(error)
        )
        raise CommandError(f"{printable(path)}: {why}", status=ERROR) from error
    except (OSError, ValueError) as error:
        hint = "; a hash is written in lower case" if re.fullmatch(HASH, path.lower()) else ""
        raise CommandError(f"{printable(path)}: {why_unusable(error)}{hint}", status=ERROR) from error
