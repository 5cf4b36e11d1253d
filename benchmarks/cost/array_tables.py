"""What the tables of a large collection answer, out of arrays: the cheapest DynamoDB there can be.

Units follow the pricing rules: a strong read costs one unit for each started 4 KB (a Query: of the sum of its items)
and one for an absent key, a write one for each started 1 KB of the item after it.
"""

import base64
import json
import math
from collections import defaultdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.cost.stored_pictures import Members, Size, StoredPictures, as_binary_set, as_members
from handler.core.buckets import MEMBER_BYTES, Bucket
from handler.core.entry import entry_bytes
from handler.core.sequencers import LOWEST_SEQUENCER

READ_UNIT_BYTES = 4096
WRITE_UNIT_BYTES = 1024
KEY_BYTES = 40  # names and values of pk and sk, about
PAGE_BYTES = 1 << 20  # of items that one Query reads


class Refused(Exception):
    """A condition failed; *item* is what was there, as JSON."""

    def __init__(self, item: bytes) -> None:
        super().__init__(item)
        self.item = item


class ArrayTables:
    """What the two tables answer: JSON, and the units consumed; Refused is raised where a condition fails."""

    def __init__(self, size: Size) -> None:
        self.stored = StoredPictures(size)
        self.full = size.segment_rows
        self._members = Members(self.stored)
        self.forget()

    def forget(self) -> None:
        """Forget all that was written."""
        self._appended: defaultdict[tuple[int, int], list[str]] = defaultdict(list)
        self._added: defaultdict[Bucket, list[int]] = defaultdict(list)
        self._holders: dict[str, str] = {}  # pk to sk

    def batch_get(self, request: dict[str, Any]) -> tuple[bytes, int]:
        """Answer for bucket pages; no object is there, so nothing that lies near by chance is a match."""
        ((table, asked),) = request["RequestItems"].items()
        items, units = [], 0
        for key in asked["Keys"]:
            bucket = _bucket(key)
            members = self._in_bucket(bucket) if bucket else np.empty(0, np.uint64)
            units += math.ceil((KEY_BYTES + MEMBER_BYTES * len(members)) / READ_UNIT_BYTES)
            if len(members):
                text = json.dumps(key).encode()[:-1]
                items.append(text + b', "hashes": {"BS": ' + as_binary_set(as_members(members)) + b"}}")
        consumed = json.dumps([{"TableName": table, "CapacityUnits": units}]).encode()
        head = b'{"Responses": {"%s": [' % table.encode()
        return head + b",".join(items) + b']}, "UnprocessedKeys": {}, "ConsumedCapacity": ' + consumed + b"}", units

    def write(self, request: dict[str, Any]) -> tuple[bytes, int]:
        """Take a write, and keep what a search reads again."""
        key, before = request.get("Key"), b""
        if key is None:
            size = len(json.dumps(request["Item"]))
            self._holders[request["Item"]["pk"]["S"]] = request["Item"]["sk"]["S"]
        elif bucket := _bucket(key):
            self._added[bucket].append(int.from_bytes(_binary(request, ":member"), "big"))
            size = KEY_BYTES + MEMBER_BYTES * len(self._in_bucket(bucket))
        elif ":entry" in (values := request.get("ExpressionAttributeValues", {})):
            size, before = self._append(key, values[":entry"]["B"])
        elif "UpdateExpression" not in request:  # a holder is its key
            size, self._holders[key["pk"]["S"]] = len(json.dumps(key)), key["sk"]["S"]
        else:
            raise Refused(b"{}")  # how many shards there are is noted
        units = math.ceil(size / WRITE_UNIT_BYTES)
        consumed = {"ConsumedCapacity": {"TableName": request["TableName"], "CapacityUnits": units}}
        return json.dumps(consumed)[:-1].encode() + before + b"}", units

    def get(self, request: dict[str, Any]) -> tuple[bytes, int]:
        """Answer that there is no such item: no scope is filed in the buckets late."""
        consumed = {"TableName": request["TableName"], "CapacityUnits": 1}
        return json.dumps({"ConsumedCapacity": consumed}).encode(), 1

    def query(self, request: dict[str, Any]) -> tuple[bytes, int]:
        """Answer for the journal, or for the holder of a hash; the stored ones have one whose object is gone."""
        values = request["ExpressionAttributeValues"]
        if ":hash" in values:
            hash = values[":hash"]["S"]
            holder = self._holders.get(hash, f"{LOWEST_SEQUENCER}#{2 * hash.rpartition('#')[2]}")
            return json.dumps({"Items": [{"sk": {"S": holder}}]}).encode(), 1
        pk = values[":pk"]["S"]
        items, size, last = self._segments(pk, request)
        units = max(1, math.ceil(size / READ_UNIT_BYTES))
        rest: dict[str, Any] = {"ConsumedCapacity": {"TableName": request["TableName"], "CapacityUnits": units}}
        if last is not None:
            rest["LastEvaluatedKey"] = {"pk": {"S": pk}, "sk": {"S": last}}
        return b'{"Items": [' + b",".join(items) + b"], " + json.dumps(rest).encode()[1:], units

    def _in_bucket(self, bucket: Bucket) -> NDArray[np.uint64]:
        return np.concatenate([self._members.of(bucket), np.array(self._added.get(bucket, []), np.uint64)])

    def _append(self, key: dict[str, Any], entry: str) -> tuple[int, bytes]:
        """Append; return the bytes of the item then, and what the answer says of how it was before."""
        shard, number = int(key["pk"]["S"].rpartition("#j")[2]), int(key["sk"]["S"])
        entries = self._count(shard, number)
        item, _ = self._segment(key["pk"]["S"], shard, number)
        if entries >= self.full:
            raise Refused(item)
        self._appended[shard, number].append(entry)
        size = KEY_BYTES + (entries + 1) * entry_bytes(self.stored.size.view_count)
        return size, b', "Attributes": ' + item if entries else b""

    def _count(self, shard: int, number: int) -> int:
        rows = self.stored.rows(shard) - number * self.full
        return min(self.full, max(0, rows)) + len(self._appended[shard, number])

    def _segments(self, pk: str, request: dict[str, Any]) -> tuple[list[bytes], int, str | None]:
        """The items of a shard that are asked for, their bytes, and where the page ends if it is cut."""
        shard = int(pk.rpartition("#j")[2])
        values = request["ExpressionAttributeValues"]
        numbers = self._numbers(shard, request)
        items, size = [], 0
        if shard == 0 and self.stored.size.shards > 1 and ":to" not in values and ":shards" not in values:
            count = {"pk": {"S": pk}, "sk": {"S": "shards"}, "count": {"N": str(self.stored.size.shards)}}
            items.append(json.dumps(count).encode())
            size += KEY_BYTES
        for number in reversed(numbers) if request.get("ScanIndexForward") is False else numbers:
            if size > PAGE_BYTES or len(items) >= request.get("Limit", math.inf):
                return items, size, f"{number - 1:08d}"
            item, bytes_ = self._segment(pk, shard, number)
            items.append(item)
            size += bytes_
        return items, size, None

    def _numbers(self, shard: int, request: dict[str, Any]) -> range:
        """Which segments of the shard are asked for, of those that are there."""
        values = {name: value["S"] for name, value in request["ExpressionAttributeValues"].items()}
        after = request.get("ExclusiveStartKey", {"sk": {"S": ""}})["sk"]["S"]
        first = int(after) + 1 if after else int(values.get(":from", "0"))
        stop = math.ceil(self.stored.rows(shard) / self.full)
        while self._count(shard, stop):
            stop += 1
        return range(first, min(stop, int(values.get(":to", "99999999")) + 1))

    def _segment(self, pk: str, shard: int, number: int) -> tuple[bytes, int]:
        rows, appended = self.stored.segment(shard, number), self._appended[shard, number]
        entries = as_binary_set(rows) if len(rows) else b"[]"
        if appended:
            entries = entries[:-1] + (b"," if len(rows) else b"") + json.dumps(appended).encode()[1:]
        mark = b', "marked": {"BOOL": true}' if self.stored.size.shards > 1 else b""
        item = b'{"pk": {"S": "%s"}, "sk": {"S": "%08d"}, "entries": {"BS": %s}%s}' % (
            pk.encode(),
            number,
            entries,
            mark,
        )
        return item, KEY_BYTES + (len(rows) + len(appended)) * entry_bytes(self.stored.size.view_count)


def _binary(request: dict[str, Any], name: str) -> bytes:
    return base64.b64decode(request["ExpressionAttributeValues"][name]["B"])


def _bucket(key: dict[str, Any]) -> Bucket | None:
    kind, _, prefix = key["pk"]["S"].rpartition("#")
    band = kind.rpartition("#")[2]
    return Bucket(int(band[1:]), int(prefix, 16)) if band.startswith("b") else None
