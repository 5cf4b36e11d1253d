"""The index `Review` of PictureTable: sparse, of what waits for a verdict, and of verdicts; no search reads it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

REVIEW_INDEX = "Review"
Item = dict[str, Any]


def indexed(
    client: "DynamoDBClient", table: str, review: str, *, before: str | None = None, at_once: int | None = None
) -> Iterator[Item]:
    """Yield the items under *review*, the last filed first; eventually consistent, since it is for people.

    If *before* is given, only those that were filed before it. One request reads *at_once* of them, or a megabyte.
    """
    condition, values = "review = :review", {":review": {"S": review}}
    if before is not None:
        condition, values[":before"] = f"{condition} AND filed < :before", {"S": before}
    further: Item = {"Limit": at_once} if at_once else {}
    while True:
        answer = client.query(
            TableName=table,
            IndexName=REVIEW_INDEX,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=values,
            ScanIndexForward=False,
            **further,
        )
        yield from answer["Items"]
        if "LastEvaluatedKey" not in answer:
            return
        further["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
