"""Lists: what is on one is told first, judged strictly where nobody can look, and never mixed up with a scope."""

import hashlib
import json
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.aws.catalog import object_key
from handler.core.lists import bare_fingerprint, entry_ref, list_collection, source_of
from handler.core.model import Collection, ObjectRef, Outcome, PictureRecord, ReadDenied, scope_of
from tests.deployments import BUCKET, FakeDeployment
from tests.fakes import InMemoryCatalog
from tests.pictures import jpeg, near_copy, photo, png, textured
from tests.unit.dedup.conftest import GoneOnceItWasRead

CAT, DOG = photo(1, (640, 480)), photo(2, (640, 480))


@pytest.fixture
def site(deployment: FakeDeployment) -> FakeDeployment:
    """A deployment that asks two lists, and looks."""
    deployment.generation, deployment.max_looks, deployment.lists = "look1", 40, ("banned", "stock")
    return deployment


def matches(site: FakeDeployment, number: int = -1) -> list[dict[str, Any]]:
    """The matches of a message, the last one unless *number* says another."""
    found: list[dict[str, Any]] = json.loads(site.topic.messages[number].body)["matches"]
    return found


def bare(site: FakeDeployment, hash: int, list_name: str = "banned") -> PictureRecord:
    """The entry of a bare hash."""
    name = f"{site.generation}:{hash:016x}"
    computed = bare_fingerprint(hash, site.generation)
    when = "2026-01-01T00:00:00+00:00"
    return PictureRecord(
        entry_ref(list_name, name), site.generation, Outcome.INDEXED, fingerprint=computed, modified=when
    )


def hash_of(site: FakeDeployment, body: bytes) -> int:
    found = site.listed("any", body).hash
    assert found is not None
    return found


def test_upload_of_what_is_on_a_list_is_told_with_its_name(site: FakeDeployment) -> None:
    site.lister().add("banned", site.listed("bad.jpg", jpeg(CAT)))

    report = site.upload("a.jpg", jpeg(near_copy(CAT)))

    (match,) = matches(site)
    assert (match["list"], match["bucket"], match["key"]) == ("banned", "list:banned", "bad.jpg")
    assert (match["kind"], match["agreement"], match["unconfirmed"]) == ("near", None, False)
    assert site.topic.messages[-1].attributes["list"] == ("banned",)
    assert (report.listed, report.announced, report.looks) == (1, 1, 0)


def test_adding_to_a_list_announces_nothing(site: FakeDeployment) -> None:
    site.upload("a.jpg", jpeg(CAT))

    site.lister().add("banned", site.listed("bad.jpg", jpeg(CAT)))

    assert (site.topic.messages, site.pairs.items) == ([], {})


def test_list_that_is_not_asked_is_not_told(site: FakeDeployment) -> None:
    site.lister().add("others", site.listed("bad.jpg", jpeg(CAT), list_name="others"))

    assert site.upload("a.jpg", jpeg(CAT)).matches == []


def test_matches_of_lists_come_first_in_the_order_of_the_setting(site: FakeDeployment) -> None:
    site.upload("copy.jpg", jpeg(CAT))
    for name in ("stock", "banned"):
        site.lister().add(name, site.listed("bad.jpg", jpeg(near_copy(CAT)), list_name=name))

    site.upload("a.jpg", jpeg(CAT))

    assert [match["list"] for match in matches(site)] == ["banned", "stock", None]
    assert site.topic.messages[-1].attributes["list"] == ("banned", "stock")


def test_neither_lists_nor_others_are_crowded_out(site: FakeDeployment) -> None:
    site.max_matches = 2
    for number in range(4):
        site.upload(f"{number}.jpg", jpeg(CAT))
        site.lister().add("banned", site.listed(f"bad {number}.jpg", jpeg(CAT)))
    site.lister().add("stock", site.listed("bad.jpg", jpeg(near_copy(CAT)), list_name="stock"))

    report = site.upload("a.jpg", jpeg(CAT))

    assert [match["list"] for match in matches(site)] == ["banned", "banned", "stock", None, None]
    assert report.truncated


