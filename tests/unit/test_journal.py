"""A collection's journal: the cursor of its reader, appending, reading on, and packs."""

import random
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.core.entry import Question, entry_bytes, to_entry
from handler.core.journal import Appended, BrokenJournal, PacksUnavailable, Segment, Shape, Span
from handler.core.model import Collection
from handler.entries import Block
from handler.journal import CollectionJournal, Cursor
from tests.fakes import InMemoryJournal, InMemoryPacks
from tests.index import COLLECTION, PER_PACK, PER_SEGMENT, SHAPE, FakeIndex

FULL = 3


def segment(number: int, *entries: int) -> Segment:
    return Segment(number, frozenset(bytes([number, entry]) for entry in entries))


def test_cursor_stops_at_the_first_segment_with_room() -> None:
    cursor = Cursor(FULL)

    assert len(cursor.take([segment(0, 1, 2, 3), segment(1, 1)])) == 4
    assert cursor.number == 1
    assert cursor.take([segment(1, 1, 2)]) == [bytes([1, 2])]
    assert cursor.take([segment(1, 1, 2)]) == []
    assert cursor.number == 1


def test_cursor_waits_for_a_segment_that_was_read_too_early() -> None:
    cursor = Cursor(FULL)

    cursor.take([segment(0, 1), segment(1, 1, 2, 3), segment(2, 1)])
    waited_at = cursor.number
    new = cursor.take([segment(0, 1, 2, 3), segment(1, 1, 2, 3), segment(2, 1)])

    assert (waited_at, cursor.number) == (0, 2)
    assert sorted(new) == [bytes([0, 2]), bytes([0, 3])]


def test_cursor_that_jumps_remembers_what_it_has_seen_behind() -> None:
    cursor = Cursor(FULL)
    cursor.take([segment(0, 1), segment(1, 1, 2, 3), segment(2, 1)])

    cursor.jump(2)

    assert cursor.take([segment(2, 1, 2)]) == [bytes([2, 2])]


@given(st.integers(0, 2**32))
def test_reader_that_never_sees_one_moment_sees_every_entry_once(seed: int) -> None:
    """Segments fill in order; each is read at a moment of its own, from the cursor on."""
    rng = random.Random(seed)
    journal: list[list[bytes]] = [[]]
    cursor, taken = Cursor(FULL), list[bytes]()

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
        taken += cursor.take(read)
    taken += cursor.take(Segment(number, frozenset(journal[number])) for number in range(cursor.number, len(journal)))

    assert sorted(taken) == sorted(entry for entries in journal for entry in entries)


@pytest.mark.parametrize("views", [1, 9])
@pytest.mark.parametrize("scope", ["*", "shop-1234/", "x" * 900 + "/"])
def test_full_segment_is_one_write_unit(views: int, scope: str) -> None:
    collection = Collection(scope, "phash1")
    entries = Shape().capacity(collection, entry_bytes(views))

    keys = len("pk") + len(f"{collection}#j15".encode()) + len("sk") + 8 + len("entries")
    assert entries >= 1
    if len(scope) < 800:
        assert keys + entries * (entry_bytes(views) + 1) <= 1024


@pytest.fixture
def index() -> FakeIndex:
    return FakeIndex()


def entry(number: int) -> bytes:
    return to_entry(f"{number:032x}", [number])


def append(journal: CollectionJournal, *numbers: int) -> list[str | None]:
    """Append an entry for each number; return what each call has to say."""
    return [journal.append(entry(number)).unpacked for number in numbers]


def read(journal: CollectionJournal) -> set[int]:
    """The numbers of the entries that were read."""
    rows = journal.entries.scan([Question(0)], 64).rows
    return {int(object_id, 16) for object_id in journal.entries.object_ids(rows)}


def span(number: int, size: int = SHAPE.pack_sizes[0]) -> Span:
    """The pack of *size* segments of that number."""
    return Span(0, number * size, size)


def load(journal: CollectionJournal) -> int:
    journal.measure()
    return journal.load(lambda: True).packs


def test_whoever_completes_a_pack_makes_it_and_others_load_it(index: FakeIndex) -> None:
    append(index.open(), *range(2 * PER_PACK + 1))
    reader = index.open()

    packs = load(reader)

    assert sorted(index.packs.packs) == [(COLLECTION, span(0)), (COLLECTION, span(1))]
    assert (packs, reader.whole, read(reader)) == (2, True, set(range(2 * PER_PACK + 1)))


