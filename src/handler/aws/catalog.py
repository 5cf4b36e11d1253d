"""PictureTable: what is known of each object, and which objects hold a hash.

| item | pk | sk |
| object | `{scope}#{generation}#o#{object id}` | `object` |
| holder | `{scope}#{generation}#h#{hash}` | `{sequencer}#{object id}`, or `#{object id}` by an entry of the journal |

Attributes of an object have names of one letter, for DynamoDB counts them: so an object with a key of 100 bytes in a
versioned bucket is one write unit.

The function puts (`PutItem`) nothing but objects that were indexed, rejected or gone: CloudWatch counts them by that,
at no charge, and the alarm `rejected` goes by it. All else is an `UpdateItem`, at the same price.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from handler.aws.batch import KEYS_PER_CALL, pieces, read_strongly
from handler.core.model import Collection, Fingerprint, ObjectRef, Outcome, PictureRecord, Superseded
from handler.core.phash import to_hex

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TOMBSTONE_S = 30 * 24 * 3600  # far longer than S3 or a queue keeps a late event
HASH_BYTES, CHECK_BYTES = 8, 32  # of a view
NOTES_JOINED = "; "
ATTRIBUTES = frozenset("bksvgormjedzhfxycqtpnlu") | {"expires"}  # of an object item, beside its key
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
        allowed = "attribute_not_exists(pk) OR s <= :sequencer"
        values: Item = {":sequencer": {"S": record.ref.sequencer}}
        if record.ref.version is not None:
            allowed += " OR (o = :removed AND attribute_exists(v) AND v <> :version)"
            values |= {":version": {"S": record.ref.version}, ":removed": {"S": Outcome.REMOVED.value}}
        write = partial(
            self._client.put_item,
            TableName=self._table,
            Item=object_key(collection, record.ref.object_id) | _attributes(record),
            ConditionExpression=allowed,
            ExpressionAttributeValues=values,
            ReturnValues="ALL_OLD",
        )
        return _replaced(write, record.ref)

    def bury(self, collection: Collection, ref: ObjectRef) -> PictureRecord | None:
        """Replace the object by a tombstone if its event is not newer, and return what was there.

        Where *ref* names a version, that version was deleted for good, which touches no other one.
        Raises Superseded if a newer event, or another version, is stored.
        """
        record = PictureRecord(ref=ref, generation=collection.generation, outcome=Outcome.REMOVED)
        kept = _attributes(record) | {"expires": {"N": str(int(self._clock()) + TOMBSTONE_S)}}
        same_version = ""
        if ref.version is not None:
            unversioned = "attribute_not_exists(v) OR " if ref.version == NULL_VERSION else ""
            same_version = f" AND ({unversioned}v = :v)"
        write = partial(
            self._client.update_item,
            TableName=self._table,
            Key=object_key(collection, ref.object_id),
            UpdateExpression=(
                f"SET {', '.join(f'{name} = :{name}' for name in kept)} "
                f"REMOVE {', '.join(sorted(ATTRIBUTES - kept.keys()))}"
            ),
            ConditionExpression=f"attribute_not_exists(pk) OR (s <= :s{same_version})",
            ExpressionAttributeValues={f":{name}": value for name, value in kept.items()},
            ReturnValues="ALL_OLD",
        )
        return _replaced(write, ref)

    def get(self, collection: Collection, object_ids: Sequence[str]) -> list[PictureRecord]:
        """Return the records under the distinct *object_ids* that exist, in any order; strongly consistent."""
        keys = [object_key(collection, object_id) for object_id in object_ids]
        return [record_in(item) for piece in pieces(keys) for item in read_strongly(self._client, self._table, piece)]

    def mark_done(self, collection: Collection, object_id: str, job: str) -> None:
        """Note that a backfill is done with the object, whatever is known of it; no error if nothing is."""
        try:
            self._client.update_item(
                TableName=self._table,
                Key=object_key(collection, object_id),
                UpdateExpression="SET j = :job",
                ConditionExpression="attribute_exists(pk)",
                ExpressionAttributeValues={":job": {"S": job}},
            )
        except ClientError as error:
            if not _is_refused(error):
                raise

    # --- holders of a hash ---

    def add_holder(self, collection: Collection, hash: int, ref: ObjectRef) -> None:
        """Note that this version of the object has *hash*."""
        self._client.update_item(TableName=self._table, Key=_holder_key(collection, hash, ref))

    def add_entry_holder(self, collection: Collection, hash: int, object_id: str) -> None:
        """Note that the object has *hash* by an entry of the journal, which names no version: it is never forgotten."""
        self._client.update_item(TableName=self._table, Key=_entry_holder_key(collection, hash, object_id))

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


def _replaced(write: Callable[[], Any], ref: ObjectRef) -> PictureRecord | None:
    """Write an object item, and return what it replaced; raise Superseded if the condition did not hold."""
    try:
        answer = write()
    except ClientError as error:
        if _is_refused(error):
            raise Superseded(f"a newer event of {ref.bucket}/{ref.key} is stored") from error
        raise
    return record_in(answer["Attributes"]) if answer.get("Attributes") else None


def _is_refused(error: ClientError) -> bool:
    """Whether a write's condition did not hold."""
    return error.response["Error"]["Code"] == "ConditionalCheckFailedException"


