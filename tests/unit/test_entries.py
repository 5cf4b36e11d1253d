import random
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from handler.core.entry import Question, entry_bytes, to_entry, word_count_of
from handler.core.phash import hamming
from handler.core.words import entry_words, word_count
from handler.entries import Block, Entries, Scan
from handler.hits import MOST_HITS

BITS = 64


def stored(rng: random.Random, count: int, views: int, near: int) -> list[tuple[str, list[int]]]:
    """Return *count* pictures of which about half lie near the hash *near*."""

    def hash() -> int:
        flips = rng.sample(range(BITS), rng.randrange(20))
        return near ^ sum(1 << bit for bit in flips) if rng.random() < 0.5 else rng.getrandbits(BITS)

    return [(f"{rng.getrandbits(128):032x}", [hash() for _ in range(views)]) for _ in range(count)]


def of(pictures: Sequence[tuple[str, Sequence[int]]], views: int) -> Entries:
    entries = Entries(views)
    entries.extend([to_entry(*picture) for picture in pictures])
    return entries


def test_entry_is_the_id_and_big_endian_hashes() -> None:
    entry = to_entry("00ff" * 8, [1, 0xBA19_C8AB_5FA0_5A59])

    assert entry.hex() == "00ff" * 8 + "0000000000000001" + "ba19c8ab5fa05a59"
    assert (len(entry), word_count_of(entry)) == (entry_bytes(2), 2)


@given(
    seed=st.integers(0, 2**32),
    count=st.integers(0, 60),
    views=st.integers(1, 9),
    radius=st.integers(0, 15),
    asked=st.integers(1, 20),
)
def test_scan_equals_brute_force(seed: int, count: int, views: int, radius: int, asked: int) -> None:
    rng = random.Random(seed)
    near = rng.getrandbits(BITS)
    pictures = stored(rng, count, views, near)
    questions = [
        Question(near ^ (1 << rng.randrange(BITS)), tuple(rng.sample(range(views), rng.randint(1, views))))
        for _ in range(asked)
    ]

    hits = of(pictures, views).scan(questions, radius)

    expected = {}
    for row, (_, hashes) in enumerate(pictures):
        met = [hamming(question.hash, hashes[view]) for question in questions for view in question.stored_views]
        if min(met) <= radius:
            expected[row] = min(met)
    assert dict(zip(hits.rows.tolist(), hits.distances.tolist(), strict=True)) == expected
    assert hits.distances.tolist() == sorted(hits.distances.tolist())
    for row, distance, number, view in zip(*(column.tolist() for column in hits[:4]), strict=True):
        assert view in questions[number].stored_views
        assert hamming(questions[number].hash, pictures[row][1][view]) == distance


@pytest.mark.parametrize(("rows", "asked"), [(40_001, 70), (16_384, 32), (16_385, 33), (300, 2000)])
def test_every_distance_is_seen_however_rows_and_questions_are_parted(rows: int, asked: int) -> None:
    words = np.random.default_rng(9).integers(0, 2**64, (2, rows), np.uint64)
    hashes = np.random.default_rng(10).integers(0, 2**64, asked, np.uint64)
    entries = Entries(2)
    entries.adopt([Block(np.zeros((rows, 16), np.uint8), words, rows)])

    hits = entries.near([Question(hash, (1,)) for hash in hashes.tolist()], radius=20, words_radius=2 * BITS)

    distances = np.bitwise_count(hashes[:, None] ^ words[1])
    expected = [(row, number, int(distances[number, row])) for number, row in np.argwhere(distances <= 20).tolist()]
    found = zip(hits.rows.tolist(), hits.questions.tolist(), hits.distances.tolist(), strict=True)
    assert sorted(found) == sorted(expected)


def test_many_askers_at_once_get_what_each_gets_alone() -> None:
    rng = random.Random(5)
    entries = of(stored(rng, 700, 3, 0), 3)
    askers = [
        [Question(1 << rng.randrange(BITS), tuple(rng.sample(range(3), 2))) for _ in range(count)]
        for count in (2, 0, 5, 1)
    ]

    asking, rows = entries.scan_each(askers, 14)

    for number, questions in enumerate(askers):
        assert rows[asking == number].tolist() == sorted(entries.scan(questions, 14).rows.tolist())
    assert set(asking.tolist()) == {0, 2, 3}


def test_rows_lead_to_their_objects_wherever_their_block_is() -> None:
    rng = random.Random(1)
    pictures = stored(rng, 3000, 1, 0)
    entries = of(pictures[:1000], 1)
    entries.adopt([Block.of([to_entry(*picture) for picture in pictures[1000:2000]], 1)])
    entries.extend([to_entry(*picture) for picture in pictures[2000:]])

    for object_id, (hash,) in rng.sample(pictures, 50):
        hits = entries.scan([Question(hash)], 0)
        assert object_id in entries.object_ids(hits.rows)
    assert len(entries) == 3000


def test_pictures_that_come_one_by_one_end_up_in_few_blocks() -> None:
    pictures = stored(random.Random(4), 5000, 2, 0)
    entries = Entries(2)

    for picture in pictures:
        entries.extend([to_entry(*picture)])

    assert len(entries.blocks) == 2
    assert entries.object_ids(np.arange(5000)) == [object_id for object_id, _ in pictures]


