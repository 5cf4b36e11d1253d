"""BucketTable: the journal of each collection, in segments.

| item | pk | sk | attributes |
| segment | `{scope}#{generation}#j{shard}` | number, 8 digits | `entries`: Binary Set; `marked`, if it is |
| shards | `{scope}#{generation}#j0` | `shards` | `count`, where there is more than one |

`shards` sorts behind every number, so every reader of shard 0's tail reads it too: a writer notes it before its
first entry in another shard, and no reader can miss that entry. Nor does whoever takes the answer to an append for the
tail: shard 0 is marked by then.
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

    def append(
        self, collection: Collection, entry: bytes, ends: Mapping[int, int], *, ask: bool, marked: bool = False
    ) -> Appended:
        """Add *entry* to the last segment of its shard; once this returns every later `tail` sees it.

        *ends* are the last segments as last heard of, by shard; if its own is not among them, or *ask*, it is read.
        A segment is begun only after the one before it was seen full, so readers find no gap; and it is marked if that
        one was: *marked* says so of those before `ends`. Where many append, whoever is refused again waits longer and
        longer: else the last of a thousand is refused by every segment.
        """
        shard = entry[0] % self._shards  # the first byte of an object id is as good as random
        if shard and shard not in ends:
            # In this order: whoever reads that there are several does not come here again.
            self.mark(collection, len(entry))
            self._note_shards(collection)
        full = self._shape.capacity(collection, len(entry))
        ask |= shard not in ends
        number = 0 if ask else ends[shard]
        seen: list[Segment] = []
        while True:
            if ask:
                last = self._last(collection, shard)
                number, marked = max(number, last.number + (len(last.entries) >= full)), marked or last.marked
            before, added = self._add(collection, shard, number, entry, full, marked=marked)
            marked |= before.marked
            seen.append(before)
            if added:
                break
            if len(seen) > 1:
                most = min(MOST_WAIT_S, FIRST_WAIT_S * 2.0 ** (len(seen) - 2))
                self._sleep(random.uniform(0, most))  # noqa: S311  jitter is no secret
            number += 1
            ask = len(seen) > 1 or not ask  # an end that was read just now has most likely been followed by one segment
        seen[-1] = Segment(number, before.entries | {entry}, marked)
        completes = len(seen[-1].entries) == full and bool(self._shape.completed(shard, number))
        return Appended(shard, seen, again=entry in before.entries, completes_pack=completes)

    def mark(self, collection: Collection, entry_bytes: int) -> None:
        """Mark shard 0, whose entries have so many bytes: the answer to each later append to it says so.

        That is by a segment with room: whoever begins the next one has seen that one full, and the mark with it.
        """
        full, last = self._shape.capacity(collection, entry_bytes), self._last(collection, 0)
        number = last.number + (len(last.entries) >= full)
        while not last.marked and not self._mark(collection, number, full):
            number += 1

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
        first = max([0, *(segment.number for segment in _segments(newest_first))])
        return [first, *self._each(lambda shard: self._last(collection, shard).number, range(1, count))]

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

    def _add(
        self, collection: Collection, shard: int, number: int, entry: bytes, full: int, *, marked: bool
    ) -> tuple[Segment, bool]:
        """Add to the segment if it is not *full*; return it as it was before, and whether it has the entry now.

        An entry that is there may be added again, which a repeated request does.
        """
        values: Item = {":entries": {"BS": [entry]}, ":entry": {"B": entry}, ":full": {"N": str(full)}}
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=_key(collection, shard, _name(number)),
                UpdateExpression=("SET marked = :yes " if marked else "") + "ADD entries :entries",
                ConditionExpression=(
                    "attribute_not_exists(entries) OR size(entries) < :full OR contains(entries, :entry)"
                ),
                ExpressionAttributeValues=values | ({":yes": {"BOOL": True}} if marked else {}),
                ReturnValues="ALL_OLD",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return _segment(number, _refusing(error)), False
            raise
        return _segment(number, answer.get("Attributes", {})), True

    def _mark(self, collection: Collection, number: int, full: int) -> bool:
        """Mark the segment; False if it is full."""
        try:
            self._client.update_item(
                TableName=self._table,
                Key=_key(collection, 0, _name(number)),
                UpdateExpression="SET marked = :yes",
                ConditionExpression="attribute_not_exists(entries) OR size(entries) < :full",
                ExpressionAttributeValues={":yes": {"BOOL": True}, ":full": {"N": str(full)}},
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return False
            raise
        return True

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

    def _last(self, collection: Collection, shard: int) -> Segment:
        """Return the last segment of the shard; an empty one where there is none."""
        numbers = {":shards": {"S": SHARDS}}
        found = self._query(collection, shard, "sk < :shards", numbers, ScanIndexForward=False, Limit=1)["Items"]
        return next(iter(_segments(found)), Segment(0, frozenset()))

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
    return [_segment(int(item["sk"]["S"]), item) for item in items if item["sk"]["S"] != SHARDS]


def _segment(number: int, item: Item) -> Segment:
    """Return the segment as *item* has it: an empty one has no entries, and may be marked."""
    entries = item["entries"]["BS"] if "entries" in item else ()
    return Segment(number, frozenset(entries), marked="marked" in item)


def _refusing(error: ClientError) -> Item:
    """Return the item whose condition did not hold, of which the types of botocore know nothing."""
    item: Item = error.response["Item"]  # type: ignore[typeddict-item]
    return item


def _key(collection: Collection, shard: int, sk: str) -> dict[str, dict[str, str]]:
    return {"pk": {"S": f"{collection}#j{shard}"}, "sk": {"S": sk}}


def _name(number: int) -> str:
    return f"{number:0{_DIGITS}d}"
