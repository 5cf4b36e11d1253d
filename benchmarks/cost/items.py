"""What one upload stores: each item as the adapters write it, its bytes as DynamoDB counts them, and its write units.

A picture by `look1` with every attribute that a usual photograph has, in a versioned bucket. Bytes are names and
values, by https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html.
"""

import argparse
import math
from collections.abc import Mapping
from typing import Any

from handler.aws.buckets import PAGE_MEMBERS, DynamoDBBuckets
from handler.aws.catalog import DynamoDBCatalog
from handler.core.buckets import BANDS, MEMBER_BYTES, PREFIX_BITS, Bucket
from handler.core.entry import entry_bytes
from handler.core.generations import GENERATIONS
from handler.core.journal import Shape
from handler.core.model import Collection, Fingerprint, ObjectRef, Outcome, PictureRecord
from handler.core.sequencers import padded_sequencer
from training.printing import print_table

WRITE_UNIT_BYTES = 1024
STORED_OVERHEAD_BYTES = 100  # that are charged for keeping each item, beside its own
BUCKET_BYTES, KEY_BYTES, VERSION_BYTES = 63, 100, 32  # the longest that buckets have; and usual ones
COLLECTION = Collection("*", "look1")
SIZES = (10**5, 10**6, 10**7)
HASH = 0x0F0F_0000_FFFF_1234


class _Written:
    """A client of DynamoDB that keeps what is put into it."""

    def __init__(self) -> None:
        self.item: dict[str, Any] = {}

    def put_item(self, *, Item: dict[str, Any], **_: Any) -> dict[str, Any]:  # noqa: N803  boto3's name
        self.item = Item
        return {}

    def update_item(self, *, Key: dict[str, Any], **_: Any) -> dict[str, Any]:  # noqa: N803
        self.item = Key
        return {}


def item_bytes(item: Mapping[str, Any]) -> int:
    """Return the bytes of *item*, with typed values as boto3's client has them, as DynamoDB counts them."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _value_bytes(typed: Mapping[str, Any]) -> int:
    ((kind, value),) = typed.items()
    match kind:
        case "S":
            return len(value.encode())
        case "N":  # a byte for two significant digits, and one; and one for the sign
            digits = value.lstrip("-").replace(".", "").strip("0")
            return 1 + math.ceil(len(digits) / 2) + int(value.startswith("-"))
        case "B":
            return len(value)
        case "BS":
            return sum(map(len, value))
        case "BOOL" | "NULL":
            return 1
        case "L":
            return 3 + sum(1 + _value_bytes(one) for one in value)
        case "M":
            return 3 + sum(1 + len(name.encode()) + _value_bytes(one) for name, one in value.items())
    raise ValueError(f"unknown type {kind}")


def object_item(*, key_bytes: int = KEY_BYTES, versioned: bool = True) -> dict[str, Any]:
    """Return the object item of an indexed photograph."""
    client: Any = _Written()
    DynamoDBCatalog(client, "pictures").put(COLLECTION, _record(key_bytes, versioned))
    return dict(client.item)


def holder_item() -> dict[str, Any]:
    """Return the item that says who has a hash."""
    client: Any = _Written()
    DynamoDBCatalog(client, "pictures").add_holder(COLLECTION, HASH, _record(KEY_BYTES, versioned=True).ref)
    return dict(client.item)


def page_bytes(stored: float) -> float:
    """Return the bytes of a bucket's page where so many pictures are *stored*, one hash each, spread evenly."""
    client: Any = _Written()
    DynamoDBBuckets(client, "buckets", executor=client).add(COLLECTION, Bucket(3, 0xABCD), HASH, crowded=False)
    return item_bytes(client.item) + len("hashes") + MEMBER_BYTES * min(PAGE_MEMBERS, members(stored))


def segment_bytes() -> int:
    """Return the bytes of a full segment of the journal."""
    word_count = GENERATIONS[COLLECTION.generation].word_count
    entry = entry_bytes(word_count)
    names = len("pk") + len(f"{COLLECTION}#j0") + len("sk") + 8 + len("entries")
    return names + entry * Shape().capacity(COLLECTION, entry)


def members(stored: float) -> float:
    """Return how many members a bucket has on average, of those that have any."""
    return stored * BANDS / pages(stored) if stored else 1.0


def pages(stored: float) -> float:
    """Return how many buckets have members, of all bands."""
    buckets = 1 << PREFIX_BITS
    return BANDS * buckets * -math.expm1(-stored / buckets)


