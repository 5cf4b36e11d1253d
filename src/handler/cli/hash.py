"""`lookalike hash`: print the perceptual hash of each picture file, in the order given, using all cores."""

import argparse
import json
from dataclasses import asdict, dataclass
from functools import partial

from handler.cli.errors import STATUSES
from handler.cli.files import UNUSABLE, each_file, read, why_unusable
from handler.cli.options import add_fingerprinting, add_paths, limits
from handler.cli.output import printable
from handler.core.fingerprint import fingerprint
from handler.core.generations import GENERATIONS
from handler.core.look1 import QUALITY_FLOOR
from handler.core.model import Limits, PictureRejected
from handler.core.phash import to_hex

DESCRIPTION = """\
Print the perceptual hash of each picture file, one a line: 16 hexadecimal
digits, two spaces, the path. A file that cannot be hashed has `-` in place of
the hash, and the reason after its path.

A folder means every file below it, sorted by name, except hidden files and
links to folders. A file that is named twice, or is in a folder that is named as
well, is printed twice. Reads AVIF, BMP, GIF, JPEG, PNG, TIFF and WebP, and HEIC
where pillow-heif is installed."""

EPILOG = f"""\
JSON fields (null where they do not apply):
  path           as given, or as found in a folder; bytes that are not UTF-8
                 appear as the code points U+DC80 to U+DCFF
  outcome        hashed, rejected (not a picture, or over a limit) or unreadable
  hash           of the whole picture
  generation     the hash algorithm
  width, height  in pixels, as stored in the file
  format         JPEG, PNG, ...
  views          name and hash of each view (the whole picture and parts of it)
  quality        how much content the picture has; below {QUALITY_FLOOR:g} it is nearly
                 blank, and matches only files with the same bytes
  reason         why there is no hash

exit status:
  0  every file was hashed
  1  at least one was not
  2  wrong usage
{STATUSES}

examples:
  lookalike hash ~/Pictures
  lookalike hash --json ~/Pictures | jq -r 'select(.hash == null) | .path'"""


@dataclass(frozen=True, slots=True)
class HashedFile:
    """What became of one file; the fields are those of the JSON output."""

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
    add_paths(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object per file instead")
    add_fingerprinting(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print a line for each file; return 0 if every one was hashed, else 1."""
    work = partial(_hashed, generation=options.generation, limits=limits(options))
    line = _json_line if options.json else _plain_line
    failed = 0
    with each_file(work, options.paths) as (results, shown):
        for result in results:
            shown.write(line(result))
            failed += result.outcome != "hashed"
    return 1 if failed else 0


def _json_line(result: HashedFile) -> str:
    return json.dumps(asdict(result))


def _plain_line(result: HashedFile) -> str:
    path = printable(result.path)
    if result.hash is not None:
        return f"{result.hash}  {path}"
    return f"{'-':16}  {path}  ({result.outcome}: {printable(str(result.reason))})"


def _hashed(path: str, *, generation: str, limits: Limits) -> HashedFile:
    """Return what became of the file *path*. Importable: it runs in other processes."""
    try:
        computed = fingerprint(read(path, limits), generation, limits)
    except UNUSABLE as error:
        outcome = "rejected" if isinstance(error, PictureRejected) else "unreadable"
        return HashedFile(path, outcome, reason=why_unusable(error))
    return HashedFile(
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
