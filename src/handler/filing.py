"""Filing a picture: the writes by which searches find it, apart from its object item."""

from collections.abc import Sequence
from concurrent.futures import Executor, Future, wait
from functools import partial
from typing import Any, NamedTuple, Protocol

from handler.core.buckets import Bucket, buckets
from handler.core.entry import to_entry
from handler.core.generations import GENERATIONS
from handler.core.model import Collection, ObjectRef, PictureRecord
from handler.memory import JournalMemory


class HashIndex(Protocol):
    """The buckets: all hashes, for instances that have not read the journal."""

    def add(self, collection: Collection, bucket: Bucket, hash: int, *, crowded: bool) -> bool:
        """Make *hash* a member of *bucket*: every search that starts later sees it.

        *crowded* says that the bucket is likely to have several pages; return whether it has.
        """


class HolderNotes(Protocol):
    """Which objects hold a hash."""

    def add_holder(self, collection: Collection, hash: int, ref: ObjectRef) -> None:
        """Note that this version of the object has *hash*."""

    def drop_holder(self, collection: Collection, hash: int, ref: ObjectRef) -> None:
        """Forget that note, if there is one."""


class Filing(NamedTuple):
    """The writes that file a picture, under way."""

    holders: Sequence[Future[None]] = ()
    members: Sequence[Future[bool]] = ()
    appended: Sequence[Future[str | None]] = ()

    @property
    def everything(self) -> list[Future[Any]]:
        """All of them."""
        return [*self.members, *self.holders, *self.appended]


class Filer:
    """Files pictures in the buckets, among the holders of their hashes, and in the journal."""

    def __init__(self, *, index: HashIndex, holders: HolderNotes, memory: JournalMemory, executor: Executor) -> None:
        self._index = index
        self._holders = holders
        self._memory = memory
        self._executor = executor
        self._crowded: set[Collection] = set()  # where a bucket had several pages lately

    def file(self, collection: Collection, record: PictureRecord) -> str | None:
        """Store all that makes the picture found but its object item, without which it is no match.

        Returns after every write is acknowledged: what kept a pack of the journal from being made, if anything did.
        """
        filing = self.begin(collection, record)
        wait(filing.everything)
        return self.end(collection, filing)

    def begin(self, collection: Collection, record: PictureRecord) -> Filing:
        """Begin the same writes; of a record without a hash there are none."""
        if record.hash is None:
            return Filing()
        submit, hashes = self._executor.submit, _bucketed(record)
        add = partial(self._index.add, crowded=collection in self._crowded)
        members = [submit(add, collection, bucket, hash) for hash in hashes for bucket in buckets(hash)]
        holders = [submit(self._holders.add_holder, collection, hash, record.ref) for hash in hashes]
        journal = self._memory.of(collection, len(record.entry_words))
        entry = to_entry(record.ref.object_id, record.entry_words)
        return Filing(holders, members, [submit(journal.append, entry)])

    def end(self, collection: Collection, filing: Filing) -> str | None:
        """Return what `file` does, of writes that are done; raise what one of them raised."""
        for note in filing.holders:
            note.result()
        unpacked = [entry.result() for entry in filing.appended]
        several_pages = [member.result() for member in filing.members]
        (self._crowded.add if any(several_pages) else self._crowded.discard)(collection)
        return unpacked[0] if unpacked else None

    def drop_holders(self, collection: Collection, record: PictureRecord) -> None:
        """Forget who had the hash of a record that was replaced; without it, the item would only be skipped."""
        for hash in _bucketed(record):
            self._holders.drop_holder(collection, hash, record.ref)


def same_holder(one: PictureRecord, other: PictureRecord) -> bool:
    """Whether the two are noted as one holder of the same hashes."""
    return (_bucketed(one), one.ref.sequencer) == (_bucketed(other), other.ref.sequencer)


def _bucketed(record: PictureRecord) -> list[int]:
    """The distinct hashes of *record* that are filed in the buckets."""
    return list(dict.fromkeys(record.entry_hashes[: GENERATIONS[record.generation].anchors]))
