"""How many packs a journal has by calculation, held to the code that reads and makes them."""

import pytest

from handler.core.entry import entry_bytes, to_entry
from handler.core.journal import Segment, Shape, Span
from handler.core.model import Collection
from handler.core.packing import Load, Making, kept_in_packs
from tests.fakes import InMemoryJournal, InMemoryPacks
from tests.index import COLLECTION, FakeIndex

SHAPE = Shape(segment_bytes=180, pack_sizes=(4, 8, 32))
PER_SEGMENT = SHAPE.capacity(COLLECTION, entry_bytes(1))
IN_PACKS = 2 * SHAPE.pack_sizes[-1]  # segments
ENTRIES = (IN_PACKS + 3) * PER_SEGMENT + 1


class CountingPacks(InMemoryPacks):
    """Counts how often packs are read and written."""

    def __init__(self) -> None:
        super().__init__()
        self.gets = self.puts = 0

    def get(self, collection: Collection, span: Span) -> bytes | None:
        self.gets += 1
        return super().get(collection, span)

    def put(self, collection: Collection, span: Span, pack: bytes) -> None:
        self.puts += 1
        super().put(collection, span, pack)


class CountingJournal(InMemoryJournal):
    """Counts the segments that packs are made of."""

    def __init__(self) -> None:
        super().__init__(shape=SHAPE)
        self.read = 0

    def segments(self, collection: Collection, shard: int, first: int, count: int) -> list[Segment]:
        found = super().segments(collection, shard, first, count)
        self.read += len(found)
        return found


@pytest.fixture
def filled() -> tuple[FakeIndex, CountingPacks, CountingJournal]:
    """Two packs of the largest size, three segments, and one that has room."""
    packs, journal = CountingPacks(), CountingJournal()
    index = FakeIndex(shape=SHAPE, packs=packs)
    index.journal = journal
    writer = index.open()
    for number in range(ENTRIES):
        writer.append(to_entry(f"{number:032x}", [number]))
    return index, packs, journal


def test_making_takes_what_the_writers_took(filled: tuple[FakeIndex, CountingPacks, CountingJournal]) -> None:
    _, packs, journal = filled

    making = Making.of(SHAPE)

    assert packs.puts == pytest.approx(IN_PACKS * making.puts)
    assert packs.gets == pytest.approx(IN_PACKS * making.gets)
    assert journal.read * SHAPE.segment_bytes / 4096 == pytest.approx(IN_PACKS * making.units)


@pytest.mark.parametrize("fewer", [0, PER_SEGMENT * 4, PER_SEGMENT * 20, PER_SEGMENT * 60])
def test_new_instance_gets_as_many_packs_as_that(fewer: int) -> None:
    index = FakeIndex(shape=SHAPE, packs=(packs := CountingPacks()))
    writer, entries = index.open(), ENTRIES - fewer
    for number in range(entries):
        writer.append(to_entry(f"{number:032x}", [number]))
    packs.gets = 0
    reader = index.open()

    reader.measure()
    reader.load(lambda: True)

    assert packs.gets == Load.of(entries, SHAPE, PER_SEGMENT).gets
    assert len(reader.entries) == entries


def test_what_is_in_no_pack_yet_costs_a_unit_at_least_and_less_than_a_pack() -> None:
    capacity = 4
    loads = [Load.of(entries, Shape(), capacity) for entries in range(3 * 128 * capacity)]

    assert {min(one.units for one in loads), max(one.units for one in loads)} == {1, loads[0].most_units}
    assert loads[0].most_units == 32


def test_packs_keep_each_entry_once_for_every_size_that_has_it(
    filled: tuple[FakeIndex, CountingPacks, CountingJournal],
) -> None:
    _, packs, _ = filled

    kept = sum(span.size * PER_SEGMENT for _, span in packs.packs)

    assert kept == kept_in_packs(ENTRIES, SHAPE, PER_SEGMENT)
