"""What makes an object found, or found no more: the indexer alone."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from threading import Event
from typing import Any

import pytest
from PIL import ImageOps

from handler.core.asker import Asker
from handler.core.buckets import Bucket
from handler.core.entry import to_entry
from handler.core.model import Collection, Content, ObjectRef, Outcome, PictureRecord
from handler.core.sequencers import LOWEST_SEQUENCER
from handler.filing import Filer
from handler.indexing import Indexed, Indexer
from tests.deployments import BUCKET, FakeDeployment
from tests.fakes import InMemoryBuckets, InMemoryCatalog, InMemoryPictures
from tests.pictures import jpeg, photo, png

CAT, DOG = photo(1), photo(2)
FRAMED = ImageOps.expand(CAT, 30, "white")  # its trimmed view has a hash of its own


@pytest.fixture
def deployment() -> FakeDeployment:
    """With the generation that has several views, whose pictures are in the buckets as well."""
    deployment = FakeDeployment(generation="look1")
    deployment.outgrow()
    return deployment


def index(deployment: FakeDeployment, key: str, body: bytes) -> Indexed:
    return deployment.indexer().index(deployment.put(key, body))


def stored(deployment: FakeDeployment, key: str) -> PictureRecord:
    (record,) = deployment.catalog.get(deployment.collection, [ObjectRef(BUCKET, key).object_id])
    return record


def test_indexed_picture_stands_wherever_a_search_looks(deployment: FakeDeployment) -> None:
    report, asker = index(deployment, "framed.jpg", jpeg(FRAMED))

    record = stored(deployment, "framed.jpg")
    assert report.outcome is record.outcome is Outcome.INDEXED
    assert report.record == record
    assert asker is not None
    assert asker.record == record
    anchors = record.entry_hashes[:2]
    assert deployment.holders(*anchors) == [[record.ref.object_id]] * 2
    near = deployment.buckets.candidates(deployment.collection, anchors, 0).nearest_first
    assert {one.hash for one in near} == set(anchors)
    (segments,) = deployment.journal.tail(deployment.collection, [0]).shards
    assert [segment.entries for segment in segments] == [{to_entry(record.ref.object_id, record.entry_words)}]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"not a picture", "unsupported"),
        (b"", "empty"),
        (jpeg(CAT)[:400], "truncated"),
        (png(photo(3, (1100, 1000))), "too_many_pixels"),
    ],
)
def test_bad_picture_is_recorded_with_its_reason(deployment: FakeDeployment, body: bytes, code: str) -> None:
    report, asker = index(deployment, "bad.jpg", body)

    record = stored(deployment, "bad.jpg")
    assert (report.outcome, record.outcome, asker) == (Outcome.REJECTED, Outcome.REJECTED, None)
    assert (record.reason or "").startswith(f"{code}: ")


def test_object_gone_before_it_was_read_is_recorded(deployment: FakeDeployment) -> None:
    event = deployment.put("cat.jpg", jpeg(CAT))
    deployment.delete("cat.jpg")

    report, asker = deployment.indexer().index(event)

    assert (report.outcome, stored(deployment, "cat.jpg").outcome, asker) == (Outcome.GONE, Outcome.GONE, None)


def test_event_that_comes_too_late_changes_nothing(deployment: FakeDeployment) -> None:
    late = deployment.put("a.jpg", jpeg(CAT))
    index(deployment, "a.jpg", jpeg(DOG))
    before = stored(deployment, "a.jpg")

    report, asker = deployment.indexer().index(late)
    removal = deployment.indexer().remove(late)

    assert (report.outcome, removal.outcome, asker) == (Outcome.STALE, Outcome.STALE, None)
    assert stored(deployment, "a.jpg") == before
    assert deployment.holders(before.entry_hashes[0])[0][-1] == before.ref.object_id


@pytest.mark.parametrize("then", [jpeg(DOG), b"broken"], ids=["another", "a bad one"])
def test_replaced_picture_leaves_no_holder_behind(deployment: FakeDeployment, then: bytes) -> None:
    index(deployment, "a.jpg", jpeg(FRAMED))
    before = stored(deployment, "a.jpg").entry_hashes[:2]

    index(deployment, "a.jpg", then)

    assert deployment.holders(*before) == [[], []]
    now = stored(deployment, "a.jpg")
    assert deployment.holders(*now.entry_hashes[:1]) == [[now.ref.object_id]] * (then != b"broken")


def test_same_picture_again_has_one_holder(deployment: FakeDeployment) -> None:
    for _ in range(2):
        index(deployment, "a.jpg", jpeg(CAT))

    record = stored(deployment, "a.jpg")
    assert deployment.holders(record.entry_hashes[0]) == [[record.ref.object_id]]


def test_event_that_is_repeated_keeps_its_holder(deployment: FakeDeployment) -> None:
    event = deployment.put("a.jpg", jpeg(CAT))

    for _ in range(2):
        deployment.indexer().index(event)

    assert deployment.holders(stored(deployment, "a.jpg").entry_hashes[0]) == [[event.object_id]]


def test_removed_picture_leaves_a_tombstone_and_no_holder(deployment: FakeDeployment) -> None:
    index(deployment, "framed.jpg", jpeg(FRAMED))
    whole, trimmed = stored(deployment, "framed.jpg").entry_hashes[:2]

    report = deployment.indexer().remove(deployment.delete("framed.jpg"))

    assert report.outcome is stored(deployment, "framed.jpg").outcome is Outcome.REMOVED
    assert whole != trimmed
    assert deployment.holders(whole, trimmed) == [[], []]


def test_removal_without_sequencer_asks_the_bucket(deployment: FakeDeployment) -> None:
    unsequenced = ObjectRef(BUCKET, "cat.jpg")
    unknown = deployment.indexer().remove(unsequenced)
    index(deployment, "cat.jpg", jpeg(CAT))
    still_there = deployment.indexer().remove(unsequenced)
    deployment.delete("cat.jpg")
    gone = deployment.indexer().remove(unsequenced)

    assert [one.outcome for one in (unknown, still_there, gone)] == [
        Outcome.IGNORED,
        Outcome.IGNORED,
        Outcome.REMOVED,
    ]


def test_backfill_leaves_what_an_event_has_indexed(deployment: FakeDeployment) -> None:
    event = deployment.put("cat.jpg", jpeg(CAT))
    deployment.indexer().index(event)

    report, asker = deployment.indexer().index(replace(event, sequencer=LOWEST_SEQUENCER))

    assert (report.outcome, asker) == (Outcome.STALE, None)
    assert stored(deployment, "cat.jpg").ref == event


def test_backfill_takes_its_place_just_after_a_tombstone(deployment: FakeDeployment) -> None:
    index(deployment, "cat.jpg", jpeg(CAT))
    deletion = deployment.delete("cat.jpg")
    deployment.indexer().remove(deletion)
    deployment.pictures.objects[BUCKET, "cat.jpg"] = jpeg(CAT)  # restored, with no event that says so

    deployment.indexer().index(ObjectRef(BUCKET, "cat.jpg"))

    record = stored(deployment, "cat.jpg")
    assert record.alive
    assert deletion.sequencer < record.ref.sequencer < deployment.event("cat.jpg").sequencer


def test_object_that_goes_while_it_is_backfilled_is_removed(deployment: FakeDeployment) -> None:
    class DeletedOnceRead(InMemoryPictures):
        def read(self, ref: ObjectRef) -> Content:
            content = super().read(ref)
            del self.objects[ref.bucket, ref.key]
            return content

    deployment.pictures = DeletedOnceRead()
    deployment.put("cat.jpg", jpeg(CAT))

    report, asker = deployment.indexer().index(ObjectRef(BUCKET, "cat.jpg"))

    assert (report.outcome, stored(deployment, "cat.jpg").outcome, asker) == (Outcome.REMOVED, Outcome.REMOVED, None)


def test_last_page_is_tried_first_where_there_are_several(deployment: FakeDeployment) -> None:
    class Crowd(InMemoryBuckets):
        """Says of the collections in *crowded* that a bucket has several pages."""

        crowded: frozenset[Collection] = frozenset()
        given: list[bool]

        def add(self, collection: Collection, bucket: Bucket, hash: int, *, crowded: bool) -> bool:
            self.given.append(crowded)
            super().add(collection, bucket, hash, crowded=crowded)
            return collection in self.crowded

    deployment.scope_depth, deployment.buckets = 1, (crowd := Crowd())
    for scope in ("busy/", "other/"):
        deployment.outgrow(scope)
    indexer: Any = deployment.indexer()

    def given(key: str, *, crowded: frozenset[Collection]) -> set[bool]:
        crowd.crowded, crowd.given = crowded, []
        indexer.index(deployment.put(key, jpeg(CAT)))
        return set(crowd.given)

    busy = frozenset({Collection("busy/", "look1")})
    assert given("busy/1.jpg", crowded=busy) == {False}
    assert given("busy/2.jpg", crowded=busy) == {True}
    assert given("other/3.jpg", crowded=busy) == {False}
    assert given("busy/4.jpg", crowded=frozenset()) == {True}
    assert given("busy/5.jpg", crowded=frozenset()) == {False}


def test_something_else_is_done_while_the_writes_are_under_way(deployment: FakeDeployment) -> None:
    """And before they are acknowledged: waiting for them costs as much as computing."""

    class Held(InMemoryCatalog):
        def put(self, collection: Collection, record: PictureRecord) -> PictureRecord | None:
            assert free.wait(timeout=10)
            return super().put(collection, record)

    free = Event()
    asked: list[Asker] = []

    def meanwhile(asker: Asker) -> None:
        asked.append(asker)
        free.set()

    with ThreadPoolExecutor(8) as executor:
        held = Held()
        indexer = Indexer(
            store=deployment.pictures,
            filer=Filer(
                index=deployment.buckets,
                holders=held,
                memory=deployment.memory(),
                buckets_from_bytes=0,
                executor=executor,
            ),
            catalog=held,
            executor=executor,
            settings=deployment.settings,
        )
        indexed = indexer.index(deployment.put("cat.jpg", jpeg(CAT)), meanwhile=meanwhile)

    assert asked == [indexed.asker]


class Noting:
    """Notes the methods of an adapter that are called."""

    def __init__(self, made: list[str], adapter: Any) -> None:
        self._made, self._adapter = made, adapter

    def __getattr__(self, name: str) -> Any:
        self._made.append(name)
        return getattr(self._adapter, name)


def test_entry_is_appended_once_everything_else_is_stored(deployment: FakeDeployment) -> None:
    """Whoever finds it finds the object, and whoever cannot have the journal finds it in the buckets."""
    made = list[str]()
    noting = partial(Noting, made)
    indexer = deployment.indexer(noting, memory=deployment.memory(noting))
    indexer.index(deployment.put("cat.jpg", jpeg(CAT)))  # from which it knows that pictures are in the buckets
    made.clear()

    indexer.index(deployment.put("framed.jpg", jpeg(FRAMED)))

    assert {"put", "add", "add_holder"} <= set(made[: made.index("append")])
    assert not {"put", "add", "add_holder"} & set(made[made.index("append") :])


def test_event_that_comes_too_late_appends_nothing(deployment: FakeDeployment) -> None:
    late = deployment.put("a.jpg", jpeg(CAT))
    index(deployment, "a.jpg", jpeg(DOG))
    made = list[str]()

    deployment.indexer(partial(Noting, made)).index(late)

    assert "append" not in made


def test_nothing_else_is_done_for_what_cannot_be_searched_for(deployment: FakeDeployment) -> None:
    asked: list[Asker] = []

    deployment.indexer().index(deployment.put("bad.jpg", b"?"), meanwhile=asked.append)

    assert asked == []
