"""PictureTable: what people decided of pairs.

| item | pk | sk | in the index `Review` |
| verdict | `{scope}#v#{first of the subject}` | `{second}` | review: `{scope}#v`, filed: `{when}#{first}#{second}` |

A verdict holds for a scope, whatever the generation of its hashes.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from handler.aws.batch import pieces, read_strongly
from handler.core.verdicts import Decision, NamedObject, Placed, Subject, Verdict

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

REVIEW_INDEX = "Review"

Item = dict[str, Any]


class DynamoDBVerdicts:
    """The verdicts of all scopes of one deployment."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def decided(self, scope: str, subjects: Sequence[Subject]) -> dict[Subject, Decision]:
        """Return what was decided of those of the distinct *subjects* that somebody judged; strongly consistent."""
        keys = [_key(scope, subject) for subject in subjects]
        items = [item for piece in pieces(keys) for item in read_strongly(self._client, self._table, piece)]
        decisions = map(_decision, items)
        return {one.subject: one for one in decisions}

    def put(self, scope: str, decision: Decision) -> Decision:
        """Store the *decision* unless the same verdict is stored; return what is stored now. The last one counts."""
        values = {":verdict": {"S": decision.verdict.value}, ":kept": {"S": decision.kept or ""}}
        try:
            self._client.put_item(
                TableName=self._table,
                Item=_key(scope, decision.subject) | _attributes(scope, decision),
                ConditionExpression="attribute_not_exists(pk) OR verdict <> :verdict OR kept <> :kept",
                ExpressionAttributeValues=values,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return self.decided(scope, [decision.subject]).get(decision.subject, decision)
        return decision

    def drop(self, scope: str, subject: Subject) -> Decision | None:
        """Take back what was decided of *subject*; return it, if anything was."""
        answer = self._client.delete_item(TableName=self._table, Key=_key(scope, subject), ReturnValues="ALL_OLD")
        return _decision(answer["Attributes"]) if answer.get("Attributes") else None

    def all(self, scope: str, before: Placed | None = None) -> Iterator[Decision]:
        """Yield what was decided, the newest first; eventually consistent, since it is for people.

        If *before* is given, only what comes behind it in that order.
        """
        condition, values = "review = :review", {":review": {"S": _review(scope)}}
        if before is not None:
            condition, values[":before"] = f"{condition} AND filed < :before", {"S": _filed(before)}
        after: Item = {}
        while True:
            answer = self._client.query(
                TableName=self._table,
                IndexName=REVIEW_INDEX,
                KeyConditionExpression=condition,
                ExpressionAttributeValues=values,
                ScanIndexForward=False,
                **after,
            )
            yield from map(_decision, answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            after = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


def _key(scope: str, subject: Subject) -> Item:
    return {"pk": {"S": f"{scope}#v#{subject.first}"}, "sk": {"S": subject.second}}


def _review(scope: str) -> str:
    return f"{scope}#v"


def _filed(place: Placed) -> str:
    return "#".join(place)


def _attributes(scope: str, decision: Decision) -> Item:
    texts = {
        "verdict": decision.verdict.value,
        "kept": decision.kept or "",
        "by": decision.by,
        "at": decision.at,
        "note": decision.note,
        "batch": decision.batch,
        "review": _review(scope),
        "filed": _filed(decision.filed),
    }
    item: Item = {name: {"S": value} for name, value in texts.items() if value is not None}
    item["objects"] = {"L": [{"L": [{"S": bucket}, {"S": key}]} for bucket, key in decision.objects]}
    return item


def _decision(item: Item) -> Decision:
    """The decision in a verdict item: the inverse of `_attributes`."""

    def text(name: str) -> str | None:
        return item[name]["S"] or None if name in item else None

    one, other = (NamedObject(*(name["S"] for name in named["L"])) for named in item["objects"]["L"])
    return Decision(
        subject=Subject(item["pk"]["S"].rpartition("#")[2], item["sk"]["S"]),
        verdict=Verdict(item["verdict"]["S"]),
        objects=(one, other),
        by=item["by"]["S"],
        at=item["at"]["S"],
        kept=text("kept"),
        note=text("note"),
        batch=text("batch"),
    )
