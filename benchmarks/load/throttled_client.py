"""DynamoDB, S3 and SNS in memory, as the adapters call them: with latencies, and with throttling as AWS does it."""

import math
from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

from botocore.exceptions import ClientError

from benchmarks.load.throttled_cloud import Busy, Cloud, item_bytes

GETS_PER_S, PUTS_PER_S = 5_500, 3_500  # of a prefix of S3
DYNAMODB_S, S3_S, SNS_S = (0.004, 0.010), (0.020, 0.060), (0.015, 0.040)  # from, to: until the first byte
BYTES_PER_S = 50e6  # that an instance takes in
READ_UNIT_BYTES, WRITE_UNIT_BYTES = 4096, 1024
PAGE_ITEMS = 1000  # of a Query: 1 MB of segments

Item = dict[str, Any]


class Client:
    """The clients of one instance: what the adapters call. *wait_s* says when a throttled call is tried again."""

    def __init__(self, cloud: Cloud, wait_s: Callable[[int], float | None]) -> None:
        self._cloud, self._wait_s = cloud, wait_s
        self._link_free = 0.0

    # --- DynamoDB ---

    def put_item(self, **asked: Any) -> Item:
        """Store an item, unless a newer one is there."""
        return self._call("PutItem", DYNAMODB_S, lambda: self._put(asked))

    def update_item(self, **asked: Any) -> Item:
        """Change an item, by the expressions that the adapters use."""
        return self._call("UpdateItem", DYNAMODB_S, lambda: self._update(asked))

    def delete_item(self, **_: Any) -> Item:
        """Nothing is deleted here."""
        raise NotImplementedError

    def get_item(self, **asked: Any) -> Item:
        """Return an item."""
        return self._call("GetItem", DYNAMODB_S, lambda: self._get(asked["TableName"], asked["Key"]))

    def batch_get_item(self, **asked: Any) -> Item:
        """Return items."""
        return self._call("BatchGetItem", DYNAMODB_S, lambda: self._batch(asked["RequestItems"]))

    def query(self, **asked: Any) -> Item:
        """Return a page of a partition."""
        return self._call("Query", DYNAMODB_S, lambda: self._query(asked))

    def _put(self, asked: Item) -> Item:
        table, item = asked["TableName"], asked["Item"]
        pk, sk = item["pk"]["S"], item["sk"]["S"]
        self._cloud.consume(table, pk, "write", math.ceil(item_bytes(item) / WRITE_UNIT_BYTES))
        old = self._cloud.item(table, pk, sk)
        if old and "ConditionExpression" in asked and old["s"]["S"] > item["s"]["S"]:
            raise _error("ConditionalCheckFailedException")
        self._cloud.store(table, item)
        return {"Attributes": old} if old and asked.get("ReturnValues") == "ALL_OLD" else {}

    def _update(self, asked: Item) -> Item:
        table, key, values = asked["TableName"], asked["Key"], asked.get("ExpressionAttributeValues", {})
        pk, sk = key["pk"]["S"], key["sk"]["S"]
        old = self._cloud.item(table, pk, sk) or {}
        units = math.ceil(max(1, item_bytes(old)) / WRITE_UNIT_BYTES)
        self._cloud.consume(table, pk, "write", units)
        marks, adds, added = asked.get("UpdateExpression", "").partition("ADD ")
        name, item = (added or marks.removeprefix("SET ")).split(" ")[0], key | old
        if not marks and not adds:
            pass  # an item that is its key
        elif adds:
            members = set(old.get(name, {"BS": ()})["BS"])
            new = set(values[added.split(" ")[1]]["BS"])
            if len(members) >= int(values[":full"]["N"]) and not new <= members:
                self._cloud.counts["appends refused"] += name == "entries"
                raise _error("ConditionalCheckFailedException", item=old)
            item |= {"marked": values[":yes"]} if marks else {}
            item[name] = {"BS": sorted(members | new)}
        elif "if_not_exists" in asked["UpdateExpression"]:
            item.setdefault(name, values[f":{name}"])
        else:
            names = asked.get("ExpressionAttributeNames", {})
            for part in asked["UpdateExpression"].removeprefix("SET ").split(", "):
                attribute, _, value = part.partition(" = ")
                item[names.get(attribute, attribute)] = values[value]
        self._cloud.store(table, item)
        shown = {"ALL_NEW": item, "ALL_OLD": old}.get(asked.get("ReturnValues", "NONE"))
        return {"Attributes": shown} if shown else {}

    def _get(self, table: str, key: Item) -> Item:
        pk, sk = key["pk"]["S"], key["sk"]["S"]
        found = self._cloud.item(table, pk, sk)
        self._cloud.consume(table, pk, "read", max(1, math.ceil(item_bytes(found or {}) / READ_UNIT_BYTES)))
        return {"Item": found} if found else {}

    def _batch(self, requested: Item) -> Item:
        ((table, asked),) = requested.items()
        # One busy partition fails the whole batch, which costs more than what AWS does.
        return {"Responses": {table: [item for key in asked["Keys"] for item in self._get(table, key).values()]}}

    def _query(self, asked: Item) -> Item:
        table, values = asked["TableName"], {name: one["S"] for name, one in asked["ExpressionAttributeValues"].items()}
        pk = values.get(":pk") or values[":hash"]
        first, last = values.get(":from", ""), values.get(":to", "99999999" if ":shards" in values else "~")
        if after := asked.get("ExclusiveStartKey"):
            first = after["sk"]["S"] + " "
        limit, backwards = asked.get("Limit", PAGE_ITEMS), asked.get("ScanIndexForward") is False
        keys = self._cloud.sort_keys(table, pk, first.strip(), last, most=limit + 1, backwards=backwards)
        keys = [sk for sk in keys if sk >= first] if not backwards else keys
        items = [item for sk in keys[:limit] if (item := self._cloud.item(table, pk, sk))]
        units = max(1, math.ceil(sum(map(item_bytes, items)) / READ_UNIT_BYTES))
        self._cloud.consume(table, pk, "read", units)
        if ":from" in values and ":to" not in values:
            self._cloud.counts["tail units"] += units
        self._transfer(sum(map(item_bytes, items)))
        more = {"LastEvaluatedKey": {"pk": {"S": pk}, "sk": {"S": keys[limit - 1]}}} if len(keys) > limit else {}
        return {"Items": items} | more

    # --- S3 and SNS ---

    def get_object(self, **asked: Any) -> Item:
        """Return a pack or a picture."""
        return self._call("GetObject", S3_S, lambda: self._get_object(asked["Bucket"], asked["Key"]))

    def put_object(self, **asked: Any) -> Item:
        """Store a pack."""

        def put() -> Item:
            self._prefix(asked["Bucket"], "PUT", PUTS_PER_S)
            self._transfer(len(asked["Body"]))
            self._cloud.put_pack(asked["Key"], asked["Body"])
            return {}

        return self._call("PutObject", S3_S, put)

    def publish(self, **asked: Any) -> Item:
        """Keep the message."""

        def publish() -> Item:
            self._cloud.published.append(asked["Message"])
            return {}

        return self._call("Publish", SNS_S, publish)

    def _get_object(self, bucket: str, key: str) -> Item:
        self._prefix(bucket, "GET", GETS_PER_S)
        body = self._cloud.pictures.get(key) if bucket == "pictures" else self._cloud.get_pack(key)
        if body is None:
            raise _error("NoSuchKey")
        self._transfer(len(body))
        now = datetime.fromtimestamp(0, UTC)
        return {"Body": BytesIO(body), "ContentLength": len(body), "ETag": '"e"', "LastModified": now}

    def _prefix(self, bucket: str, kind: str, per_s: float) -> None:
        limit = self._cloud.limit(bucket, kind, 0, per_s)
        self._cloud.counts[f"{kind}s"] += 1
        if not limit.has(self._cloud.world.now):
            self._cloud.counts[f"{kind}s throttled"] += 1
            raise Busy("SlowDown")
        limit.take(1)

    def _transfer(self, size: int) -> None:
        now = self._cloud.world.now
        self._link_free = max(now, self._link_free) + size / BYTES_PER_S
        self._cloud.world.sleep(self._link_free - now)

    # --- all of them ---

    def _call(self, operation: str, latency_s: tuple[float, float], act: Callable[[], Item]) -> Item:
        attempts = 0
        while True:
            self._cloud.world.sleep(self._cloud.rng.uniform(*latency_s))
            self._cloud.counts[operation] += 1
            try:
                return act()
            except Busy as busy:
                attempts += 1
                wait = self._wait_s(attempts)
                if wait is None:
                    raise _error(str(busy), operation) from None
                self._cloud.world.sleep(wait)


def _error(code: str, operation: str = "", item: Item | None = None) -> ClientError:
    shown: Any = {"Item": item} if item else {}
    return ClientError({"Error": {"Code": code, "Message": ""}} | shown, operation)
