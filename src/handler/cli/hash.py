"""`lookalike hash`: print the perceptual hash of each picture file, in the order given, using all cores."""

import argparse
import json
import sys
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import partial

from handler.cli.files import files, read, unusable
from handler.cli.options import add_options, limits
from handler.cli.output import print_any_name, printable
from handler.cli.parallel import KILLED, in_order
from handler.cli.progress import with_progress
from handler.core.fingerprint import fingerprint
from handler.core.generations import GENERATIONS
from handler.core.look1 import QUALITY_FLOOR
from handler.core.model import Limits, PictureRejected
from handler.core.phash import to_hex

DESCRIPTION = """\
Print the hash of each picture: 16 hex digits, two blanks, the path. What is no picture, or cannot be read, has
`-` for a hash and the reason after its path.

A folder stands for the files below it, in sorted order; names that begin with a dot, and links to folders, are
left out there. A file that is named twice is printed twice."""

EPILOG = f"""\
With --json each line is an object: path (as given or found, never rewritten), outcome (hashed, rejected or
unreadable), hash, generation, width, height, format, views (name and hash of each), quality (how much content the
picture has; below {QUALITY_FLOOR:g} it matches by its bytes alone) and reason, with null for what does not apply.
Bytes of a path that are not UTF-8 appear as the code points U+DC80 to U+DCFF.

The exit status is 0 if every file was hashed, 1 if not."""


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one path; its fields are those of the JSON output."""

    path: str
    outcome: str
    hash: str | None = None
    generation: str | None = None
    width: int | None = None
    height: int | None = None
    format: str | None = None
    views: dict[str, str] | None = None
    quality: float | None = None
    reason: str | None = None


def configure(parser: argparse.ArgumentParser) -> None:
    """Set the texts and options of the command."""
    parser.description, parser.epilog = DESCRIPTION, EPILOG
    parser.add_argument("paths", nargs="+", metavar="PATH", help="a picture file, or a folder of them")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    add_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print a line for each file; return 0 if every one was hashed, else 1."""
    print_any_name()
    hash_path = partial(_report, generation=options.generation, limits=limits(options))
    form = _json_line if options.json else _plain_line
    failed = 0
    try:
        with closing(in_order(hash_path, files(options.paths))) as reports:
            for report, write in with_progress(reports, options.paths):
                write(form(report))
                failed += report.outcome != "hashed"
    except BrokenProcessPool:
        print(KILLED, file=sys.stderr)
        return 1
    return 1 if failed else 0


def _json_line(report: Report) -> str:
    return json.dumps(asdict(report))


def _plain_line(report: Report) -> str:
    path = printable(report.path)
    if report.hash is not None:
        return f"{report.hash}  {path}"
    return f"{'-':16}  {path}  ({report.outcome}: {report.reason})"


def _report(path: str, *, generation: str, limits: Limits) -> Report:
    """Return what became of the file *path*. Must be importable: it runs in other processes."""
    try:
        computed = fingerprint(read(path, limits), generation, limits)
    except PictureRejected as error:
        return Report(path, "rejected", reason=unusable(error))
    except (OSError, ValueError, MemoryError) as error:
        return Report(path, "unreadable", reason=unusable(error))
    return Report(
        path,
        "hashed",
        hash=to_hex(computed.hash),
        generation=computed.generation,
        width=computed.width,
        height=computed.height,
        format=computed.format,
        views=dict(zip(GENERATIONS[generation].view_names, map(to_hex, computed.hashes), strict=True)),
        quality=computed.quality,
    )
