"""`lookalike pairs`: find the near-duplicates among picture files, with the function's own code and no cloud."""

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice

from handler.cli.album import Album, Groups
from handler.cli.files import UNUSABLE, each_file, why_unusable
from handler.cli.options import add_fingerprinting, add_matching, add_paths, settings
from handler.cli.output import complain, printable
from handler.cli.progress import Shown
from handler.cli.records import is_flat, record_of
from handler.core.asker import Asker
from handler.core.generations import GENERATIONS
from handler.core.model import Match, PictureRecord, Settings
from handler.core.phash import similarity
from handler.core.seen import Seen

AT_ONCE = 64  # pictures that are compared with all others at once

DESCRIPTION = """\
Find the near-duplicates among picture files, or between them and those in
another folder. Prints groups of pictures that show the same thing: one path a
line, an empty line between groups.

A folder means every file below it, except hidden files and links to folders.
The pictures are compared on this machine, by the same code that runs in AWS."""

EPILOG = """\
JSON fields:
  a, b         paths; b came before a, or is in DIR
  distance     bits that differ between their hashes
  similarity   1 - distance / 64
  kind         exact (the same bytes) or near
  orientation  how to turn a so that it looks like b, as an EXIF number
  views        which view (the whole, or a part) of a matched which of b

A file that cannot be used is named on standard error, and the rest is compared.
Nearly blank pictures (blank pages, gradients, lines of text, fine textures) are
compared byte for byte only; standard error says how many there are. The later
picture of a pair is examined more closely, as a new upload is, so the order of
the paths can make a small difference.

exit status:
  0  every file was compared
  1  at least one could not be used
  2  wrong usage

examples:
  lookalike pairs ~/Pictures
  lookalike pairs --json --against ~/Pictures ~/Downloads"""

Known = tuple[PictureRecord, Seen | None] | str  # what is known of a file, or why it cannot be used


@dataclass(slots=True)
class Counts:
    """Files so far."""

    unusable: int = 0
    flat: int = 0


def configure(parser: argparse.ArgumentParser) -> None:
    """Set the texts and options of the command."""
    parser.description, parser.epilog = DESCRIPTION, EPILOG
    add_paths(parser)
    parser.add_argument(
        "--against",
        metavar="DIR",
        help="compare with the pictures in this folder (default: with each other)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object per pair instead")
    add_matching(parser)
    add_fingerprinting(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print what looks alike; return 0 if every file could be compared, else 1."""
    chosen = settings(options)
    album, groups, counts = Album(chosen), Groups(), Counts()
    work = partial(_record, settings=chosen)
    matches = album.add_and_match
    if options.against is not None:
        matches = album.matches
        with each_file(work, [options.against]) as (results, shown):
            for askers in _usable(results, counts, shown):
                album.add([asker.record for asker in askers])
    with each_file(work, options.paths) as (results, shown):
        for askers in _usable(results, counts, shown):
            for a, b, found in matches(askers):
                groups.join(a.ref.key, b.ref.key)
                if options.json:
                    shown.write(_line(a, b, found))
    if counts.flat:
        complain(f"{_were(counts.flat)} compared byte for byte only (see quality in lookalike hash --json)")
    if not options.json and groups:
        print("\n\n".join("\n".join(map(printable, group)) for group in groups.sorted()))
    return 1 if counts.unusable else 0


def _usable(results: Iterator[Known], counts: Counts, shown: Shown) -> Iterator[list[Asker]]:
    """Yield the pictures, some at a time; count the files that cannot be used, and say why."""
    while some := list(islice(results, AT_ONCE)):
        askers = [Asker.at_hand(*result) for result in some if not isinstance(result, str)]
        for reason in (result for result in some if isinstance(result, str)):
            shown.complain(printable(reason))
        counts.unusable += len(some) - len(askers)
        counts.flat += sum(is_flat(asker.record) for asker in askers)
        yield askers


def _record(path: str, *, settings: Settings) -> Known:
    """Return what is known of the file *path*. Importable: it runs in other processes."""
    try:
        return record_of(path, settings)
    except UNUSABLE as error:
        return f"{path}: {why_unusable(error)}"


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


def _were(flat: int) -> str:
    return "1 picture is nearly blank and was" if flat == 1 else f"{flat} pictures are nearly blank and were"
