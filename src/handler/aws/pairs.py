"""PictureTable: which pairs were found, which were announced, and which wait for a verdict.

| item | pk | sk | in the index `Review` |
| pair | `{scope}#{generation}#p#{first object id}` | `{content}#{second object id}#{content}` | review: see `_review` |

The content of a pair's object is its sequencer, or its SHA-256 where it has none.
"""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from handler.aws.batch import pieces, read_strongly
from handler.aws.review_index import Item, indexed
from handler.core.filed import Copy, Filed
from handler.core.matches import Likeness, NotedPair, Pair
from handler.core.model import Box, Collection, MatchKind
from handler.core.verdicts import Subject

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SHARDS = "0123456789abcdef"  # of what waits: a partition takes 1,000 writes a second


class DynamoDBPairs:
    """The pairs of all collections of one deployment; what waits is read by as many as *executor* has threads."""

    def __init__(self, client: "DynamoDBClient", table: str, executor: Executor | None = None) -> None:
        self._client = client
        self._table = table
        self._executor = executor

    def noted(self, collection: Collection, pairs: Sequence[Pair]) -> dict[Pair, NotedPair]:
        """Return what is noted of those of the distinct *pairs* that somebody found before; strongly consistent."""
        keys = [_pair_key(collection, pair) for pair in pairs]
        items = [item for piece in pieces(keys) for item in read_strongly(self._client, self._table, piece)]
        return {_pair(item): _noted(item) for item in items if "likeness" in item}

    def note_pair(self, collection: Collection, pair: Pair, found: NotedPair) -> NotedPair:
        """Note what was *found* of the pair if nothing is noted yet; return what is noted now.

        One UpdateItem does both: it creates the item with what it sets, and answers with all of it.
        """
        answer = self._client.update_item(
            TableName=self._table,
            Key=_pair_key(collection, pair),
            UpdateExpression="SET likeness = if_not_exists(likeness, :likeness)",
            ExpressionAttributeValues={":likeness": {"M": _likeness(found)}},
            ReturnValues="ALL_NEW",
        )
        return _noted(answer["Attributes"])

    def mark_announced(self, collection: Collection, filed: Filed) -> None:
        """Note that the pair was announced, and file it for review."""
        texts = _texts(collection, filed)
        self._client.update_item(
            TableName=self._table,
            Key=_pair_key(collection, filed.pair),
            UpdateExpression="SET announced = :yes" + "".join(f", {name} = :{name}" for name in texts),
            ExpressionAttributeValues={":yes": {"BOOL": True}}
            | {f":{name}": {"S": value} for name, value in texts.items()},
        )

    def file_quiet(self, collection: Collection, filed: Filed) -> None:
        """File a quiet pair for review, unless it was filed before: people may have decided about it since."""
        texts = _texts(collection, filed)
        try:
            self._client.update_item(
                TableName=self._table,
                Key=_pair_key(collection, filed.pair),
                UpdateExpression="SET " + ", ".join(f"{name} = :{name}" for name in texts),
                ConditionExpression="attribute_not_exists(filed)",
                ExpressionAttributeValues={f":{name}": {"S": value} for name, value in texts.items()},
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise

    def waiting(self, collection: Collection) -> Iterator[Filed]:
        """Yield the pairs that wait for a verdict, in any order; eventually consistent, since it is for people."""
        for some in self._shards(collection):
            yield from some

    def some_waiting(self, collection: Collection, most: int) -> tuple[list[Filed], bool]:
        """Return about *most* of them, those that were filed last, and whether these are all; likewise."""
        each = -(-most // len(SHARDS))
        shards = list(self._shards(collection, each + 1))
        return [filed for some in shards for filed in some[:each]], all(len(some) <= each for some in shards)

    def _shards(self, collection: Collection, most: int | None = None) -> Iterator[list[Filed]]:
        """Yield what waits in each shard, *most* of it; the last filed first."""

        def read(shard: str) -> list[Filed]:
            items = indexed(self._client, self._table, _review(collection, shard), at_once=most)
            return list(map(_filed, islice(items, most)))

        return self._executor.map(read, SHARDS) if self._executor else map(read, SHARDS)

    def set_aside(self, collection: Collection, pair: Pair, subject: Subject) -> None:
        """Take the pair out of review, since *subject* was decided about; no error if it never was in it."""
        self._move(collection, pair, _aside(collection, subject))

    def aside(self, collection: Collection, subject: Subject) -> Iterator[Pair]:
        """Yield the pairs that were set aside for *subject*; eventually consistent."""
        yield from map(_pair, indexed(self._client, self._table, _aside(collection, subject)))

    def reopen(self, collection: Collection, pair: Pair) -> None:
        """Put the pair into review again, if it was in it before."""
        self._move(collection, pair, _review(collection, pair.first[0]))

    def close(self, collection: Collection, pair: Pair) -> None:
        """Take the pair out of review for good; no error if it never was in it."""
        self._move(collection, pair, None)

    def _move(self, collection: Collection, pair: Pair, review: str | None) -> None:
        """Give an item that was filed another place in the index; never make one, which would be no pair."""
        change: Item = {"UpdateExpression": "REMOVE review"}
        if review is not None:
            values = {":review": {"S": review}}
            change = {"UpdateExpression": "SET review = :review", "ExpressionAttributeValues": values}
        with suppress(self._client.exceptions.ConditionalCheckFailedException):
            self._client.update_item(
                TableName=self._table,
                Key=_pair_key(collection, pair),
                ConditionExpression="attribute_exists(filed)",
                **change,
            )


def _texts(collection: Collection, filed: Filed) -> dict[str, str]:
    """What files a pair for review."""
    return {
        "review": _review(collection, filed.pair.first[0]),
        "filed": f"{filed.at}#{filed.pair.first}#{filed.pair.second}",
        "copies": json.dumps(filed.copies, separators=(",", ":")),
    }


def _review(collection: Collection, shard: str) -> str:
    return f"{collection}#p#{shard}"


def _aside(collection: Collection, subject: Subject) -> str:
    return f"{collection}#c#{subject.first}#{subject.second}"


def _pair_key(collection: Collection, pair: Pair) -> Item:
    object_id, content = pair.first.split("#")
    return {"pk": {"S": f"{collection}#p#{object_id}"}, "sk": {"S": f"{content}#{pair.second}"}}


def _pair(item: Item) -> Pair:
    """The pair in the key of its item: the inverse of `_pair_key`."""
    object_id = item["pk"]["S"].rpartition("#")[2]
    content, other = item["sk"]["S"].split("#", 1)
    return Pair(f"{object_id}#{content}", other)


def _likeness(found: NotedPair) -> Item:
    """What made two pictures a pair; what is None is left out."""
    likeness = found.likeness
    numbers = {"distance": likeness.distance, "agreement": likeness.agreement, "colours": likeness.colours}
    item: Item = {name: {"N": str(value)} for name, value in numbers.items() if value is not None}
    item |= {"kind": {"S": likeness.kind.value}, "finder": {"S": found.finder}}
    if likeness.differs:
        item["differs"] = {"L": [{"L": [{"N": str(edge)} for edge in box]} for box in likeness.differs]}
    if found.quiet:  # in the map, so that it stands or falls with what was noted first
        item["quiet"] = {"BOOL": True}
    return item


def _noted(item: Item) -> NotedPair:
    """What is noted in a pair item."""
    found: Item = item["likeness"]["M"]

    def number(name: str) -> float | None:
        return float(found[name]["N"]) if name in found else None

    likeness = Likeness(
        kind=MatchKind(found["kind"]["S"]),
        distance=int(found["distance"]["N"]),
        agreement=number("agreement"),
        colours=number("colours"),
        differs=tuple(_box(box) for box in found.get("differs", {"L": []})["L"]),
    )
    return NotedPair(
        likeness,
        finder=found["finder"]["S"],
        announced="announced" in item,
        quiet="quiet" in found,
        filed="filed" in item,
    )


def _box(box: Item) -> Box:
    top, bottom, left, right = (float(edge["N"]) for edge in box["L"])
    return top, bottom, left, right


def _filed(item: Item) -> Filed:
    """The pair in an item that waits for a verdict: the inverse of what `mark_announced` sets."""
    noted = _noted(item)
    one, other = (Copy(*copy) for copy in json.loads(item["copies"]["S"]))
    return Filed(_pair(item), (one, other), noted.likeness, noted.finder, item["filed"]["S"].partition("#")[0])
