import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from handler.core.entry import entry_bytes, to_entry
from handler.core.journal import Segment, Span
from handler.core.model import Collection
from handler.journal import Cursor, Journal
from handler.packed import Packs
from tests.contract.conftest import SHAPE

Journals = Callable[[int], Journal]


def entry(number: int, *, shard: int = 0) -> bytes:
    """Return an entry that goes to *shard* where there are two."""
    return to_entry(f"{shard:02x}" + f"{number:030x}", [number])


def full(collection: Collection) -> int:
    return SHAPE.capacity(collection, entry_bytes(1))


def read(journal: Journal, collection: Collection, cursors: list[Cursor]) -> list[bytes]:
    """Read on with a reader's cursors, to the end; return what is new to it."""
    new: list[bytes] = []
    while True:
        tail = journal.tail(collection, [cursor.number for cursor in cursors] or [0])
        cursors += [Cursor(full(collection)) for _ in range(len(tail.shards) - len(cursors))]
        new += [entry for cursor, segments in zip(cursors, tail.shards, strict=True) for entry in cursor.take(segments)]
        if tail.complete:
            return new


def test_reader_sees_each_entry_once_and_reads_what_may_be_new(journal: Journals, collection: Collection) -> None:
    writer, cursors = journal(1), list[Cursor]()
    reads = []
    for number in range(4 * full(collection) + 1):
        writer.append(collection, entry(number), {}, ask=True)
        reads.append(read(writer, collection, cursors))

    assert reads == [[entry(number)] for number in range(4 * full(collection) + 1)]
    assert cursors[0].number == 4
    assert [segment.number for segment in writer.tail(collection, [4]).shards[0]] == [4]


