"""PictureTable: what people decided of pairs.

| item | pk | sk | in the index `Review` |
| verdict | `{scope}#v#{first of the subject}` | `{second}` | review: `{scope}#v`, filed: `{when}#{first}#{second}` |
| page of a batch | `{scope}#v#b#{digest of its name}` | `{when}#{digest of its subjects}` | none |

A verdict holds for a scope, whatever the generation of its hashes. A batch is read by its pages, strongly, since the
index may not have yet what was decided a moment ago.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from handler.aws.batch import Throttled, pieces, read_strongly
from handler.aws.review_index import Item, indexed
from handler.core.verdicts import BATCH_START, BatchPlace, Decision, NamedObject, Placed, Subject, Verdict

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ATTEMPTS = 20  # to change what others change at the same moment
BATCH_PAGES = 8  # that one request reads: up to 13 KB each
IS_AS_READ = "filed = :filed AND verdict = :verdict AND kept = :kept AND earlier = :earlier"


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
        """Store the *decision*, with what it takes the place of; return what is stored now. The last one counts.

        The same verdict again changes nothing.
        """
        current: Decision | None = None  # as it mostly is
        for _ in range(ATTEMPTS):
            if current and decision.says(current):
                return current
            stored = decision.instead_of(current)
            if self._replaced(scope, current, stored):
                return stored
            current = self.decided(scope, [decision.subject]).get(decision.subject)
        raise Throttled(f"{decision.subject}: changed by others {ATTEMPTS} times over")

    def take_back(self, scope: str, subject: Subject, batch: str | None = None) -> Decision | None:
        """Take back what was decided of *subject*, or with *batch*; return it, if anything was.

        What it took the place of stands again.
        """
        for _ in range(ATTEMPTS):
            current = self.decided(scope, [subject]).get(subject)
            taken, stays = current.without(batch) if current else (None, None)
            if current is None or taken is None or self._replaced(scope, current, stays):
                return taken
        raise Throttled(f"{subject}: changed by others {ATTEMPTS} times over")

    def note_batch(self, scope: str, batch: str, at: str, subjects: Sequence[Subject]) -> None:
        """Note that these are decided about in *batch*: before they are, so that whatever was can be undone."""
        listed = json.dumps(subjects, separators=(",", ":"))
        key = {"pk": {"S": _batch(scope, batch)}, "sk": {"S": f"{at}#{_digest(listed)}"}}
        self._client.put_item(TableName=self._table, Item=key | {"batch": {"S": batch}, "subjects": {"S": listed}})

    def in_batch(
        self, scope: str, batch: str, after: BatchPlace | None = None
    ) -> Iterator[tuple[BatchPlace, str, Subject]]:
        """Yield what was decided about in *batch*, from behind *after* on, with place and time; strongly consistent.

        A subject may come more than once, and may have been decided about otherwise since.
        """
        place = after or BATCH_START
        further: Item = {}
        while True:
            answer = self._client.query(
                TableName=self._table,
                KeyConditionExpression="pk = :pk AND sk >= :from",
                ExpressionAttributeValues={
                    ":pk": {"S": _batch(scope, batch)},
                    ":from": {"S": place.page or BATCH_START.page},
                },
                ConsistentRead=True,
                Limit=BATCH_PAGES,
                **further,
            )
            for item in answer["Items"]:
                page = item["sk"]["S"]
                for number, names in enumerate(json.loads(item["subjects"]["S"])):
                    if (page, number) > place:
                        yield BatchPlace(page, number), page.partition("#")[0], Subject(*names)
            if "LastEvaluatedKey" not in answer:
                return
            further = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def all(self, scope: str, before: Placed | None = None, *, at_once: int = 100) -> Iterator[Decision]:
        """Yield what was decided, the newest first; eventually consistent, since it is for people.

        If *before* is given, only what comes behind it in that order. One request reads *at_once*.
        """
        filed = None if before is None else _filed(before)
        yield from map(_decision, indexed(self._client, self._table, _review(scope), before=filed, at_once=at_once))

    def _replaced(self, scope: str, old: Decision | None, new: Decision | None) -> bool:
        """Store *new* in the place of *old*; return whether that was still there. None is no verdict at all."""
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
        if old is not None:
            read = _attributes(scope, old)
            values = {f":{name}": read[name] for name in ("filed", "verdict", "kept", "earlier")}
            condition = {"ConditionExpression": IS_AS_READ, "ExpressionAttributeValues": values}
        try:
            if new is None and old is not None:
                self._client.delete_item(TableName=self._table, Key=_key(scope, old.subject), **condition)
            elif new is not None:
                item = _key(scope, new.subject) | _attributes(scope, new)
                self._client.put_item(TableName=self._table, Item=item, **condition)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return False
        return True


def _key(scope: str, subject: Subject) -> Item:
    return {"pk": {"S": f"{scope}#v#{subject.first}"}, "sk": {"S": subject.second}}


def _review(scope: str) -> str:
    return f"{scope}#v"


def _batch(scope: str, batch: str) -> str:
    return f"{scope}#v#b#{_digest(batch)}"


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


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
        "earlier": json.dumps([_told(one) for one in decision.earlier], separators=(",", ":"), ensure_ascii=False),
    }
    item: Item = {name: {"S": value} for name, value in texts.items() if value is not None}
    item["objects"] = {"L": [{"L": [{"S": bucket}, {"S": key}]} for bucket, key in decision.objects]}
    return item


def _decision(item: Item) -> Decision:
    """The decision in a verdict item: the inverse of `_attributes`."""

    def text(name: str) -> str | None:
        return item[name]["S"] or None if name in item else None

    one, other = (NamedObject(*(name["S"] for name in named["L"])) for named in item["objects"]["L"])
    decision = Decision(
        subject=Subject(item["pk"]["S"].rpartition("#")[2], item["sk"]["S"]),
        verdict=Verdict(item["verdict"]["S"]),
        objects=(one, other),
        by=item["by"]["S"],
        at=item["at"]["S"],
        kept=text("kept"),
        note=text("note"),
        batch=text("batch"),
    )
    return replace(decision, earlier=tuple(_retold(decision, told) for told in json.loads(item["earlier"]["S"])))


def _told(one: Decision) -> list[Any]:
    """An earlier decision as it is kept with the one that took its place."""
    return [one.verdict.value, one.objects, one.by, one.at, one.kept, one.note, one.batch]


def _retold(latest: Decision, told: Sequence[Any]) -> Decision:
    """The inverse of `_told`."""
    verdict, objects, by, at, kept, note, batch = told
    one, other = (NamedObject(*named) for named in objects)
    return Decision(latest.subject, Verdict(verdict), (one, other), by, at, kept=kept, note=note, batch=batch)
