"""`lookalike compare`: show how alike two picture files are, and why."""

import argparse
import json
import textwrap
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import NamedTuple

from handler.cli.errors import STATUSES, CommandError
from handler.cli.files import UNUSABLE, read, why_unusable
from handler.cli.options import add_fingerprinting, add_looks, add_matching, settings
from handler.cli.output import printable
from handler.cli.records import is_flat, record_of
from handler.cli.rows import terminal_width
from handler.core.asker import Asker
from handler.core.fingerprint import seen_again
from handler.core.generations import GENERATIONS
from handler.core.judging import judged, looked
from handler.core.look import Look
from handler.core.look1 import CHECK_BITS
from handler.core.matches import Likeness, Match
from handler.core.message import describe_box
from handler.core.model import MatchKind, PictureRecord, Settings
from handler.core.phash import similarity
from handler.core.policy import Meeting, closest, looks_check_radius, match, taken_apart_s
from handler.core.seen import Seen
from handler.core.words import CHECK_BYTES

DESCRIPTION = """\
Show how alike two pictures are, by their two nearest views (the whole picture,
or a part of it) and by a look at their pixels, laid over each other; and
whether they would be announced as near-duplicates. Either may ask for the
other, as an upload does: A is the one that finds more."""

EPILOG = f"""\
JSON fields:
  a, b           the paths; a is the picture that finds more where it asks for
                 the other one, the first if neither does
  kind           exact (the same bytes), near (the same picture), altered (the
                 same but for a part), alike (it only looks so) or different
  reason         why they are different or only alike, or null
  distance       bits that differ between the hashes of the two views
  similarity     1 - distance / 64
  check_bits     check bits that differ, or null where there are none
  agreement      how well the pixels agree, 0 to 1; null if nobody looked
  colours        how well the colours agree, likewise
  differs        where they differ: boxes in fractions of A; none if nowhere,
                 all over, or nobody looked
  taken_apart_s  seconds between both captures, or null
  orientation    how to turn A so that it looks like B, as an EXIF number
  views          which view of A, and which of B

exit status:
  0  they are near-duplicates: exact, near or altered; with --tell, what it says
  1  they are not
  2  one of them could not be used, or the drawing not written; or wrong usage
{STATUSES}

examples:
  lookalike compare cat.jpg "cat (copy).jpg"
  lookalike compare --plot why.png cat.jpg dog.jpg"""

MATCH, NO_MATCH, UNUSABLE_FILE = 0, 1, 2
NOTHING = len(MatchKind)  # the rank of no match
NAME_WIDTH = 13  # of the column that says what a line is about


@dataclass(frozen=True, slots=True)
class Comparison:
    """What there is to say of two pictures; the fields are those of the JSON output."""

    a: str
    b: str
    kind: str  # exact, near, altered, alike or different
    reason: str | None  # why they are different or only alike
    distance: int
    similarity: float
    check_bits: int | None  # that differ
    agreement: float | None  # None: nobody looked
    colours: float | None
    differs: list[dict[str, float]]
    taken_apart_s: float | None
    orientation: int
    views: tuple[str, str]