def test_removed_entry_is_told_no_more(site: FakeDeployment) -> None:
    site.lister().add("banned", site.listed("bad.jpg", jpeg(CAT)))

    removed = site.lister().remove("banned", "bad.jpg"), site.lister().remove("banned", "bad.jpg")

    assert removed == (True, False)
    assert site.upload("a.jpg", jpeg(CAT)).matches == []


def test_entry_that_was_removed_and_added_again_is_told(site: FakeDeployment) -> None:
    entry = site.listed("bad.jpg", jpeg(CAT))
    site.lister().add("banned", entry)
    site.lister().remove("banned", "bad.jpg")

    assert site.lister().add("banned", entry)

    assert site.upload("a.jpg", jpeg(CAT)).listed == 1


def test_adding_what_is_there_writes_nothing(site: FakeDeployment) -> None:
    entry = site.listed("bad.jpg", jpeg(CAT))
    site.lister().add("banned", entry)
    before = list(site.lister().entries("banned"))

    assert not site.lister().add("banned", replace(entry, modified="2027-01-01T00:00:00+00:00"))

    assert list(site.lister().entries("banned")) == before == [entry]


def test_entries_are_those_that_were_not_removed(site: FakeDeployment) -> None:
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        site.lister().add("banned", site.listed(name, jpeg(CAT)))
    site.lister().add("stock", site.listed("d.jpg", jpeg(CAT), list_name="stock"))
    site.lister().remove("banned", "b.jpg")

    assert sorted(entry.ref.key for entry in site.lister().entries("banned")) == ["a.jpg", "c.jpg"]


def test_each_pair_with_an_entry_is_told_once(site: FakeDeployment) -> None:
    site.lister().add("banned", site.listed("bad.jpg", jpeg(CAT)))
    ref = site.put("a.jpg", jpeg(CAT))

    first, again = site.function().created(ref), site.function().created(ref)

    assert (first.announced, again.announced, len(site.topic.messages)) == (1, 0, 1)


def test_pairs_with_an_entry_are_kept_with_its_list(site: FakeDeployment) -> None:
    site.lister().add("banned", site.listed("bad.jpg", jpeg(CAT)))
    site.upload("copy.jpg", jpeg(CAT))
    site.upload("a.jpg", jpeg(CAT))

    kept = sorted((collection, noted.announced) for (collection, _), noted in site.pairs.items.items())
    assert kept == [("*#look1", True), ("list:banned#look1", True), ("list:banned#look1", True)]


def test_object_that_is_listed_itself_is_told_when_it_is_uploaded_again(site: FakeDeployment) -> None:
    site.upload("a.jpg", jpeg(CAT))
    site.lister().add("banned", site.listed(f"s3://{BUCKET}/a.jpg", jpeg(CAT)))

    site.upload("a.jpg", jpeg(CAT))

    assert [(match["list"], match["kind"]) for match in matches(site)] == [("banned", "exact")]


# --- looks ---


def etag(body: bytes) -> str:
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


def listed_object(site: FakeDeployment, body: bytes) -> None:
    """List what is in the bucket as an object that nobody was told of."""
    site.pictures.objects[BUCKET, "bad.png"] = body
    site.lister().add("banned", site.listed(f"s3://{BUCKET}/bad.png", body, etag=etag(body)))


def test_pixels_decide_where_the_listed_object_can_be_read(site: FakeDeployment) -> None:
    listed_object(site, png(CAT))

    report = site.upload("a.jpg", jpeg(near_copy(CAT)))

    (match,) = matches(site)
    assert (match["list"], match["kind"], report.looks) == ("banned", "near", 1)
    assert match["agreement"] > 0.9


def test_pixels_reject_what_hash_and_check_bits_confuse(site: FakeDeployment) -> None:
    site.generation = "phash1"
    listed_object(site, textured(1))

    report = site.upload("a.png", textured(2))

    assert (report.looks, list(report.matches)) == (1, [])


