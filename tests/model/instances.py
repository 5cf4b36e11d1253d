"""Function instances: what each remembers from one delivery to the next, as plain values.

A delivery begins on an instance that is idle, or on a new one, and leaves it idle; a crash ends it. An instance of
the template's default memory loads the journal and stays warm, one without memory for it probes the buckets: both are
tried wherever a new one may begin, so warm, loading and probing deliveries mix. An idle instance may never be used
again, which is all that its loss comes to.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from handler.core.journal import Cursor
from handler.core.model import Collection
from handler.entries import Block, Entries
from handler.memory import Knowledge
from handler.search import Search

Memory = dict[str, Any]  # {"bytes": its limit, "collections": {(scope, generation): Knowledge as plain values}}

LARGE, NONE = 1 << 20, 0


class Instances(StrEnum):
    """Which instances a check has."""

    LOADING = "new ones that load"
    PROBING = "new ones that probe"
    MIXED = "warm ones, new ones that load, new ones that probe"


def fresh(memory_bytes: int) -> Memory:
    """Return the memory of a new instance."""
    return {"bytes": memory_bytes, "collections": {}}


def remember(search: Search, memory: Memory) -> None:
    """Give *search* what its instance knew."""
    for (scope, generation), plain in memory["collections"].items():
        entries = Entries(plain["views"])
        entries.extend([bytes.fromhex(row) for row in plain["rows"]])
        known = Knowledge(
            entries,
            plain["capacity"],
            ends=dict(plain["ends"]),
            **{name: plain[name] for name in ("moving", "measured", "whole", "spent")},
        )
        for number, seen in plain["cursors"]:
            cursor = Cursor(known.capacity)
            cursor.number = number
            cursor.seen = {segment: frozenset(map(bytes.fromhex, rows)) for segment, rows in seen}
            known.cursors.append(cursor)
        search.memory.known[Collection(scope, generation)] = known


def memory_of(search: Search, memory_bytes: int) -> Memory:
    """Return what the instance of *search* knows: equal for equal knowledge."""
    return {
        "bytes": memory_bytes,
        "collections": {
            (collection.scope, collection.generation): {
                "views": known.entries.view_count,
                "capacity": known.capacity,
                "rows": sorted(_rows(known.entries)),
                "ends": sorted(known.ends.items()),
                "moving": known.moving,
                "measured": known.measured,
                "whole": known.whole,
                "spent": known.spent,
                "cursors": [
                    (
                        cursor.number,
                        sorted(
                            (segment, sorted(entry.hex() for entry in seen)) for segment, seen in cursor.seen.items()
                        ),
                    )
                    for cursor in known.cursors
                ],
            }
            for collection, known in search.memory.known.items()
        },
    }


def _rows(entries: Entries) -> Iterator[str]:
    for block in entries.blocks:
        yield from _rows_of(block)


def _rows_of(block: Block) -> Iterator[str]:
    for row in range(block.rows):
        hashes = b"".join(int(hash).to_bytes(8, "big") for hash in block.hashes[:, row])
        yield (block.ids[row].tobytes() + hashes).hex()
