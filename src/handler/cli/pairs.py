"""`lookalike pairs`: find the near-duplicates among picture files, with the function's own code and no cloud."""

import argparse
import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice
from pathlib import Path

from handler.cli.album import Album, FoundPair
from handler.cli.contact_sheet import GROUPS_A_PAGE, Sheet, write
from handler.cli.errors import STATUSES, CommandError
from handler.cli.files import UNUSABLE, each_file, read, true_names, why_unusable
from handler.cli.findings import copies, copy_of, group_lines, pair_line, sheet
from handler.cli.grouping import Grouped, Grouping, worth
from handler.cli.looking import decide
from handler.cli.measures import amount, counted
from handler.cli.options import add_fingerprinting, add_looks, add_matching, add_paths, settings
from handler.cli.output import complain, printable
from handler.cli.parallel import in_order, in_threads
from handler.cli.progress import Display, progress
from handler.cli.records import is_flat, record_of
from handler.cli.rows import terminal_width
from handler.cli.thumbnails import thumbnail
from handler.core.asker import Asker
from handler.core.model import Limits, PictureRecord, Settings
from handler.core.seen import Seen

AT_ONCE = 64  # pictures that are compared with all others at once
FOUND, NONE, FAILED = range(3)  # as grep has it

DESCRIPTION = """\
Find the near-duplicates among picture files, or between them and those in
another folder. Prints groups of pictures that show the same thing, the best
copy first: the one with most pixels, then the least compressed (most bytes for
a pixel), then the oldest. A group holds what matches its best copy. With
--against the best copy is one in DIR. What matches no best copy, but a copy of
one, has a group with that one, after the others.

A folder means every file below it, except hidden files and links to folders.
A file that has several names (links) counts once, by the first that is no
symbolic link. The pictures are compared on this machine, by the same rules as
in AWS."""

EPILOG = f"""\
JSON fields, one object a line for each pair:
  a, b           paths; b came before a, or is in DIR
  group          the number of the group that both are in, or null
  kind           exact (the same bytes), near (the same picture, edited as a
                 whole or cropped), altered (the same but for a part) or alike
                 (it only looks so)
  distance       bits that differ between their hashes
  similarity     1 - distance / 64
  agreement      how well the pixels agree, 0 to 1; null if nobody looked, as at
                 two copies that are both the same as the best of their group
  colours        how well the colours agree, likewise
  differs        where they differ: boxes in fractions of a
  taken_apart_s  seconds between both captures, or null
  orientation    how to turn a so that it looks like b, as an EXIF number
  views          which view (the whole, or a part) of a matched which of b
  pictures       path, width, height, format, bytes and sha256 of both

A file that cannot be used is named on standard error, and the rest is compared.
Nearly blank pictures (blank pages, gradients, some pages of text and some fine
textures) are compared byte for byte only; --verbose names them. Either picture
of a pair asks for the other, the later one more closely, as a new upload does:
the order of the paths can make a small difference.

With --print0 each path ends with a NUL byte. The best copy of every group stays
out of it, and what that shows in part or smaller, as a collage does; with
--against so does all in DIR, and what is better than it: has more pixels, or as
many and is less compressed.

exit status:
  0  near-duplicates were found
  1  none were
  2  at least one file could not be used, or wrong usage
{STATUSES}

examples:
  lookalike pairs ~/Pictures
  lookalike pairs --json --against ~/Pictures ~/Downloads
  lookalike pairs -0 --against ~/Pictures ~/Downloads | xargs -0 ls -l"""

KnownFile = tuple[PictureRecord, Seen | None] | str  # what is known of a file, or why it cannot be used


@dataclass(slots=True)
class Files:
    """What became of the files so far."""

    names: dict[tuple[int, int], str]  # by device and inode: what each is called, or will be
    records: list[PictureRecord] = field(default_factory=list)
    unusable: dict[str, None] = field(default_factory=dict)  # and why
    flat: list[str] = field(default_factory=list)
    other_names: dict[str, None] = field(default_factory=dict)
    _seen: set[tuple[int, int]] = field(default_factory=set)
    _kept: set[str] = field(default_factory=set)

    def named(self, path: str) -> str | None:
        """Return by which name the file *path* is known; None if it has come before, by whatever name."""
        try:
            found = os.stat(path)  # noqa: PTH116 - Path rewrites: Path("") is the current folder
        except (OSError, ValueError):
            return path  # whoever reads it says why not
        number = found.st_dev, found.st_ino
        name = self.names.setdefault(number, path)
        if name != path:
            self.other_names[path] = None
        if number in self._seen:
            return None
        self._seen.add(number)
        return name

    def ask_again(self) -> None:
        """Let every file come once more, by the name that it has."""
        self._seen.clear()

    def keep(self, record: PictureRecord) -> None:
        """Note a picture, if it is not noted yet."""
        if record.ref.key not in self._kept:
            self._kept.add(record.ref.key)
            self.records.append(record)
            self.flat += [record.ref.key] * is_flat(record)


