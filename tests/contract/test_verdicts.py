from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from handler.core.model import Collection
from handler.core.verdicts import BATCH_START, MOST_EARLIER, BatchPlace, Decision, NamedObject, Subject, Verdict
from tests.contract.conftest import Verdicts
from tests.contract.test_catalog import record, ref

ONE, OTHER = (replace(record(ref(key)), digest=digest * 64) for key, digest in (("a.jpg", "a"), ("b.jpg", "b")))
SUBJECT = Subject.of(ONE, OTHER)
OBJECTS = NamedObject("pictures", "a.jpg"), NamedObject("pictures", 'b b+%"猫.jpg')
DECISION = Decision(SUBJECT, Verdict.KEEP_ONE, OBJECTS, "somebody", "2026-01-01T00:00:00+00:00", kept="a" * 64)


def test_decision_comes_back_as_it_was_put(verdicts: Verdicts, collection: Collection) -> None:
    further = replace(DECISION, subject=Subject("c", "d"), verdict=Verdict.DIFFERENT, kept=None, note="why", batch="b")

    for decision in (DECISION, further):
        assert verdicts.put(collection.scope, decision) == decision

    asked = [SUBJECT, Subject("c", "d"), Subject("c", "e"), *(Subject("f", f"{n}") for n in range(120))]
    assert verdicts.decided(collection.scope, asked) == {SUBJECT: DECISION, further.subject: further}
    assert verdicts.decided(collection.scope, []) == {}


def test_scopes_do_not_see_each_other(verdicts: Verdicts, collection: Collection) -> None:
    verdicts.put(collection.scope, DECISION)

    for other in (f"{collection.scope}x/", f"{collection.scope}#v", "*"):
        assert verdicts.decided(other, [SUBJECT]) == {}
        assert list(verdicts.all(other)) == []


def test_same_verdict_again_changes_nothing_and_another_one_counts(verdicts: Verdicts, collection: Collection) -> None:
    verdicts.put(collection.scope, DECISION)
    again = replace(DECISION, by="somebody else", at="2026-01-02T00:00:00+00:00")

    assert verdicts.put(collection.scope, again) == DECISION
    for changed in (replace(again, kept="b" * 64), replace(again, verdict=Verdict.DIFFERENT, kept=None)):
        stored = verdicts.put(collection.scope, changed)
        assert stored.chain[0] == changed
        assert verdicts.decided(collection.scope, [SUBJECT]) == {SUBJECT: stored}


def test_verdict_that_is_taken_back_is_returned_once(verdicts: Verdicts, collection: Collection) -> None:
    verdicts.put(collection.scope, DECISION)

    assert verdicts.take_back(collection.scope, SUBJECT, "b") is None
    assert verdicts.take_back(collection.scope, SUBJECT) == DECISION
    assert verdicts.take_back(collection.scope, SUBJECT) is None
    assert verdicts.decided(collection.scope, [SUBJECT]) == {}
    assert list(verdicts.all(collection.scope)) == []


def changes(*batches: str) -> list[Decision]:
    """Verdicts about one pair, each in a batch of its own, none the same as the one before."""
    kinds = (Verdict.DIFFERENT, Verdict.KEEP_BOTH)
    return [
        replace(
            DECISION, verdict=kinds[n % 2], kept=None, at=f"2026-01-{n + 1:02}T00:00:00+00:00", note="why", batch=one
        )
        for n, one in enumerate(batches)
    ]


def test_what_a_verdict_took_the_place_of_stands_again(verdicts: Verdicts, collection: Collection) -> None:
    first, second, third = changes("a", "b", "c")
    for decision in (first, second, third):
        verdicts.put(collection.scope, decision)
    (stands,) = verdicts.decided(collection.scope, [SUBJECT]).values()
    assert stands.chain == (third, second, first)

    assert verdicts.take_back(collection.scope, SUBJECT) == third
    assert verdicts.decided(collection.scope, [SUBJECT])[SUBJECT].chain == (second, first)
    assert verdicts.take_back(collection.scope, SUBJECT, "a") == first
    assert verdicts.decided(collection.scope, [SUBJECT]) == {SUBJECT: second}
    assert list(verdicts.all(collection.scope)) == [second]
    assert verdicts.take_back(collection.scope, SUBJECT, "b") == second
    assert verdicts.decided(collection.scope, [SUBJECT]) == {}


