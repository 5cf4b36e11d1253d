from typing import Any

import pytest

from handler.aws.batch import FIRST_BACKOFF_S, MOST_BACKOFF_S, Throttled, pieces, read_strongly

KEYS = [{"pk": {"S": str(number)}} for number in range(10)]


class Throttling:
    """A DynamoDB client that answers at most *served* keys a call and leaves the others unprocessed."""

    def __init__(self, served: int) -> None:
        self.served = served
        self.asked: list[dict[str, Any]] = []

    def batch_get_item(self, *, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803  boto3's own name
        asked = RequestItems["table"]
        self.asked.append(asked)
        unprocessed = {"table": {"Keys": asked["Keys"][self.served :]}} if asked["Keys"][self.served :] else {}
        # Whatever the read options were, DynamoDB may leave them out of what it hands back.
        return {"Responses": {"table": asked["Keys"][: self.served]}, "UnprocessedKeys": unprocessed}


def test_unprocessed_keys_are_read_as_strongly_as_the_others() -> None:
    client, waits = Throttling(served=4), list[float]()

    items = read_strongly(client, "table", KEYS, sleep=waits.append)  # type: ignore[arg-type]  # the one call that is made

    assert items == KEYS
    assert [len(asked["Keys"]) for asked in client.asked] == [10, 6, 2]
    assert all(asked["ConsistentRead"] is True for asked in client.asked)


def test_waits_grow_for_as_long_as_each_answer_brings_a_key() -> None:
    client, waits = Throttling(served=1), list[float]()

    items = read_strongly(client, "table", KEYS, sleep=waits.append)  # type: ignore[arg-type]  # the one call that is made

    assert items == KEYS
    assert len(waits) == len(KEYS) - 1
    assert waits[0] <= FIRST_BACKOFF_S
    assert MOST_BACKOFF_S / 2 <= waits[-1] <= MOST_BACKOFF_S


def test_answer_without_any_key_is_an_error() -> None:
    client = Throttling(served=0)

    with pytest.raises(Throttled, match="table: none of 10 keys was read, of 10 that were asked for"):
        read_strongly(client, "table", KEYS)  # type: ignore[arg-type]  # the one call that is made

    assert len(client.asked) == 1


def test_keys_go_out_a_hundred_at_a_time() -> None:
    keys = [{"pk": {"S": str(number)}} for number in range(428)]

    assert [len(piece) for piece in pieces(keys)] == [100, 100, 100, 100, 28]
    assert [key for piece in pieces(keys) for key in piece] == keys
