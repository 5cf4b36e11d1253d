"""`lookalike pairs`: find the near-duplicates among picture files, with the function's own code and no cloud."""

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from functools import partial
from itertools import islice

from handler.cli.album import Album, Groups
from handler.cli.files import files, unusable
from handler.cli.options import add_matching, add_options, matching
from handler.cli.output import print_any_name, printable
from handler.cli.parallel import KILLED, in_order
from handler.cli.progress import with_progress
from handler.cli.records import is_flat, record_of
from handler.core.asker import Asker, Seen
from handler.core.generations import GENERATIONS
from handler.core.model import (
    Match,
    PictureRecord,
    PictureRejected,
    Settings,
)
from handler.core.phash import similarity

AT_ONCE = 64  # pictures that are compared with all others at once
FLAT = "lookalike: {} pictures have too little content to be compared but by their bytes (hash --json: quality)"
DESCRIPTION = """\
Find all near-duplicates among picture files: among PATH, or between PATH and DIR. A folder stands for the files below
it. Prints groups of pictures that show the same thing: one picture a line, an empty line between groups."""
EPILOG = """\
With --json each pair is a line, an object: a, b (paths; b is in DIR, or came before a), distance (bits), similarity
(1 - distance / 64), kind (exact: the same bytes, or near), orientation (how a has to be turned to look like b, as EXIF
numbers it) and views (which view of a met which of b).

Files that are no pictures are named on standard error; the exit status is 1 then, else 0. Pictures with hardly any
content (blank pages, gradients, text, fine textures) match only what has the same bytes; how many there are is told
there, too. Of two pictures the later one asks: it is looked at more closely, as an upload is by the function."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Set the texts and options of the command."""
    parser.description, parser.epilog = DESCRIPTION, EPILOG
    parser.add_argument("paths", nargs="+", metavar="PATH", help="a picture file, or a folder of them")
    parser.add_argument("--against", metavar="DIR", help="compare PATH with what is here, and not with itself")
    parser.add_argument("--json", action="store_true", help="print one JSON object a pair")
    add_matching(parser)
    add_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print what looks alike; return 0 if every file could be compared, else 1."""
    print_any_name()
    settings = matching(options)
    album, groups, bad, flat = Album(settings), Groups(), 0, 0
    among = options.against is None
    try:
        if not among:
            for askers, missing, _ in _askers([options.against], settings):
                records = [asker.record for asker in askers]
                bad, flat = bad + missing, flat + sum(map(is_flat, records))
                album.add(records)
        for askers, missing, write in _askers(options.paths, settings):
            records = [asker.record for asker in askers]
            bad, flat = bad + missing, flat + sum(map(is_flat, records))
            if among:
                album.add(records)
            for a, b, found in album.matches(askers, among=among):
                groups.join(a.ref.key, b.ref.key)
                if options.json:
                    write(_line(a, b, found))
    except BrokenProcessPool:
        print(KILLED, file=sys.stderr)
        return 1
    if flat:
        print(FLAT.format(flat), file=sys.stderr)
    if not options.json and groups:
        print("\n\n".join("\n".join(map(printable, group)) for group in groups.sorted()))
    return 1 if bad else 0


def _askers(paths: Iterable[str], settings: Settings) -> Iterator[tuple[list[Asker], int, Callable[[str], object]]]:
    """Yield the pictures of the files below *paths*, some at a time, and how many are no pictures, which are named."""
    with closing(in_order(partial(_record, settings=settings), files(paths))) as results:
        shown = with_progress(results, paths)
        while some := list(islice(shown, AT_ONCE)):
            wrong = [result for result, _ in some if isinstance(result, str)]
            for what in wrong:
                print(f"lookalike: {printable(what)}", file=sys.stderr)
            askers = [Asker.at_hand(*result) for result, _ in some if not isinstance(result, str)]
            yield askers, len(wrong), some[0][1]


def _record(path: str, *, settings: Settings) -> tuple[PictureRecord, Seen | None] | str:
    """Return what `record_of` does, or what is wrong with the file. Importable: it runs in other processes."""
    try:
        return record_of(path, settings)
    except (PictureRejected, OSError, ValueError, MemoryError) as error:
        return f"{path}: {unusable(error)}"


def _line(a: PictureRecord, b: PictureRecord, found: Match) -> str:
    names = GENERATIONS[a.generation].view_names
    return json.dumps(
        {
            "a": a.ref.key,
            "b": b.ref.key,
            "distance": found.distance,
            "similarity": similarity(found.distance),
            "kind": found.kind.value,
            "orientation": found.orientation,
            "views": [names[view] for view in found.view_pair],
        }
    )
