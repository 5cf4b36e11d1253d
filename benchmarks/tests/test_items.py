"""What an upload stores, as DynamoDB counts it."""

from typing import Any

import pytest

from benchmarks.cost.items import (
    KEY_BYTES,
    WRITE_UNIT_BYTES,
    buckets_units,
    holder_item,
    item_bytes,
    object_item,
    segment_bytes,
    stored_bytes,
    write_units,
)


@pytest.mark.parametrize(
    ("item", "size"),
    [
        ({"name": {"S": "Käse"}}, 4 + 5),
        ({"n": {"N": "12345"}}, 1 + 3 + 1),
        ({"n": {"N": "-1.5"}}, 1 + 1 + 1 + 1),
        ({"n": {"N": "0"}}, 1 + 1),
        ({"n": {"B": bytes(7)}}, 1 + 7),
        ({"n": {"BS": [bytes(8), bytes(8)]}}, 1 + 16),
        ({"n": {"BOOL": True}, "m": {"NULL": True}}, 2 + 2),
        ({"n": {"L": [{"S": "a"}, {"S": "b"}]}}, 1 + 3 + 2 * 2),
        ({"n": {"M": {"key": {"S": "a"}}}}, 1 + 3 + 1 + 3 + 1),
    ],
)
def test_bytes_as_they_are_documented(item: dict[str, Any], size: int) -> None:
    assert item_bytes(item) == size


def test_object_with_a_key_of_100_bytes_in_a_versioned_bucket_is_one_write_unit() -> None:
    item = object_item(key_bytes=100)

    assert KEY_BYTES == len(item["k"]["S"]) == 100
    assert (len(item["v"]["S"]), len(item["b"]["S"])) == (32, 63)
    assert item_bytes(item) <= WRITE_UNIT_BYTES


def test_everything_else_that_an_upload_writes_is_one_write_unit_as_well() -> None:
    assert max(item_bytes(holder_item()), segment_bytes()) <= WRITE_UNIT_BYTES
    assert write_units() == 2
    assert buckets_units(100_000) == buckets_units(7_000_000) == 5


def test_more_is_kept_of_longer_keys() -> None:
    assert stored_bytes(key_bytes=110) - stored_bytes() == 10
