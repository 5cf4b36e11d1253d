"""Groups and pairs of picture files, for people, for scripts and for programs."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import wrap
from typing import Any

from handler.cli.album import FoundPair
from handler.cli.contact_sheet import Sheet, Tile
from handler.cli.grouping import FileGroup, worth
from handler.cli.measures import amount, counted
from handler.cli.output import printable
from handler.core.generations import GENERATIONS
from handler.core.look import LEAST_COLOUR
from handler.core.message import describe_box
from handler.core.model import Box, MatchKind, PictureRecord
from handler.core.phash import similarity

GAP = "  "
_ALL = 0.9  # of a picture: a map of two pictures is not exact at their edges
_AS_LARGE = 0.9  # times as many pixels, likewise
MIRRORED, TURNED = {2, 4, 5, 7}, {3, 6, 8}


def group_lines(group: FileGroup, width: int | None) -> Iterator[str]:
    """Yield the lines of a group: a picture a line, or a few where that is wider than *width* columns."""
    rows = [(*_measures(group.best), "best", "", "", ""), *(_row(group.best, one) for one in group.others)]
    paths = [group.best.ref.key, *(copy_of(group.best, one).ref.key for one in group.others)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    details = [GAP.join(cell.ljust(size) for cell, size in zip(row, widths, strict=True)) for row in rows]
    lines = [f"{detail}{GAP}{printable(path)}" for detail, path in zip(details, paths, strict=True)]
    if width is None or max(map(len, lines)) <= width:
        yield from lines
        return
    for row, path in zip(rows, paths, strict=True):
        yield printable(path)
        yield from _wrapped([cell.strip() for cell in row if cell.strip()], width)


def _wrapped(parts: Iterable[str], width: int) -> list[str]:
    """Return *parts* on as many lines as they need, each whole on one of them."""
    whole = ", ".join(part.replace(" ", "\xa0").replace(",\xa0", ", ") for part in parts)
    lines = wrap(
        whole, width, initial_indent=GAP, subsequent_indent=GAP, break_long_words=False, break_on_hyphens=False
    )
    return [line.replace("\xa0", " ") for line in lines]


def _row(best: PictureRecord, one: FoundPair) -> tuple[str, ...]:
    match, measures = one.match, _measures(copy_of(best, one))
    bits = f"{match.distance:2} bit{'s' * (match.distance != 1)}"
    return (*measures, match.kind.value, bits, f"{similarity(match.distance):.3f}", _notes(one))


def _measures(record: PictureRecord) -> tuple[str, str, str]:
    computed = record.fingerprint
    size = f"{computed.width} x {computed.height}" if computed else ""
    return size, computed.format if computed else "", amount(record.bytes or 0)


def _notes(one: FoundPair) -> str:
    return ", ".join(_noted(one))


def _noted(one: FoundPair) -> list[str]:
    """Return in a few words each what differs between two pictures beside their sizes."""
    match, names = one.match, GENERATIONS[one.a.generation].asking_names
    notes = []
    if match.view_pair != (0, 0) and match.kind is not MatchKind.EXACT:
        notes.append(" in ".join(dict.fromkeys(names[view] for view in match.view_pair)))
    if match.orientation in MIRRORED | TURNED:
        notes.append("mirrored" if match.orientation in MIRRORED else "turned")
    if parts := len(match.likeness.differs or ()):
        notes.append(f"{parts} part{'s' * (parts > 1)} differ{'s' * (parts == 1)}")
    if match.likeness.colours is not None and match.likeness.colours < LEAST_COLOUR:
        notes.append("other colours")
    if match.taken_apart_s:
        notes.append(f"taken {match.taken_apart_s:g} s apart")
    return notes


def copy_of(best: PictureRecord, one: FoundPair) -> PictureRecord:
    """Return the other picture of a pair of the *best* one."""
    return one.b if one.a.ref.key == best.ref.key else one.a


def sheet(group: FileGroup, thumbnails: Mapping[str, bytes | None]) -> Sheet:
    """Return a group for people to look at; *thumbnails* by path."""

    def tile(record: PictureRecord, one: FoundPair | None) -> Tile:
        path, facts = record.ref.key, [part for part in _measures(record) if part]
        notes: Sequence[str] = ["best copy"]
        boxes: Sequence[Box] = ()
        if one is not None:
            likeness = one.match.likeness
            notes = [part for part in (one.match.kind.value, _bits(one), *_noted(one)) if part]
            boxes = (likeness.differs or ()) if one.a is record else ()
        return Tile(path, facts, notes, thumbnails.get(path), boxes, Path(path).absolute().as_uri())

    others = [tile(copy_of(group.best, one), one) for one in group.others]
    return Sheet(counted(1 + len(others), "picture"), [tile(group.best, None), *others])


def _bits(one: FoundPair) -> str:
    return "" if one.match.kind is MatchKind.EXACT else counted(one.match.distance, "bit")


def copies(groups: Sequence[FileGroup]) -> Iterator[PictureRecord]:
    """Yield what is too much, each once: pictures that are the same as the best of their group, and no better.

    Not the best of any group, so that what each matches stays; not what is altered or only alike; not what its best one
    shows a part of alone, or shows smaller, as a collage does; nor, where the best one has to be in a folder that
    others are compared with, what has more pixels than it, or as many and is less compressed.
    """
    left_out = {best.ref.key for best, _ in groups}
    for best, others in groups:
        for one in others:
            other = copy_of(best, one)
            no_better = worth(other)[:2] >= worth(best)[:2]
            same = one.match.kind.rank <= MatchKind.NEAR.rank
            if same and no_better and _holds(best, one) and other.ref.key not in left_out:
                left_out.add(other.ref.key)
                yield other


def _holds(best: PictureRecord, one: FoundPair) -> bool:
    """Whether the best one shows all of the other picture of the pair *one*, and no smaller; as far as was looked."""
    laid, others, bests = one.match.laid, copy_of(best, one).fingerprint, best.fingerprint
    if one.match.kind is MatchKind.EXACT or laid is None or others is None or bests is None:
        return True
    (covered, _), scale = laid if copy_of(best, one) is one.a else laid.swapped
    sizes = [found.width * found.height for found in (bests, others)]
    return covered >= _ALL and scale * sizes[0] >= _AS_LARGE * sizes[1]


def pair_line(one: FoundPair, group: int | None) -> str:
    """Return a pair as a line of JSON."""
    match, names = one.match, GENERATIONS[one.a.generation].asking_names
    likeness = match.likeness
    document = {
        "a": one.a.ref.key,
        "b": one.b.ref.key,
        "group": group,
        "kind": match.kind.value,
        "distance": match.distance,
        "similarity": similarity(match.distance),
        "agreement": likeness.agreement,
        "colours": likeness.colours,
        "differs": None if likeness.differs is None else [describe_box(box) for box in likeness.differs],
        "taken_apart_s": match.taken_apart_s,
        "orientation": match.orientation,
        "views": [names[view] for view in match.view_pair],
        "pictures": [_described(one.a), _described(one.b)],
    }
    return json.dumps(document)


def _described(record: PictureRecord) -> dict[str, Any]:
    computed = record.fingerprint
    return {
        "path": record.ref.key,
        "width": computed.width if computed else None,
        "height": computed.height if computed else None,
        "format": computed.format if computed else None,
        "bytes": record.bytes,
        "sha256": record.digest,
    }
