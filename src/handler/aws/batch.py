"""BatchGetItem as it has to be called: in pieces of 100 keys, to the last unprocessed one."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEYS_PER_CALL = 100  # DynamoDB's own limit
FIRST_BACKOFF_S = 0.05
ROUNDS = 9  # 0.05 s doubled 8 times: 12.75 s of waiting at most, inside the shortest Timeout


class Throttled(Exception):
    """DynamoDB left keys unprocessed round after round; the event is retried later."""


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

    Unprocessed keys are asked for again, as consistently, after a jittered exponential backoff.
    Raises Throttled when some are left after ROUNDS rounds.
    """
    items: list[dict[str, Any]] = []
    pending = list(keys)
    for attempt in range(ROUNDS):
        if attempt:
            sleep(FIRST_BACKOFF_S * 2 ** (attempt - 1) * random.uniform(0.5, 1))  # noqa: S311  jitter is no secret
        asked: Any = {"Keys": pending, "ConsistentRead": True}
        answer: dict[str, Any] = dict(client.batch_get_item(RequestItems={table: asked}))
        items += answer["Responses"].get(table, [])
        # Only the keys are taken from the answer, so that the read options cannot get lost on the way.
        pending = answer.get("UnprocessedKeys", {}).get(table, {}).get("Keys", [])
        if not pending:
            return items
    raise Throttled(f"{table}: {len(pending)} of {len(keys)} keys unprocessed after {ROUNDS} rounds")
