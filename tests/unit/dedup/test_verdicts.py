"""What somebody decided about is not told again, and everything else is."""

from collections.abc import Callable

import pytest

from handler.core.verdicts import Decision, NamedObject, Verdict
from handler.review.decisions import Judged
from tests.deployments import BUCKET, FakeDeployment
from tests.pictures import jpeg, near_copy, photo

CAT, COPY = jpeg(photo(1)), jpeg(near_copy(photo(1)))
DIFFERENT = Judged(Verdict.DIFFERENT, by="somebody")


def decide(deployment: FakeDeployment, one: str, other: str, judged: Judged = DIFFERENT) -> Decision:
    return deployment.decide(NamedObject(BUCKET, one), NamedObject(BUCKET, other), judged)


@pytest.fixture
def decided(deployment: FakeDeployment) -> FakeDeployment:
    """A near pair that was told, and said to be different."""
    deployment.upload("cat.jpg", CAT)
    deployment.upload("copy.jpg", COPY)
    assert deployment.announced == [("copy.jpg", ["cat.jpg"])]
    decide(deployment, "cat.jpg", "copy.jpg")
    deployment.topic.messages.clear()
    return deployment


AGAIN: dict[str, Callable[[FakeDeployment], object]] = {
    "uploaded again": lambda site: site.upload("copy.jpg", COPY),
    "the other one uploaded again": lambda site: site.upload("cat.jpg", CAT),
    "renamed": lambda site: (site.function().removed(site.delete("copy.jpg")), site.upload("new name.jpg", COPY)),
    "overwritten, and back": lambda site: (site.upload("copy.jpg", jpeg(photo(2))), site.upload("copy.jpg", COPY)),
}


@pytest.mark.parametrize("happens", AGAIN.values(), ids=AGAIN)
def test_decided_pair_stays_silent(decided: FakeDeployment, happens: Callable[[FakeDeployment], object]) -> None:
    happens(decided)

    assert decided.announced == []


def test_match_of_a_list_is_told_whatever_was_decided(decided: FakeDeployment) -> None:
    decided.lists = ("banned",)
    decided.lister().add("banned", decided.listed("cat.jpg", CAT))

    decided.upload("copy.jpg", COPY)

    assert decided.announced == [("copy.jpg", ["cat.jpg"])]


def test_decided_pair_stays_silent_in_another_generation(decided: FakeDeployment) -> None:
    decided.generation, decided.topic.messages = "look1", []
    decided.upload("cat.jpg", CAT)
    report = decided.upload("copy.jpg", COPY)

    assert (report.matches, decided.announced) == ([], [])


def test_decision_of_one_scope_says_nothing_in_another(deployment: FakeDeployment) -> None:
    deployment.scope_depth = 1
    for scope in ("a", "b"):
        deployment.upload(f"{scope}/cat.jpg", CAT)
        deployment.upload(f"{scope}/copy.jpg", COPY)
        decide(deployment, "a/cat.jpg", "a/copy.jpg")

    assert deployment.announced == [("a/copy.jpg", ["a/cat.jpg"]), ("b/copy.jpg", ["b/cat.jpg"])]


def test_new_copy_elsewhere_is_told_of_the_equal_one_alone(decided: FakeDeployment) -> None:
    decided.upload("another.jpg", COPY)

    assert decided.announced == [("another.jpg", ["copy.jpg"])]


def test_equal_files_are_decided_by_object(deployment: FakeDeployment) -> None:
    for key in ("one.jpg", "two.jpg"):
        deployment.upload(key, CAT)
    decide(deployment, "one.jpg", "two.jpg", Judged(Verdict.KEEP_BOTH, by="somebody"))
    deployment.topic.messages.clear()

    deployment.upload("two.jpg", COPY)
    deployment.upload("two.jpg", CAT)
    deployment.upload("three.jpg", CAT)

    assert deployment.announced == [("two.jpg", ["one.jpg"]), ("three.jpg", ["one.jpg", "two.jpg"])]


def test_what_was_decided_crowds_nothing_out(deployment: FakeDeployment) -> None:
    deployment.max_matches = 3
    keys = [f"{number}.jpg" for number in range(8)]
    for key in keys:
        deployment.upload(key, CAT)
    for key in keys[1:]:
        decide(deployment, keys[0], key, Judged(Verdict.KEEP_BOTH, by="somebody"))
    deployment.upload("near.jpg", COPY)
    deployment.topic.messages.clear()

    report = deployment.upload(keys[0], CAT)

    assert deployment.announced == [(keys[0], ["near.jpg"])]
    assert not report.truncated


def test_look_up_shows_what_was_decided(decided: FakeDeployment) -> None:
    (match,) = decided.look_ups().look_up(decided.event("copy.jpg")).matches

    assert match.record.ref.key == "cat.jpg"


def test_undone_decision_lets_the_next_upload_tell(decided: FakeDeployment) -> None:
    decided.review().decisions.undo_named(NamedObject(BUCKET, "copy.jpg"), NamedObject(BUCKET, "cat.jpg"))

    decided.upload("copy.jpg", COPY)

    assert decided.announced == [("copy.jpg", ["cat.jpg"])]
