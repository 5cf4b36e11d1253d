"""Function instances: what each remembers from one delivery to the next, as plain values.

A delivery begins on an instance that is idle, or on a new one, and leaves it idle; a crash ends it. An instance of
the template's default memory loads the journal and stays warm, one without memory for it probes the buckets: both are
tried wherever a new one may begin, so warm, loading and probing deliveries mix. An idle instance may never be used
again, which is all that its loss comes to.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from handler.core.entry import entry_bytes
from handler.core.generations import GENERATIONS
from handler.core.journal import Backlog
from handler.core.model import Collection
from handler.entries import Block, Entries, room_for
from handler.journal import CollectionJournal, Cursor
from handler.memory import JournalMemory

Memory = dict[str, Any]  # {"bytes": its limit, "collections": {(scope, generation): its journal as plain values}}

LARGE, NONE = 1 << 20, 0
SECOND = 2 * room_for(1) * entry_bytes(GENERATIONS["look1"].word_count)  # half of it is taken by the second entry
FLAGS = ("contended", "marked", "measured", "whole")


class Instances(StrEnum):
    """Which instances a check has."""

    LOADING = "new ones that load"
    PROBING = "new ones that probe"
    MIXED = "warm ones, new ones that load, new ones that probe"
    HURRIED = "new ones that load, new ones that have no time to"


def fresh(memory_bytes: int) -> Memory:
    """Return the memory of a new instance."""
    return {"bytes": memory_bytes, "collections": {}}


def remember(memory: JournalMemory, plain: Memory) -> None:
    """Give *memory* what its instance knew."""
    for (scope, generation), known in plain["collections"].items():
        journal = memory.of(Collection(scope, generation), known["word_count"])
        journal.entries.extend([bytes.fromhex(row) for row in known["rows"]])
        journal.ends = dict(known["ends"])
        journal.backlog.known = known["backlog"] and Backlog(*known["backlog"])
        for name in FLAGS:
            setattr(journal, name, known[name])
        for number, seen in known["cursors"]:
            cursor = Cursor(journal.capacity)
            cursor.number = number
            cursor.seen = {segment: frozenset(map(bytes.fromhex, rows)) for segment, rows in seen}
            journal.cursors.append(cursor)


def memory_of(memory: JournalMemory) -> Memory:
    """Return what an instance knows: equal for equal knowledge."""
    return {
        "bytes": memory.limit_bytes,
        "collections": {
            (collection.scope, collection.generation): _plain(journal)
            for collection, journal in memory.journals.items()
        },
    }


def _plain(journal: CollectionJournal) -> dict[str, Any]:
    return {
        "word_count": journal.entries.word_count,
        "rows": sorted(_rows(journal.entries)),
        "ends": sorted(journal.ends.items()),
        "backlog": journal.backlog.known and tuple(journal.backlog.known),
        **{name: getattr(journal, name) for name in FLAGS},
        "cursors": [
            (
                cursor.number,
                sorted((segment, sorted(entry.hex() for entry in seen)) for segment, seen in cursor.seen.items()),
            )
            for cursor in journal.cursors
        ],
    }


def _rows(entries: Entries) -> Iterator[str]:
    for block in entries.blocks:
        yield from _rows_of(block)


def _rows_of(block: Block) -> Iterator[str]:
    for row in range(block.rows):
        words = b"".join(int(word).to_bytes(8, "big") for word in block.words[:, row])
        yield (block.ids[row].tobytes() + words).hex()
