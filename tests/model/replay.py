"""Runs the real code up to the calls it waits for.

Code that is given the answers it got so far does what it did: so a delivery that waits is kept as its answers alone,
and is run again from its beginning when there is one more. That needs no threads, and equal waits are equal values.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from typing import Any

from tests.model.services import Call, answer_to

PACKS = "packs"  # the bucket

Task = tuple[int, ...]  # the path of a task: which submission of which submission of the delivery; () is itself


class Suspended(BaseException):
    """This task cannot go on before a call is answered. No Exception, so that no code takes it for an error."""


class Promise(Future[Any]):
    """The future of a task; who asks for its result, or waits for it, is suspended until it is done."""

    def result(self, timeout: float | None = None) -> Any:
        self._require()
        return super().result(timeout)

    def __hash__(self) -> int:
        self._require()  # `concurrent.futures.wait` begins with a set of what it waits for
        return super().__hash__()

    def _require(self) -> None:
        if not self.done():
            raise Suspended


class Replay(Executor):
    """One run of a delivery over the *answers* that its tasks got; what is submitted becomes a task of its own."""

    def __init__(self, answers: Mapping[Task, tuple[Any, ...]]) -> None:
        self.pending: dict[Task, Call] = {}
        self._answers = answers
        self._task: Task = ()
        self._calls: Counter[Task] = Counter()
        self._submissions: Counter[Task] = Counter()

    def call(self, call: Call) -> Any:
        """Return the answer to the task's next call, or suspend the task if there is none yet."""
        answers = self._answers.get(self._task, ())
        number = self._calls[self._task]
        self._calls[self._task] += 1
        if number == len(answers):
            self.pending[self._task] = call
            raise Suspended
        return answer_to(call, answers[number])

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Promise:
        parent = self._task
        self._task = (*parent, self._submissions[parent])
        self._submissions[parent] += 1
        promise = Promise()
        try:
            promise.set_result(fn(*args, **kwargs))
        except Suspended:
            pass
        except Exception as error:
            promise.set_exception(error)
        finally:
            self._task = parent
        return promise

    def run(self, fn: Callable[[], Any]) -> None:
        """Run *fn* as the delivery itself."""
        try:
            fn()
        except Suspended:
            return


class LookingClient:
    """What looks read by: their reads may end in trouble."""

    def __init__(self, client: "Client") -> None:
        self._client = client

    def get_object(self, **arguments: Any) -> Any:
        return self._client.look_object(**arguments)


class Client:
    """The calls of boto3's clients that the adapters make. Each becomes one step; a batch is a step for each key."""

    def __init__(self, replay: Replay) -> None:
        self._replay = replay

    def get_object(self, **arguments: Any) -> Any:
        if arguments["Bucket"] == PACKS:
            return self._replay.call(Call("get_pack", f"packs/{arguments['Key']}", arguments))
        return self._replay.call(Call("get_object", f"s3/{arguments['Key']}", arguments))

    def look_object(self, **arguments: Any) -> Any:
        return self._replay.call(Call("look_object", f"s3/{arguments['Key']}", arguments))

    def head_object(self, **arguments: Any) -> Any:
        return self._replay.call(Call("head_object", f"s3/{arguments['Key']}", arguments))

    def put_object(self, **arguments: Any) -> Any:
        return self._replay.call(Call("put_pack", f"packs/{arguments['Key']}", arguments))

    def publish(self, **arguments: Any) -> Any:
        return self._replay.call(Call("publish", "topic", arguments))

    def send_message(self, **arguments: Any) -> Any:
        return self._replay.call(Call("send_message", "queue", arguments))

    def get_item(self, **arguments: Any) -> Any:
        return self._on_key("get_item", arguments["Key"], arguments)

    def put_item(self, **arguments: Any) -> Any:
        return self._on_key("put_item", arguments["Item"], arguments)

    def update_item(self, **arguments: Any) -> Any:
        return self._on_key("update_item", arguments["Key"], arguments)

    def delete_item(self, **arguments: Any) -> Any:
        return self._on_key("delete_item", arguments["Key"], arguments)

    def query(self, **arguments: Any) -> Any:
        name = arguments["KeyConditionExpression"].split()[2]
        key = {"pk": arguments["ExpressionAttributeValues"][name]}
        if arguments["TableName"] != "buckets":
            return self._on_key("query", key, arguments)
        # A page of the journal is far larger than a scenario's, but DynamoDB reads its items one after the other,
        # while others write.
        items: list[Any] = []
        page: dict[str, Any] = {"LastEvaluatedKey": None}
        while "LastEvaluatedKey" in page and len(items) < arguments.get("Limit", math.inf):
            after = {"ExclusiveStartKey": page["LastEvaluatedKey"]} if page["LastEvaluatedKey"] else {}
            page = self._on_key("query", key, arguments | after)
            items += page["Items"]
        return page | {"Items": items}

    def batch_get_item(self, *, RequestItems: dict[str, Any]) -> Any:  # noqa: N803  DynamoDB's name
        # DynamoDB reads the keys of a batch one by one, in any order, while others write.
        ((table, asked),) = RequestItems.items()
        options = {name: value for name, value in asked.items() if name != "Keys"}
        answers = list(
            self._replay.map(lambda key: self.get_item(TableName=table, Key=key, **options), asked["Keys"])
            if len(asked["Keys"]) > 1
            else [self.get_item(TableName=table, Key=key, **options) for key in asked["Keys"]]
        )
        return {"Responses": {table: [answer["Item"] for answer in answers if "Item" in answer]}}

    def _on_key(self, operation: str, key: dict[str, Any], arguments: dict[str, Any]) -> Any:
        return self._replay.call(Call(operation, f"{arguments['TableName']}/{key['pk']['S']}", arguments))
