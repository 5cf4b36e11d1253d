"""BucketTable: what of each journal was not filed in the buckets at once.

| item | pk | sk | attributes |
| backlog | `{scope}#{generation}#f` | `backlog` | `segments_filed`, `backlog` (once it is measured), `busy` |
"""

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from handler.core.journal import Backlog
from handler.core.model import Collection

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item = dict[str, Any]


class DynamoDBBacklogs:
    """The backlogs of all collections of one deployment."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def get(self, collection: Collection) -> Backlog | None:
        """Return the backlog, if it is noted; strongly consistent."""
        item = self._client.get_item(TableName=self._table, Key=_key(collection), ConsistentRead=True).get("Item")
        return _backlog(item) if item else None

    def begin(self, collection: Collection) -> Backlog:
        """Note that there is a backlog, if nobody has; return what is noted now. Every later `get` sees it."""
        values = {":segments_filed": _number(0), ":busy": _number(0)}
        begun = self._update(
            collection,
            "SET segments_filed = :segments_filed, busy = :busy",
            "attribute_not_exists(segments_filed)",
            values,
        )
        return begun or self.get(collection) or Backlog(0, None, 0)

    def claim(self, collection: Collection, known: Backlog, segments: int, *, now: int, busy: int) -> Backlog | None:
        """Be the one who goes on with it until *busy*; None if another is, or has gone on from what is *known*.

        *segments* is how many it has, unless that was noted before. Return what is noted now.
        """
        return self._update(
            collection,
            "SET backlog = if_not_exists(backlog, :backlog), busy = :busy",
            "segments_filed = :segments_filed AND busy <= :now",
            {
                ":backlog": _number(segments),
                ":busy": _number(busy),
                ":segments_filed": _number(known.filed),
                ":now": _number(now),
            },
        )

    def advance(self, collection: Collection, filed: int) -> Backlog | None:
        """Note that so many segments are *filed*, and nobody busy; None if as many, or more, were."""
        values = {":segments_filed": _number(filed), ":busy": _number(0)}
        return self._update(
            collection, "SET segments_filed = :segments_filed, busy = :busy", "segments_filed < :segments_filed", values
        )

    def _update(self, collection: Collection, update: str, allowed: str, values: Item) -> Backlog | None:
        """Return what is noted then; None if that was not *allowed*."""
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=_key(collection),
                UpdateExpression=update,
                ConditionExpression=allowed,
                ExpressionAttributeValues=values,
                ReturnValues="ALL_NEW",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return None
            raise
        return _backlog(answer["Attributes"])


def _key(collection: Collection) -> Item:
    return {"pk": {"S": f"{collection}#f"}, "sk": {"S": "backlog"}}


def _number(value: int) -> Item:
    return {"N": str(value)}


def _backlog(item: Item) -> Backlog:
    segments = int(item["backlog"]["N"]) if "backlog" in item else None
    return Backlog(int(item["segments_filed"]["N"]), segments, int(item["busy"]["N"]))
