"""Where a search gets its answer, and that every way gives the same."""

import itertools
import random
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handler.core.entry import Question, to_entry
from handler.core.fingerprint import fingerprint
from handler.core.found import Candidate, Found, Lack, Route
from handler.core.generations import GENERATIONS
from handler.core.journal import PacksUnavailable, Span, Tail
from handler.core.model import Collection, Limits
from handler.core.phash import hamming
from handler.entries import Scan
from tests.fakes import InMemoryJournal, InMemoryPacks
from tests.index import COLLECTION, ENTRY_BYTES, PER_PACK, RADIUS, SHAPE, FakeIndex, Instance
from tests.pictures import jpeg, near_copy, photo


def ids(found: Found) -> set[str]:
    return {candidate.object_id for candidate in found.candidates}


@pytest.fixture
def index() -> FakeIndex:
    return FakeIndex()


def begin(instance: Instance) -> Scan | None:
    return instance.search.begin(COLLECTION, [Question(0)], RADIUS, word_count=1)


def go_on(instance: Instance, begun: Scan | None) -> Found:
    return instance.search.find(COLLECTION, [Question(0)], RADIUS, word_count=1, begun=begun)


REAL = [
    fingerprint(jpeg(image), "phash1", Limits()).hash
    for scene in range(6)
    for image in (photo(scene, (64, 64)), near_copy(photo(scene, (64, 64))))
]


def hashes_near(rng: random.Random, centres: Sequence[int]) -> Iterator[int]:
    """Yield random, near and real hashes, for ever."""
    while True:
        kind = rng.randrange(3)
        flips = sum(1 << bit for bit in rng.sample(range(64), rng.randrange(18)))
        yield (rng.getrandbits(64), rng.choice(centres) ^ flips, rng.choice(REAL))[kind]


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 2**32),
    radius=st.integers(0, 15),
    generations=st.integers(1, len(GENERATIONS)),
    scopes=st.integers(1, 5),
    views=st.integers(1, 9),
    count=st.integers(0, 80),
)
def test_journal_search_equals_bucket_search_equals_brute_force(
    seed: int, radius: int, generations: int, scopes: int, views: int, count: int
) -> None:
    rng = random.Random(seed)
    index = FakeIndex(page_segments=rng.choice([1, 3, 1000]), shards=rng.choice([1, 1, 3]))
    collections = [
        Collection(f"{scope}/", generation) for scope in range(scopes) for generation in [*GENERATIONS][:generations]
    ]
    warm, prober = index.instance(), index.instance(memory_bytes=0)
    hashes = hashes_near(rng, [rng.getrandbits(64) for _ in range(3)])
    stored: list[tuple[Collection, str, list[int]]] = []
    for number in range(count):
        collection, picture = rng.choice(collections), list(itertools.islice(hashes, views))
        stored.append((collection, index.add(rng.choice([warm, prober]), f"{number}", picture, collection), picture))
        if rng.random() < 0.1:
            list(warm.search.find(collection, [Question(0)], radius, word_count=views).candidates)
    collection, asked = rng.choice(collections), list(itertools.islice(hashes, rng.randint(1, 4)))
    questions = [Question(hash, tuple(range(views))) for hash in asked]

    answers = [
        nearest(instance.search.find(collection, questions, radius, word_count=views).candidates)
        for instance in (warm, index.instance(), prober)
    ]

    brute_force = {}
    for where, object_id, picture in stored:
        distance = min(hamming(hash, view) for hash in asked for view in picture)
        if where == collection and distance <= radius:
            brute_force[object_id] = distance
    assert answers == [brute_force] * 3


def nearest(candidates: Iterator[Candidate]) -> dict[str, int]:
    """The least distance of each object, which has to come first."""
    everything = list(candidates)
    distances = [candidate.distance for candidate in everything]
    assert distances == sorted(distances)
    return {candidate.object_id: candidate.distance for candidate in reversed(everything)}