class OneWay(NamedTuple):
    """What one picture finds that asks for another one."""

    a: PictureRecord
    b: PictureRecord
    meeting: Meeting
    found: Match | None
    seen: Look | None = None
    likeness: Likeness | None = None  # by that look


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
        help="also draw both pictures, the two views and their bits, and what a look sees (default: no drawing)",
    )
    add_looks(parser)
    add_matching(parser)
    add_fingerprinting(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the comparison; return the exit status."""
    chosen = settings(options)
    _spare(options.plot, (options.a, options.b))
    asker, other = _read(options.a, chosen), _read(options.b, chosen)
    other = replace(other, record=replace(other.record, ref=replace(other.record.ref, bucket="B")))
    asked = _asked(asker, other, chosen)
    if asked.found is None or asked.found.kind.rank > MatchKind.NEAR.rank:  # the other one may find more, as in `pairs`
        asked = min(asked, _asked(other, asker, chosen), key=lambda one: one.found.kind.rank if one.found else NOTHING)
    compared = _compared(asked, chosen)
    if options.plot is not None:
        _draw(options.plot, (asked.a, asked.b), asked.meeting, compared, asked.seen)
    print(
        json.dumps(asdict(compared))
        if options.json
        else _lines(compared, asked.meeting, exchanged=asked.a is not asker.record)
    )
    return MATCH if asked.found and asked.found.kind.rank <= chosen.tell.rank else NO_MATCH


def _asked(asker: Asker, other: Asker, settings: Settings) -> OneWay:
    """Return what one picture finds that asks for the other."""
    meeting, found = closest(asker, other.record, settings), match(asker, other.record, settings)
    if not settings.max_looks or is_flat(asker.record) or is_flat(other.record):
        return OneWay(asker.record, other.record, meeting, found)
    met = found or _met(other.record, meeting)
    pictures = _seen(asker, settings), _seen(other, settings)
    seen, looked_at = looked(met, *pictures), judged(met, *pictures)
    found = looked_at if found and found.kind is not MatchKind.EXACT else found
    return OneWay(asker.record, other.record, meeting, found, seen, looked_at.likeness)


def _spare(plot: Path | None, pictures: Iterable[str]) -> None:
    """Raise CommandError if *plot* is one of the *pictures*."""
    if plot is not None and plot.resolve() in {Path(path).resolve() for path in pictures}:
        raise CommandError(
            f"--plot would overwrite the picture {printable(str(plot))}: name another file", status=UNUSABLE_FILE
        )


def _read(path: str, settings: Settings) -> Asker:
    try:
        return Asker.at_hand(*record_of(path, settings))
    except UNUSABLE as error:
        raise CommandError(f"{printable(path)}: {why_unusable(error)}", status=UNUSABLE_FILE) from error


def _seen(asker: Asker, settings: Settings) -> Seen:
    return asker.seen or seen_again(read(asker.record.ref.key, settings.limits), asker.record, settings.limits)


def _met(b: PictureRecord, meeting: Meeting) -> Match:
    """Return what is no match as one, so that it can be looked at."""
    likeness = Likeness(MatchKind.ALIKE, meeting.distance)
    return Match(b, likeness, meeting.orientation, meeting.view_pair, meeting.check_bits)


def _draw(
    plot: Path,
    pictures: tuple[PictureRecord, PictureRecord],
    meeting: Meeting,
    compared: Comparison,
    seen: Look | None,
) -> None:
    from handler.cli.drawing import draw

    title = f"{compared.kind}: {_sentence(compared, meeting)}"
    boxes = tuple((box["top"], box["bottom"], box["left"], box["right"]) for box in compared.differs)
    try:
        draw(pictures, meeting, title, seen, boxes).save(plot, "PNG")
    except OSError as error:
        raise CommandError(f"{printable(str(plot))}: {error.strerror or error}", status=UNUSABLE_FILE) from error


def _compared(asked: OneWay, settings: Settings) -> Comparison:
    a, b, meeting, found, _, likeness = asked
    names = GENERATIONS[a.generation].asking_names
    return Comparison(
        a=a.ref.key,
        b=b.ref.key,
        kind=found.kind.value if found else "different",
        reason=_reason(a, b, meeting, found, settings),
        distance=found.distance if found else meeting.distance,
        similarity=similarity(found.distance if found else meeting.distance),
        check_bits=meeting.check_bits,
        agreement=likeness.agreement if likeness else None,
        colours=likeness.colours if likeness else None,
        differs=[describe_box(box) for box in (likeness.differs if likeness else None) or ()],
        taken_apart_s=taken_apart_s(a, b),
        orientation=found.orientation if found else meeting.orientation,
        views=(names[meeting.view_pair[0]], names[meeting.view_pair[1]]),
    )


def _reason(
    a: PictureRecord, b: PictureRecord, meeting: Meeting, found: Match | None, settings: Settings
) -> str | None:
    """Return why two pictures are not the same; None if they are, or the same but for a part."""
    if found:
        agreement = found.likeness.agreement or 0.0
        return f"their pixels agree by {agreement:.2f}" if found.kind is MatchKind.ALIKE else None
    for record in (a, b):
        if is_flat(record):
            quality = record.fingerprint.quality if record.fingerprint else None
            return f"{printable(record.ref.key)} is nearly blank (quality {quality:.1f}): only the same bytes match it"
    if meeting.distance > settings.asked_radius:
        return f"{meeting.distance} bits, over the radius of {settings.asked_radius}"
    generation = GENERATIONS[a.generation]
    if not meeting.possible:
        return f"{meeting.distance} bits, and too many of the first {8 * CHECK_BYTES} check bits differ as well"
    limit = looks_check_radius(generation, meeting.distance) if settings.max_looks else generation.check_radius
    return f"{meeting.check_bits} of {CHECK_BITS} check bits differ, over the limit of {limit}"


def _sentence(compared: Comparison, meeting: Meeting) -> str:
    if compared.reason:
        return compared.reason
    check = "" if meeting.check_bits is None else f" and {meeting.check_bits} of {CHECK_BITS} check bits"
    return f"{compared.distance} of 64 bits{check} differ"


def _lines(compared: Comparison, meeting: Meeting, *, exchanged: bool) -> str:
    rows = {"A": f"{printable(compared.a)}, which finds more than the other one"} if exchanged else {}
    rows |= {
        "kind": compared.kind + (f" ({compared.reason})" if compared.reason else ""),
        "distance": f"{compared.distance} of 64 bits",
        "similarity": f"{compared.similarity:.3f}",
        "check bits": "none" if meeting.check_bits is None else f"{meeting.check_bits} of {CHECK_BITS} bits differ",
        "pixels": "nobody looked" if compared.agreement is None else f"agree by {compared.agreement:.3f}",
        "colours": "nobody looked" if compared.colours is None else f"agree by {compared.colours:.3f}",
        "differs": _where(compared),
        "orientation": f"A turned as EXIF {compared.orientation}" if compared.orientation != 1 else "as they are",
        "views": " and ".join(compared.views),
    }
    width = terminal_width()
    return "\n".join(f"{name:{NAME_WIDTH}}{_within(width, value)}" for name, value in rows.items())


def _within(width: int | None, value: str) -> str:
    """Return *value*, broken between words to stay in its column; no part of a name is torn from the rest."""
    if width is None or NAME_WIDTH + len(value) <= width:
        return value
    lines = textwrap.wrap(value, max(1, width - NAME_WIDTH), break_long_words=False, break_on_hyphens=False)
    return f"\n{'':{NAME_WIDTH}}".join(lines)


def _where(compared: Comparison) -> str:
    """Return where the pictures differ, as far as somebody looked."""
    if compared.differs:
        return "; ".join(map(_part, compared.differs))
    if compared.agreement is None and compared.kind != "exact":
        return "nobody looked"
    return "all over" if compared.kind in ("alike", "different") else "nowhere"


def _part(box: dict[str, float]) -> str:
    top, bottom, left, right = (round(100 * box[edge]) for edge in ("top", "bottom", "left", "right"))
    return f"from {top} to {bottom} % of the height and {left} to {right} % of the width of A"


def _png(text: str) -> Path:
    if not text.lower().endswith(".png"):
        raise argparse.ArgumentTypeError(f"{text!r} does not end with .png, which is what is drawn")
    return Path(text)
