from collections.abc import Iterable
from dataclasses import replace

import pytest

from handler.aws.catalog import DynamoDBCatalog
from handler.core.model import Collection, Fingerprint, ObjectRef, Outcome, PictureRecord, Superseded
from handler.core.sequencers import padded_sequencer
from tests.conftest import Stack
from tests.contract.conftest import Catalog

HASH = 0x0F0F_0000_FFFF_1234


def ref(key: str = "a.jpg", sequencer: str = "5", version: str | None = None) -> ObjectRef:
    return ObjectRef("pictures", key, padded_sequencer(sequencer), version)


def record(where: ObjectRef, *, hash: int = HASH) -> PictureRecord:
    return PictureRecord(
        ref=where,
        generation="phash1",
        outcome=Outcome.INDEXED,
        fingerprint=Fingerprint(hash=hash, generation="phash1", width=640, height=480, format="JPEG"),
        etag="e",
        digest="d",
        bytes=10,
        modified="2026-01-01T00:00:00+00:00",
    )


def stored(catalog: Catalog, collection: Collection, key: str = "a.jpg") -> PictureRecord:
    (found,) = catalog.get(collection, [ref(key).object_id])
    return found


def flat(pages: Iterable[list[str]]) -> list[str]:
    return [object_id for page in pages for object_id in page]


def test_record_comes_back_as_it_was_put(catalog: Catalog, collection: Collection) -> None:
    records = [
        record(ref('a b+%"猫.jpg', version="v1"), hash=2**64 - 1),
        record(ref("zero.jpg"), hash=0),
        replace(
            record(ref("views.jpg")),
            fingerprint=Fingerprint(
                hash=HASH,
                generation="phash1",
                width=1,
                height=2,
                format="GIF",
                further=(0, 2**64 - 1),
                checks=(b"c" * 32, b"d" * 32, b"e" * 32),
                quality=21.5,
                flat=True,
                frames=7,
                notes=("one", "two"),
                bare=True,
            ),
        ),
        PictureRecord(
            ref("bad.jpg"), "phash1", Outcome.REJECTED, reason="empty: the file has 0 bytes", etag="e", bytes=0
        ),
        PictureRecord(ref("gone.jpg"), "phash1", Outcome.GONE, reason="gone"),
    ]
    for one in records:
        assert catalog.put(collection, one) is None

    found = catalog.get(collection, [one.ref.object_id for one in records])

    assert sorted(found, key=lambda one: one.ref.key) == sorted(records, key=lambda one: one.ref.key)


def test_unknown_ids_are_left_out(catalog: Catalog, collection: Collection) -> None:
    catalog.put(collection, record(ref()))

    assert catalog.get(collection, []) == []
    assert catalog.get(collection, ["0" * 32, ref().object_id]) == [record(ref())]


def test_more_records_than_one_call_carries_are_found(catalog: Catalog, collection: Collection) -> None:
    refs = [ref(f"{n}.jpg") for n in range(120)]
    for one in refs:
        catalog.put(collection, record(one))

    found = catalog.get(collection, [one.object_id for one in refs])

    assert {one.ref.key for one in found} == {one.key for one in refs}


def test_collections_do_not_see_each_other(catalog: Catalog, collection: Collection) -> None:
    catalog.put(collection, record(ref()))

    assert catalog.get(replace(collection, generation="other"), [ref().object_id]) == []
    assert catalog.get(replace(collection, scope=collection.scope + "x/"), [ref().object_id]) == []


@pytest.mark.parametrize("sequencer", ["5", "6"])
def test_newer_or_same_event_replaces_and_returns_the_old_record(
    catalog: Catalog, collection: Collection, sequencer: str
) -> None:
    catalog.put(collection, record(ref()))
    newer = record(ref(sequencer=sequencer), hash=1)

    assert catalog.put(collection, newer) == record(ref())
    assert stored(catalog, collection) == newer


def test_older_event_is_superseded(catalog: Catalog, collection: Collection) -> None:
    catalog.put(collection, record(ref(sequencer="5")))

    for older in ("4", "49", "0"):
        with pytest.raises(Superseded):
            catalog.put(collection, record(ref(sequencer=older)))
        with pytest.raises(Superseded):
            catalog.bury(collection, ref(sequencer=older))
    assert stored(catalog, collection).outcome is Outcome.INDEXED


def test_burial_leaves_a_tombstone_that_late_events_respect(catalog: Catalog, collection: Collection) -> None:
    catalog.put(collection, record(ref(sequencer="5")))

    assert catalog.bury(collection, ref(sequencer="6")) == record(ref(sequencer="5"))
    with pytest.raises(Superseded):
        catalog.put(collection, record(ref(sequencer="5")))
    assert stored(catalog, collection).outcome is Outcome.REMOVED

    catalog.put(collection, record(ref(sequencer="7")))
    assert stored(catalog, collection).outcome is Outcome.INDEXED


def test_tombstone_keeps_nothing_of_the_picture(catalog: Catalog, collection: Collection) -> None:
    whole = record(ref(sequencer="5", version="v1"))
    assert whole.fingerprint
    everything = replace(
        whole.fingerprint, checks=(b"c" * 32,), quality=1.5, flat=True, taken="2026", frames=2, notes=("n",), bare=True
    )
    catalog.put(collection, replace(whole, fingerprint=everything, reason="r", job="j"))

    catalog.bury(collection, ref(sequencer="6"))

    assert stored(catalog, collection) == PictureRecord(ref(sequencer="6"), "phash1", Outcome.REMOVED)


