"""Which journals an instance remembers."""

import pytest

from handler.core.entry import to_entry
from handler.core.found import Lack, Route
from handler.core.model import Collection
from handler.memory import MAX_COLLECTIONS, JournalMemory
from tests.index import COLLECTION, ENTRY_BYTES, PER_PACK, FakeIndex

A, B, C = (Collection(f"{name}/", "phash1") for name in "abc")
COUNT = 10_000  # entries


def remember(memory: JournalMemory, collection: Collection) -> int:
    """Have COUNT entries of *collection* read; return the bytes that they take."""
    entries = memory.of(collection, 1).entries
    entries.extend([to_entry(f"{number:032x}", [number]) for number in range(COUNT)])
    memory.make_room(collection)
    return entries.nbytes


def remembered(memory: JournalMemory) -> set[Collection]:
    return {collection for collection, journal in memory.journals.items() if len(journal.entries)}


@pytest.fixture
def each() -> int:
    """What the entries of one collection take."""
    return remember(JournalMemory(1 << 30, FakeIndex().open), A)


def test_collection_is_opened_once_with_its_views() -> None:
    memory = JournalMemory(0, FakeIndex().open)

    first, again = memory.of(A, 14), memory.of(A, 14)

    assert first is again
    assert first.entries.word_count == 14
    assert memory.of(B, 1) is not first


def test_entries_that_fit_are_kept(each: int) -> None:
    memory = JournalMemory(3 * each, FakeIndex().open)

    for collection in (A, B, C):
        remember(memory, collection)

    assert remembered(memory) == {A, B, C}


@pytest.mark.parametrize(("used_again", "forgotten"), [(None, A), (A, B)])
def test_collection_used_longest_ago_is_forgotten_first(
    each: int, used_again: Collection | None, forgotten: Collection
) -> None:
    memory = JournalMemory(3 * each - 1, FakeIndex().open)
    for collection in (A, B):
        remember(memory, collection)
    if used_again:
        memory.of(used_again, 1)

    remember(memory, C)

    assert remembered(memory) == {A, B, C} - {forgotten}


def test_collection_that_is_too_large_alone_is_forgotten_last(each: int) -> None:
    memory = JournalMemory(each - 1, FakeIndex().open)
    remember(memory, A)

    remember(memory, B)

    assert remembered(memory) == set()


def test_room_is_made_for_what_is_coming(each: int) -> None:
    memory = JournalMemory(3 * each, FakeIndex().open)
    for collection in (A, B):
        remember(memory, collection)
    memory.of(C, 1)

    memory.make_room(C, coming=each)
    fitting = remembered(memory)
    memory.make_room(C, coming=each + 1)

    assert (fitting, remembered(memory)) == ({A, B}, {B})


def test_forgotten_entries_leave_room_for_others(each: int) -> None:
    memory = JournalMemory(2 * each, FakeIndex().open)

    for collection in (A, B, C, A, B, C):
        remember(memory, collection)

    assert remembered(memory) == {B, C}


def test_collections_are_bounded_in_number_as_well(each: int) -> None:
    memory = JournalMemory(2 * each, FakeIndex().open)
    for collection in (A, B):
        remember(memory, collection)
    for number in range(MAX_COLLECTIONS - 2):
        memory.of(Collection(f"{number}/", "phash1"), 1)

    remember(memory, C)

    assert len(memory.journals) == MAX_COLLECTIONS
    assert A not in memory.journals
    assert remembered(memory) == {B, C}  # what went with the first is not counted any more


def test_what_one_upload_asks_takes_no_turns_in_memory() -> None:
    index, lists = FakeIndex(), [Collection("list/", "phash1"), Collection("short/", "phash1")]
    for collection, packs in ((COLLECTION, 100), (lists[0], 90), (lists[1], 2)):
        index.fill(packs * PER_PACK, collection=collection)
    instance = index.instance(memory_bytes=150 * PER_PACK * ENTRY_BYTES)

    found = [instance.find(collection=one, kept=lists) for _ in range(3) for one in (*lists, COLLECTION)]

    loaded, warm, probed = Route.LOADED, Route.WARM, Route.PROBED
    assert [one.route for one in found] == [loaded, loaded, probed, warm, warm, probed, warm, warm, probed]
    have = "the journal takes 1 MB, JournalMemory (of MemorySize) is 1 MB, of which lists take 1 MB"
    assert found[2].lacks == {Lack.MEMORY: have}


def test_lists_stay_where_their_scope_outgrows_what_is_left() -> None:
    index, listed = FakeIndex(), Collection("list/", "phash1")
    for collection, packs in ((COLLECTION, 60), (listed, 60)):
        index.fill(packs * PER_PACK, collection=collection)
    instance = index.instance(memory_bytes=200 * PER_PACK * ENTRY_BYTES)
    for collection in (listed, COLLECTION):
        instance.find(collection=collection, kept=[listed])
    index.fill(100 * PER_PACK)

    grown = instance.find(kept=[listed])

    assert grown.route is Route.WARM
    assert [len(instance.memory.journals[one].entries) for one in (listed, COLLECTION)] == [60 * PER_PACK, 0]
