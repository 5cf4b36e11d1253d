"""`lookalike pairs`: find the near-duplicates among picture files, with the function's own code and no cloud."""

import argparse
import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from functools import partial
from itertools import islice

from handler.cli.errors import USAGE_ERROR, CommandError
from handler.cli.files import (
    KILLED,
    add_options,
    files,
    in_order,
    limits,
    print_any_name,
    printable,
    read,
    unusable,
    with_progress,
)
from handler.core.asker import Asker, Seen
from handler.core.buckets import MAX_RADIUS
from handler.core.entry import to_entry
from handler.core.fingerprint import examine
from handler.core.generations import GENERATIONS
from handler.core.look1 import RADIUS
from handler.core.model import (
    ORIENTATIONS,
    Match,
    MatchKind,
    ObjectRef,
    Outcome,
    PictureRecord,
    PictureRejected,
    Settings,
)
from handler.core.phash import similarity
from handler.core.policy import match, questions
from handler.entries import Entries

AT_ONCE = 64  # pictures that are compared with all others at once
FLAT = "lookalike: {} pictures have too little content to be compared but by their bytes (hash --json: quality)"
DEFAULT_RADIUS = {"look1": RADIUS, "phash1": 10}  # bits
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


def add_matching(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what counts as a near-duplicate."""
    parser.add_argument(
        "--radius",
        type=_radius,
        metavar="BITS",
        help=f"largest distance that counts ({', '.join(f'{name}: {bits}' for name, bits in DEFAULT_RADIUS.items())})",
    )
    parser.add_argument(
        "--orientations",
        choices=tuple(ORIENTATIONS),
        default="none",
        help="also find mirrored pictures (mirror), and turned ones (all); %(default)s",
    )


def matching(options: argparse.Namespace) -> Settings:
    """Return the settings that *options* ask for."""
    if options.generation == "phash1" and options.orientations != "none":
        raise CommandError("phash1 cannot compare turned pictures: use look1 with --orientations", status=USAGE_ERROR)
    radius = DEFAULT_RADIUS[options.generation] if options.radius is None else options.radius
    return Settings(
        options.generation,
        radius,
        max_matches=1,
        scope_depth=0,
        limits=limits(options),
        orientations=ORIENTATIONS[options.orientations],
    )


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


class Album:
    """Pictures, compared as the function compares them: the scan of a warm instance, then the policy."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._records: list[PictureRecord] = []
        self._entries = Entries(len(GENERATIONS[settings.generation].view_names))

    def add(self, records: Sequence[PictureRecord]) -> None:
        """Add pictures."""
        self._records += records
        self._entries.extend([to_entry(record.ref.object_id, record.entry_hashes) for record in records])

    def matches(self, askers: Sequence[Asker], *, among: bool) -> Iterator[tuple[PictureRecord, PictureRecord, Match]]:
        """Yield each of *askers* with each picture in here that it matches; in their orders.

        If *among*, the *askers* have just been added: they are compared with what came before.
        """
        asked = [questions(asker.record, self._settings.orientations) for asker in askers]
        before = len(self._records) - len(askers)
        everything = self._entries.scan_each(asked, self._settings.radius, most=len(self._records))
        for number, hits in enumerate(everything):
            for row in sorted(hits.rows.tolist()):
                if among and row >= before + number:
                    break
                a, b = askers[number].record, self._records[row]
                found = match(askers[number], b, self._settings)
                if found and not (found.kind is MatchKind.EXACT and same_file(a, b)):
                    yield a, b, found


def is_flat(record: PictureRecord) -> bool:
    """Return whether a picture has too little content to be compared but by its bytes."""
    return record.fingerprint is not None and record.fingerprint.flat


def same_file(a: PictureRecord, b: PictureRecord) -> bool:
    """Return whether two paths lead to one file."""
    return os.path.realpath(a.ref.key) == os.path.realpath(b.ref.key)


class Groups:
    """Paths that belong together, directly or by way of others."""

    def __init__(self) -> None:
        self._group: dict[str, list[str]] = {}

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self._group)

    def join(self, one: str, other: str) -> None:
        """Put the groups of two paths together."""
        mine, theirs = (self._group.setdefault(path, [path]) for path in (one, other))
        if mine is not theirs:
            mine += theirs
            for path in theirs:
                self._group[path] = mine

    def sorted(self) -> list[list[str]]:
        """Return the groups, each sorted, by their first paths."""
        return sorted(sorted(group) for group in {id(group): group for group in self._group.values()}.values())


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


def record_of(path: str, settings: Settings) -> tuple[PictureRecord, Seen | None]:
    """Return the record of the file *path*, and what was seen of it.

    Raises PictureRejected, OSError, ValueError or MemoryError.
    """
    body = read(path, settings.limits)
    computed, seen = examine(body, settings.generation, settings.limits)
    digest = hashlib.sha256(body).hexdigest()
    ref = ObjectRef("", path)
    record = PictureRecord(
        ref, settings.generation, Outcome.INDEXED, fingerprint=computed, digest=digest, bytes=len(body)
    )
    return record, seen


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


def _radius(text: str) -> int:
    if not text.isdecimal() or int(text) > MAX_RADIUS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 to {MAX_RADIUS}")
    return int(text)