def test_instance_that_knows_the_journal_reads_its_tail_only(index: FakeIndex) -> None:
    index.fill(3 * PER_PACK)
    instance = index.instance()
    first = instance.find()
    added = index.add(index.instance(), "new", [1])

    second = instance.find()

    assert (first.route, second.route) == (Route.LOADED, Route.WARM)
    assert ids(second) == {added}
    assert (second.packs, second.pictures) == (0, 3 * PER_PACK + 1)


def test_buckets_answer_where_a_pack_cannot_even_be_made(index: FakeIndex) -> None:
    index.fill(2 * PER_PACK + 1)
    target = index.add(index.instance(), "near", [1])
    index.packs.packs.clear()
    index.journal.lose_an_entry(COLLECTION, segment=2)

    found = index.instance().find()

    assert (found.route, ids(found)) == (Route.PROBED, {target})
    assert found.trouble == f"segments from 0 of shard 0 of {COLLECTION}: {PER_PACK - 1} entries, want {PER_PACK}"


class Unavailable(InMemoryPacks):
    """A bucket that nobody may read or write, from the *n*-th call on."""

    def __init__(self, survived: int) -> None:
        super().__init__()
        self.survived = survived

    def get(self, collection: Collection, span: Span) -> bytes | None:
        self._fail()
        return super().get(collection, span)

    def put(self, collection: Collection, span: Span, pack: bytes) -> None:
        self._fail()
        super().put(collection, span, pack)

    def _fail(self) -> None:
        self.survived -= 1
        if self.survived < 0:
            raise PacksUnavailable("denied")


class Slow(InMemoryPacks):
    """The packs of *index*, each of which takes a second to read."""

    def __init__(self, index: FakeIndex) -> None:
        super().__init__()
        self.packs, self._index = index.packs.packs, index

    def get(self, collection: Collection, span: Span) -> bytes | None:
        self._index.now += 1
        return super().get(collection, span)


@pytest.mark.parametrize("survived", [0, 1, 20])
def test_unreachable_packs_fail_no_upload_and_no_search(index: FakeIndex, survived: int) -> None:
    index.packs = Unavailable(0)
    writer = index.instance()
    stored = {index.add(writer, f"{n}", [n]) for n in range(40 * PER_PACK + 1)}
    index.packs = Unavailable(survived)

    found = index.instance().search.find(COLLECTION, [Question(0)], 64, word_count=1)

    assert (found.route, found.trouble, found.whole) == (Route.LOADED, "denied", True)
    assert (ids(found), found.pictures) == (stored, len(stored))  # none twice


def test_packs_that_cannot_be_had_are_not_asked_for_again(index: FakeIndex) -> None:
    index.fill(60 * PER_PACK)
    index.packs = Unavailable(0)

    index.instance().find()

    assert -16 <= index.packs.survived < 0


def test_time_is_left_where_packs_took_it(index: FakeIndex) -> None:
    class SlowToFail(Unavailable):
        def get(self, collection: Collection, span: Span) -> bytes | None:
            index.now += 100
            return super().get(collection, span)

    index.fill(2 * PER_PACK)
    index.packs = SlowToFail(0)

    found = index.instance().find(deadline=index.now + 100)

    assert (found.trouble, found.lacks) == ("denied", {Lack.NOW: "time: 0 of 1 MB are loaded"})


def test_what_a_failed_load_has_read_is_forgotten_in_its_turn(index: FakeIndex) -> None:
    collections = [Collection(f"{n}/", "phash1") for n in range(5)]
    for collection in collections:
        index.fill(100 * PER_PACK, collection=collection)
        index.packs.packs = {
            at: pack
            for at, pack in index.packs.packs.items()
            if at != (collection, Span(0, 97 * SHAPE.pack_sizes[0], SHAPE.pack_sizes[0]))
        }
        index.journal.lose_an_entry(collection, segment=97 * SHAPE.pack_sizes[0])
    limit = 250 * PER_PACK * ENTRY_BYTES
    instance = index.instance(memory_bytes=limit)

    for collection in collections:
        assert instance.find(collection=collection).route is Route.PROBED

    assert 0 < sum(known.entries.nbytes for known in instance.memory.journals.values()) <= limit


