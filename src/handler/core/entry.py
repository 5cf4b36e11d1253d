"""A journal entry: the id of an object and the hashes of all views of its picture; and what is asked of entries."""

from collections.abc import Sequence
from typing import NamedTuple

ID_BYTES = 16
HASH_BYTES = 8


class Question(NamedTuple):
    """A hash, and the stored views that it is compared with."""

    hash: int
    stored_views: tuple[int, ...] = (0,)
    bucketed: bool = True  # where the buckets have to answer, it is asked there, too


def to_entry(object_id: str, hashes: Sequence[int]) -> bytes:
    """Return the entry of an object (32 hex digits) and the *hashes* of its views: 16 + 8 n bytes, big-endian."""
    return bytes.fromhex(object_id) + b"".join(hash.to_bytes(HASH_BYTES, "big") for hash in hashes)


def entry_bytes(view_count: int) -> int:
    """Return the length of an entry."""
    return ID_BYTES + HASH_BYTES * view_count


def view_count_of(entry: bytes) -> int:
    """Return how many view hashes are in *entry*."""
    return (len(entry) - ID_BYTES) // HASH_BYTES
