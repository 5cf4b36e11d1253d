import itertools
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handler.core import prices
from handler.core.buckets import buckets, probe_count
from handler.core.entry import Question, entry_bytes, to_entry, view_count_of
from handler.core.fingerprint import fingerprint
from handler.core.journal import Appended, PacksUnavailable, Shape
from handler.core.model import Candidate, Collection, Found, Limits, ObjectRef, Route
from handler.core.phash import hamming
from handler.entries import Block
from handler.journal import CollectionJournal, JournalStore
from handler.memory import JournalMemory
from handler.search import Search
from tests.fakes import InlineExecutor, InMemoryBuckets, InMemoryCatalog, InMemoryJournal, InMemoryPacks
from tests.pictures import jpeg, near_copy, photo

COLLECTION = Collection("*", "phash1")
SHAPE = Shape(segment_bytes=180, pack_segments=4)
PER_SEGMENT = SHAPE.capacity(COLLECTION, entry_bytes(1))
PER_PACK = PER_SEGMENT * SHAPE.pack_segments
RADIUS = 10


class Instance(Search):
    """A search, and the memory that it shares with whoever appends."""

    def __init__(self, memory: JournalMemory, **roles: Any) -> None:
        super().__init__(memory=memory, **roles)
        self.memory = memory

    def append(self, collection: Collection, entry: bytes) -> str | None:
        return self.memory.of(collection, view_count_of(entry)).append(entry)


@dataclass
class Deployment:
    """One journal, its packs and the buckets; instances come and go."""

    page_segments: int = 1000
    shards: int = 1
    journal: InMemoryJournal = field(init=False)
    packs: InMemoryPacks = field(default_factory=InMemoryPacks)
    buckets: InMemoryBuckets = field(default_factory=InMemoryBuckets)
    catalog: InMemoryCatalog = field(default_factory=lambda: InMemoryCatalog(page_size=3))
    now: float = 0.0  # seconds, as instances see it

    def __post_init__(self) -> None:
        self.journal = InMemoryJournal(shape=SHAPE, page_segments=self.page_segments, shards=self.shards)

    def instance(self, memory_bytes: int = 1 << 20) -> Instance:
        store = JournalStore(self.journal, self.packs, InlineExecutor(), SHAPE)
        return Instance(
            JournalMemory(memory_bytes, partial(CollectionJournal, store=store)),
            index=self.buckets,
            catalog=self.catalog,
            executor=InlineExecutor(),
            clock=lambda: self.now,
        )

    def add(self, instance: Instance, key: str, views: Sequence[int], collection: Collection = COLLECTION) -> str:
        """Store a picture by way of *instance*; return its object id."""
        ref = ObjectRef("pictures", key)
        instance.append(collection, to_entry(ref.object_id, views))
        for hash in views:
            self.catalog.add_holder(collection, hash, ref)
            for bucket in buckets(hash):
                self.buckets.add(collection, bucket, hash, crowded=False)
        return ref.object_id

    def fill(self, count: int, *, collection: Collection = COLLECTION, start: int = 0) -> list[str]:
        """Store *count* pictures far from each other; return their object ids."""
        writer, rng = self.instance(), random.Random(start)
        return [self.add(writer, f"{start + n}", [rng.getrandbits(64)], collection) for n in range(count)]


def ask(instance: Instance, hash: int = 0, *, collection: Collection = COLLECTION, deadline: float = math.inf) -> Found:
    return instance.find(collection, [Question(hash)], RADIUS, view_count=1, deadline=deadline)


def ids(found: Found) -> set[str]:
    return {candidate.object_id for candidate in found.candidates}


