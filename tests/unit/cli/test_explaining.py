"""Why a picture was told of another one, or was not: every step that stops a pair, by what really happened."""

from collections.abc import Callable
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handler.cli.explain import about, lines
from handler.cli.explaining import Explainer
from handler.core.backfill import Backfill, BackfillTell
from handler.core.model import MatchKind, ObjectRef, PictureRejected
from handler.core.sequencers import LOWEST_SEQUENCER
from handler.core.verdicts import NamedObject, Verdict
from handler.review.decisions import Judged
from tests.deployments import BUCKET, FakeDeployment
from tests.pictures import jpeg, near_copy, photo, png

CAT, DOG = photo(1, (320, 240)), photo(2, (320, 240))
LATER = "2030-01-01T00:00:00+00:00"


@pytest.fixture
def site() -> FakeDeployment:
    return FakeDeployment(generation="look1", max_looks=5)


def explained(site: FakeDeployment, one: str = "b.jpg", of: str | None = "a.jpg") -> dict[str, Any]:
    explainer = Explainer(site.asking())
    refs = [ObjectRef(BUCKET, key) for key in (one, of) if key]
    return about(explainer, refs, [explainer.record(ref) for ref in refs])


def both(site: FakeDeployment, one: bytes = jpeg(CAT), other: bytes = jpeg(near_copy(CAT))) -> None:
    site.upload("a.jpg", one)
    site.upload("b.jpg", other)


# --- what stops a pair ---


def removed(site: FakeDeployment) -> None:
    site.upload("a.jpg", jpeg(CAT))
    site.function().removed(site.delete("a.jpg"))
    site.upload("b.jpg", jpeg(CAT))


def rejected(site: FakeDeployment) -> None:
    both(site, other=b"no picture")


def of_two_scopes(site: FakeDeployment) -> None:
    site.scope_depth = 1
    site.upload("a.jpg", jpeg(CAT))
    site.upload("b.jpg/b.jpg", jpeg(CAT))


def nearly_blank(site: FakeDeployment) -> None:
    white = photo(1, (320, 240)).point(lambda _: 255)
    both(site, png(white), jpeg(white))


def strangers(site: FakeDeployment) -> None:
    both(site, other=jpeg(DOG))


def decided(site: FakeDeployment) -> None:
    both(site)
    names = NamedObject(BUCKET, "a.jpg"), NamedObject(BUCKET, "b.jpg")
    site.decide(*names, Judged(Verdict.DIFFERENT, by="jane", note="two cats"))
    site.upload("c.jpg", jpeg(near_copy(CAT)))


def not_found(site: FakeDeployment) -> None:
    site.indexer().index(site.put("a.jpg", jpeg(CAT)))
    site.indexer().index(site.put("b.jpg", jpeg(near_copy(CAT))))


def quiet(site: FakeDeployment) -> None:
    site.upload("a.jpg", jpeg(CAT))
    site.pictures.objects[BUCKET, "b.jpg"] = jpeg(near_copy(CAT))
    job = Backfill("job", BackfillTell.NONE, LATER)
    site.function().created(ObjectRef(BUCKET, "b.jpg", LOWEST_SEQUENCER), backfill=job)


def not_published(site: FakeDeployment) -> None:
    class Refuses:
        def publish(self, _: object) -> None:
            raise ConnectionError("no topic")

    site.upload("a.jpg", jpeg(CAT))
    kept, site.topic = site.topic, Refuses()  # type: ignore[assignment]  # a topic that is gone
    with pytest.raises(ConnectionError):
        site.upload("b.jpg", jpeg(near_copy(CAT)))
    site.topic = kept


def replaced(site: FakeDeployment) -> None:
    """By another picture, whose event has not come."""
    not_found(site)
    site.pictures.objects[BUCKET, "a.jpg"] = jpeg(DOG)


def beyond_the_most(site: FakeDeployment) -> None:
    site.max_matches = 1
    site.upload("first.jpg", jpeg(CAT))
    both(site)


