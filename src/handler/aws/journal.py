"""BucketTable: the journal of each collection, in segments.

| item | pk | sk | attributes |
| segment | `{scope}#{generation}#j{shard}` | number, 8 digits | `entries`: Binary Set |
| shards | `{scope}#{generation}#j0` | `shards` | `count`, where there is more than one |

`shards` sorts behind every number, so every reader of shard 0's tail reads it too: a writer notes it before its
first entry in another shard, and no reader can miss that entry.
"""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import ClientError

from handler.core.journal import Appended, Segment, Shape, Tail
from handler.core.model import Collection

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SHARDS = "shards"
FIRST_WAIT_S, MOST_WAIT_S = 0.01, 4.0  # at most, after the second refusal and after the last ones
_DIGITS = 8

Item = dict[str, Any]
T = TypeVar("T")
R = TypeVar("R")


class DynamoDBJournal:
    """The journals of all collections of one deployment; new entries are spread over *shards*."""

    def __init__(
        self,
        client: "DynamoDBClient",
        table: str,
        *,
        executor: Executor,
        shards: int = 1,
        shape: Shape = Shape(),  # noqa: B008  frozen
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._table = table
        self._executor = executor
        self._shards = shards
        self._shape = shape
        self._sleep = sleep

    def append(self, collection: Collection, entry: bytes, ends: Mapping[int, int], *, ask: bool) -> Appended:
        """Add *entry* to the last segment of its shard; once this returns every later `tail` sees it.

        *ends* are the last segments as last heard of, by shard; if its own is not among them, or *ask*, it is read.
        A segment is begun only after the one before it was seen full, so readers find no gap. Where many append,
        whoever is refused again waits longer and longer: else the last of a thousand is refused by every segment.
        """
        shard = entry[0] % self._shards  # the first byte of an object id is as good as random
        if shard and shard not in ends:
            self._note_shards(collection)
        full = self._shape.capacity(collection, len(entry))
        ask |= shard not in ends
        number = self._room(collection, shard, full) if ask else ends[shard]
        refused = 0
        while (size := self._add(collection, shard, number, entry)) is None:
            refused += 1
            if refused > 1:
                most = min(MOST_WAIT_S, FIRST_WAIT_S * 2.0 ** (refused - 2))
                self._sleep(random.uniform(0, most))  # noqa: S311  jitter is no secret
            ask = refused > 1 or not ask  # an end that was read just now has most likely been followed by one segment
            number = max(number + 1, self._room(collection, shard, full)) if ask else number + 1
        return Appended(shard, number, refused, completes_pack=size == full)

    def tail(self, collection: Collection, cursors: Sequence[int]) -> Tail:
        """Return the segments from *cursors* on, by shard, read strongly consistently.

        Shards that nobody knew of are read from their beginning. A page of each, as many segments as the smallest
        pack has, at one read unit for 4 KB: usually one unit a shard, and 32 at most.
        """
        shards, complete, count = self._pages(collection, list(enumerate(cursors)))
        further = [(shard, 0) for shard in range(len(cursors), count)]
        more, more_complete, _ = self._pages(collection, further)
        return Tail(shards + more, complete and more_complete)

    def ends(self, collection: Collection) -> list[int]:
        """Return the number of the last segment of each shard (0 if it has none), read strongly consistently."""
        newest_first = self._query(collection, 0, ScanIndexForward=False, Limit=2)["Items"]
        count = max([1, *(int(item["count"]["N"]) for item in newest_first if "count" in item)])
        first = max([0, *(int(item["sk"]["S"]) for item in newest_first if "entries" in item)])
        return [first, *self._each(lambda shard: self._end(collection, shard), range(1, count))]

    def segments(self, collection: Collection, shard: int, first: int, count: int) -> list[Segment]:
        """Return *count* segments from number *first* on, those that exist, read strongly consistently."""
        between = {":from": {"S": _name(first)}, ":to": {"S": _name(first + count - 1)}}
        found: list[Segment] = []
        more: Item = {}
        while True:
            page = self._query(collection, shard, "sk BETWEEN :from AND :to", between, **more)
            found += _segments(page["Items"])
            if "LastEvaluatedKey" not in page:
                return found
            more = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    # --- writing ---

    def _add(self, collection: Collection, shard: int, number: int, entry: bytes) -> int | None:
        """Add to the segment; None if it is full. Where it may complete a pack, return how many it holds then, else 0.

        An entry that is there may be added again, which a repeated request does.
        """
        completes = bool(self._shape.completed(shard, number))
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=_key(collection, shard, _name(number)),
                UpdateExpression="ADD entries :entries",
                ConditionExpression=(
                    "attribute_not_exists(entries) OR size(entries) < :full OR contains(entries, :entry)"
                ),
                ExpressionAttributeValues={
                    ":entries": {"BS": [entry]},
                    ":entry": {"B": entry},
                    ":full": {"N": str(self._shape.capacity(collection, len(entry)))},
                },
                ReturnValues="ALL_NEW" if completes else "NONE",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return None
            raise
        return len(answer["Attributes"]["entries"]["BS"]) if completes else 0

    def _note_shards(self, collection: Collection) -> None:
        try:
            self._client.update_item(
                TableName=self._table,
                Key=_key(collection, 0, SHARDS),
                UpdateExpression="SET #count = :count",
                ConditionExpression="attribute_not_exists(#count) OR #count < :count",
                ExpressionAttributeNames={"#count": "count"},
                ExpressionAttributeValues={":count": {"N": str(self._shards)}},
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise  # failed: as many shards, or more, are noted

    # --- reading ---

    def _end(self, collection: Collection, shard: int) -> int:
        last = self._last(collection, shard)
        return last.number if last else 0

    def _room(self, collection: Collection, shard: int, full: int) -> int:
        """Return the segment to add to: the last one, or the one behind it if that is *full*."""
        last = self._last(collection, shard)
        return last.number + (len(last.entries) >= full) if last else 0

    def _last(self, collection: Collection, shard: int) -> Segment | None:
        numbers = {":shards": {"S": SHARDS}}
        found = self._query(collection, shard, "sk < :shards", numbers, ScanIndexForward=False, Limit=1)["Items"]
        return next(iter(_segments(found)), None)

    def _pages(
        self, collection: Collection, shards: Sequence[tuple[int, int]]
    ) -> tuple[list[list[Segment]], bool, int]:
        """Read a page of each of *shards* from a segment on; whether that is all, and how many shards are noted."""

        def page(of: tuple[int, int]) -> Item:
            # What is farther behind is in packs.
            limit = self._shape.pack_sizes[0]
            return self._query(collection, of[0], "sk >= :from", {":from": {"S": _name(of[1])}}, Limit=limit)

        answers = self._each(page, shards)
        count = max([1, *(int(item["count"]["N"]) for page in answers for item in page["Items"] if "count" in item)])
        complete = all("LastEvaluatedKey" not in page for page in answers)
        return [_segments(page["Items"]) for page in answers], complete, count

    def _each(self, read: Callable[[T], R], of: Sequence[T]) -> list[R]:
        """Return what *read* returns for each, in parallel where there are several."""
        return list(self._executor.map(read, of)) if len(of) > 1 else [read(one) for one in of]

    def _query(
        self, collection: Collection, shard: int, where: str = "", values: Item | None = None, **options: Any
    ) -> Item:
        answer = self._client.query(
            TableName=self._table,
            KeyConditionExpression="pk = :pk" + (f" AND {where}" if where else ""),
            ExpressionAttributeValues={":pk": _key(collection, shard, "")["pk"]} | (values or {}),
            ConsistentRead=True,
            **options,
        )
        return dict(answer)


def _segments(items: Sequence[Item]) -> list[Segment]:
    return [Segment(int(item["sk"]["S"]), frozenset(item["entries"]["BS"])) for item in items if "entries" in item]


def _key(collection: Collection, shard: int, sk: str) -> dict[str, dict[str, str]]:
    return {"pk": {"S": f"{collection}#j{shard}"}, "sk": {"S": sk}}


def _name(number: int) -> str:
    return f"{number:0{_DIGITS}d}"