def test_collection_that_just_fits_is_loaded_once(index: FakeIndex) -> None:
    index.fill(100 * PER_PACK)
    needed = index.instance(memory_bytes=1)
    needed.find()
    exact = needed.memory.journals[COLLECTION].whole_bytes

    for limit, expected in ((exact, [Route.LOADED, Route.WARM, Route.WARM]), (exact - 1, [Route.PROBED] * 3)):
        instance = index.instance(memory_bytes=limit)
        assert [instance.find().route for _ in range(3)] == expected


def test_loading_stops_in_time_and_goes_on_where_it_stopped(index: FakeIndex) -> None:
    stored = set(index.fill(40 * PER_PACK))
    target = index.add(index.instance(), "near", [1])

    index.packs = Slow(index)
    instance = index.instance()

    first = instance.find(deadline=index.now + 10)
    assert (first.route, ids(first)) == (Route.PROBED, {target})
    assert first.lacks == {Lack.NOW: "time: 1 of 1 MB are loaded"}
    read = first.packs
    while (later := instance.find(deadline=index.now + 10)).route is Route.PROBED:
        read += later.packs

    assert read + later.packs == 40
    assert later.pictures == len(stored) + 1


@pytest.mark.parametrize("loading_share", [0.25, 0.75])
def test_loading_takes_its_share_of_the_time(index: FakeIndex, loading_share: float) -> None:
    index.fill(40 * PER_PACK)
    index.packs = Slow(index)

    found = index.instance().find(deadline=80, loading_share=loading_share)

    # Packs are read 16 at a time; a second each.
    assert (found.route, found.packs) == ((Route.PROBED, 32), (Route.LOADED, 39))[loading_share > 0.5]
    assert found.whole == (loading_share > 0.5)


def test_instance_loads_whatever_probing_would_cost(index: FakeIndex) -> None:
    index.fill(40 * PER_PACK)  # a probe of radius 0 costs 4 units, and this 40 GETs

    found = index.instance().search.find(COLLECTION, [Question(0)], 0, word_count=1)

    assert (found.route, found.whole) == (Route.LOADED, True)