def test_pack_is_the_rows_of_its_segments_in_order(index: FakeIndex) -> None:
    numbers = list(range(PER_PACK))
    random.Random(1).shuffle(numbers)
    append(index.open(), *numbers)

    block = Block.unpack(index.packs.packs[COLLECTION, span(0)])

    packed = [int(row.tobytes().hex(), 16) for row in block.ids]
    for number in range(SHAPE.pack_sizes[0]):
        rows = slice(number * PER_SEGMENT, (number + 1) * PER_SEGMENT)
        assert packed[rows] == sorted(numbers[rows])


def test_missing_pack_is_made_in_the_same_bytes_by_its_reader(index: FakeIndex) -> None:
    append(index.open(), *range(2 * PER_PACK + 1))
    made = dict(index.packs.packs)
    del index.packs.packs[COLLECTION, span(0)]

    load(reader := index.open())

    assert read(reader) == set(range(2 * PER_PACK + 1))
    assert index.packs.packs == made


@pytest.mark.parametrize("spoilt", [b"", b"no pack", b"lkpack/1" + bytes(8)])
def test_pack_that_cannot_be_read_is_made_again(index: FakeIndex, spoilt: bytes) -> None:
    append(index.open(), *range(2 * PER_PACK + 1))
    made = dict(index.packs.packs)
    index.packs.packs[COLLECTION, span(1)] = spoilt

    load(reader := index.open())

    assert read(reader) == set(range(2 * PER_PACK + 1))
    assert index.packs.packs == made


def test_pack_of_segments_with_room_is_never_made(index: FakeIndex) -> None:
    append(index.open(), *range(2 * PER_PACK + 1))
    index.packs.packs.clear()
    index.journal.lose_an_entry(COLLECTION, segment=2)

    with pytest.raises(BrokenJournal) as caught:
        load(index.open())

    assert str(caught.value) == f"segments from 0 of shard 0 of {COLLECTION}: {PER_PACK - 1} entries, want {PER_PACK}"
    assert (COLLECTION, span(0)) not in index.packs.packs


class Denied(InMemoryPacks):
    """Takes no pack of the one collection."""

    def put(self, collection: Collection, span: Span, pack: bytes) -> None:
        if collection == COLLECTION:
            raise PacksUnavailable("denied")
        super().put(collection, span, pack)


def test_trouble_with_a_pack_is_reported_by_the_append_that_met_it(index: FakeIndex) -> None:
    index.packs = Denied()
    journal, other = index.open(), index.open(Collection("other/", "phash1"))

    *before, met = append(journal, *range(PER_PACK))
    others, after = append(other, *range(PER_PACK)), append(journal, PER_PACK, PER_PACK + 1)

    assert met == "denied"
    assert {*before, *others, *after} == {None}
    assert set(index.packs.packs) == {(Collection("other/", "phash1"), span(0))}


def test_reader_that_knows_the_journal_reads_its_tail_only(index: FakeIndex) -> None:
    append(index.open(), *range(PER_PACK + 1))
    load(reader := index.open())
    index.packs.packs.clear()
    append(index.open(), PER_PACK + 1)

    assert reader.catch_up()
    assert read(reader) == set(range(PER_PACK + 2))
    assert index.packs.packs == {}


def test_reader_that_fell_far_behind_continues_with_packs() -> None:
    index = FakeIndex(page_segments=2)
    append(index.open(), *range(PER_SEGMENT + 1))
    load(reader := index.open())
    append(index.open(), *range(PER_SEGMENT + 1, 3 * PER_PACK + 1))

    caught_up = reader.catch_up()
    packs = load(reader)

    assert (caught_up, packs, reader.whole) == (False, 3, True)
    assert read(reader) == set(range(3 * PER_PACK + 1))
    assert len(reader.entries) == 3 * PER_PACK + 1  # none twice, though the first pack was read in part


def test_loading_without_time_keeps_what_it_has_read(index: FakeIndex) -> None:
    append(index.open(), *range(40 * PER_PACK + 1))
    reader = index.open()
    reader.measure()

    first, whole, held = reader.load(lambda: False).packs, reader.whole, len(reader.entries)
    rest = reader.load(lambda: True).packs

    assert (whole, held) == (False, first * PER_PACK)
    assert (first + rest, reader.whole, len(reader.entries)) == (40, True, 40 * PER_PACK + 1)