STOPS: dict[Callable[[FakeDeployment], None], tuple[str, str, str]] = {
    removed: ("b.jpg", "indexed", "s3://pictures/a.jpg is removed"),
    rejected: ("b.jpg", "indexed", "s3://pictures/b.jpg is rejected"),
    of_two_scopes: ("b.jpg/b.jpg", "scope", "they are of two scopes, "),
    nearly_blank: ("b.jpg", "hashes", "is nearly blank: only the same bytes match it"),
    strangers: ("b.jpg", "hashes", "of 64 bits, over the radius of "),
    replaced: ("b.jpg", "indexed", "was replaced or is gone"),
    beyond_the_most: ("b.jpg", "found", "there are more matches than MaxMatches (1), and others come first"),
    not_found: ("b.jpg", "found", "no upload has found the pair"),
    quiet: ("b.jpg", "not quiet", "a backfill found the pair"),
    not_published: ("b.jpg", "published", "its message not published"),
}


@pytest.mark.parametrize("what", STOPS, ids=lambda what: what.__name__)
def test_first_step_that_stops_a_pair_is_named(site: FakeDeployment, what: Callable[[FakeDeployment], None]) -> None:
    key, step, words = STOPS[what]
    what(site)

    said = explained(site, key)

    assert not said["told"]
    assert [one["passed"] for one in said["steps"]] == [True] * (len(said["steps"]) - 1) + [False]
    assert said["steps"][-1]["name"] == step
    assert words in said["why"]


def test_of_a_removed_picture_nothing_is_claimed_that_is_not_kept(site: FakeDeployment) -> None:
    both(site)
    site.function().removed(site.delete("a.jpg"))

    said = explained(site)

    assert said["told"] is None
    assert said["why"].endswith("whether the pair was told before that is not known any more")


def test_told_pair_passed_every_step(site: FakeDeployment) -> None:
    both(site)

    said = explained(site)

    assert said["told"]
    assert all(one["passed"] for one in said["steps"])
    assert said["why"].startswith("told: they are near: their pixels agree by ")


def test_what_was_told_stays_told_whatever_becomes_of_the_pictures(site: FakeDeployment) -> None:
    decided(site)
    site.pictures.errors["a.jpg"] = PictureRejected("archived", "in an archive tier")

    assert explained(site)["told"]


def test_verdict_that_kept_a_pair_from_being_told_is_named(site: FakeDeployment) -> None:
    """The same picture again, elsewhere: a pair of other objects, of the same contents."""
    decided(site)

    said = explained(site, "c.jpg")

    assert (said["told"], said["steps"][-1]["name"]) == (False, "decision")
    assert "jane decided different on " in said["why"]
    assert said["why"].endswith(": two cats")


def test_look_that_found_no_more_than_a_likeness_is_told_with_its_numbers(site: FakeDeployment) -> None:
    site.tell = MatchKind.EXACT  # nothing that a look finds is told
    both(site)

    said = explained(site)

    assert (said["told"], said["steps"][-1]["name"]) == (False, "look")
    assert said["why"].endswith("told is what is exact or better")


# --- what nothing is known of ---


@pytest.mark.parametrize(
    ("one", "of", "unknown"),
    [
        ("none.jpg", None, ["none.jpg"]),
        ("none.jpg", "a.jpg", ["none.jpg"]),
        ("a.jpg", "none.jpg", ["none.jpg"]),
        ("none.jpg", "nor.jpg", ["none.jpg", "nor.jpg"]),
    ],
)
def test_document_about_what_is_not_known_has_the_same_fields(
    site: FakeDeployment, one: str, of: str | None, unknown: list[str]
) -> None:
    both(site)

    said = explained(site, one, of)

    known = explained(site, "a.jpg", of and "b.jpg")
    assert list(said) == list(known)
    assert (said["object"], said["unknown"]) == (f"s3://{BUCKET}/{one}", [f"s3://{BUCKET}/{name}" for name in unknown])
    assert (said["outcome"] is None) == (one == "none.jpg")
    assert known["unknown"] == []
    assert not said.get("told")
    assert said.get("why", "nothing is stored under ").startswith("nothing is stored under ")


