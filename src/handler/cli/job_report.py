"""The groups of pictures that a job has to do with: as lines of JSON, and as a table."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Protocol

from handler.cli.errors import CommandError
from handler.cli.output import printable
from handler.cli.rows import laid_out, terminal_width
from handler.core.filed import Copy, Filed
from handler.core.groups import grouped
from handler.core.model import Collection

HEADINGS = ("PICTURE", "GROUP", "KIND", "AGREEMENT", "SIZE", "FORMAT", "BYTES")
SCHEMA = "lookalike.group/1"

Line = dict[str, Any]


class WaitingPairs(Protocol):
    """Which pairs wait for people."""

    def waiting(self, collection: Collection) -> Iterator[Filed]:
        """Yield them, in any order; eventually consistent."""


def groups(pairs: WaitingPairs, collections: Iterable[Collection], concerned: Callable[[Copy], bool]) -> Iterator[Line]:
    """Yield the groups of which a copy is *concerned*, scope by scope: each pair in one of them, exactly once.

    Those with the best copies first; then, of what matches no best copy but a copy of one, those around that.
    """
    for collection in collections:
        rest = list(pairs.waiting(collection))
        while rest:
            found = grouped(rest)
            told = set(chain.from_iterable((filed.pair for filed in group.pairs) for group in found))
            for group in found:
                if any(map(concerned, (group.best, *group.others))):
                    yield _line(collection, group.best, group.others, group.pairs)
            rest = [filed for filed in rest if filed.pair not in told]


def write(path: Path, lines: Iterable[Line]) -> list[Line]:
    """Write *lines* into a file, which is there when it is whole, and return them. Raises CommandError."""
    written = list[Line]()
    unfinished = path.with_name(path.name + ".part")
    try:
        with unfinished.open("w", encoding="utf-8") as file:
            for number, line in enumerate(lines, 1):
                written.append({"schema": SCHEMA, "group": number} | line)
                file.write(json.dumps(written[-1]) + "\n")
        unfinished.replace(path)
    except OSError as error:
        raise CommandError(f"{printable(str(path))} cannot be written: {error.strerror or error}") from error
    return written


def table(lines: Sequence[Line]) -> list[str]:
    """Return the lines of a table with a row for each picture, the best of its group first."""
    rows = [row for line in lines for row in _rows(line)]
    return laid_out(HEADINGS, rows, terminal_width())


def _line(collection: Collection, best: Copy, others: Sequence[Copy], pairs: Sequence[Filed]) -> Line:
    numbers = {copy: number for number, copy in enumerate((best, *others))}
    with_best = pairs[: len(others)]
    return {
        "scope": collection.scope,
        "best": _copy(best),
        "others": [
            _copy(copy)
            | {
                "kind": filed.likeness.kind.value,
                "distance": filed.likeness.distance,
                "agreement": filed.likeness.agreement,
            }
            for copy, filed in zip(others, with_best, strict=True)
        ],
        "pairs": [sorted(numbers[copy] for copy in filed.copies) for filed in pairs],
    }


def _copy(copy: Copy) -> Line:
    """What is known of a picture; what is not, as of an imported hash, is null."""
    return {
        "bucket": copy.bucket,
        "key": copy.key,
        "version": copy.version,
        "width": copy.width or None,
        "height": copy.height or None,
        "format": copy.format or None,
        "bytes": copy.bytes or None,
        "modified": copy.modified or None,
    }


def _rows(line: Line) -> Iterator[tuple[str, ...]]:
    for copy in (line["best"], *line["others"]):
        agreement = copy.get("agreement")
        yield (
            printable(f"s3://{copy['bucket']}/{copy['key']}"),
            str(line["group"]),
            copy.get("kind", "best"),
            "-" if agreement is None else f"{agreement:.3f}",
            f"{copy['width']} x {copy['height']}" if copy["width"] else "-",
            copy["format"] or "-",
            str(copy["bytes"] or "-"),
        )
