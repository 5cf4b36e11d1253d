from dataclasses import replace

import pytest

from handler.core.model import Collection
from handler.core.verdicts import Decision, NamedObject, Subject, Verdict
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
        assert verdicts.put(collection.scope, changed) == changed
        assert verdicts.decided(collection.scope, [SUBJECT]) == {SUBJECT: changed}


def test_dropped_verdict_is_returned_once(verdicts: Verdicts, collection: Collection) -> None:
    verdicts.put(collection.scope, DECISION)

    assert verdicts.drop(collection.scope, SUBJECT) == DECISION
    assert verdicts.drop(collection.scope, SUBJECT) is None
    assert verdicts.decided(collection.scope, [SUBJECT]) == {}
    assert list(verdicts.all(collection.scope)) == []


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