# --- all that a picture matches ---


def test_others_are_told_with_what_came_of_each(site: FakeDeployment) -> None:
    site.upload("a.jpg", jpeg(CAT))
    site.upload("dog.jpg", jpeg(DOG))
    site.upload("b.jpg", jpeg(near_copy(CAT)))
    site.indexer().index(site.put("c.jpg", jpeg(CAT)))

    said = explained(site, of=None)

    found = {one["object"]: (one["told"], one["kind"]) for one in said["others"]}
    assert found == {"s3://pictures/a.jpg": (True, "near"), "s3://pictures/c.jpg": (False, "near")}
    first, *_ = lines(said, 80)
    assert first == "s3://pictures/b.jpg: indexed; told of 1 of what it matches, 1 more not"


def test_matches_of_lists_are_among_them(site: FakeDeployment) -> None:
    site.lists = ("banned",)
    site.lister().add("banned", site.listed("cat", jpeg(CAT)))
    site.upload("b.jpg", jpeg(CAT))

    (one,) = explained(site, of=None)["others"]

    assert (one["list"], one["told"], one["kind"]) == ("banned", True, "exact")


def test_no_more_pairs_that_wait_are_looked_through_than_that_and_it_is_said(site: FakeDeployment) -> None:
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        site.upload(name, jpeg(CAT))  # three pairs
    explainer, ref = Explainer(site.asking(), most_waiting=2), ObjectRef(BUCKET, "b.jpg")

    said = about(explainer, [ref], [explainer.record(ref)])

    assert (len(said["others"]), said["stopped_after"]) == (2, 2)
    assert any("over 2 pairs wait" in line for line in lines(said, 80))
    assert not any(line.startswith("stopped") for line in lines(said, 80))


@pytest.mark.parametrize("body", [b"no picture", None])
def test_what_is_no_picture_is_told_with_its_reason(site: FakeDeployment, body: bytes | None) -> None:
    if body is None:
        site.function().created(site.event("b.jpg"))
    else:
        site.upload("b.jpg", body)

    said = explained(site, of=None)

    assert said["others"] == []
    assert next(lines(said, 80)) == f"s3://pictures/b.jpg: {said['outcome']} ({said['reason']})"


def test_one_that_matches_nothing_says_so(site: FakeDeployment) -> None:
    site.upload("b.jpg", jpeg(CAT))

    assert next(lines(explained(site, of=None), 80)).endswith("indexed; it matches nothing that is stored")


@settings(max_examples=12, deadline=None)
@given(st.lists(st.sampled_from(["cat", "copy", "dog", "half", "none"]), min_size=2, max_size=4))
def test_pair_is_said_to_be_told_exactly_if_it_was(kinds: list[str]) -> None:
    bodies = {
        "cat": jpeg(CAT),
        "copy": jpeg(near_copy(CAT)),
        "dog": jpeg(DOG),
        "half": jpeg(CAT.crop((0, 0, 160, 240))),
        "none": b"no picture",
    }
    site = FakeDeployment(generation="look1", max_looks=5)
    for number, kind in enumerate(kinds):
        site.upload(f"{number}.jpg", bodies[kind])
    told = {frozenset((key, other)) for key, others in site.announced for other in others}

    for one, other in combinations([f"{number}.jpg" for number in range(len(kinds))], 2):
        assert explained(site, one, other)["told"] == (frozenset((one, other)) in told)
    for number, kind in enumerate(kinds):
        key = f"{number}.jpg"
        found = explained(site, key, of=None)["others"]
        expected = {f"s3://{BUCKET}/{name}" for pair in told if key in pair for name in pair - {key}}
        assert {one["object"] for one in found if one["told"]} == expected, kind