def test_forgotten_journal_is_read_from_its_beginning(index: FakeIndex) -> None:
    append(index.open(), *range(PER_PACK + 1))
    load(reader := index.open())

    reader.forget()

    assert (len(reader.entries), reader.whole, reader.catch_up()) == (0, False, False)
    assert load(reader) == 1
    assert read(reader) == set(range(PER_PACK + 1))


def test_what_others_appended_to_a_forgotten_journal_is_read_by_packs(index: FakeIndex) -> None:
    append(others := index.open(), *range(PER_PACK + 1))
    load(reader := index.open())
    reader.forget()
    append(others, *range(PER_PACK + 1, 5 * PER_PACK + 1))

    assert load(reader) == 5


def test_contended_writer_asks_for_the_end_first(index: FakeIndex) -> None:
    journal, asked = index.journal, list[bool]()

    class Watched(InMemoryJournal):
        def append(
            self, collection: Collection, entry: bytes, ends: Mapping[int, int], *, ask: bool, marked: bool = False
        ) -> Appended:
            asked.append(ask)
            return journal.append(collection, entry, ends, ask=ask, marked=marked)

    others = index.open()
    index.journal = Watched()
    busy = index.open()
    append(busy, 0)
    for n in (1, 2, 3):
        append(others, *range(1000 * n, 1000 * n + PER_SEGMENT + 1))
        append(busy, n)
    append(busy, 4, 5)

    assert asked == [False, False, True, True, True, False]


# --- packs of packs ---

LEVELS = Shape(segment_bytes=SHAPE.segment_bytes, pack_sizes=(2, 4, 16))


@given(st.integers(0, 70), st.integers(0, 70))
def test_packs_that_are_read_hold_every_full_segment_but_a_short_rest(first: int, stop: int) -> None:
    spans = LEVELS.spans(0, first, stop)

    held = [segment for span in spans for segment in range(span.first, span.stop)]
    assert held == list(range(first - first % 2, max(stop - stop % 2, first - first % 2)))
    assert all(span.first % span.size == 0 for span in spans)
    assert len(spans) <= (stop - first) / 16 + 2 * (1 + 3) + 1


def test_ten_million_pictures_are_read_by_few_requests() -> None:
    segments = 10_000_000 // Shape().capacity(COLLECTION, entry_bytes(28))  # as many words as look1 has

    spans = Shape().spans(0, 0, segments)

    assert len(spans) <= 320
    assert segments - spans[-1].stop < 128  # 32 read units


@pytest.fixture
def levels() -> FakeIndex:
    return FakeIndex(shape=LEVELS)


def test_whoever_fills_the_last_segment_makes_every_pack_that_ends_there(levels: FakeIndex) -> None:
    append(levels.open(), *range(16 * PER_SEGMENT))

    assert sorted(span for _, span in levels.packs.packs) == sorted(
        Span(0, first, size) for size in LEVELS.pack_sizes for first in range(0, 16, size)
    )


def test_pack_has_the_same_bytes_as_if_there_were_no_smaller_ones(levels: FakeIndex, index: FakeIndex) -> None:
    numbers = list(range(16 * PER_SEGMENT))
    random.Random(1).shuffle(numbers)
    append(levels.open(), *numbers)
    append(index.open(), *numbers)  # packs of four segments alone

    assert {span: levels.packs.packs[COLLECTION, span] for _, span in index.packs.packs} == {
        span: pack for (_, span), pack in index.packs.packs.items()
    }


@pytest.mark.parametrize("kept", [(), (2,), (4,), (2, 4), (16,)])
def test_missing_packs_are_made_of_those_that_are_there(levels: FakeIndex, kept: tuple[int, ...]) -> None:
    append(levels.open(), *range(23 * PER_SEGMENT))
    made = dict(levels.packs.packs)
    levels.packs.packs = {key: pack for key, pack in made.items() if key[1].size in kept}
    left = set(levels.packs.packs)

    load(reader := levels.open())

    assert read(reader) == set(range(23 * PER_SEGMENT))
    assert len(reader.entries) == 23 * PER_SEGMENT
    needed = {(COLLECTION, span) for span in LEVELS.spans(0, 0, 22)}
    assert needed <= set(levels.packs.packs) <= set(made)
    assert all(levels.packs.packs[key] == made[key] for key in needed | left)