def object_key(collection: Collection, object_id: str) -> Item:
    """Return the key of an object item."""
    return {"pk": {"S": f"{collection}#o#{object_id}"}, "sk": {"S": "object"}}


def _holder_key(collection: Collection, hash: int, ref: ObjectRef) -> Item:
    return _entry_holder_key(collection, hash, ref.object_id) | {"sk": {"S": f"{ref.sequencer}#{ref.object_id}"}}


def _entry_holder_key(collection: Collection, hash: int, object_id: str) -> Item:
    return {"pk": {"S": f"{collection}#h#{to_hex(hash)}"}, "sk": {"S": f"#{object_id}"}}


def _attributes(record: PictureRecord) -> Item:
    """The attributes of an object item; those that are None are left out."""
    ref = record.ref
    texts = {
        "b": ref.bucket,
        "k": ref.key,
        "s": ref.sequencer,
        "v": ref.version,
        "g": record.generation,
        "o": record.outcome.value,
        "r": record.reason,
        "m": record.modified,
        "j": record.job,
    }
    item = {name: {"S": value} for name, value in texts.items() if value is not None}
    item |= {name: _digits(value) for name, value in (("e", record.etag), ("d", record.digest)) if value is not None}
    if record.bytes is not None:
        item["z"] = {"N": str(record.bytes)}
    return item | (_computed(record.fingerprint) if record.fingerprint else {})


def _computed(fingerprint: Fingerprint) -> Item:
    """The attributes of what was computed from the picture; those that most pictures do not need are left out."""
    item: Item = {
        "h": {"B": b"".join(hash.to_bytes(HASH_BYTES, "big") for hash in fingerprint.hashes)},
        "f": {"S": fingerprint.format},
        "x": {"N": str(fingerprint.width)},
        "y": {"N": str(fingerprint.height)},
    }
    if fingerprint.checks:
        item["c"] = {"B": b"".join(fingerprint.checks)}
    if fingerprint.quality is not None:
        item["q"] = {"N": str(fingerprint.quality)}
    if fingerprint.taken is not None:
        item["t"] = {"S": fingerprint.taken}
    if fingerprint.frames > 1:
        item["p"] = {"N": str(fingerprint.frames)}
    if fingerprint.flat:
        item["l"] = {"BOOL": True}
    if fingerprint.bare:
        item["u"] = {"BOOL": True}
    if fingerprint.notes:
        item["n"] = {"S": NOTES_JOINED.join(fingerprint.notes)}
    return item


def record_in(item: Item) -> PictureRecord:
    """Return the record in an object item: the inverse of `_attributes`."""
    generation = item["g"]["S"]
    return PictureRecord(
        ref=ObjectRef(item["b"]["S"], item["k"]["S"], item["s"]["S"], _text(item, "v")),
        generation=generation,
        outcome=Outcome(item["o"]["S"]),
        reason=_text(item, "r"),
        fingerprint=_fingerprint(item, generation) if "h" in item else None,
        etag=_text(item, "e"),
        digest=_text(item, "d"),
        bytes=int(item["z"]["N"]) if "z" in item else None,
        modified=_text(item, "m"),
        job=_text(item, "j"),
    )


def _fingerprint(item: Item, generation: str) -> Fingerprint:
    """The fingerprint in an object item: the inverse of `_computed`."""
    hash, *further = (int.from_bytes(part, "big") for part in _parts(item, "h", HASH_BYTES))
    return Fingerprint(
        hash=hash,
        generation=generation,
        width=int(item["x"]["N"]),
        height=int(item["y"]["N"]),
        format=item["f"]["S"],
        further=tuple(further),
        checks=tuple(_parts(item, "c", CHECK_BYTES)),
        quality=float(item["q"]["N"]) if "q" in item else None,
        flat="l" in item,
        taken=_text(item, "t"),
        frames=int(item["p"]["N"]) if "p" in item else 1,
        notes=tuple(item["n"]["S"].split(NOTES_JOINED)) if "n" in item else (),
        bare="u" in item,
    )


def _digits(text: str) -> Item:
    """Return the value that holds *text*: half its length, if it is whole bytes in lower-case hex digits."""
    with suppress(ValueError):
        packed = bytes.fromhex(text)
        if packed.hex() == text:
            return {"B": packed}
    return {"S": text}  # the ETag of what was uploaded in parts, or is encrypted


def _text(item: Item, name: str) -> str | None:
    """Return a text of *item*, also of what `_digits` made."""
    value = item.get(name)
    return None if value is None else value["S"] if "S" in value else bytes(value["B"]).hex()


def _parts(item: Item, name: str, length: int) -> Iterator[bytes]:
    """Yield the parts of a binary attribute of *item*, so many bytes each; none if it is not there."""
    joined = bytes(item[name]["B"]) if name in item else b""
    return (joined[at : at + length] for at in range(0, len(joined), length))