@pytest.mark.parametrize("views", [1, 9])
@pytest.mark.parametrize("count", [1, 1000, 100_000])
def test_picture_takes_at_most_a_tenth_more_than_its_entry(views: int, count: int) -> None:
    entries = Entries(views)
    entry = to_entry("00" * 16, [0] * views)
    for start in range(0, count, 1000):
        entries.extend([entry] * min(1000, count - start))

    room_for_the_first = 256
    assert entries.nbytes <= 1.1 * (16 + 8 * views) * max(count, room_for_the_first)


def test_pack_holds_the_same_rows_in_the_same_bytes() -> None:
    pictures = stored(random.Random(2), 50, 3, 0)
    block = Block.of([to_entry(*picture) for picture in pictures], 3)

    again = Block.unpack(block.pack())

    assert again.pack() == block.pack()
    np.testing.assert_array_equal(again.ids, block.ids)
    np.testing.assert_array_equal(again.words, block.words)
    assert again.after(20).pack() == Block.of([to_entry(*picture) for picture in pictures[20:]], 3).pack()


@pytest.mark.parametrize("spoil", [lambda pack: pack[:-1], lambda pack: b"x" + pack[1:], lambda pack: pack + b"x"])
def test_what_is_no_pack_is_refused(spoil: object) -> None:
    pack = Block.of([to_entry("00" * 16, [1])], 1).pack()
    assert callable(spoil)

    with pytest.raises(ValueError, match="not a pack"):
        Block.unpack(spoil(pack))


def test_of_very_many_near_rows_the_nearest_are_kept() -> None:
    rng = random.Random(3)
    far = [(f"{n:032x}", [sum(1 << bit for bit in rng.sample(range(BITS), 8))]) for n in range(MOST_HITS * 3)]
    near = [(f"{n:032x}", [1 << n % 60]) for n in range(MOST_HITS * 3, MOST_HITS * 3 + 100)]
    entries = of([*far, *near], 1)

    hits = entries.scan([Question(0)], 10)
    fewer = entries.scan([Question(0)], 3)

    assert (len(hits.rows), hits.complete) == (MOST_HITS, False)
    assert hits.distances.tolist() == [1] * 100 + [8] * (MOST_HITS - 100)
    assert (fewer.rows.tolist(), fewer.complete) == (list(range(len(far), len(far) + 100)), True)


@given(seed=st.integers(0, 2**32), count=st.integers(0, 60), radius=st.integers(0, 15), asked=st.integers(1, 9))
def test_scan_leaves_out_what_is_taken_for_a_stranger(seed: int, count: int, radius: int, asked: int) -> None:
    """What confirms sees the check words of the very view that was met; a row stands as long as one meeting does."""
    rng = random.Random(seed)
    near, views = rng.getrandbits(BITS), 3
    halves = [0, 1 << 32, 2 << 32]
    pictures = [
        (name, hashes, [(rng.getrandbits(2), rng.choice(halves)) for _ in hashes])
        for name, hashes in stored(rng, count, views, near)
    ]
    questions = [Question(near ^ (1 << rng.randrange(BITS)), tuple(range(views))) for _ in range(asked)]

    def confirms(
        numbers: NDArray[np.int64], distances: NDArray[np.uint8], checks: NDArray[np.uint64]
    ) -> NDArray[np.bool_]:
        words = checks[:, 0] + (checks[:, 1] >> np.uint64(32))
        result: NDArray[np.bool_] = (words + numbers.astype(np.uint64) + distances) % np.uint64(3) == 0
        return result

    entries = of([(name, entry_words(hashes, checks)) for name, hashes, checks in pictures], word_count(views))
    hits = entries.scan(questions, radius, confirms)

    expected = {}
    for row, (_, hashes, checks) in enumerate(pictures):
        met = [
            distance
            for number, question in enumerate(questions)
            for view in range(views)
            if (distance := hamming(question.hash, hashes[view])) <= radius
            and (checks[view][0] + (checks[view][1] >> 32) + number + distance) % 3 == 0
        ]
        if met:
            expected[row] = min(met)
    assert dict(zip(hits.rows.tolist(), hits.distances.tolist(), strict=True)) == expected
    assert hits.distances.tolist() == sorted(hits.distances.tolist())


@given(seed=st.integers(0, 2**32), counts=st.lists(st.integers(0, 700), min_size=1, max_size=5))
def test_scan_that_goes_on_finds_what_one_of_all_rows_does(seed: int, counts: list[int]) -> None:
    rng = random.Random(seed)
    near = rng.getrandbits(BITS)
    entries, questions = Entries(2), [Question(near, (0,)), Question(near ^ 1, (0, 1))]
    scan = Scan(entries, questions, radius=12)

    for count in counts:
        entries.extend([to_entry(*picture) for picture in stored(rng, count, 2, near)])
        hits = scan.hits()

        whole = entries.scan(questions, 12)
        assert (hits.rows.tolist(), hits.distances.tolist()) == (whole.rows.tolist(), whole.distances.tolist())
        assert (hits.questions.tolist(), hits.complete) == (whole.questions.tolist(), whole.complete)


def test_scan_that_goes_on_compares_no_row_again() -> None:
    rng = random.Random(1)
    entries = of(stored(rng, 300, 1, 0), 1)
    asked: list[int] = []

    def confirms(questions: NDArray[np.int64], *_: object) -> NDArray[np.bool_]:
        asked.append(len(questions))
        return np.ones(len(questions), np.bool_)

    scan = Scan(entries, [Question(0)], BITS, confirms)
    scan.hits()
    entries.extend([to_entry(*picture) for picture in stored(rng, 5, 1, 0)])

    assert len(scan.hits().rows) == 305
    assert asked == [300, 5]
