"""Journals of more pictures than a test can upload."""

import secrets
from typing import Any

from handler.core.entry import entry_bytes
from handler.core.generations import GENERATIONS
from handler.core.journal import Shape
from handler.core.model import Collection

PACK = Shape().pack_sizes[0]  # segments, of the smallest


def capacity(collection: Collection) -> int:
    """How many pictures are in a full segment."""
    return Shape().capacity(collection, _length(collection))


def fill(dynamodb: Any, table: str, collection: Collection, segments: int) -> None:
    """Fill *segments* of the collection's journal with pictures that nobody has."""
    items = [
        {
            "pk": {"S": f"{collection}#j0"},
            "sk": {"S": f"{number:08d}"},
            "entries": {"BS": [secrets.token_bytes(_length(collection)) for _ in range(capacity(collection))]},
        }
        for number in range(segments)
    ]
    for start in range(0, segments, 25):
        requests = [{"PutRequest": {"Item": item}} for item in items[start : start + 25]]
        dynamodb.batch_write_item(RequestItems={table: requests})


def _length(collection: Collection) -> int:
    return entry_bytes(GENERATIONS[collection.generation].word_count)
