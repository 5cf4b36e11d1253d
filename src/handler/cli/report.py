"""`lookalike report`: write the groups that wait for a decision as pages of thumbnails."""

import argparse
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import boto3

from handler.aws.s3 import S3Pictures
from handler.cli.asking import CLIENT, ERROR, WHERE, add_function, asker, explained
from handler.cli.contact_sheet import GROUPS_A_PAGE, Sheet, Tile, write
from handler.cli.deciding import all_groups
from handler.cli.errors import STATUSES, CommandError
from handler.cli.measures import NOT_KNOWN, amount, counted, dimensions
from handler.cli.output import printable
from handler.cli.progress import Display, progress
from handler.cli.reviewing import Document, add_filters, filters, members, named, uri
from handler.cli.thumbnails import thumbnail
from handler.core.model import Box, Limits, ObjectGone, ObjectRef, PictureRejected, ReadDenied

NONE_WAIT = 1
TITLE = "Pictures that wait for a decision"
READ_AT_ONCE = 4  # each may take some hundred megabytes while it is decoded
LIMITS = Limits(max_bytes=200 << 20, max_pixels=200_000_000)  # as much as a stack may take

DESCRIPTION = f"""\
Write the groups of announced pictures that wait for a decision to FILE, as
thumbnails side by side, {GROUPS_A_PAGE} groups a file (FILE, FILE-2, ...). The pages load
nothing from elsewhere, and have nothing of the files but their pixels. The
pictures are read with your own rights (s3:GetObject).

{WHERE}"""

EPILOG = f"""\
exit status:
  0  at least one group waits, and the pages are written
  1  none does: nothing is written
  2  wrong usage, the question could not be answered, or FILE not be written
{STATUSES}

examples:
  lookalike report groups.html
  lookalike report --scope hotels/astoria/ --kind exact,near astoria.html"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Set the texts and options of the command."""
    parser.description, parser.epilog = DESCRIPTION, EPILOG
    parser.add_argument("file", type=Path, metavar="FILE", help="the first page")
    add_filters(parser)
    add_function(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the pages; return 0 if a group waits, else 1."""
    some = all_groups(asker(options), filters(options))
    if not some:
        print("no group waits: nothing is written")
        return NONE_WAIT
    total = sum(len(members(group)) for group in some)
    with explained(options), progress("thumbnails", lambda: total) as shown:
        pictures = S3Pictures(boto3.Session().client("s3", config=CLIENT), LIMITS)
        sheets = _sheets(some, pictures, shown)
        try:
            written = write(options.file, TITLE, counted(len(some), "group"), len(some), sheets)
        except OSError as error:
            why = f"{options.file} cannot be written: {error.strerror or error}"
            raise CommandError(printable(why), status=ERROR) from error
    print(f"{counted(len(some), 'group')} in {', '.join(printable(str(path)) for path in written)}")
    return 0


def _sheets(some: Sequence[Document], pictures: S3Pictures, shown: Display) -> Iterator[Sheet]:
    with ThreadPoolExecutor(READ_AT_ONCE) as pool:
        for group in some:
            copies = members(group)
            thumbnails = pool.map(partial(_thumbnail, pictures), copies)
            tiles = [_tile(copy, made) for copy, made in zip(copies, thumbnails, strict=True)]
            shown.advance(len(copies))
            more = f", and {group['more']:,} more" if group["more"] else ""
            yield Sheet(f"{counted(len(copies), 'picture')}{more}, {group['kind']}", tiles)


def _thumbnail(pictures: S3Pictures, copy: Document) -> bytes | None:
    """Return the thumbnail of a copy; None if it is gone, or nobody may read it."""
    try:
        body = pictures.read(ObjectRef(copy["bucket"], copy["key"], version=copy["version"])).body
    except (ObjectGone, PictureRejected, ReadDenied):
        return None
    return thumbnail(body, LIMITS)


def _tile(copy: Document, made: bytes | None) -> Tile:
    facts = [dimensions(copy["width"], copy["height"]), copy["format"] or NOT_KNOWN, amount(copy["bytes"])]
    if "kind" not in copy:
        return Tile(uri(named(copy)), facts, ["best copy"], made)
    agreement = copy["agreement"]
    notes = [copy["kind"], *([] if agreement is None else [f"agrees by {agreement:.3f}"])]
    boxes: list[Box] = [(box["top"], box["bottom"], box["left"], box["right"]) for box in copy["differs"]]
    return Tile(uri(named(copy)), facts, notes, made, boxes if copy["differs_in"] == "other" else ())