def test_burial_of_an_unknown_object_still_stops_its_late_creation(catalog: Catalog, collection: Collection) -> None:
    assert catalog.bury(collection, ref(sequencer="6")) is None

    with pytest.raises(Superseded):
        catalog.put(collection, record(ref(sequencer="5")))


def test_deleting_an_old_version_leaves_the_current_one(catalog: Catalog, collection: Collection) -> None:
    catalog.put(collection, record(ref(sequencer="5", version="v2")))

    with pytest.raises(Superseded):
        catalog.bury(collection, ref(sequencer="6", version="v1"))
    assert stored(catalog, collection).alive

    catalog.bury(collection, ref(sequencer="7", version="v2"))
    assert not stored(catalog, collection).alive


def test_tombstone_of_one_version_says_nothing_about_another(catalog: Catalog, collection: Collection) -> None:
    catalog.bury(collection, ref(sequencer="6", version="v1"))

    with pytest.raises(Superseded):
        catalog.put(collection, record(ref(sequencer="5", version="v1")))
    catalog.put(collection, record(ref(sequencer="5", version="v2")))

    assert stored(catalog, collection).ref.version == "v2"


def test_delete_marker_hides_every_older_version(catalog: Catalog, collection: Collection) -> None:
    catalog.put(collection, record(ref(sequencer="5", version="v2")))
    catalog.bury(collection, ref(sequencer="6"))

    with pytest.raises(Superseded):
        catalog.put(collection, record(ref(sequencer="5", version="v2")))
    assert not stored(catalog, collection).alive


def test_null_version_is_the_object_from_before_versioning(catalog: Catalog, collection: Collection) -> None:
    catalog.put(collection, record(ref(sequencer="5")))

    catalog.bury(collection, ref(sequencer="6", version="null"))

    assert not stored(catalog, collection).alive


def test_holders_come_oldest_first_and_once_for_each_version(catalog: Catalog, collection: Collection) -> None:
    old, new, newest = ref("old.jpg", "1"), ref("new.jpg", "2"), ref("old.jpg", "3")
    for one in (newest, new, old, old):
        catalog.add_holder(collection, HASH, one)
    catalog.add_holder(collection, HASH + 1, ref("other.jpg"))

    assert flat(catalog.holders(collection, HASH)) == [old.object_id, new.object_id, newest.object_id]


def test_every_page_of_holders_is_read(catalog: Catalog, collection: Collection) -> None:
    refs = [ref(f"{n}.jpg", f"{n:04d}") for n in range(230)]
    for one in refs:
        catalog.add_holder(collection, HASH, one)

    assert flat(catalog.holders(collection, HASH)) == [one.object_id for one in refs]


def test_what_an_entry_says_of_a_holder_stays(catalog: Catalog, collection: Collection) -> None:
    versioned = ref("a.jpg", "1")
    catalog.add_holder(collection, HASH, versioned)
    for _ in range(2):
        catalog.add_entry_holder(collection, HASH, versioned.object_id)

    catalog.drop_holder(collection, HASH, versioned)

    assert flat(catalog.holders(collection, HASH)) == [versioned.object_id]


def test_dropping_one_version_keeps_the_other(catalog: Catalog, collection: Collection) -> None:
    first, second = ref(sequencer="1"), ref(sequencer="2")
    catalog.add_holder(collection, HASH, first)
    catalog.add_holder(collection, HASH, second)

    catalog.drop_holder(collection, HASH, first)
    catalog.drop_holder(collection, HASH, ref("never.jpg"))

    assert flat(catalog.holders(collection, HASH)) == [second.object_id]


def test_hash_without_holders_has_none(catalog: Catalog, collection: Collection) -> None:
    assert flat(catalog.holders(collection, HASH)) == []


def test_job_is_noted_on_what_is_known_of_an_object(catalog: Catalog, collection: Collection) -> None:
    catalog.put(collection, record(ref()))

    catalog.mark_done(collection, ref().object_id, "job")
    catalog.mark_done(collection, ref("unknown.jpg").object_id, "job")
    marked = stored(catalog, collection)
    catalog.put(collection, record(ref(sequencer="6")))

    assert marked == replace(record(ref()), job="job")
    assert stored(catalog, collection).job is None
    assert catalog.get(collection, [ref("unknown.jpg").object_id]) == []


@pytest.mark.emulator
def test_puts_are_objects_that_came_and_nothing_else(stack: Stack, collection: Collection) -> None:
    """The alarm `rejected` takes CloudWatch's count of them for that of uploads."""
    client, seen = stack.client("dynamodb"), list[str]()
    client.meta.events.register("before-call.dynamodb", lambda model, **_: seen.append(model.name))
    catalog = DynamoDBCatalog(client, stack.deployment.outputs["PictureTableName"])

    catalog.put(collection, record(ref()))
    catalog.add_holder(collection, HASH, ref())
    catalog.add_entry_holder(collection, HASH, ref().object_id)
    catalog.mark_done(collection, ref().object_id, "job")
    catalog.drop_holder(collection, HASH, ref())
    catalog.bury(collection, ref(sequencer="6"))
    catalog.put(collection, replace(record(ref(sequencer="7")), outcome=Outcome.GONE))

    assert seen == ["PutItem", *["UpdateItem"] * 3, "DeleteItem", "UpdateItem", "PutItem"]
