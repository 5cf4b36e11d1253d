"""PictureTable: what is known of each object, and which objects hold a hash.

| item | pk | sk |
| object | `{scope}#{generation}#o#{object id}` | `object` |
| holder | `{scope}#{generation}#h#{hash}` | `{sequencer}#{object id}` |
"""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from handler.aws.batch import KEYS_PER_CALL, pieces, read_strongly
from handler.core.model import Collection, Fingerprint, ObjectRef, Outcome, PictureRecord, Superseded
from handler.core.phash import from_hex, to_hex

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TOMBSTONE_S = 30 * 24 * 3600  # far longer than S3 or a queue keeps a late event
HASH_BYTES, CHECK_BYTES = 8, 32  # of a view
NOTES_JOINED = "; "
NULL_VERSION = "null"  # what S3 calls an object that is older than the bucket's versioning

Item = dict[str, Any]


class DynamoDBCatalog:
    """The objects and holders of hashes of all collections of one deployment."""

    def __init__(self, client: "DynamoDBClient", table: str, *, clock: Callable[[], float] = time.time) -> None:
        self._client = client
        self._table = table
        self._clock = clock

    # --- objects ---

    def put(self, collection: Collection, record: PictureRecord) -> PictureRecord | None:
        """Store *record* if the stored one is not newer, and return the one it replaced.

        Raises Superseded if a newer one is stored. The tombstone of another, permanently deleted
        version says nothing about this version, whatever its sequencer.
        """
        allowed = "attribute_not_exists(pk) OR sequencer <= :sequencer"
        values: Item = {":sequencer": {"S": record.ref.sequencer}}
        if record.ref.version is not None:
            allowed += " OR (outcome = :removed AND attribute_exists(version) AND version <> :version)"
            values |= {":version": {"S": record.ref.version}, ":removed": {"S": Outcome.REMOVED.value}}
        return self._put(object_key(collection, record.ref.object_id) | _attributes(record), allowed, values)

    def bury(self, collection: Collection, ref: ObjectRef) -> PictureRecord | None:
        """Replace the object by a tombstone if its event is not newer, and return what was there.

        Where *ref* names a version, that version was deleted for good, which touches no other one.
        Raises Superseded if a newer event, or another version, is stored.
        """
        record = PictureRecord(ref=ref, generation=collection.generation, outcome=Outcome.REMOVED)
        item = object_key(collection, ref.object_id) | _attributes(record)
        item["expires"] = {"N": str(int(self._clock()) + TOMBSTONE_S)}
        same_version = ""
        values: Item = {":sequencer": {"S": ref.sequencer}}
        if ref.version is not None:
            values[":version"] = {"S": ref.version}
            unversioned = "attribute_not_exists(version) OR " if ref.version == NULL_VERSION else ""
            same_version = f" AND ({unversioned}version = :version)"
        return self._put(item, f"attribute_not_exists(pk) OR (sequencer <= :sequencer{same_version})", values)

    def get(self, collection: Collection, object_ids: Sequence[str]) -> list[PictureRecord]:
        """Return the records under the distinct *object_ids* that exist, in any order; strongly consistent."""
        keys = [object_key(collection, object_id) for object_id in object_ids]
        return [_record(item) for piece in pieces(keys) for item in read_strongly(self._client, self._table, piece)]

    def _put(self, item: Item, allowed: str, values: Item) -> PictureRecord | None:
        try:
            answer = self._client.put_item(
                TableName=self._table,
                Item=item,
                ConditionExpression=allowed,
                ExpressionAttributeValues=values,
                ReturnValues="ALL_OLD",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                raise Superseded(f"a newer event of {item['bucket']['S']}/{item['key']['S']} is stored") from error
            raise
        return _record(answer["Attributes"]) if answer.get("Attributes") else None

    # --- holders of a hash ---

    def add_holder(self, collection: Collection, hash: int, ref: ObjectRef) -> None:
        """Note that this version of the object has *hash*."""
        self._client.put_item(TableName=self._table, Item=_holder_key(collection, hash, ref))

    def drop_holder(self, collection: Collection, hash: int, ref: ObjectRef) -> None:
        """Forget that this version of the object had *hash*; no error if that was not known."""
        self._client.delete_item(TableName=self._table, Key=_holder_key(collection, hash, ref))

    def holders(self, collection: Collection, hash: int) -> Iterator[list[str]]:
        """Yield the object ids that were noted for *hash*, oldest first, in pages of up to 100.

        An id comes once for each version. Strongly consistent; a page is read when it is asked for.
        """
        after: Item = {}
        while True:
            answer = self._client.query(
                TableName=self._table,
                KeyConditionExpression="pk = :hash",
                ExpressionAttributeValues={":hash": {"S": f"{collection}#h#{to_hex(hash)}"}},
                ProjectionExpression="sk",
                ConsistentRead=True,
                Limit=KEYS_PER_CALL,
                **after,
            )
            yield [item["sk"]["S"].split("#")[1] for item in answer["Items"]]
            if "LastEvaluatedKey" not in answer:
                return
            after = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


def object_key(collection: Collection, object_id: str) -> Item:
    """Return the key of an object item."""
    return {"pk": {"S": f"{collection}#o#{object_id}"}, "sk": {"S": "object"}}


def _holder_key(collection: Collection, hash: int, ref: ObjectRef) -> Item:
    return {"pk": {"S": f"{collection}#h#{to_hex(hash)}"}, "sk": {"S": f"{ref.sequencer}#{ref.object_id}"}}


def _attributes(record: PictureRecord) -> Item:
    """The attributes of an object item; those that are None are left out."""
    ref, fingerprint = record.ref, record.fingerprint
    texts = {
        "bucket": ref.bucket,
        "key": ref.key,
        "sequencer": ref.sequencer,
        "version": ref.version,
        "generation": record.generation,
        "outcome": record.outcome.value,
        "reason": record.reason,
        "etag": record.etag,
        "sha256": record.digest,
        "modified": record.modified,
        "hash": to_hex(fingerprint.hash) if fingerprint else None,
        "format": fingerprint.format if fingerprint else None,
        "taken": fingerprint.taken if fingerprint else None,
    }
    numbers = {
        "bytes": record.bytes,
        "width": fingerprint.width if fingerprint else None,
        "height": fingerprint.height if fingerprint else None,
        "quality": fingerprint.quality if fingerprint else None,
        "frames": fingerprint.frames if fingerprint and fingerprint.frames > 1 else None,
    }
    item = {name: {"S": value} for name, value in texts.items() if value is not None}
    item |= {name: {"N": str(value)} for name, value in numbers.items() if value is not None}
    return item | (_views(fingerprint) if fingerprint else {})


def _views(fingerprint: Fingerprint) -> Item:
    """The attributes of a fingerprint that has further views."""
    item: Item = {}
    if fingerprint.further:
        item["further"] = {"B": b"".join(hash.to_bytes(HASH_BYTES, "big") for hash in fingerprint.further)}
    if fingerprint.checks:
        item["checks"] = {"B": b"".join(fingerprint.checks)}
    if fingerprint.flat:
        item["flat"] = {"BOOL": True}
    if fingerprint.bare:
        item["bare"] = {"BOOL": True}
    if fingerprint.notes:
        item["notes"] = {"S": NOTES_JOINED.join(fingerprint.notes)}
    return item


def _record(item: Item) -> PictureRecord:
    """The record in an object item: the inverse of `_attributes`."""

    def text(name: str) -> str | None:
        return item[name]["S"] if name in item else None

    def number(name: str) -> int:
        return int(item[name]["N"])

    def parts(name: str, length: int) -> tuple[bytes, ...]:
        joined = bytes(item[name]["B"]) if name in item else b""
        return tuple(joined[at : at + length] for at in range(0, len(joined), length))

    generation = item["generation"]["S"]
    return PictureRecord(
        ref=ObjectRef(item["bucket"]["S"], item["key"]["S"], item["sequencer"]["S"], text("version")),
        generation=generation,
        outcome=Outcome(item["outcome"]["S"]),
        reason=text("reason"),
        fingerprint=Fingerprint(
            hash=from_hex(item["hash"]["S"]),
            generation=generation,
            width=number("width"),
            height=number("height"),
            format=item["format"]["S"],
            further=tuple(int.from_bytes(hash, "big") for hash in parts("further", HASH_BYTES)),
            checks=parts("checks", CHECK_BYTES),
            quality=float(item["quality"]["N"]) if "quality" in item else None,
            flat="flat" in item,
            taken=text("taken"),
            frames=number("frames") if "frames" in item else 1,
            notes=tuple(item["notes"]["S"].split(NOTES_JOINED)) if "notes" in item else (),
            bare="bare" in item,
        )
        if "hash" in item
        else None,
        etag=text("etag"),
        digest=text("sha256"),
        bytes=number("bytes") if "bytes" in item else None,
        modified=text("modified"),
    )
