"""What is kept of an announced pair for the people who review it."""

from typing import NamedTuple

from handler.core.matches import Likeness, Pair
from handler.core.model import LIST_MARK, ObjectRef, PictureRecord


class Copy(NamedTuple):
    """One picture of a pair, as it was when the pair was announced."""

    bucket: str
    key: str
    version: str | None
    width: int
    height: int
    format: str
    bytes: int
    modified: str  # ISO 8601, or nothing where S3 did not say

    @classmethod
    def of(cls, record: PictureRecord) -> "Copy":
        """Return what is kept of *record*, which has to be indexed."""
        ref, computed = record.ref, record.fingerprint
        if computed is None:
            raise ValueError(f"{ref.bucket}/{ref.key} is {record.outcome}, it has no size")
        size, stored = (computed.width, computed.height, computed.format), (record.bytes or 0, record.modified or "")
        return cls(ref.bucket, ref.key, ref.version, *size, *stored)

    @property
    def ref(self) -> ObjectRef:
        """The object, whatever its version."""
        return ObjectRef(self.bucket, self.key)

    @property
    def object_id(self) -> str:
        """What names the object."""
        return self.ref.object_id

    @property
    def list(self) -> str | None:
        """The list that it is an entry of, if it is none of the uploads."""
        return self.bucket.removeprefix(LIST_MARK) if self.bucket.startswith(LIST_MARK) else None

    @property
    def is_bare(self) -> bool:
        """Whether nothing but a hash is known of it."""
        return not self.width


class Filed(NamedTuple):
    """An announced pair that waits for a verdict."""

    pair: Pair
    copies: tuple[Copy, Copy]  # in the order of the pair
    likeness: Likeness
    finder: str  # which of the pair its likeness is told of
    at: str  # when it was announced; ISO 8601, UTC

    @classmethod
    def of(cls, one: PictureRecord, other: PictureRecord, likeness: Likeness, at: str) -> "Filed":
        """Return the pair of two indexed pictures that *one* found."""
        pair, copies = Pair.of(one, other), {record.named: Copy.of(record) for record in (one, other)}
        return cls(pair, (copies[pair.first], copies[pair.second]), likeness, one.named, at)
