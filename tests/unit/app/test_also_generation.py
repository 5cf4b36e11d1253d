"""A second generation, written besides while a deployment moves from one to the other."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest

from handler.core.journal import PacksUnavailable, Shape, Span
from handler.core.model import Collection, ObjectRef, Outcome, PictureRecord
from handler.deliveries import ItemsFailed
from handler.indexing import Indexer
from handler.wiring import Service
from tests.deployments import FakeDeployment
from tests.events import REMOVED, look_up, notification
from tests.fakes import InMemoryCatalog, InMemoryJournal, InMemoryPacks
from tests.pictures import jpeg, near_copy, photo
from tests.unit.app.conftest import Invoke

CAT = photo(1)
SMALL = Shape(segment_bytes=100, pack_sizes=(1,))  # a segment is one entry of phash1, and full: each makes a pack
MAIN, ALSO = Collection("*", "phash1"), Collection("*", "look1")


class UsedCatalog(InMemoryCatalog):
    """Fails for the second generation, as long as it is *denied*."""

    denied = False

    def put(self, collection: Collection, record: PictureRecord) -> PictureRecord | None:
        if self.denied and collection == ALSO:
            raise ConnectionError("no answer")
        return super().put(collection, record)


class UsedPacks(InMemoryPacks):
    """Of the collections that are *denied* no pack can be written."""

    def __init__(self) -> None:
        super().__init__()
        self.denied: set[Collection] = set()

    def put(self, collection: Collection, span: Span, pack: bytes) -> None:
        if collection in self.denied:
            raise PacksUnavailable(f"denied: {collection}")
        super().put(collection, span, pack)


@pytest.fixture
def catalog() -> UsedCatalog:
    return UsedCatalog()


@pytest.fixture
def packs() -> UsedPacks:
    return UsedPacks()


@pytest.fixture
def deployment(catalog: UsedCatalog, packs: UsedPacks) -> FakeDeployment:
    return FakeDeployment(catalog=catalog, journal=InMemoryJournal(shape=SMALL), packs=packs, shape=SMALL)


@pytest.fixture
def service(deployment: FakeDeployment) -> Callable[[], Service]:
    """One instance, that searches phash1 and writes look1 besides."""
    return cache(lambda: deployment.service(shadow(deployment)))


def shadow(deployment: FakeDeployment) -> Indexer:
    return replace(deployment, generation="look1").indexer()


def outcome(catalog: UsedCatalog, collection: Collection, ref: ObjectRef) -> Outcome | None:
    stored = catalog.get(collection, [ref.object_id])
    return stored[0].outcome if stored else None


def test_upload_is_written_by_both_and_searched_by_one(
    deployment: FakeDeployment, catalog: UsedCatalog, service: Callable[[], Service], invoke: Invoke
) -> None:
    refs = [deployment.put("cat.jpg", jpeg(CAT)), deployment.put("copy.jpg", jpeg(near_copy(CAT)))]

    lines = [invoke(notification(ref), service).line for ref in refs]

    for collection in (MAIN, ALSO):
        assert [outcome(catalog, collection, ref) for ref in refs] == [Outcome.INDEXED] * 2
    assert [(line["message"], line["matches"]) for line in lines] == [("indexed", 0), ("indexed", 1)]
    assert deployment.announced == [("copy.jpg", ["cat.jpg"])]
    assert {prefix for prefix, *_ in deployment.pairs.items} == {str(MAIN)}


def test_removal_reaches_both(
    deployment: FakeDeployment, catalog: UsedCatalog, service: Callable[[], Service], invoke: Invoke
) -> None:
    invoke(notification(deployment.put("cat.jpg", jpeg(CAT))), service)

    removal = deployment.delete("cat.jpg")
    invocation = invoke(notification(removal, name=REMOVED), service)

    assert invocation.line["message"] == "removed"
    assert [outcome(catalog, collection, removal) for collection in (MAIN, ALSO)] == [Outcome.REMOVED] * 2


def test_look_up_writes_by_neither(
    deployment: FakeDeployment, catalog: UsedCatalog, service: Callable[[], Service], invoke: Invoke
) -> None:
    asked = deployment.put("cat.jpg", jpeg(CAT))

    invoke(look_up(asked), service)

    assert [outcome(catalog, collection, asked) for collection in (MAIN, ALSO)] == [None, None]


def test_failure_of_the_second_makes_the_event_come_again(
    deployment: FakeDeployment, catalog: UsedCatalog, service: Callable[[], Service], invoke: Invoke
) -> None:
    deployment.upload("cat.jpg", jpeg(CAT))
    ref = deployment.put("copy.jpg", jpeg(near_copy(CAT)))
    catalog.denied = True

    failed = invoke(notification(ref), service)
    catalog.denied = False
    again = invoke(notification(ref), service)

    assert isinstance(failed.error, ItemsFailed)
    assert (failed.line["message"], failed.line["key"]) == ("failed", "copy.jpg")
    assert "ConnectionError: no answer" in failed.line["exception"]
    assert (failed.metrics["Troubles"], again.line["message"]) == ([1], "indexed")
    assert outcome(catalog, ALSO, ref) is Outcome.INDEXED
    assert deployment.announced == [("copy.jpg", ["cat.jpg"])]


@pytest.mark.parametrize(
    ("denied", "trouble"),
    [({ALSO}, f"denied: {ALSO}"), ({MAIN}, f"denied: {MAIN}"), ({MAIN, ALSO}, f"denied: {MAIN}"), (set(), None)],
    ids=["second", "first", "both", "none"],
)
def test_trouble_with_packs_of_either_is_logged_and_counted(
    deployment: FakeDeployment,
    packs: UsedPacks,
    service: Callable[[], Service],
    invoke: Invoke,
    denied: set[Collection],
    trouble: str | None,
) -> None:
    packs.denied = denied

    invocation = invoke(notification(deployment.put("cat.jpg", jpeg(CAT))), service)

    assert (invocation.line["message"], invocation.line.get("trouble")) == ("indexed", trouble)
    assert invocation.metrics.get("Troubles") == ([1] if trouble else None)


def test_trouble_is_logged_with_the_call_that_met_it(
    deployment: FakeDeployment, packs: UsedPacks, invoke: Invoke
) -> None:
    """And not with the next one of the same instance, of this collection or another."""
    deployment.scope_depth = 1
    denied = Collection("one/", "phash1")
    instance = cache(deployment.service)
    packs.denied = {denied}
    first = invoke(notification(deployment.put("one/cat.jpg", jpeg(CAT))), instance)
    packs.denied = set()

    others = [
        invoke(notification(deployment.put(key, jpeg(CAT))), instance)
        for key in ("two/cat.jpg", "one/copy.jpg", "one/again.jpg")
    ]

    assert first.line["trouble"] == f"denied: {denied}"
    assert [invocation.line.get("trouble") for invocation in others] == [None] * 3
    assert not any("Troubles" in invocation.metrics for invocation in others)
