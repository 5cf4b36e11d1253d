"""`lookalike compare`: show how alike two picture files are, and why."""

import argparse
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from handler.cli.errors import STATUSES, CommandError
from handler.cli.files import UNUSABLE, why_unusable
from handler.cli.options import add_fingerprinting, add_looks, add_matching, settings
from handler.cli.output import printable
from handler.cli.records import is_flat, record_of
from handler.core.asker import Asker
from handler.core.generations import GENERATIONS
from handler.core.look1 import CHECK_BITS
from handler.core.model import PictureRecord, Settings
from handler.core.phash import similarity
from handler.core.policy import Meeting, closest, match

DESCRIPTION = """\
Show how alike two pictures are, by their two nearest views (the whole picture,
or a part of it), and whether they would be announced as near-duplicates."""

EPILOG = f"""\
JSON fields:
  a, b         the paths
  verdict      exact (the same bytes), near or different
  reason       why they are different, or null
  distance     bits that differ between the hashes of the two views
  similarity   1 - distance / 64
  check_bits   check bits that differ, or null where there are none
  orientation  how to turn A so that it looks like B, as an EXIF number
  views        which view of A, and which of B

exit status:
  0  they are near-duplicates
  1  they are different
  2  one of them could not be used, or wrong usage
{STATUSES}

examples:
  lookalike compare cat.jpg "cat (copy).jpg"
  lookalike compare --plot why.png cat.jpg dog.jpg"""

ALIKE, DIFFERENT, UNUSABLE_FILE = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Comparison:
    """What there is to say of two pictures; the fields are those of the JSON output."""

    a: str
    b: str
    verdict: str  # exact, near or different
    reason: str | None  # why they are different
    distance: int
    similarity: float
    check_bits: int | None  # that differ
    orientation: int
    views: tuple[str, str]


def configure(parser: argparse.ArgumentParser) -> None:
    """Set the texts and options of the command."""
    parser.description, parser.epilog = DESCRIPTION, EPILOG
    parser.add_argument("a", metavar="A", help="a picture file")
    parser.add_argument("b", metavar="B", help="another one")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead")
    parser.add_argument(
        "--plot",
        type=_png,
        metavar="FILE.png",
        help="also draw both pictures, the two views and their bits (default: no drawing)",
    )
    add_looks(parser)
    add_matching(parser)
    add_fingerprinting(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the comparison; return the exit status."""
    chosen = settings(options)
    _spare(options.plot, (options.a, options.b))
    asker, b = _asker(options.a, chosen), _asker(options.b, chosen).record
    b = replace(b, ref=replace(b.ref, bucket="B"))  # a file may be compared with itself
    meeting = closest(asker, b, chosen)
    compared = _compared(asker, b, meeting, chosen)
    if options.plot is not None:
        _draw(options.plot, asker.record, b, meeting, f"{compared.verdict}: {_sentence(compared, meeting)}")
    print(json.dumps(asdict(compared)) if options.json else _lines(compared, meeting))
    return DIFFERENT if compared.verdict == "different" else ALIKE


def _spare(plot: Path | None, pictures: Iterable[str]) -> None:
    """Raise CommandError if *plot* is one of the *pictures*."""
    if plot is not None and plot.resolve() in {Path(path).resolve() for path in pictures}:
        raise CommandError(
            f"--plot would overwrite the picture {printable(str(plot))}: name another file", status=UNUSABLE_FILE
        )


def _asker(path: str, settings: Settings) -> Asker:
    try:
        return Asker.at_hand(*record_of(path, settings))
    except UNUSABLE as error:
        raise CommandError(f"{printable(path)}: {why_unusable(error)}", status=UNUSABLE_FILE) from error


def _draw(plot: Path, a: PictureRecord, b: PictureRecord, meeting: Meeting, title: str) -> None:
    from handler.cli.drawing import draw

    try:
        draw(a, b, meeting, title).save(plot, "PNG")
    except OSError as error:
        raise CommandError(f"{printable(str(plot))}: {error.strerror or error}", status=UNUSABLE_FILE) from error


def _compared(asker: Asker, b: PictureRecord, meeting: Meeting, settings: Settings) -> Comparison:
    a, found = asker.record, match(asker, b, settings)
    names = GENERATIONS[a.generation].view_names
    return Comparison(
        a=a.ref.key,
        b=b.ref.key,
        verdict=found.kind.value if found else "different",
        reason=None if found else _reason(a, b, meeting, settings),
        distance=found.distance if found else meeting.distance,
        similarity=similarity(found.distance if found else meeting.distance),
        check_bits=meeting.check_bits,
        orientation=found.orientation if found else meeting.orientation,
        views=(names[meeting.view_pair[0]], names[meeting.view_pair[1]]),
    )


def _reason(a: PictureRecord, b: PictureRecord, meeting: Meeting, settings: Settings) -> str:
    for record in (a, b):
        if is_flat(record):
            quality = record.fingerprint.quality if record.fingerprint else None
            return f"{printable(record.ref.key)} is nearly blank (quality {quality:.1f}): only the same bytes match it"
    if meeting.distance > settings.radius:
        return f"{meeting.distance} bits, over the radius of {settings.radius}"
    limit = GENERATIONS[a.generation].check_radius
    return f"{meeting.check_bits} of {CHECK_BITS} check bits differ, over the limit of {limit}"


def _sentence(compared: Comparison, meeting: Meeting) -> str:
    if compared.reason:
        return compared.reason
    check = "" if meeting.check_bits is None else f" and {meeting.check_bits} of {CHECK_BITS} check bits"
    return f"{compared.distance} of 64 bits{check} differ"


def _lines(compared: Comparison, meeting: Meeting) -> str:
    rows = {
        "verdict": compared.verdict + (f" ({compared.reason})" if compared.reason else ""),
        "distance": f"{compared.distance} of 64 bits",
        "similarity": f"{compared.similarity:.3f}",
        "check bits": "none" if meeting.check_bits is None else f"{meeting.check_bits} of {CHECK_BITS} bits differ",
        "orientation": f"A turned as EXIF {compared.orientation}" if compared.orientation != 1 else "as they are",
        "views": " and ".join(compared.views),
    }
    return "\n".join(f"{name:12} {value}" for name, value in rows.items())


def _png(text: str) -> Path:
    if not text.lower().endswith(".png"):
        raise argparse.ArgumentTypeError(f"{text!r} does not end with .png, which is what is drawn")
    return Path(text)