@pytest.fixture
def deployment() -> Deployment:
    return Deployment()


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
    generations=st.integers(1, 3),
    scopes=st.integers(1, 5),
    views=st.integers(1, 9),
    count=st.integers(0, 80),
)
def test_journal_search_equals_bucket_search_equals_brute_force(
    seed: int, radius: int, generations: int, scopes: int, views: int, count: int
) -> None:
    rng = random.Random(seed)
    deployment = Deployment(page_segments=rng.choice([1, 3, 1000]), shards=rng.choice([1, 1, 3]))
    collections = [
        Collection(f"{scope}/", f"g{generation}") for scope in range(scopes) for generation in range(generations)
    ]
    warm, prober = deployment.instance(), deployment.instance(memory_bytes=0)
    hashes = hashes_near(rng, [rng.getrandbits(64) for _ in range(3)])
    stored: list[tuple[Collection, str, list[int]]] = []
    for number in range(count):
        collection, picture = rng.choice(collections), list(itertools.islice(hashes, views))
        stored.append(
            (collection, deployment.add(rng.choice([warm, prober]), f"{number}", picture, collection), picture)
        )
        if rng.random() < 0.1:
            list(warm.find(collection, [Question(0)], radius, view_count=views).candidates)
    collection, asked = rng.choice(collections), list(itertools.islice(hashes, rng.randint(1, 4)))
    questions = [Question(hash, tuple(range(views))) for hash in asked]

    answers = [
        nearest(instance.find(collection, questions, radius, view_count=views).candidates)
        for instance in (warm, deployment.instance(), prober)
    ]

    brute_force = {}
    for where, object_id, picture in stored:
        distance = min(hamming(hash, view) for hash in asked for view in picture)
        if where == collection and distance <= radius:
            brute_force[object_id] = distance
    assert answers == [brute_force] * 3


def nearest(candidates: Iterator[Candidate]) -> dict[str, int]:
    """The least distance of each object, which has to come first."""
    told = list(candidates)
    assert [candidate.distance for candidate in told] == sorted(candidate.distance for candidate in told)
    return {candidate.object_id: candidate.distance for candidate in reversed(told)}


def test_instance_that_knows_the_journal_reads_its_tail_only(deployment: Deployment) -> None:
    deployment.fill(3 * PER_PACK)
    instance = deployment.instance()
    first = ask(instance)
    added = deployment.add(deployment.instance(), "new", [1])

    second = ask(instance)

    assert (first.route, second.route) == (Route.LOADED, Route.WARM)
    assert ids(second) == {added}
    assert (second.packs, second.pictures) == (0, 3 * PER_PACK + 1)


def test_whoever_fills_the_last_segment_of_a_pack_makes_it_and_others_load_it(deployment: Deployment) -> None:
    deployment.fill(2 * PER_PACK + 1)

    assert sorted(number for _, _, number in deployment.packs.packs) == [0, 1]
    found = ask(deployment.instance())
    assert (found.route, found.packs, found.pictures) == (Route.LOADED, 2, 2 * PER_PACK + 1)


def test_pack_that_nobody_made_is_made_by_whoever_misses_it_in_the_same_bytes(deployment: Deployment) -> None:
    stored = deployment.fill(2 * PER_PACK + 1)
    made = dict(deployment.packs.packs)
    del deployment.packs.packs[COLLECTION, 0, 0]

    found = ask(deployment.instance())

    assert found.pictures == len(stored)
    assert deployment.packs.packs == made


def test_pack_of_segments_with_room_is_never_made_and_the_buckets_answer(deployment: Deployment) -> None:
    deployment.fill(2 * PER_PACK + 1)
    target = deployment.add(deployment.instance(), "near", [1])
    deployment.packs.packs.clear()
    deployment.journal.lose_an_entry(COLLECTION, segment=2)

    found = ask(deployment.instance())

    assert (found.route, ids(found)) == (Route.PROBED, {target})
    assert found.trouble == f"pack 0 of shard 0 of {COLLECTION}: {PER_PACK - 1} entries, want {PER_PACK}"
    assert (COLLECTION, 0, 0) not in deployment.packs.packs