def test_segments_fill_in_order_and_a_complete_pack_is_reported(journal: Journals, collection: Collection) -> None:
    writer, count = journal(1), full(collection) * SHAPE.pack_sizes[0] + 1

    appended = [writer.append(collection, entry(number), {}, ask=True) for number in range(count)]

    assert [one.segment for one in appended] == [number // full(collection) for number in range(count)]
    assert [number for number, one in enumerate(appended) if one.completes_pack] == [count - 2]
    assert writer.ends(collection) == [SHAPE.pack_sizes[0]]


def test_stale_end_finds_the_segment_with_room(journal: Journals, collection: Collection) -> None:
    writer = journal(1)
    for number in range(7 * full(collection)):
        writer.append(collection, entry(number), {}, ask=True)

    behind = writer.append(collection, entry(1000), {0: 1}, ask=False)
    asking = writer.append(collection, entry(1001), {0: 1}, ask=True)

    assert behind.segment == asking.segment == 7
    assert behind.refused >= 1
    assert asking.refused == 0


def test_entry_may_be_appended_again(journal: Journals, collection: Collection) -> None:
    writer = journal(1)
    for number in range(full(collection)):
        writer.append(collection, entry(number), {}, ask=True)

    again = writer.append(collection, entry(0), {0: 0}, ask=False)

    assert (again.segment, again.refused) == (0, 0)


def test_answer_has_the_segments_that_were_tried(journal: Journals, collection: Collection) -> None:
    writer, most = journal(1), full(collection)
    alone = [writer.append(collection, entry(number), {}, ask=True) for number in range(most)]

    behind = writer.append(collection, entry(most), {0: 0}, ask=False)
    again = writer.append(collection, entry(0), {0: 0}, ask=False)

    assert [one.seen for one in alone] == [[Segment(0, frozenset(map(entry, range(n + 1))))] for n in range(most)]
    assert behind.seen == [Segment(0, frozenset(map(entry, range(most)))), Segment(1, frozenset([entry(most)]))]
    assert [one.again for one in (*alone, behind, again)] == [False] * (most + 1) + [True]
    assert again.seen == behind.seen[:1]


@pytest.mark.parametrize("before", [0, 1, 3, 4])
def test_every_append_after_a_mark_is_told_of_it(journal: Journals, collection: Collection, before: int) -> None:
    writer, known = journal(1), {0: before // full(collection)}
    unmarked = [writer.append(collection, entry(number), {}, ask=True).marked for number in range(before)]

    for _ in range(2):
        writer.mark(collection, entry_bytes(1))
    count = range(before, before + 3 * full(collection))
    asking = [writer.append(collection, entry(number), {}, ask=number % 2 == 0).marked for number in count]
    trying = journal(1).append(collection, entry(1000), known, ask=False)

    assert (any(unmarked), set(asking), trying.marked) == (False, {True}, True)
    (segments,) = writer.tail(collection, [known[0]]).shards
    assert all(segment.marked for segment in segments if segment.number > known[0])
    assert writer.ends(collection) == [trying.segment]


def test_entry_of_another_shard_is_more_than_its_answer_tells(journal: Journals, collection: Collection) -> None:
    writer = journal(2)
    first = writer.append(collection, entry(1), {}, ask=True)

    second = writer.append(collection, entry(2, shard=1), {0: 0}, ask=False)
    third = journal(1).append(collection, entry(3), {0: 0}, ask=False)

    assert [one.marked for one in (first, second, third)] == [False, True, True]


def test_reader_who_knows_of_one_shard_finds_what_is_in_the_second(journal: Journals, collection: Collection) -> None:
    old, new = journal(1), journal(2)
    old.append(collection, entry(1), {}, ask=False)
    cursors: list[Cursor] = []
    assert read(old, collection, cursors) == [entry(1)]

    new.append(collection, entry(2, shard=1), {0: 0}, ask=False)

    assert read(old, collection, cursors) == [entry(2, shard=1)]
    assert len(cursors) == 2
    assert old.ends(collection) == [0, 0]
    new.append(collection, entry(3, shard=1), {0: 0, 1: 0}, ask=False)
    old.append(collection, entry(4), {0: 0}, ask=False)
    assert sorted(read(old, collection, cursors)) == sorted([entry(3, shard=1), entry(4)])


def test_collection_without_entries_has_an_end(journal: Journals, collection: Collection) -> None:
    reader = journal(1)

    assert reader.ends(collection) == [0]
    assert reader.tail(collection, [0]).shards == [[]]
    assert reader.segments(collection, 0, 0, 4) == []


def test_collections_do_not_see_each_other(journal: Journals, collection: Collection) -> None:
    writer = journal(1)
    writer.append(collection, entry(1), {}, ask=False)

    assert read(writer, Collection(collection.scope, "other"), []) == []
    assert read(writer, Collection(collection.scope + "x/", collection.generation), []) == []


def test_range_of_segments_is_read(journal: Journals, collection: Collection) -> None:
    writer = journal(1)
    for number in range(5 * full(collection)):
        writer.append(collection, entry(number), {}, ask=True)

    assert [segment.number for segment in writer.segments(collection, 0, 1, 3)] == [1, 2, 3]
    assert sum(len(segment.entries) for segment in writer.segments(collection, 0, 1, 3)) == 3 * full(collection)


@pytest.mark.parametrize("shards", [1, 2])
def test_writers_at_the_same_moment_leave_no_gap_and_lose_nothing(
    journal: Journals, collection: Collection, shards: int
) -> None:
    entries = [entry(number, shard=number % 2) for number in range(6 * full(collection))]
    random.Random(1).shuffle(entries)
    writers = [journal(shards) for _ in range(6)]

    def write(numbered: tuple[int, bytes]) -> int:
        number, one = numbered
        return writers[number % 6].append(collection, one, {}, ask=number % 3 == 0).refused

    with ThreadPoolExecutor(6) as executor:
        list(executor.map(write, enumerate(entries)))

    cursors: list[Cursor] = []
    assert sorted(read(writers[0], collection, cursors)) == sorted(entries)
    for shard, cursor in enumerate(cursors):
        sizes = [len(segment.entries) for segment in writers[0].segments(collection, shard, 0, 100)]
        assert sizes[:-1] == [full(collection)] * (len(sizes) - 1)
        assert cursor.number >= len(sizes) - 1


def test_packs_are_kept_by_collection_shard_size_and_number(packs: Packs, collection: Collection) -> None:
    span = Span(0, 7 * 1024, 1024)
    others = {Span(1, 7 * 1024, 1024): b"of another shard", Span(0, 7 * 128, 128): b"small", Span(0, 0, 8192): b"large"}
    for _ in range(2):
        for where, pack in {span: b"seven", **others}.items():
            packs.put(collection, where, pack)

    assert packs.get(collection, span) == b"seven"
    assert {where: packs.get(collection, where) for where in others} == others
    assert packs.get(collection, Span(0, 8 * 1024, 1024)) is None
    assert packs.get(Collection(collection.scope + "x/", collection.generation), span) is None
