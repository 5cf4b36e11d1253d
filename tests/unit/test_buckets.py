from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.core.buckets import MAX_RADIUS, buckets, members_within, probes, to_member

hashes = st.integers(0, 2**64 - 1)
PROBES = {3: 4, 6: 52, 7: 68, 8: 188, 10: 428, 12: 1108, 14: 2228, 15: 2788}  # DESIGN: the cost of each radius


@pytest.mark.parametrize(("radius", "count"), PROBES.items())
def test_radius_costs_the_documented_number_of_distinct_probes(radius: int, count: int) -> None:
    found = probes(0x0123_4567_89AB_CDEF, radius)

    assert len(found) == len(set(found)) == count


@given(hashes, st.integers(0, MAX_RADIUS), st.data())
def test_no_hash_within_the_radius_is_missed(hash: int, radius: int, data: st.DataObject) -> None:
    flips = data.draw(st.sets(st.integers(0, 63), max_size=radius))
    near = hash ^ sum(1 << bit for bit in flips)

    assert set(buckets(near)) & set(probes(hash, radius))


@given(hashes, st.integers(0, MAX_RADIUS), st.sets(st.integers(0, 63), min_size=1, max_size=64), hashes)
def test_members_within_equals_brute_force(hash: int, radius: int, flips: set[int], other: int) -> None:
    near = [hash ^ sum(1 << bit for bit in list(flips)[:count]) for count in range(len(flips) + 1)]
    stored = [*near, other, hash, hash]

    found = members_within([to_member(member) for member in stored], [hash], radius)

    expected = sorted({((member ^ hash).bit_count(), member) for member in stored})
    assert found == [(distance, member) for distance, member in expected if distance <= radius]


def test_members_within_nothing_stored_is_empty() -> None:
    assert members_within([], [5], 15) == []


@pytest.mark.parametrize("radius", range(4))
def test_every_hash_at_a_small_distance_is_in_a_probed_bucket(radius: int) -> None:
    hash = 0xBA19_C8AB_5FA0_5A59
    probed = set(probes(hash, radius))

    missed = [
        bits
        for bits in combinations(range(64), radius)
        if not probed.intersection(buckets(hash ^ sum(1 << bit for bit in bits)))
    ]

    assert missed == []


def test_flips_spread_over_the_bands_are_found_at_every_radius() -> None:
    hash = 0x5A5A_1234_FFFF_0001
    for radius in range(MAX_RADIUS + 1):
        probed = set(probes(hash, radius))
        for extra in range(4):  # the uneven share moves through the bands
            flips = [16 * ((bit + extra) % 4) + bit // 4 for bit in range(radius)]

            assert probed.intersection(buckets(hash ^ sum(1 << bit for bit in flips))), (radius, extra)


@pytest.mark.parametrize("radius", [-1, MAX_RADIUS + 1])
def test_radius_out_of_range_is_refused_by_name(radius: int) -> None:
    with pytest.raises(ValueError, match=f"radius {radius} is not within 0 to 16"):
        probes(0, radius)


def test_band_zero_is_never_probed_deeper_than_the_others() -> None:
    for radius in range(MAX_RADIUS + 1):
        per_band = [sum(1 for probe in probes(0, radius) if probe.band == band) for band in range(4)]

        assert per_band[0] == min(per_band)