class Unavailable(InMemoryPacks):
    """A bucket that nobody may read or write, from the *n*-th call on."""

    def __init__(self, survived: int) -> None:
        super().__init__()
        self.survived = survived

    def get(self, collection: Collection, shard: int, number: int) -> bytes | None:
        self._fail()
        return super().get(collection, shard, number)

    def put(self, collection: Collection, shard: int, number: int, pack: bytes) -> None:
        self._fail()
        super().put(collection, shard, number, pack)

    def _fail(self) -> None:
        self.survived -= 1
        if self.survived < 0:
            raise PacksUnavailable("denied")


def test_packs_that_cannot_be_reached_fail_no_upload_and_no_search(deployment: Deployment) -> None:
    deployment.packs = Unavailable(0)
    writer = deployment.instance()
    stored = {deployment.add(writer, f"{n}", [n]) for n in range(2 * PER_PACK)}

    found = ask(deployment.instance())

    assert (found.route, found.trouble) == (Route.PROBED, "denied")
    assert ids(found) == stored


def test_what_a_failed_load_has_read_counts_and_is_forgotten_in_its_turn(deployment: Deployment) -> None:
    collections = [Collection(f"{n}/", "phash1") for n in range(5)]
    for collection in collections:
        deployment.fill(100 * PER_PACK, collection=collection)
    made = deployment.packs.packs
    deployment.packs = Unavailable(0)
    deployment.packs.packs = made
    limit = 250 * PER_PACK * 24
    instance = deployment.instance(memory_bytes=limit)

    for collection in collections:
        deployment.packs.survived = 97
        assert ask(instance, collection=collection).route is Route.PROBED

    assert 0 < sum(known.entries.nbytes for known in instance.memory.journals.values()) <= limit


@pytest.mark.parametrize("spoilt", [b"", b"no pack", b"lkpack/1" + bytes(8)])
def test_pack_that_cannot_be_read_is_made_again(deployment: Deployment, spoilt: bytes) -> None:
    deployment.fill(2 * PER_PACK + 1)
    made = dict(deployment.packs.packs)
    deployment.packs.packs[COLLECTION, 0, 1] = spoilt

    assert ask(deployment.instance()).pictures == 2 * PER_PACK + 1
    assert deployment.packs.packs == made


def test_collection_that_just_fits_is_loaded_once(deployment: Deployment) -> None:
    deployment.fill(100 * PER_PACK)
    needed = deployment.instance(memory_bytes=1)
    ask(needed)
    exact = needed.memory.journals[COLLECTION].whole_bytes

    for limit, expected in ((exact, [Route.LOADED, Route.WARM, Route.WARM]), (exact - 1, [Route.PROBED] * 3)):
        instance = deployment.instance(memory_bytes=limit)
        assert [ask(instance).route for _ in range(3)] == expected


def test_instance_that_fell_far_behind_continues_with_packs() -> None:
    deployment = Deployment(page_segments=2)
    stored = set(deployment.fill(PER_SEGMENT + 1))
    instance = deployment.instance()
    ask(instance)
    stored |= set(deployment.fill(3 * PER_PACK, start=1000))

    found = ask(instance)

    entries = instance.memory.journals[COLLECTION].entries
    assert (found.route, found.packs) == (Route.LOADED, 3)
    assert set(entries.object_ids(entries.scan([Question(0)], 64).rows)) == stored


def test_loading_stops_in_time_and_goes_on_where_it_stopped(deployment: Deployment) -> None:
    stored = set(deployment.fill(40 * PER_PACK))
    target = deployment.add(deployment.instance(), "near", [1])

    class Slow(InMemoryPacks):
        def get(self, collection: Collection, shard: int, number: int) -> bytes | None:
            deployment.now += 1
            return super().get(collection, shard, number)

    slow = Slow()
    slow.packs, deployment.packs = deployment.packs.packs, slow
    instance = deployment.instance()

    first = ask(instance, deadline=deployment.now + 10)
    assert (first.route, ids(first)) == (Route.PROBED, {target})
    read = first.packs
    while (later := ask(instance, deadline=deployment.now + 10)).route is Route.PROBED:
        read += later.packs

    assert read + later.packs == 40
    assert later.pictures == len(stored) + 1