def configure(parser: argparse.ArgumentParser) -> None:
    """Set the texts and options of the command."""
    parser.description, parser.epilog = DESCRIPTION, EPILOG
    add_paths(parser)
    parser.add_argument(
        "--against",
        metavar="DIR",
        help="compare with the pictures in this folder (default: with each other)",
    )
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="print one JSON object per pair instead")
    output.add_argument(
        "-0",
        "--print0",
        action="store_true",
        help="print the copies alone, without the best of each group and what is altered, each followed by a NUL",
    )
    parser.add_argument(
        "--html",
        type=Path,
        metavar="FILE",
        help=f"also write the groups as thumbnails, {GROUPS_A_PAGE} a file: FILE, FILE-2, ... (default: none)",
    )
    parser.add_argument("--verbose", action="store_true", help="also name the pictures that are nearly blank")
    add_looks(parser)
    add_matching(parser)
    add_fingerprinting(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the groups, pairs or copies that were found; return the exit status."""
    chosen = settings(options)
    files, against, found = _compared(options.paths, options.against, chosen)
    order = [*sorted(against, key=worth), *sorted(files.records[len(against) :], key=worth)]
    grouped = Grouping(chosen, partial(decide, settings=chosen)).among(order, found)
    if options.json:
        print("".join(f"{pair_line(*one)}\n" for one in grouped.pairs), end="")
    elif options.print0:
        print("".join(f"{copy.ref.key}\0" for copy in copies(grouped.groups)), end="")
    else:
        _print_groups(grouped)
    if options.html:
        written = _write_html(options.html, files, grouped, chosen.limits)
        complain(f"written: {', '.join(printable(str(path)) for path in written)}")
    if options.verbose or not options.print0:
        for line in _summary(files, grouped, names=options.verbose):
            (complain if options.json or options.print0 else print)(line)
    return FAILED if files.unusable else FOUND if grouped.pairs else NONE


def _compared(
    paths: Sequence[str], against: str | None, chosen: Settings
) -> tuple[Files, list[PictureRecord], list[FoundPair]]:
    """Return what became of the files, those of *against* first and once more, and what may match: each pair once."""
    everything = list(paths) if against is None else [against, *paths]
    album, files, found = Album(chosen), Files(true_names(everything)), dict[frozenset[str], FoundPair]()
    work = partial(_record, settings=chosen)
    matches = album.add_and_match
    if against is not None:
        matches = album.matches
        with each_file(work, [against], named=files.named) as (results, shown):
            for askers in _usable(results, files, shown):
                album.add(askers)
        files.ask_again()
    there = list(files.records)
    with each_file(work, paths, named=files.named) as (results, shown):
        for one in in_threads(map(matches, _usable(results, files, shown))):
            pair = frozenset((one.a.ref.key, one.b.ref.key))
            found[pair] = _both_ways(found[pair], one) if pair in found else one
    return files, there, list(found.values())


def _both_ways(one: FoundPair, other: FoundPair) -> FoundPair:
    """Return a pair that was found twice: first as it is more alike, by kind and distance, and then otherwise."""
    first, second = sorted((one, other), key=lambda way: (way.match.kind.rank, way.match.distance))
    return first if one.a.ref != other.a.ref else first._replace(otherwise=second)


def _usable(results: Iterator[KnownFile], files: Files, shown: Display) -> Iterator[list[Asker]]:
    """Yield the pictures, some at a time; count the files that cannot be used, and say why."""
    while some := list(islice(results, AT_ONCE)):
        askers = [Asker.at_hand(*result) for result in some if not isinstance(result, str)]
        for reason in (result for result in some if isinstance(result, str)):
            if reason not in files.unusable:
                shown.complain(printable(reason))
                files.unusable[reason] = None
        for asker in askers:
            files.keep(asker.record)
        yield askers


def _record(path: str, *, settings: Settings) -> KnownFile:
    """Return what is known of the file *path*. Importable: it runs in other processes."""
    try:
        return record_of(path, settings)
    except UNUSABLE as error:
        return f"{path}: {why_unusable(error)}"


def _print_groups(grouped: Grouped) -> None:
    width = terminal_width()
    for group in grouped.groups:
        for line in group_lines(group, width):
            print(line)
        print()


def _write_html(path: Path, files: Files, grouped: Grouped, limits: Limits) -> list[Path]:
    """Write the groups as pages with thumbnails, and return their names."""
    groups = grouped.groups
    title = "Pictures that show the same thing"
    summary = _count(files, grouped)
    paths = [[group.best.ref.key, *(copy_of(group.best, one).ref.key for one in group.others)] for group in groups]
    work = partial(_thumbnail, limits=limits)
    total = sum(map(len, paths))
    with closing(in_order(work, chain.from_iterable(paths))) as made, progress("thumbnails", lambda: total) as shown:

        def sheets() -> Iterator[Sheet]:
            for group, some in zip(groups, paths, strict=True):
                yield sheet(group, dict(zip(some, islice(made, len(some)), strict=True)))
                shown.advance(len(some))

        try:
            return write(path, title, summary, len(groups), sheets())
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error.strerror or error}", status=FAILED) from error


def _thumbnail(path: str, *, limits: Limits) -> bytes | None:
    """Return the thumbnail of the file *path*; None if it cannot be read any more. Importable."""
    try:
        return thumbnail(read(path, limits), limits)
    except UNUSABLE:
        return None


def _summary(files: Files, grouped: Grouped, *, names: bool) -> Iterator[str]:
    """Yield what there was; with *names*, which pictures are nearly blank and which names were left out."""
    if names:
        yield from (f"nearly blank: {printable(path)}" for path in files.flat)
        yield from (f"same file as another one: {printable(path)}" for path in files.other_names)
    yield _count(files, grouped, "" if names else " (--verbose names them)")


def _count(files: Files, grouped: Grouped, hint: str = "") -> str:
    size = sum(copy.bytes or 0 for copy in copies(grouped.groups))
    told = [
        counted(len(files.records), "picture"),
        counted(len(grouped.groups), "group"),
        f"{amount(size)} in copies",
    ]
    named = []
    if files.flat:
        named.append(f"{len(files.flat):,} nearly blank")
    if files.other_names:
        named.append(f"{counted(len(files.other_names), 'further name')} of the same files")
    if named:
        named[-1] += hint
    told += named
    if files.unusable:
        told.append(f"{len(files.unusable):,} unreadable")
    return ", ".join(told)
