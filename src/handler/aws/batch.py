"""BatchGetItem as it has to be called: in pieces of 100 keys, to the last unprocessed one."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEYS_PER_CALL = 100  # DynamoDB's own limit
FIRST_BACKOFF_S, MOST_BACKOFF_S = 0.05, 1.0


class Throttled(Exception):
    """DynamoDB read none of the keys, though the client tried for as long as it may; the event is retried later."""


def pieces(keys: Sequence[dict[str, Any]]) -> Iterator[Sequence[dict[str, Any]]]:
    """Yield *keys* in pieces that one call may carry."""
    for start in range(0, len(keys), KEYS_PER_CALL):
        yield keys[start : start + KEYS_PER_CALL]


def read_strongly(
    client: "DynamoDBClient",
    table: str,
    keys: Sequence[dict[str, Any]],
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> list[dict[str, Any]]:
    """Return the items under *keys* (at most 100, distinct), strongly consistent, in any order.

    Unprocessed keys are asked for again, as consistently, after a jittered exponential backoff, for as long as each
    answer brings some. One that brings none is an error, which the client waits out (`aws.retries`); raises Throttled
    if it has given up.
    """
    items: list[dict[str, Any]] = []
    pending = list(keys)
    backoff_s = FIRST_BACKOFF_S
    while True:
        asked: Any = {"Keys": pending, "ConsistentRead": True}
        answer: dict[str, Any] = dict(client.batch_get_item(RequestItems={table: asked}))
        items += answer["Responses"].get(table, [])
        # Only the keys are taken from the answer, so that the read options cannot get lost on the way.
        pending = answer.get("UnprocessedKeys", {}).get(table, {}).get("Keys", [])
        if not pending:
            return items
        if len(pending) == len(asked["Keys"]):
            raise Throttled(f"{table}: none of {len(pending)} keys was read, of {len(keys)} that were asked for")
        sleep(backoff_s * random.uniform(0.5, 1))  # noqa: S311  jitter is no secret
        backoff_s = min(2 * backoff_s, MOST_BACKOFF_S)
