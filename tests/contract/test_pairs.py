from dataclasses import replace

from handler.core.filed import Copy, Filed
from handler.core.matches import Likeness, NotedPair, Pair
from handler.core.model import Collection, MatchKind, PictureRecord
from handler.core.verdicts import Subject
from tests.contract.conftest import Pairs
from tests.contract.test_catalog import record, ref

LIKENESS = Likeness(MatchKind.NEAR, 0)
AT = "2026-01-01T00:00:00+00:00"


def filed(one: PictureRecord, other: PictureRecord, likeness: Likeness = LIKENESS) -> Filed:
    return Filed.of(one, other, likeness, AT)


def test_pair_is_noted_once_from_both_sides_until_it_is_marked(pairs: Pairs, collection: Collection) -> None:
    one, other = record(ref("a.jpg")), record(ref("b.jpg"))

    first = NotedPair(Likeness(MatchKind.ALTERED, 3, 0.91234, 0.5, ((0.25, 0.5, 0.0, 1.0),)), finder=one.named)
    second = NotedPair(Likeness(MatchKind.NEAR, 4), finder=other.named)

    assert pairs.note_pair(collection, Pair.of(one, other), first) == first
    assert pairs.note_pair(collection, Pair.of(other, one), second) == first
    pairs.mark_announced(collection, filed(one, other))

    assert pairs.note_pair(collection, Pair.of(other, one), second) == replace(first, announced=True, filed=True)
    another_version = record(ref("b.jpg", "9"))
    assert pairs.note_pair(collection, Pair.of(one, another_version), second) == second


def test_what_is_noted_of_pairs_is_read_back(pairs: Pairs, collection: Collection) -> None:
    one, others = record(ref("a.jpg")), [record(ref(f"{n}.jpg")) for n in range(120)]
    found = NotedPair(Likeness(MatchKind.NEAR, 0), finder=one.named)
    all_of_them = [Pair.of(one, other) for other in others]
    for pair in all_of_them[:110]:
        pairs.note_pair(collection, pair, found)
    pairs.mark_announced(collection, filed(one, others[3]))

    noted = pairs.noted(collection, all_of_them)

    assert set(noted) == set(all_of_them[:110])
    assert noted[all_of_them[3]] == replace(found, announced=True, filed=True)
    assert noted[all_of_them[4]] == found
    assert pairs.noted(collection, []) == {}


def test_announced_pairs_wait_until_they_are_closed(pairs: Pairs, collection: Collection) -> None:
    one, others = record(ref("a.jpg")), [record(ref(f'{n} b+%"猫.jpg', version="v1")) for n in range(40)]
    likeness = Likeness(MatchKind.ALTERED, 3, 0.91234, 0.5, ((0.25, 0.5, 0.0, 1.0),))
    for other in others:
        pairs.note_pair(collection, Pair.of(one, other), NotedPair(likeness, finder=one.named))
        assert Pair.of(one, other) not in {filed.pair for filed in pairs.waiting(collection)}
        pairs.mark_announced(collection, filed(one, other, likeness))

    assert sorted(pairs.waiting(collection)) == sorted(filed(one, other, likeness) for other in others)
    assert {copy for found in pairs.waiting(collection) for copy in found.copies} == set(map(Copy.of, [one, *others]))
    assert list(pairs.waiting(replace(collection, generation="other"))) == []

    for other in others[1:]:
        pairs.close(collection, Pair.of(one, other))
        pairs.close(collection, Pair.of(other, one))
    assert list(pairs.waiting(collection)) == [filed(one, others[0], likeness)]
    assert pairs.noted(collection, [Pair.of(one, others[1])])[Pair.of(one, others[1])].announced

    unknown = Pair.of(others[0], others[1])
    pairs.close(collection, unknown)
    pairs.set_aside(collection, unknown, Subject("a", "b"))
    assert pairs.noted(collection, [unknown]) == {}
    assert list(pairs.aside(collection, Subject("a", "b"))) == []

    pairs.set_aside(collection, Pair.of(one, others[2]), Subject("c", "d"))
    assert list(pairs.aside(collection, Subject("c", "d"))) == [Pair.of(one, others[2])]
    assert list(pairs.aside(collection, Subject("c", "e"))) == []

    pairs.reopen(collection, Pair.of(one, others[1]))
    pairs.reopen(collection, Pair.of(others[0], others[1]))
    assert {found.pair for found in pairs.waiting(collection)} == {Pair.of(one, other) for other in others[:2]}


def test_some_that_wait_are_no_more_than_were_asked_for(pairs: Pairs, collection: Collection) -> None:
    one, others = record(ref("a.jpg")), [record(ref(f"{n}.jpg")) for n in range(40)]
    for other in others:
        pairs.note_pair(collection, Pair.of(one, other), NotedPair(LIKENESS, finder=one.named))
        pairs.mark_announced(collection, filed(one, other))

    some, whole = pairs.some_waiting(collection, 16)
    everything, all_of_them = pairs.some_waiting(collection, 16 * 40)

    assert (1 <= len(some) <= 16, set(some) < set(everything), whole) == (True, True, False)
    assert (sorted(everything), all_of_them) == (sorted(pairs.waiting(collection)), True)


def test_whether_a_pair_is_quiet_stands_as_it_was_noted_first(pairs: Pairs, collection: Collection) -> None:
    one, others = record(ref("a.jpg")), [record(ref(f"{n}.jpg")) for n in range(2)]
    due, quiet = NotedPair(LIKENESS, finder=one.named), NotedPair(LIKENESS, finder=one.named, quiet=True)
    first, second = (Pair.of(one, other) for other in others)
    pairs.note_pair(collection, first, due)
    pairs.note_pair(collection, second, quiet)

    assert pairs.note_pair(collection, first, quiet) == due
    assert pairs.note_pair(collection, second, due) == quiet
    assert pairs.noted(collection, [first, second]) == {first: due, second: quiet}


def test_quiet_pair_is_filed_once(pairs: Pairs, collection: Collection) -> None:
    one, other = record(ref("a.jpg")), record(ref("b.jpg"))
    pair = Pair.of(one, other)
    pairs.note_pair(collection, pair, NotedPair(LIKENESS, finder=one.named, quiet=True))

    pairs.file_quiet(collection, filed(one, other))
    waiting = list(pairs.waiting(collection))
    pairs.close(collection, pair)
    pairs.file_quiet(collection, filed(one, other))

    assert waiting == [filed(one, other)]
    assert list(pairs.waiting(collection)) == []
    noted = pairs.noted(collection, [pair])[pair]
    assert (noted.quiet, noted.filed, noted.announced) == (True, True, False)


def test_pair_with_an_entry_of_a_list_waits_with_that_list_alone(pairs: Pairs, collection: Collection) -> None:
    listed = Collection(f"list:{collection.scope[:-1]}", collection.generation)
    one, other = record(ref("a.jpg")), record(ref("b.jpg"))
    pairs.note_pair(listed, Pair.of(one, other), NotedPair(LIKENESS, finder=one.named))

    pairs.mark_announced(listed, filed(one, other))

    assert pairs.noted(listed, [Pair.of(one, other)])[Pair.of(one, other)].announced
    assert [found.pair for found in pairs.waiting(listed)] == [Pair.of(one, other)]
    assert list(pairs.waiting(collection)) == []
