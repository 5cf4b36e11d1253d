"""A collection of stored pictures with random hashes, as DynamoDB and S3 would hold it: made in bulk, by numpy."""

import binascii
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from handler.core.buckets import BANDS, Bucket
from handler.core.entry import ID_BYTES, entry_bytes
from handler.core.journal import Shape, Span
from handler.core.model import Collection
from handler.core.words import WORD_BYTES
from handler.entries import Block

COLLECTION = Collection("*", "phash1")
SHAPE = Shape()
BUCKETED_VIEWS = 2  # the whole picture and the border-trimmed one

Bytes = NDArray[np.uint8]
Hashes = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Size:
    """How much is stored, and how."""

    pictures: int
    view_count: int = 1
    shards: int = 1

    @property
    def segment_rows(self) -> int:
        """Entries of a full segment."""
        return SHAPE.capacity(COLLECTION, entry_bytes(self.view_count))


class StoredPictures:
    """The rows of every shard's journal, in the order in which they came."""

    def __init__(self, size: Size) -> None:
        rng = np.random.default_rng(size.pictures)
        self.size = size
        self.ids: Bytes = rng.integers(0, 256, (size.pictures, ID_BYTES), dtype=np.uint8)
        self.hashes: Hashes = rng.integers(0, 1 << 64, (size.view_count, size.pictures), dtype=np.uint64)
        self._starts = [size.pictures * shard // size.shards for shard in range(size.shards + 1)]
        for shard in range(size.shards):  # the first byte of an id says its shard
            firsts = self.ids[self._starts[shard] : self._starts[shard + 1], 0]
            firsts += np.uint8(shard) - firsts % np.uint8(size.shards)

    def rows(self, shard: int) -> int:
        """How many rows there are in *shard*."""
        return self._starts[shard + 1] - self._starts[shard]

    def segment(self, shard: int, number: int) -> Bytes:
        """Return the entries of a segment, one a row."""
        some = self._slice(shard, number * self.size.segment_rows, self.size.segment_rows)
        hashes = np.ascontiguousarray(self.hashes[:, some].T).astype(">u8").view(np.uint8)
        return np.hstack([self.ids[some], hashes.reshape(-1, WORD_BYTES * self.size.view_count)])

    def pack(self, span: Span) -> bytes | None:
        """Return the pack, or None if there are not enough segments for it."""
        rows = span.size * self.size.segment_rows
        if (span.number + 1) * rows > self.rows(span.shard):
            return None
        some = self._slice(span.shard, span.number * rows, rows)
        return Block(self.ids[some], self.hashes[:, some], rows).pack()

    def _slice(self, shard: int, first: int, rows: int) -> slice:
        start = self._starts[shard] + first
        return slice(start, min(start + rows, self._starts[shard + 1]))


class Members:
    """The bucketed hashes of a collection in the order of each band's prefixes."""

    def __init__(self, stored: StoredPictures) -> None:
        hashes = stored.hashes[:BUCKETED_VIEWS].reshape(-1)
        self._bands: list[tuple[Hashes, NDArray[np.int64]]] = []
        for band in range(BANDS):
            prefixes = (hashes >> np.uint64(48 - 16 * band)).astype(np.uint16)
            starts = np.concatenate([[0], np.cumsum(np.bincount(prefixes, minlength=1 << 16))])
            self._bands.append((hashes[np.argsort(prefixes, kind="stable")], starts))

    def of(self, bucket: Bucket) -> Hashes:
        """Return the members of *bucket*."""
        hashes, starts = self._bands[bucket.band]
        return hashes[starts[bucket.prefix] : starts[bucket.prefix + 1]]


def as_binary_set(rows: Bytes) -> bytes:
    """Return *rows* as the JSON list of base64 texts that DynamoDB writes for a Binary Set, all at once."""
    count, length = rows.shape
    padding = -length % 3
    padded = np.zeros((count, length + padding), np.uint8)
    padded[:, :length] = rows
    text = np.frombuffer(binascii.b2a_base64(padded.tobytes(), newline=False), np.uint8).reshape(count, -1)
    quoted = np.empty((count, text.shape[1] + 3), np.uint8)
    quoted[:, 0] = quoted[:, -2] = ord('"')
    quoted[:, -1] = ord(",")
    quoted[:, 1:-2] = text
    if padding:
        quoted[:, -2 - padding : -2] = ord("=")
    return b"[" + quoted.tobytes()[:-1] + b"]"


def as_members(hashes: Hashes) -> Bytes:
    """Return *hashes* as buckets store them, 8 bytes a row."""
    return cast(Bytes, cast(Any, hashes.astype(">u8")).view(np.uint8).reshape(-1, WORD_BYTES))
