"""`lookalike compare`: say how alike two picture files are, and show why."""

import argparse
import json
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from handler.cli.files import unusable
from handler.cli.options import add_matching, add_options, matching
from handler.cli.output import print_any_name, printable
from handler.cli.records import record_of
from handler.core.asker import Asker
from handler.core.generations import GENERATIONS
from handler.core.look1 import CHECK_BITS
from handler.core.model import PictureRecord, PictureRejected, Settings
from handler.core.phash import similarity
from handler.core.policy import Meeting, closest, match

DESCRIPTION = """\
Say how alike two pictures are: the distance of the two views that come nearest to each other, and whether the function
would announce them."""
EPILOG = """\
The exit status is 0 if they are near-duplicates, 1 if not, and 2 if one of them cannot be used."""
ALIKE, DIFFERENT, UNUSABLE = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is told of two pictures; its fields are those of the JSON output."""

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
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--plot", type=_png, metavar="FILE.png", help="draw both, the views that met and their bits")
    add_matching(parser)
    add_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the comparison; return the exit status."""
    print_any_name()
    settings = matching(options)
    askers: list[Asker] = []
    for path in (options.a, options.b):
        try:
            askers.append(Asker.at_hand(*record_of(path, settings)))
        except (PictureRejected, OSError, ValueError, MemoryError) as error:
            print(f"lookalike: {printable(path)}: {unusable(error)}", file=sys.stderr)
            return UNUSABLE
    if options.plot is not None and any(
        options.plot.resolve() == Path(path).resolve() for path in (options.a, options.b)
    ):
        print(f"lookalike: --plot would overwrite {printable(str(options.plot))}: name another file", file=sys.stderr)
        return UNUSABLE
    a, b = askers[0].record, askers[1].record
    b = replace(b, ref=replace(b.ref, bucket="B"))  # a file may be compared with itself
    meeting = closest(askers[0], b, settings)
    compared = _compared(askers[0], b, meeting, settings)
    if options.plot is not None:
        from handler.cli.drawing import draw

        try:
            draw(a, b, meeting, f"{compared.verdict}: {_sentence(compared, meeting)}").save(options.plot, "PNG")
        except OSError as error:
            print(f"lookalike: {printable(str(options.plot))}: {error.strerror or error}", file=sys.stderr)
            return UNUSABLE
    print(json.dumps(asdict(compared)) if options.json else _lines(compared, meeting))
    return DIFFERENT if compared.verdict == "different" else ALIKE


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
        if record.fingerprint is not None and record.fingerprint.flat:
            return f"{printable(record.ref.key)} has too little content (quality {record.fingerprint.quality:.1f})"
    if meeting.distance > settings.radius:
        return f"{meeting.distance} bits, over the radius of {settings.radius}"
    limit = GENERATIONS[a.generation].check_radius
    return f"{meeting.check_bits} of {CHECK_BITS} check bits differ, over {limit}"


def _sentence(compared: Comparison, meeting: Meeting) -> str:
    if compared.reason:
        return compared.reason
    check = "" if meeting.check_bits is None else f", {meeting.check_bits} of {CHECK_BITS} check bits"
    return f"{compared.distance} of 64 bits differ{check}"


def _lines(compared: Comparison, meeting: Meeting) -> str:
    rows = {
        "verdict": compared.verdict + (f" ({compared.reason})" if compared.reason else ""),
        "distance": f"{compared.distance} of 64 bits",
        "similarity": f"{compared.similarity:.3f}",
        "check": "none" if meeting.check_bits is None else f"{meeting.check_bits} of {CHECK_BITS} bits differ",
        "orientation": f"{compared.orientation} (EXIF)" if compared.orientation != 1 else "as it is",
        "views": " and ".join(compared.views),
    }
    return "\n".join(f"{name:12} {value}" for name, value in rows.items())


def _png(text: str) -> Path:
    if not text.lower().endswith(".png"):
        raise argparse.ArgumentTypeError(f"{text!r} does not end with .png, which is what is drawn")
    return Path(text)
