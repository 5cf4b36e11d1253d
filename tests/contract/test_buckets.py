import random

import pytest

from handler.aws.buckets import DynamoDBBuckets
from handler.core.buckets import buckets, probes
from handler.core.model import Collection
from tests.contract.conftest import Buckets

HASH = 0x0F0F_0000_FFFF_1234
# The article that this project starts from publishes these and their similarities to the first.
PUBLISHED = {
    0xBA19_CAAB_5F20_5A59: 0.96875,
    0xBA3D_CFAB_BC00_4A49: 0.78125,
    0x1B39_CCEA_7D30_4A59: 0.8125,
    0x3D41_9C23_C42E_B3DB: 0.5625,
    0xF107_73F1_CD26_9246: 0.5,
}


def add(index: Buckets, collection: Collection, hash: int, *, crowded: bool = False) -> None:
    for bucket in buckets(hash):
        index.add(collection, bucket, hash, crowded=crowded)


def found(index: Buckets, collection: Collection, hash: int, radius: int) -> list[tuple[int, int]]:
    return [(near.distance, near.hash) for near in index.candidates(collection, [hash], radius).nearest_first]


def test_empty_index_answers_nothing_but_is_asked_everywhere(index: Buckets, collection: Collection) -> None:
    answer = index.candidates(collection, [HASH], 10)

    assert (answer.nearest_first, answer.probes) == ((), 428)


def test_hashes_within_the_radius_come_nearest_first_and_once(index: Buckets, collection: Collection) -> None:
    stored = [HASH ^ 0b111, HASH, HASH ^ 1, HASH ^ 0b1111]
    for hash in [*stored, HASH]:
        add(index, collection, hash)

    assert found(index, collection, HASH, 3) == [(0, HASH), (1, HASH ^ 1), (3, HASH ^ 0b111)]


def test_published_hashes_are_found_by_their_similarity(index: Buckets, collection: Collection) -> None:
    asked = 0xBA19_C8AB_5FA0_5A59
    for hash in PUBLISHED:
        add(index, collection, hash)

    similar = {hash: 1 - distance / 64 for distance, hash in found(index, collection, asked, 14)}

    assert similar == dict(list(PUBLISHED.items())[:3])


def test_collections_do_not_see_each_other(index: Buckets, collection: Collection) -> None:
    add(index, collection, HASH)

    assert found(index, Collection(collection.scope, "other"), HASH, 0) == []
    assert found(index, Collection(collection.scope + "x/", collection.generation), HASH, 0) == []


@pytest.mark.parametrize("crowded", [False, True])
def test_members_on_every_page_are_found(index: Buckets, collection: Collection, *, crowded: bool) -> None:
    crowd = [HASH ^ (n << 32) for n in range(12)]  # one prefix in bands 0 and 2..3: several pages of three
    for hash in crowd:
        add(index, collection, hash, crowded=crowded)
        add(index, collection, hash, crowded=crowded)  # adding again does no harm

    assert {hash for _, hash in found(index, collection, HASH, 4)} == set(crowd)


@pytest.mark.parametrize("crowded", [False, True])
def test_what_is_a_member_already_is_not_added_to_another_page(
    index: Buckets, collection: Collection, *, crowded: bool
) -> None:
    crowd = [HASH ^ (n << 32) for n in range(12)]
    for hash in crowd:
        add(index, collection, hash, crowded=crowded)
    before = index.candidates(collection, [HASH], 0)

    for hash in crowd * 4:
        add(index, collection, hash, crowded=crowded)

    assert pages(index, collection) in (0, 4)  # of three members; the fake has none
    assert index.candidates(collection, [HASH], 0) == before


def pages(index: Buckets, collection: Collection) -> int:
    """How many pages the bucket of HASH in band 0 has."""
    if not isinstance(index, DynamoDBBuckets):
        return 0
    return len(index._pages(collection, [buckets(HASH)[0]]))


@pytest.mark.parametrize("radius", [0, 3, 6, 10, 15])
def test_search_equals_brute_force(index: Buckets, collection: Collection, radius: int) -> None:
    rng = random.Random(radius)
    asked = rng.getrandbits(64)
    stored = {asked ^ sum(1 << bit for bit in rng.sample(range(64), rng.randrange(20))) for _ in range(30)}
    stored |= {rng.getrandbits(64) for _ in range(10)}
    for hash in stored:
        add(index, collection, hash)

    expected = sorted(((hash ^ asked).bit_count(), hash) for hash in stored)
    assert found(index, collection, asked, radius) == [near for near in expected if near[0] <= radius]


def test_several_hashes_are_asked_for_at_once(index: Buckets, collection: Collection) -> None:
    other = HASH ^ 0xFF00_0000_0000_0000
    for hash in (HASH ^ 1, HASH ^ 0b11, other ^ 1):
        add(index, collection, hash)

    together = index.candidates(collection, [HASH, other, HASH], 3)

    assert [(near.distance, near.hash) for near in together.nearest_first] == sorted(
        [(1, HASH ^ 1), (2, HASH ^ 0b11), (1, other ^ 1)]
    )
    assert together.probes == len({*probes(HASH, 3), *probes(other, 3)})
