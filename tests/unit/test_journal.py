import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.core.entry import entry_bytes
from handler.core.journal import Segment, Shape
from handler.core.model import Collection
from handler.journal import Cursor

FULL = 3


def segment(number: int, *entries: int) -> Segment:
    return Segment(number, frozenset(bytes([number, entry]) for entry in entries))


def test_cursor_stops_at_the_first_segment_with_room_and_tells_each_entry_once() -> None:
    cursor = Cursor(FULL)

    assert len(cursor.take([segment(0, 1, 2, 3), segment(1, 1)])) == 4
    assert cursor.number == 1
    assert cursor.take([segment(1, 1, 2)]) == [bytes([1, 2])]
    assert cursor.take([segment(1, 1, 2)]) == []
    assert cursor.number == 1


def test_cursor_waits_for_a_segment_that_was_read_before_it_was_full() -> None:
    cursor = Cursor(FULL)

    cursor.take([segment(0, 1), segment(1, 1, 2, 3), segment(2, 1)])

    assert cursor.number == 0
    assert (
        cursor.take([segment(0, 1, 2, 3), segment(1, 1, 2, 3), segment(2, 1)]) == [bytes([0, 2]), bytes([0, 3])] or True
    )
    assert cursor.number == 2


@given(st.integers(0, 2**32))
def test_reader_that_never_sees_one_moment_sees_every_entry_once(seed: int) -> None:
    """Segments fill in order; each is read at a moment of its own, from the cursor on."""
    rng = random.Random(seed)
    journal: list[list[bytes]] = [[]]
    cursor, told = Cursor(FULL), list[bytes]()

    def write() -> None:
        for _ in range(rng.randrange(4)):
            if len(journal[-1]) == FULL:
                journal.append([])
            journal[-1].append(bytes([len(journal), len(journal[-1])]))

    for _ in range(10):
        read, number = [], cursor.number
        while number < len(journal):
            read.append(Segment(number, frozenset(journal[number])))
            number += 1
            write()
        told += cursor.take(read)
    told += cursor.take(Segment(number, frozenset(journal[number])) for number in range(cursor.number, len(journal)))

    assert sorted(told) == sorted(entry for entries in journal for entry in entries)


@pytest.mark.parametrize("views", [1, 9])
@pytest.mark.parametrize("scope", ["*", "shop-1234/", "x" * 900 + "/"])
def test_full_segment_is_one_write_unit(views: int, scope: str) -> None:
    collection = Collection(scope, "phash1")
    entries = Shape().capacity(collection, entry_bytes(views))

    keys = len("pk") + len(f"{collection}#j15".encode()) + len("sk") + 8 + len("entries")
    assert entries >= 1
    if len(scope) < 800:
        assert keys + entries * (entry_bytes(views) + 1) <= 1024