@pytest.mark.parametrize("trouble", ["gone", "replaced", "denied"])
def test_hash_and_check_bits_decide_where_it_cannot(site: FakeDeployment, trouble: str) -> None:
    listed_object(site, png(CAT))
    if trouble == "gone":
        del site.pictures.objects[BUCKET, "bad.png"]
    elif trouble == "replaced":
        site.pictures.objects[BUCKET, "bad.png"] = png(DOG)
    else:
        site.pictures.errors["bad.png"] = ReadDenied("no")

    site.upload("a.jpg", jpeg(near_copy(CAT)))

    (match,) = matches(site)
    assert (match["list"], match["kind"], match["agreement"]) == ("banned", "near", None)


def test_asking_picture_that_is_gone_is_not_taken_for_the_listed_one(site: FakeDeployment) -> None:
    """By phash1 it is read once more for the first look."""
    site.generation = "phash1"
    listed_object(site, jpeg(CAT))
    before, site.pictures = site.pictures, GoneOnceItWasRead("a.jpg")
    site.pictures.objects |= before.objects

    report = site.upload("a.jpg", jpeg(near_copy(CAT)))

    assert (list(report.matches), site.topic.messages) == ([], [])


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("s3://my-pictures/a b/c.jpg", ("my-pictures", "a b/c.jpg")),
        ("s3://Not A Bucket/a.jpg", None),
        ("s3://my-pictures/", None),
        ("folder/a.jpg", None),
    ],
)
def test_entry_is_looked_at_in_the_object_that_its_name_tells(name: str, source: tuple[str, str] | None) -> None:
    found = source_of(entry_ref("banned", name, version="v"))

    assert found == (None if source is None else ObjectRef(*source, version="v"))
    assert source_of(ObjectRef("pictures", name)) == ObjectRef("pictures", name)


# --- bare hashes ---


def test_bare_hash_is_told_as_unconfirmed(site: FakeDeployment) -> None:
    body = jpeg(near_copy(CAT))
    site.lister().add("banned", bare(site, hash_of(site, body) ^ 0b1011))

    site.upload("a.jpg", body)

    (match,) = matches(site)
    assert (match["list"], match["kind"], match["distance"], match["unconfirmed"]) == ("banned", "near", 3, True)
    assert (match["agreement"], match["width"], match["format"], match["sha256"]) == (None, None, None, None)


def test_pair_with_a_bare_hash_is_told_once_and_named_by_the_hash(site: FakeDeployment) -> None:
    body = jpeg(CAT)
    entry = bare(site, hash_of(site, body))
    site.lister().add("banned", entry)
    ref = site.put("a.jpg", body)

    reports = [site.function().created(ref) for _ in range(2)]

    assert [report.announced for report in reports] == [1, 0]
    (pair,) = [pair for _, pair in site.pairs.items]
    assert f"{entry.ref.object_id}#{hash_of(site, body):016x}" in pair


@pytest.mark.parametrize(("bits", "told"), [(8, 1), (9, 0)])
def test_bare_hash_matches_within_eight_bits(site: FakeDeployment, bits: int, told: int) -> None:
    body = jpeg(CAT)
    site.lister().add("banned", bare(site, hash_of(site, body) ^ (1 << bits) - 1))

    assert site.upload("a.jpg", body).listed == told


def test_flat_picture_is_no_match_of_a_bare_hash(site: FakeDeployment) -> None:
    body = png(photo(1, (8, 8)).point(lambda _: 200))
    for hash in (hash_of(site, body), int(hashlib.sha256(body).hexdigest()[:16], 16)):
        site.lister().add("banned", bare(site, hash))

    assert site.upload("a.png", body).matches == []


# --- walls ---


@given(st.text(), st.integers(0, 8))
def test_no_key_makes_the_scope_of_a_list(key: str, depth: int) -> None:
    assert not Collection(scope_of(key, depth), "look1").is_list


@given(st.sampled_from(["list:banned", "list:banned#look1#o", "list:banned/x", "list:"]), st.integers(0, 2))
def test_key_that_looks_like_a_list_reads_nothing_of_it(folder: str, depth: int) -> None:
    site = FakeDeployment(lists=(), scope_depth=depth)
    site.lister().add("banned", site.listed("bad.jpg", jpeg(CAT)))

    site.upload(f"{folder}/bad.jpg", jpeg(CAT))

    assert site.topic.messages == []