def test_only_some_of_the_earlier_verdicts_are_kept(verdicts: Verdicts, collection: Collection) -> None:
    for decision in changes(*(f"{n}" for n in range(MOST_EARLIER + 2))):
        verdicts.put(collection.scope, replace(decision, note="é" * 1000))

    (stands,) = verdicts.decided(collection.scope, [SUBJECT]).values()

    assert len(stands.earlier) == MOST_EARLIER
    assert stands.earlier[0].batch == f"{MOST_EARLIER}"


def test_what_belongs_to_a_batch_is_read_from_any_place_on(verdicts: Verdicts, collection: Collection) -> None:
    pages = [[Subject(f"{page}", f"{n:03}") for n in range(100)] for page in range(12)]
    times = [f"2026-01-01T00:00:{page:02}+00:00" for page in range(12)]
    for at, subjects in zip(times, pages, strict=True):
        verdicts.note_batch(collection.scope, "b#猫", at, subjects)
        verdicts.note_batch(collection.scope, "b#猫", at, subjects)  # once more: the same
    verdicts.note_batch(collection.scope, "c", times[0], [SUBJECT])

    found = list(verdicts.in_batch(collection.scope, "b#猫"))

    assert [subject for _, _, subject in found] == [subject for some in pages for subject in some]
    assert [at for _, at, _ in found] == [at for at in times for _ in range(100)]
    for number in (0, 99, 100, 555, 1199):
        assert list(verdicts.in_batch(collection.scope, "b#猫", found[number][0])) == found[number + 1 :]
    for start in (BATCH_START, BatchPlace("", 0)):  # the second one is what somebody may make up
        assert list(verdicts.in_batch(collection.scope, "b#猫", start)) == found
    assert list(verdicts.in_batch(collection.scope, "d")) == []
    assert list(verdicts.in_batch(f"{collection.scope}x/", "b#猫")) == []
    assert list(verdicts.all(collection.scope)) == []


@pytest.mark.parametrize("taken", [None, "a"])
def test_verdicts_of_many_at_once_are_all_kept(verdicts: Verdicts, collection: Collection, taken: str | None) -> None:
    """Each puts another one over that of the others, or takes one back: none of them loses another's."""
    every = changes("a", "b", "c", "d")
    verdicts.put(collection.scope, every[0])

    with ThreadPoolExecutor(4) as pool:
        for one in every[1:]:
            pool.submit(verdicts.put, collection.scope, one)
        if taken:
            pool.submit(verdicts.take_back, collection.scope, SUBJECT, taken)

    (stands,) = verdicts.decided(collection.scope, [SUBJECT]).values()
    batches = [one.batch for one in stands.chain]
    assert len(batches) == len(set(batches))
    assert ("a" in batches) == (taken is None)
    assert stands.says(stands.chain[0])


def test_all_come_newest_first(verdicts: Verdicts, collection: Collection) -> None:
    decisions = [
        replace(DECISION, subject=Subject("a", f"{n:03}"), at=f"2026-01-01T00:00:{n % 60:02}+00:00") for n in range(70)
    ]
    for decision in decisions:
        verdicts.put(collection.scope, decision)

    found = list(verdicts.all(collection.scope))

    assert found == sorted(decisions, key=lambda one: (one.at, one.subject), reverse=True)
    assert list(verdicts.all(collection.scope, found[30].filed)) == found[31:]


def test_subject_is_content_unless_that_is_the_same() -> None:
    assert SUBJECT == ("a" * 64, "b" * 64) == Subject.of(OTHER, ONE)
    copy = replace(OTHER, digest=ONE.digest)
    assert Subject.of(ONE, copy) == Subject.of(copy, ONE) == tuple(sorted((ONE.ref.object_id, OTHER.ref.object_id)))
    assert Subject.of(ONE, replace(OTHER, digest=None)) == Subject.of(ONE, copy)
    assert (SUBJECT.name_of(ONE), Subject.of(ONE, copy).name_of(ONE)) == ("a" * 64, ONE.ref.object_id)
    with pytest.raises(ValueError, match="none of"):
        Subject("c", "d").name_of(ONE)