def write_units(*, key_bytes: int = KEY_BYTES, versioned: bool = True) -> int:
    """Return the write units of one upload that meets no full segment, to a scope that is not in the buckets."""
    return _units(item_bytes(object_item(key_bytes=key_bytes, versioned=versioned))) + _units(segment_bytes())


def buckets_units(stored: float) -> int:
    """Return how many more there are where so many pictures are *stored* in the buckets, too."""
    return _units(item_bytes(holder_item())) + BANDS * _units(page_bytes(stored))


def _units(size: float) -> int:
    return math.ceil(size / WRITE_UNIT_BYTES)


def stored_bytes(*, key_bytes: int = KEY_BYTES, versioned: bool = True) -> float:
    """Return the bytes that are charged for keeping each picture, of a scope that is not in the buckets."""
    own = item_bytes(object_item(key_bytes=key_bytes, versioned=versioned))
    entry = entry_bytes(GENERATIONS[COLLECTION.generation].word_count)
    segment = (segment_bytes() + STORED_OVERHEAD_BYTES) / Shape().capacity(COLLECTION, entry)
    return own + STORED_OVERHEAD_BYTES + segment


def buckets_bytes(stored: float) -> float:
    """Return how many more there are where so many pictures are *stored* in the buckets, too."""
    in_pages = pages(stored) / stored * (page_bytes(stored) + STORED_OVERHEAD_BYTES)
    return item_bytes(holder_item()) + STORED_OVERHEAD_BYTES + in_pages


def _record(key_bytes: int, versioned: bool) -> PictureRecord:
    views = len(GENERATIONS[COLLECTION.generation].view_names)
    version = "v" * VERSION_BYTES if versioned else None
    return PictureRecord(
        ref=ObjectRef("b" * BUCKET_BYTES, "k" * key_bytes, padded_sequencer("0055AED6DCD90281E5"), version),
        generation=COLLECTION.generation,
        outcome=Outcome.INDEXED,
        fingerprint=Fingerprint(
            hash=HASH,
            generation=COLLECTION.generation,
            width=6048,
            height=8064,
            format="JPEG",
            further=(HASH,) * (views - 1),
            checks=(bytes(32),) * views,
            quality=123.45,
            taken="2026-05-01T10:11:12",
        ),
        etag="0" * 32 + "-100",  # of an upload in parts, which has no shorter form
        digest="0" * 64,
        bytes=12_345_678,
        modified="2026-05-01T10:11:12+00:00",
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take no options."""


def run(_: argparse.Namespace) -> int:
    """Print the bytes and write units of what one upload stores."""
    rows = [
        (f"object, key of {key_bytes} bytes{', versioned' * versioned}", item_bytes(item))
        for versioned in (False, True)
        for key_bytes in (20, KEY_BYTES, 150, 1024)
        for item in [object_item(key_bytes=key_bytes, versioned=versioned)]
    ]
    rows += [("holder of a hash", item_bytes(holder_item())), ("journal segment, full", segment_bytes())]
    rows += [(f"bucket page of four, {stored:,} stored", round(page_bytes(stored))) for stored in SIZES]
    print_table(
        "Items of one upload by look1",
        ("item", "bytes", "write units"),
        [(name, f"{size:,}", math.ceil(size / WRITE_UNIT_BYTES)) for name, size in rows],
        note=f"Buckets with names of {BUCKET_BYTES} bytes, the scope *, ETags of uploads in parts, times of capture.",
    )
    print_table(
        "Write units of one upload by look1",
        ("scope", "units"),
        [
            ("in the journal alone", write_units()),
            *((f"in the buckets, too, {stored:,} stored", write_units() + buckets_units(stored)) for stored in SIZES),
        ],
        note="Beside full segments that are tried first: 0.2. Of a picture whose trimmed view is the whole one.",
    )
    print_table(
        "Kept for each picture",
        ("stored", "bytes"),
        [
            ("any number, in the journal alone", f"{stored_bytes():,.0f}"),
            *(
                (f"{stored:,}, in the buckets, too", f"{stored_bytes() + buckets_bytes(stored):,.0f}")
                for stored in SIZES
            ),
        ],
        note=f"With {STORED_OVERHEAD_BYTES} bytes for each item, and a key of {KEY_BYTES} bytes in a versioned bucket.",
    )
    return 0
