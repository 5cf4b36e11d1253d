"""Draw a picture of each kind of match, `kinds.png`, and print what a look says of the pairs in it."""

import argparse
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageEnhance, ImageFont
from skimage import data

from handler.core.asker import Asker
from handler.core.fingerprint import examine
from handler.core.judging import judged
from handler.core.matches import Likeness, Match
from handler.core.model import Limits, MatchKind, ObjectRef, Outcome, PictureRecord, Settings
from handler.core.policy import closest
from training.edits import in_file
from training.printing import print_table

CELL, GAP, TITLE = (290, 200), 16, 70  # pixels
INK, PAPER, FRAME = (30, 30, 30), (255, 255, 255), (220, 60, 20)
SETTINGS = Settings("look1", 12, max_matches=1, scope_depth=0, limits=Limits(), max_looks=1)
MEANINGS = {
    "near": "the same picture, edited as a\nwhole or cropped",
    "altered": "the same but for a part, which\nis boxed",
    "alike": "it only looks so: another shot of\nthe scene",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this part."""
    parser.add_argument(
        "--folder", type=Path, default=Path("docs"), help="where kinds.png is drawn (default: %(default)s)"
    )


def run(options: argparse.Namespace) -> int:
    """Draw the picture and print the table."""
    rows, columns = [], []
    for kind, (one, other) in _pairs().items():
        likeness = _likeness(one, other)
        rows.append((kind, likeness.kind.value, likeness.distance, likeness.agreement, likeness.colours))
        columns.append(_column(kind, one, other, likeness))
    print_table("What a look says", ("drawn as", "kind", "distance", "agreement", "colours"), rows)
    page = Image.new("RGB", (len(columns) * (CELL[0] + GAP) - GAP, columns[0].height), PAPER)
    for number, column in enumerate(columns):
        page.paste(column, (number * (CELL[0] + GAP), 0))
    page.save(options.folder / "kinds.png", optimize=True)
    return 0


def _pairs() -> dict[str, tuple[Image.Image, Image.Image]]:
    """Return two pictures of each kind that needs a look: the uploaded one first."""
    photographs: Any = data  # which has no types
    cat, coffee = Image.fromarray(photographs.chelsea()), Image.fromarray(photographs.coffee())
    left, right, *_ = photographs.stereo_motorcycle()
    crop = ImageEnhance.Brightness(cat.crop((40, 20, 440, 290))).enhance(1.3)
    sale = coffee.copy()
    pen = ImageDraw.Draw(sale)
    pen.rectangle((20, 310, 240, 380), fill=PAPER)
    pen.text((38, 328), "SALE -50 %", INK, ImageFont.load_default(34))
    return {
        "near": (crop, cat),
        "altered": (sale, coffee),
        "alike": (Image.fromarray(right), Image.fromarray(left)),
    }


def _likeness(one: Image.Image, other: Image.Image) -> Likeness:
    askers = [_asker(name, image) for name, image in (("one", one), ("other", other))]
    meeting = closest(askers[0], askers[1].record, SETTINGS)
    met = Match(askers[1].record, Likeness(MatchKind.ALIKE, meeting.distance), meeting.orientation, meeting.view_pair)
    mine, theirs = (asker.seen for asker in askers)
    assert mine is not None
    assert theirs is not None
    return judged(met, mine, theirs).likeness


def _asker(name: str, image: Image.Image) -> Asker:
    computed, seen = examine(in_file(image), SETTINGS.generation, SETTINGS.limits)
    return Asker.at_hand(
        PictureRecord(ObjectRef("", name), SETTINGS.generation, Outcome.INDEXED, fingerprint=computed), seen
    )


def _column(kind: str, one: Image.Image, other: Image.Image, likeness: Likeness) -> Image.Image:
    """Return the two pictures below each other, with the kind and what it means."""
    column = Image.new("RGB", (CELL[0], TITLE + 2 * (CELL[1] + GAP)), PAPER)
    pen = ImageDraw.Draw(column)
    pen.text((0, 0), f"{kind}, agreement {likeness.agreement:.2f}", INK, ImageFont.load_default(18))
    pen.text((0, 26), MEANINGS[kind], INK, ImageFont.load_default(14))
    boxed = one.copy()
    for top, bottom, left, right in likeness.differs or ():
        frame = (left * one.width, top * one.height, right * one.width - 1, bottom * one.height - 1)
        ImageDraw.Draw(boxed).rectangle(frame, outline=FRAME, width=max(2, one.width // 100))
    for number, image in enumerate((boxed, other)):
        small = image.convert("RGB")
        small.thumbnail(CELL, Image.Resampling.LANCZOS)
        column.paste(small, (0, TITLE + number * (CELL[1] + GAP)))
    return column