@given(st.text("lists:banedk#/-*o", max_size=30), st.integers(0, 8))
def test_key_of_an_item_has_the_scope_before_its_last_three_parts(key: str, depth: int) -> None:
    """So that none of a scope is one of a list, whatever the scope looks like."""
    collections = [Collection(scope_of(key, depth), "look1"), list_collection("banned", "look1")]

    keys = [object_key(collection, "0" * 32)["pk"]["S"] for collection in collections]

    assert [pk.rsplit("#", 3)[0] for pk in keys] == [collection.scope for collection in collections]


# --- priority ---


def test_priority_comes_before_what_is_nearer(site: FakeDeployment) -> None:
    site.priority = ("catalogue/", "press/")
    for key in ("a.jpg", "press/a.jpg", "catalogue/a.jpg"):
        site.upload(key, jpeg(near_copy(CAT) if "/" in key else CAT))

    site.upload("b.jpg", jpeg(CAT))

    assert [match["key"] for match in matches(site)] == ["catalogue/a.jpg", "press/a.jpg", "a.jpg"]


def test_priority_is_not_crowded_out(site: FakeDeployment) -> None:
    site.priority, site.max_matches = ("press/",), 1
    site.upload("press/a.jpg", jpeg(near_copy(CAT)))
    for number in range(3):
        site.upload(f"{number}.jpg", jpeg(CAT))

    site.upload("b.jpg", jpeg(CAT))

    assert [match["key"] for match in matches(site)] == ["press/a.jpg"]


# --- other ways ---


def test_look_up_asks_lists(site: FakeDeployment) -> None:
    site.lister().add("stock", site.listed("bad.jpg", jpeg(CAT), list_name="stock"))
    ref = site.put("a.jpg", jpeg(CAT))

    report = site.look_ups().look_up(ref)

    assert ([match.list for match in report.matches], site.topic.messages, site.pairs.items) == (["stock"], [], {})


class Stops(Exception):
    """A process ends in the middle."""


class StopsBeforeItStores(InMemoryCatalog):
    def put(self, *_: Any) -> PictureRecord | None:
        raise Stops


def test_adding_that_was_cut_short_is_made_good_by_adding_again(site: FakeDeployment) -> None:
    entry = site.listed("bad.jpg", jpeg(CAT))
    with pytest.raises(Stops):
        site.lister(lambda adapter: StopsBeforeItStores() if isinstance(adapter, InMemoryCatalog) else adapter).add(
            "banned", entry
        )

    assert site.upload("a.jpg", jpeg(CAT)).listed == 0
    assert site.lister().add("banned", entry)
    assert site.upload("b.jpg", jpeg(CAT)).listed == 1


class Counting:
    """Passes calls on, and counts the methods that are called."""

    def __init__(self, adapter: Any, calls: Counter[str]) -> None:
        self._adapter, self._calls = adapter, calls

    def __getattr__(self, name: str) -> Any:
        self._calls[name] += 1
        return getattr(self._adapter, name)


@pytest.mark.parametrize("lists", [(), ("banned",), ("banned", "stock")])
def test_each_list_costs_a_warm_instance_one_read_of_an_upload(site: FakeDeployment, lists: tuple[str, ...]) -> None:
    site.memory_bytes, site.lists = 1 << 20, ("banned", "stock")
    for name in site.lists:
        for number in range(30):
            site.lister().add(name, site.listed(f"{number}.jpg", jpeg(photo(number)), list_name=name))
    site.lists, calls = lists, Counter[str]()
    function = site.function(lambda adapter: Counting(adapter, calls))
    function.created(site.put("first.jpg", jpeg(photo(101))))
    calls.clear()

    function.created(site.put("second.jpg", jpeg(photo(102))))

    reads = {name: calls[name] for name in ("tail", "ends", "segments", "get", "candidates", "holders")}
    assert reads.pop("tail") == len(lists)  # that of the scope is told by the answer to the append
    assert not any(reads.values())