def test_search_without_memory_or_time_says_what_it_lacks(index: FakeIndex) -> None:
    index.fill(40 * PER_PACK)
    size = index.instance()
    size.find()
    needed = size.memory.journals[COLLECTION].whole_bytes

    none, little = index.instance(memory_bytes=0).find(), index.instance(memory_bytes=needed // 2).find()
    late = index.instance().find(deadline=index.now - 1)

    assert none.lacks == {Lack.MEMORY: "JournalMemory is 0"}
    assert little.lacks == {Lack.MEMORY: "the journal takes 1 MB, JournalMemory (of MemorySize) is 1 MB"}
    assert late.lacks == {Lack.NOW: "time: 0 of 1 MB are loaded"}
    assert not any(found.whole for found in (none, little, late))


def test_only_a_collection_beyond_the_memory_is_probed_for_good(index: FakeIndex) -> None:
    small = Collection("small/", "phash1")
    index.fill(200 * PER_PACK)
    index.fill(3, collection=small)
    instance = index.instance(memory_bytes=100 * PER_PACK * ENTRY_BYTES)

    routes = [instance.find(collection=collection).route for collection in (COLLECTION, small, COLLECTION, small)]

    assert routes == [Route.PROBED, Route.LOADED, Route.PROBED, Route.WARM]


def test_collection_that_was_used_longest_ago_is_forgotten_first(index: FakeIndex) -> None:
    collections = [Collection(f"{n}/", "phash1") for n in range(3)]
    for collection in collections:
        index.fill(100 * PER_PACK, collection=collection)
    instance = index.instance(memory_bytes=250 * PER_PACK * ENTRY_BYTES)

    routes = [instance.find(collection=collections[n]).route.value[0] for n in (0, 1, 0, 2, 0, 1)]

    assert "".join(routes) == "llwlwl"


def test_collection_that_outgrows_the_memory_is_forgotten(index: FakeIndex) -> None:
    instance = index.instance(memory_bytes=100 * PER_PACK * ENTRY_BYTES)
    instance.find()
    index.fill(120 * PER_PACK)

    routes = [instance.find().route for _ in range(2)]

    assert routes == [Route.WARM, Route.PROBED]
    assert len(instance.memory.journals[COLLECTION].entries) == 0


def test_room_is_made_before_a_collection_is_loaded(index: FakeIndex) -> None:
    first, second = Collection("1/", "phash1"), Collection("2/", "phash1")
    for collection in (first, second):
        index.fill(100 * PER_PACK, collection=collection)
    held: list[int] = []  # of the first, at each pack that was read

    class Watched(InMemoryPacks):
        def get(self, collection: Collection, span: Span) -> bytes | None:
            held.append(len(instance.memory.journals[first].entries))
            return super().get(collection, span)

    watched = Watched()
    watched.packs, index.packs = index.packs.packs, watched
    instance = index.instance(memory_bytes=150 * PER_PACK * ENTRY_BYTES)
    instance.find(collection=first)
    loaded = len(instance.memory.journals[first].entries)
    held.clear()

    instance.find(collection=second)

    assert (loaded, set(held)) == (100 * PER_PACK, {0})


def test_instance_without_memory_reads_nothing_of_the_journal(index: FakeIndex) -> None:
    class Unread(InMemoryJournal):
        def ends(self, collection: Collection) -> list[int]:
            raise AssertionError(collection)

    index.fill(3)
    index.journal = Unread()

    assert index.instance(memory_bytes=0).find().route is Route.PROBED


def test_search_that_was_begun_goes_on_with_what_came_since(index: FakeIndex) -> None:
    instance, other = index.instance(), index.instance()
    before = index.add(other, "before", [1])
    instance.find()

    begun = begin(instance)
    since = index.add(other, "since", [2])
    found = go_on(instance, begun)

    assert begun is not None
    assert (found.route, found.pictures, ids(found)) == (Route.WARM, 2, {before, since})


def test_search_that_was_begun_starts_anew_where_packs_were_loaded_since() -> None:
    index = FakeIndex(page_segments=2)
    instance, other = index.instance(), index.instance()
    first = index.add(other, "first", [0b1111])
    instance.find()

    begun = begin(instance)
    others = {index.add(other, f"{n}", [1 << n % 3]) for n in range(3 * PER_PACK)}
    found = go_on(instance, begun)

    distances = nearest(found.candidates)
    assert (found.route, set(distances)) == (Route.LOADED, {first, *others})
    assert distances == nearest(instance.find().candidates)


def test_search_is_not_begun_of_what_has_to_be_loaded(index: FakeIndex) -> None:
    index.fill(3)

    assert begin(index.instance()) is None


def test_whoever_appended_last_reads_no_tail(index: FakeIndex) -> None:
    """Its answer has told it; what others append later they compare with it."""
    instance = index.instance()
    instance.find()

    class Unread(InMemoryJournal):
        def tail(self, _: Collection, cursors: Sequence[int]) -> Tail:
            raise AssertionError(cursors)

    unread = Unread(shape=SHAPE)
    unread._segments = index.journal._segments
    index.journal = unread
    near = index.add(index.instance(), "near", [1])
    journal = instance.memory.of(COLLECTION, 1)
    journal._store = journal._store._replace(journal=unread)

    latest = journal.learn(journal.append(to_entry("0f" * 16, [2])).appended)
    found = instance.search.find(COLLECTION, [Question(0)], RADIUS, word_count=1, latest=latest)

    assert (latest, found.route, ids(found)) == (True, Route.WARM, {near, "0f" * 16})
