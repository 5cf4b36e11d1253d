"""DynamoDB, S3 and SNS as pure functions: one call on one cell gives an answer and the cell's next value.

A cell is what one step reads or writes at once: a partition of a table, an object of the bucket, the topic. Values are
plain dicts and lists in a fixed order, so that equal ones have equal representations; none is ever changed in place.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from io import BytesIO
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from handler.aws.buckets import PAGE_MEMBERS
from tests.model.instances import fresh

# partition: sort key to item; object: `puts`, how many of its changes happened; topic, queue: `bodies`; pack: `body`;
# instances: `idle`, what each of those remembers that may serve the next delivery
Cell = dict[str, Any]


class Call(NamedTuple):
    """One request, addressed to one cell."""

    operation: str
    cell: str  # "buckets/{pk}", "catalog/{pk}", "s3/{key}", "packs/{key}", "topic", "queue" or "instances"
    arguments: dict[str, Any]

    @property
    def kind(self) -> str:
        """How it conflicts with other calls on its cell: "read"s commute with each other, and so do "add"s."""
        if self.operation in ("get_object", "look_object", "head_object", "get_pack", "get_item", "query"):
            return "read"
        plenty = self.arguments.get("ExpressionAttributeValues", {}).get(":full") == {"N": str(PAGE_MEMBERS)}
        return "add" if self.operation in ("publish", "send_message") or plenty else "write"


class Failure(NamedTuple):
    """An answer that is an error."""

    code: str
    item: Cell = {}  # noqa: RUF012  never changed; what was there, where the call asks for that


class Result(NamedTuple):
    """What a call may come to."""

    answer: Any
    cell: Cell


class Services:
    """What calls do; *history* is what people do to each key, in order: a body is put, None is a removal.

    *trouble* holds the errors that reading a picture for a look may end in, at any time, and *packs_trouble* those of
    packs.
    """

    def __init__(
        self,
        history: Mapping[str, Sequence[bytes | None]],
        trouble: Sequence[str] = (),
        packs_trouble: Sequence[str] = (),
    ) -> None:
        self._history = history
        self._trouble = trouble
        self._packs_trouble = packs_trouble
        self._operations: dict[str, Callable[[Cell, dict[str, Any]], Iterator[Result]]] = {
            "change": self._change,
            "get_object": self._get_object,
            "head_object": self._get_object,
            "look_object": self._look_object,
            "get_pack": self._get_pack,
            "put_pack": self._put_pack,
            "begin": _begin,
            "end": _end,
            "publish": _publish,
            "send_message": _send_message,
            "get_item": _get_item,
            "query": _query,
            "put_item": _put_item,
            "update_item": _update_item,
            "delete_item": _delete_item,
        }

    def first(self, cell: str) -> Cell:
        """Return the value of *cell* before anything happened: the first change of every key has."""
        return {"puts": 1} if cell.startswith("s3/") else {}

    def results(self, call: Call, cell: Cell) -> list[Result]:
        """Return every result that *call* may have; more than one if its read is eventually consistent."""
        return list(self._operations[call.operation](cell, call.arguments))

    def _change(self, cell: Cell, _: dict[str, Any]) -> Iterator[Result]:
        yield Result({}, {"puts": cell["puts"] + 1})

    def _get_object(self, cell: Cell, arguments: dict[str, Any]) -> Iterator[Result]:
        body = self._history[arguments["Key"]][cell["puts"] - 1]
        yield Result(Failure("NoSuchKey") if body is None else {"puts": cell["puts"], "body": body}, cell)

    def _look_object(self, cell: Cell, arguments: dict[str, Any]) -> Iterator[Result]:
        yield from self._get_object(cell, arguments)
        for code in self._trouble:
            yield Result(Failure(code), cell)

    def _get_pack(self, cell: Cell, _: dict[str, Any]) -> Iterator[Result]:
        yield Result({"body": cell["body"]} if cell else Failure("NoSuchKey"), cell)
        for code in self._packs_trouble:
            yield Result(Failure(code), cell)

    def _put_pack(self, cell: Cell, arguments: dict[str, Any]) -> Iterator[Result]:
        yield Result({}, {"body": arguments["Body"]})
        for code in self._packs_trouble:
            yield Result(Failure(code), cell)


def answer_to(call: Call, answer: Any) -> Any:
    """Return *answer* as a client gives it to its caller; raise ClientError if it is a failure."""
    if isinstance(answer, Failure):
        item: Any = {"Item": answer.item} if answer.item else {}
        raise ClientError({"Error": {"Code": answer.code, "Message": ""}} | item, call.operation)
    if call.operation == "get_pack":
        return {"Body": BytesIO(answer["body"])}
    if call.operation in ("get_object", "look_object"):
        body = answer["body"]
        return {
            "Body": BytesIO(body),
            "ContentLength": len(body),
            "ETag": str(answer["puts"]),  # tells the checks which of the key's bodies was read
            "LastModified": datetime.fromtimestamp(answer["puts"], UTC),
        }
    return answer


def _begin(cell: Cell, arguments: dict[str, Any]) -> Iterator[Result]:
    """A delivery begins on a new instance of some kind, or on one that is idle; with time to load, or *late*."""
    idle = cell.get("idle", [])
    for late in sorted({*arguments.get("late", [False])}):
        for memory_bytes in arguments["new"]:
            yield Result(fresh(memory_bytes) | {"late": late}, cell)
        for number, memory in enumerate(idle):
            yield Result(memory | {"late": late}, {"idle": idle[:number] + idle[number + 1 :]})


def _end(cell: Cell, arguments: dict[str, Any]) -> Iterator[Result]:
    yield Result({}, {"idle": sorted([*cell.get("idle", []), arguments["memory"]], key=repr)})


def _publish(cell: Cell, arguments: dict[str, Any]) -> Iterator[Result]:
    yield Result({}, {"bodies": sorted({*cell.get("bodies", []), arguments["Message"]})})


def _send_message(cell: Cell, arguments: dict[str, Any]) -> Iterator[Result]:
    yield Result({}, {"bodies": sorted({*cell.get("bodies", []), arguments["MessageBody"]})})


def _seen(cell: Cell, arguments: dict[str, Any]) -> list[Cell]:
    """What a read may see: an eventually consistent one also the cell as it was before anything was written."""
    return [cell] if arguments.get("ConsistentRead") or not cell else [cell, {}]


def _get_item(cell: Cell, arguments: dict[str, Any]) -> Iterator[Result]:
    sk = arguments["Key"]["sk"]["S"]
    for seen in _seen(cell, arguments):
        yield Result({"Item": seen[sk]} if sk in seen else {}, cell)


# A page of a Query may end anywhere: the shortest pages leave the most room between them.
PAGE_ITEMS = 1


def _query(cell: Cell, arguments: dict[str, Any]) -> Iterator[Result]:
    for seen in _seen(cell, arguments):
        found = [item for sk, item in seen.items() if _wanted(sk, arguments)]
        if not arguments.get("ScanIndexForward", True):
            found.reverse()
        answer: dict[str, Any] = {"Items": found[:PAGE_ITEMS]}
        if len(found) > PAGE_ITEMS:
            last = found[PAGE_ITEMS - 1]
            answer["LastEvaluatedKey"] = {"pk": last["pk"], "sk": last["sk"]}
        yield Result(answer, cell)


def _wanted(sk: str, arguments: dict[str, Any]) -> bool:
    """Whether a KeyConditionExpression wants the item, which has to follow after ExclusiveStartKey."""
    values = {name: value["S"] for name, value in arguments["ExpressionAttributeValues"].items()}
    condition = arguments["KeyConditionExpression"].partition(" AND ")[2]
    wanted: bool = {
        "": True,
        "sk >= :from": sk >= values.get(":from", ""),
        "sk BETWEEN :from AND :to": values.get(":from", "") <= sk <= values.get(":to", ""),
        "sk < :shards": sk < values.get(":shards", ""),
    }[condition]
    after: str | None = arguments.get("ExclusiveStartKey", {}).get("sk", {}).get("S")
    if after is None:
        return wanted
    return wanted and (sk > after if arguments.get("ScanIndexForward", True) else sk < after)


def _put_item(cell: Cell, arguments: dict[str, Any]) -> Iterator[Result]:
    item = arguments["Item"]
    old = cell.get(item["sk"]["S"], {})
    if not holds(old, arguments):
        yield Result(Failure("ConditionalCheckFailedException"), cell)
        return
    yield Result({"Attributes": old} if old and arguments.get("ReturnValues") == "ALL_OLD" else {}, _with(cell, item))


def _update_item(cell: Cell, arguments: dict[str, Any]) -> Iterator[Result]:
    old = cell.get(arguments["Key"]["sk"]["S"], {})
    if not holds(old, arguments):
        shown = old if arguments.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD" else {}
        yield Result(Failure("ConditionalCheckFailedException", shown), cell)
        return
    changed = _updated(old, arguments)
    item = {name: value for name, value in (arguments["Key"] | old | changed).items() if value is not None}
    told = {"ALL_NEW": item, "ALL_OLD": old}.get(arguments.get("ReturnValues", ""))
    yield Result({"Attributes": told} if told else {}, _with(cell, item))


def _delete_item(cell: Cell, arguments: dict[str, Any]) -> Iterator[Result]:
    yield Result({}, {sk: item for sk, item in cell.items() if sk != arguments["Key"]["sk"]["S"]})


def _with(cell: Cell, item: dict[str, Any]) -> Cell:
    return dict(sorted((cell | {item["sk"]["S"]: dict(sorted(item.items()))}).items()))


# --- the expressions that the adapters use ---

_IF_NOT_EXISTS = re.compile(r"(?P<name>\w+) = if_not_exists\((?P=name), (?P<value>:\w+)\)")


def _updated(old: dict[str, Any], arguments: dict[str, Any]) -> dict[str, Any]:
    """The attributes that an UpdateExpression sets, adds to or deletes from; None are those that it removes."""
    names, values = arguments.get("ExpressionAttributeNames", {}), arguments.get("ExpressionAttributeValues", {})
    updated: dict[str, Any] = {}
    for action, clause in _CLAUSES.findall(arguments.get("UpdateExpression", "")):
        if action == "SET":
            unless = _IF_NOT_EXISTS.finditer(clause)
            updated |= {one["name"]: old.get(one["name"], values[one["value"]]) for one in unless}
            pairs = [part.split(" = ") for part in _IF_NOT_EXISTS.sub("", clause).strip().split(", ") if part]
            updated |= {names.get(name, name): values[value] for name, value in pairs}
        elif action == "REMOVE":
            updated |= dict.fromkeys(clause.split(", "))
        else:
            name, value = clause.split()
            members, change = set(old.get(name, {"BS": []})["BS"]), set(values[value]["BS"])
            updated[name] = {"BS": sorted({"ADD": members | change, "DELETE": members - change}[action])}
    return updated


_CLAUSES = re.compile(r"(SET|ADD|DELETE|REMOVE) (.*?)(?= (?:SET|ADD|DELETE|REMOVE) |$)")
_TOKEN = re.compile(r"\s*(<=|<>|[()=<,]|[:#]?\w+)")


def holds(item: dict[str, Any], arguments: dict[str, Any]) -> bool:
    """Whether the ConditionExpression of *arguments*, if there is one, is true of *item* (empty: absent)."""
    if "ConditionExpression" not in arguments:
        return True
    tokens = _TOKEN.findall(arguments["ConditionExpression"])
    names, values = arguments.get("ExpressionAttributeNames", {}), arguments.get("ExpressionAttributeValues", {})

    def operand(token: str) -> Any:
        typed = values[token] if token[0] == ":" else item.get(names.get(token, token))
        if typed is None:
            return None
        ((kind, value),) = typed.items()
        return int(value) if kind == "N" else value

    def accept(token: str) -> bool:
        return bool(tokens) and tokens[0] == token and bool(tokens.pop(0))

    def either() -> bool:
        result = both()
        while accept("OR"):
            result = both() or result
        return result

    def both() -> bool:
        result = test()
        while accept("AND"):
            result = test() and result
        return result

    def test() -> bool:
        if accept("("):
            result = either()
            assert accept(")")
            return result
        first = tokens.pop(0)
        if accept("("):
            operands = [operand(name) for name in iter(lambda: tokens.pop(0), ")") if name not in ","]
            if first != "size":
                return _FUNCTIONS[first](*operands)
            value = len(operands[0] or ())
        else:
            value = operand(first)
        return _compare(value, tokens.pop(0), operand(tokens.pop(0)))

    result = either()
    assert not tokens, tokens
    return result


_FUNCTIONS: dict[str, Callable[..., bool]] = {
    "attribute_not_exists": lambda value: value is None,
    "attribute_exists": lambda value: value is not None,
    "contains": lambda members, member: member in (members or ()),
}


def _compare(left: Any, operator: str, right: Any) -> bool:
    """Compare two values of one type; an absent attribute differs from every value and is not less than any."""
    if left is None:
        return operator == "<>"
    return bool({"=": left == right, "<>": left != right, "<": left < right, "<=": left <= right}[operator])