def test_merging_takes_no_segments_where_packs_are_there(levels: FakeIndex) -> None:
    writer = levels.open()
    append(writer, *range(16 * PER_SEGMENT - 1))
    levels.journal.lose_an_entry(COLLECTION, segment=3)  # so whoever read it would notice

    append(writer, 16 * PER_SEGMENT)

    assert (COLLECTION, Span(0, 0, 16)) in levels.packs.packs


# --- what the answer to an append tells ---


def learned(journal: CollectionJournal, number: int) -> bool:
    """Append an entry; whether that told of all that was there before."""
    return journal.learn(journal.append(entry(number)).appended)


def test_answers_tell_whoever_appends_right_behind_what_it_knows(index: FakeIndex) -> None:
    alone = index.open()
    load(alone)

    assert all(learned(alone, number) for number in range(3 * PER_SEGMENT + 1))
    assert read(alone) == set(range(3 * PER_SEGMENT + 1))


@pytest.mark.parametrize("between", [1, PER_SEGMENT])
def test_answer_tells_of_others_in_the_segments_that_were_tried(index: FakeIndex, between: int) -> None:
    reader, others = index.open(), index.open()
    load(reader)
    append(reader, 0)
    append(others, *range(1, between + 1))

    told = learned(reader, 1000)

    assert (told, read(reader)) == (True, {*range(between + 1), 1000})


def test_answer_does_not_tell_of_what_is_between(index: FakeIndex) -> None:
    reader, others = index.open(), index.open()
    load(reader)
    append(others, *range(3 * PER_SEGMENT))
    index.open()  # and this one asks for the end, so it tries the last segment alone
    reader.contended = True

    assert not learned(reader, 1000)
    assert reader.catch_up()
    assert read(reader) == {*range(3 * PER_SEGMENT), 1000}


def test_answer_tells_nothing_to_whoever_has_not_loaded(index: FakeIndex) -> None:
    append(index.open(), 1)

    assert not learned(index.open(), 2)


def test_answer_about_an_entry_that_was_there_is_not_trusted(index: FakeIndex) -> None:
    """Its segment may be full, with others behind it."""
    reader, others = index.open(), index.open()
    load(reader)
    append(reader, *range(PER_SEGMENT - 1))
    append(others, PER_SEGMENT - 1, PER_SEGMENT)

    assert not learned(reader, 0)


def test_answers_of_a_marked_journal_are_not_trusted(index: FakeIndex) -> None:
    reader = index.open()
    load(reader)
    before = learned(reader, 0)
    index.journal.mark(COLLECTION, entry_bytes(1))

    after = [learned(reader, number) for number in range(1, 2 * PER_SEGMENT)]

    assert (before, any(after), reader.marked) == (True, False, True)


def test_further_shards_mark_the_first_one() -> None:
    index = FakeIndex()
    reader = index.open()
    load(reader)
    assert learned(reader, 0)
    index.journal = index.journal.with_shards(2)
    index.open().append(to_entry("01" * 16, [1]))

    assert not learned(reader, 1)
    assert reader.catch_up()
    assert len(reader.entries) == 3


class Told(InMemoryJournal):
    """Notes what whoever appends says of the segments before."""

    def __init__(self) -> None:
        super().__init__(shape=SHAPE)
        self.said: list[bool] = []

    def append(
        self, collection: Collection, entry: bytes, ends: Mapping[int, int], *, ask: bool, marked: bool = False
    ) -> Appended:
        self.said.append(marked)
        return super().append(collection, entry, ends, ask=ask, marked=marked)


def test_writer_that_was_told_of_a_mark_passes_it_on() -> None:
    index, journal = FakeIndex(), Told()
    index.journal = journal
    writer = index.open()
    journal.mark(COLLECTION, entry_bytes(1))

    for number in range(2):
        writer.append(to_entry(f"{number:032x}", [number]))

    assert journal.said == [False, True]


def test_reader_of_a_marked_segment_passes_it_on() -> None:
    index, journal = FakeIndex(), Told()
    index.journal = journal
    reader, other = index.open(), index.open()
    reader.append(to_entry("99".zfill(32), [99]))
    reader.measure()
    reader.load(lambda: True)
    journal.mark(COLLECTION, entry_bytes(1))
    for number in range(PER_SEGMENT - 1):
        other.append(to_entry(f"{number:032x}", [number]))

    assert reader.catch_up()
    reader.append(to_entry("98".zfill(32), [98]))

    assert journal.said[-1]
