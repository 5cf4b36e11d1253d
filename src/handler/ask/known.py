"""What is known of one object: by the index, and by its bytes where the index does not know it as it is now."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from handler.ask.problems import Kind, Problem
from handler.core.fingerprint import fingerprint
from handler.core.generations import GENERATIONS
from handler.core.message import describe
from handler.core.model import (
    Collection,
    Content,
    Limits,
    ObjectGone,
    ObjectRef,
    Outcome,
    PictureRecord,
    PictureRejected,
    collection_of,
)
from handler.core.phash import to_hex
from handler.report import Report
from handler.wiring import AskService

SCHEMA = "lookalike.picture/1"
PHASH = "phash1"  # the generation that other software calls pHash
INDEX, OBJECT = "index", "object"  # where something is known from
UNKNOWN = ("hash", "width", "height", "format", "bytes", "modified", "etag", "sha256")  # of what was rejected


def known(asking: AskService, ref: ObjectRef) -> dict[str, Any]:
    """Return what is known of the object; read it only for what the index does not have.

    Raises ObjectGone, ReadDenied, PictureRejected, or Problem if it is not there as it was indexed.
    """
    collection = collection_of(ref, asking.settings)
    record = _stored(asking, collection, ref)
    if record is not None and record.outcome is Outcome.REJECTED:
        return _rejected(record, collection)
    if record is not None and record.alive:
        if phash := _stored_phash(asking, record):
            return _described(record, collection, INDEX, phash, INDEX)
        content = asking.pictures.read(replace(ref, version=record.ref.version))
        if content.etag == record.etag:
            return _described(record, collection, INDEX, _phash(content, asking.settings.limits), OBJECT)
    else:
        content = asking.pictures.read(ref)
    # The index has not seen it, or not as it is now.
    report = Report(ref)
    examined = asking.indexer.examine_content(ref, content, report).record
    if not examined.alive:
        raise Problem(Kind.PICTURE_REJECTED, str(examined.reason), code=str(examined.reason).partition(":")[0])
    return _described(examined, collection, OBJECT, _phash(content, asking.settings.limits), OBJECT)


def _stored(asking: AskService, collection: Collection, ref: ObjectRef) -> PictureRecord | None:
    """What the index knows of the object, unless another version of it is asked for."""
    found: Sequence[PictureRecord] = asking.catalog.get(collection, [ref.object_id])
    record = found[0] if found else None
    return record if record and ref.version in (None, record.ref.version) else None


def _stored_phash(asking: AskService, record: PictureRecord) -> str | None:
    """The phash that a generation of this deployment has stored for the same bytes."""
    if record.generation == PHASH:
        return None if record.hash is None else to_hex(record.hash)
    if asking.also_generation != PHASH:
        return None
    scope = collection_of(record.ref, asking.settings).scope
    also = asking.catalog.get(Collection(scope, PHASH), [record.ref.object_id])
    same = also and also[0].hash is not None and also[0].digest == record.digest
    return to_hex(also[0].hash or 0) if same else None


def _phash(content: Content, limits: Limits) -> str | None:
    """The phash of what was read; None if there is none of it."""
    try:
        return to_hex(fingerprint(content.body, PHASH, limits).hash)
    except PictureRejected:
        return None


def _described(
    record: PictureRecord, collection: Collection, source: str, phash: str | None, phash_source: str
) -> dict[str, Any]:
    computed = record.fingerprint
    if computed is None:
        raise ObjectGone(f"{record.ref.bucket}/{record.ref.key} has no fingerprint")
    names = GENERATIONS[record.generation].view_names
    return (
        _head(record, collection, source)
        | describe(record)
        | {
            "views": dict(zip(names, map(to_hex, computed.hashes), strict=True)),
            "quality": computed.quality,
            "flat": computed.flat,
            "taken": computed.taken,
            "frames": computed.frames,
            "notes": list(computed.notes),
            "phash": phash,
            "phash_from": phash_source if phash else None,
        }
    )


def _rejected(record: PictureRecord, collection: Collection) -> dict[str, Any]:
    ref = record.ref
    named = {"bucket": ref.bucket, "key": ref.key, "version": ref.version, "sequencer": ref.sequencer}
    nothing = dict.fromkeys(UNKNOWN) | {"bytes": record.bytes, "modified": record.modified, "etag": record.etag}
    further = dict.fromkeys(("views", "quality", "flat", "taken", "frames", "notes", "phash", "phash_from"))
    return _head(record, collection, INDEX) | named | nothing | further


def _head(record: PictureRecord, collection: Collection, source: str) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "scope": collection.scope,
        "generation": collection.generation,
        "from": source,
        "outcome": record.outcome.value if source == INDEX else None,
        "reason": record.reason,
    }