def test_probing_goes_on_until_it_has_cost_what_loading_would(deployment: Deployment) -> None:
    deployment.fill(40 * PER_PACK)
    instance = deployment.instance()
    probe = prices.reading(read_units=probe_count(3))
    load = prices.reading(s3_gets=40) + prices.running(160 * SHAPE.segment_bytes / 50e6)

    routes = [instance.find(COLLECTION, [Question(0)], 3, view_count=1).route for _ in range(60)]

    probes = routes.index(Route.LOADED)
    assert routes == [Route.PROBED] * probes + [Route.LOADED] + [Route.WARM] * (59 - probes)
    assert probes * probe < load <= (probes + 1) * probe


def test_collection_beyond_the_memory_is_probed_and_smaller_ones_are_remembered(deployment: Deployment) -> None:
    small = Collection("small/", "phash1")
    deployment.fill(200 * PER_PACK)
    deployment.fill(3, collection=small)
    instance = deployment.instance(memory_bytes=100 * PER_PACK * 24)

    routes = [ask(instance, collection=collection).route for collection in (COLLECTION, small, COLLECTION, small)]

    assert routes == [Route.PROBED, Route.LOADED, Route.PROBED, Route.WARM]


def test_collection_that_was_used_longest_ago_is_forgotten_first(deployment: Deployment) -> None:
    collections = [Collection(f"{n}/", "phash1") for n in range(3)]
    for collection in collections:
        deployment.fill(100 * PER_PACK, collection=collection)
    instance = deployment.instance(memory_bytes=250 * PER_PACK * 24)

    routes = [ask(instance, collection=collections[n]).route.value[0] for n in (0, 1, 0, 2, 0, 1)]

    assert "".join(routes) == "llwlwl"


def test_collection_that_outgrows_the_memory_is_forgotten(deployment: Deployment) -> None:
    instance = deployment.instance(memory_bytes=100 * PER_PACK * 24)
    ask(instance)
    deployment.fill(120 * PER_PACK)

    routes = [ask(instance).route for _ in range(2)]

    assert routes == [Route.WARM, Route.PROBED]
    assert len(instance.memory.journals[COLLECTION].entries) == 0


def test_writer_whose_end_keeps_moving_asks_for_it_first(deployment: Deployment) -> None:
    journal, other, asked = deployment.journal, deployment.instance(), list[bool]()

    class Watched(InMemoryJournal):
        def append(self, collection: Collection, entry: bytes, ends: Mapping[int, int], *, ask: bool) -> Appended:
            asked.append(ask)
            return journal.append(collection, entry, ends, ask=ask)

    deployment.journal = Watched()
    busy = deployment.instance()
    deployment.add(busy, "a", [1])
    for n in range(3):
        for m in range(PER_SEGMENT + 1):
            deployment.add(other, f"{n}-{m}", [2])
        deployment.add(busy, f"b{n}", [1])
    deployment.add(busy, "quiet", [1])
    deployment.add(busy, "quieter", [1])

    assert asked == [False, False, True, True, True, False]


def test_pack_is_the_rows_of_its_segments_in_order(deployment: Deployment) -> None:
    stored = deployment.fill(PER_PACK)

    block = Block.unpack(deployment.packs.packs[COLLECTION, 0, 0])

    packed = [row.tobytes().hex() for row in block.ids]
    for number in range(SHAPE.pack_segments):
        rows = slice(number * PER_SEGMENT, (number + 1) * PER_SEGMENT)
        assert packed[rows] == sorted(stored[rows])
