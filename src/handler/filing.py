"""Filing a picture: the writes by which searches find it, apart from its object item.

Every picture has its entry in the journal. The buckets, and who holds a hash that is found there, serve searches that
cannot have the journal: where the generation *files late* (`core.generations`), they are written only once the journal
takes much of the memory that instances may have for it. `handler.backlog` keeps what was not filed until then.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, wait
from functools import partial
from typing import Any, NamedTuple, Protocol

from handler.core.buckets import Bucket, buckets
from handler.core.entry import from_entry, to_entry
from handler.core.generations import GENERATIONS, files_late
from handler.core.model import Collection, ObjectRef, PictureRecord
from handler.journal import CollectionJournal, Written
from handler.memory import JournalMemory

SEGMENTS_AT_ONCE = 16  # of a backlog, that are filed in one go: 48 pictures by look1, by some 240 writes
BUSY_S = 60  # after which whoever went on with a backlog is taken for dead; two at once write the same


class HashIndex(Protocol):
    """The buckets: hashes of whole pictures, for searches that cannot have the journal."""

    def add(self, collection: Collection, bucket: Bucket, hash: int, *, crowded: bool) -> bool:
        """Make *hash* a member of *bucket*: every search that starts later sees it.

        *crowded* says that the bucket is likely to have several pages; return whether it has.
        """


class HolderNotes(Protocol):
    """Which objects hold a hash."""

    def add_holder(self, collection: Collection, hash: int, ref: ObjectRef) -> None:
        """Note that this version of the object has *hash*."""

    def add_entry_holder(self, collection: Collection, hash: int, object_id: str) -> None:
        """Note that the object has *hash* by an entry of the journal, whatever its version: that note stays."""

    def drop_holder(self, collection: Collection, hash: int, ref: ObjectRef) -> None:
        """Forget the note of that version, if there is one."""


class Filing(NamedTuple):
    """The writes that file a picture but for its entry, under way."""

    record: PictureRecord
    journal: CollectionJournal | None = None  # that the entry goes to; none of a record without a hash
    noted: Sequence[Future[Any]] = ()  # in the buckets and among the holders


class FiledPicture(NamedTuple):
    """What filing a picture came to."""

    unpacked: str | None = None  # what kept a pack of the journal from being made, if anything did
    latest: bool = False  # the entry was the last write, and its answer told of all that was appended before


class Filer:
    """Files pictures in the journal, in the buckets and among the holders of their hashes."""

    def __init__(
        self,
        *,
        index: HashIndex,
        holders: HolderNotes,
        memory: JournalMemory,
        buckets_from_bytes: int,
        executor: Executor,
        clock: Callable[[], float] = time.time,
        segments_at_once: int = SEGMENTS_AT_ONCE,
        busy_s: int = BUSY_S,
    ) -> None:
        self._index = index
        self._holders = holders
        self._memory = memory
        self._buckets_from_bytes = buckets_from_bytes  # of a journal that files late
        self._executor = executor
        self._clock = clock
        self._segments_at_once = segments_at_once
        self._busy_s = busy_s
        self._crowded: set[Collection] = set()  # where a bucket had several pages lately

    def file(self, collection: Collection, record: PictureRecord) -> str | None:
        """Store all that makes the picture found but its object item, without which it is no match.

        Returns after every write is acknowledged: what kept a pack of the journal from being made, if anything did.
        """
        filing = self.begin(collection, record)
        return self.end(collection, filing, self.append(collection, filing)).unpacked

    def begin(self, collection: Collection, record: PictureRecord) -> Filing:
        """Begin the writes that are known to be needed, without the entry; of a record without a hash none is."""
        if record.hash is None:
            return Filing(record)
        journal = self._memory.of(collection, len(record.entry_words))
        at_once = not files_late(collection) or journal.backlog.known is not None
        return Filing(record, journal, self._note_picture(collection, record) if at_once else ())

    def append(self, collection: Collection, filing: Filing) -> Written | None:
        """Append the entry once those writes are done; then ask whether the picture has to be in the buckets as well.

        Where no backlog is noted by then, the entry is part of it once it is. The journal tells who has to ask.
        """
        record, journal, noted = filing
        if journal is None:
            return None
        wait(noted)
        written = journal.append(to_entry(record.ref.object_id, record.entry_words))
        if files_late(collection):
            known = journal.backlog.read() if journal.marked else journal.backlog.known
            if known is None and journal.whole_bytes > self._buckets_from_bytes:
                journal.backlog.begin()
        return written

    def end(self, collection: Collection, filing: Filing, written: Written | None) -> FiledPicture:
        """Return what `file` came to, once the entry is *written*; raise what one of the writes raised.

        If it turned out that the picture has to be in the buckets, it is by then, and more of the backlog as well.
        """
        record, journal, noted = filing
        if journal is None or written is None:
            return FiledPicture()
        late = files_late(collection) and journal.backlog.known is not None
        if late and not noted:
            noted = self._note_picture(collection, record)
        self._finish(collection, noted)
        if late:
            self._file_part(collection)
        latest = journal.learn(written.appended)
        return FiledPicture(written.unpacked, latest=latest and not late)

    def go_on(self, collection: Collection, has_time: Callable[[], bool]) -> None:
        """File what nobody has filed, for as long as there is time, unless somebody else is at it."""
        backlog = self._journal(collection).backlog
        if backlog.read() is None:
            backlog.begin()
        while has_time() and self._file_part(collection):
            pass

    def drop_holders(self, collection: Collection, record: PictureRecord) -> None:
        """Forget who had the hash of a record that was replaced; without it, the item would only be skipped."""
        hashes = _bucketed(record)
        if hashes and files_late(collection) and self._journal(collection).backlog.read() is None:
            return  # nobody has noted it
        for hash in hashes:
            self._holders.drop_holder(collection, hash, record.ref)

    def _file_part(self, collection: Collection) -> bool:
        """File the next part of the backlog; False if all is filed, or somebody else is at it.

        By what the entries say alone: the object items decide when a search reads them.
        """
        backlog = self._journal(collection).backlog
        now = int(self._clock())
        part = backlog.take(self._segments_at_once, now=now, busy=now + self._busy_s)
        if part is None:
            return False
        noted = list[Future[Any]]()
        for object_id, words in map(from_entry, part.entries):
            holder = partial(self._holders.add_entry_holder, object_id=object_id)
            noted += self._note(collection, _anchors(collection.generation, words), holder)
        self._finish(collection, noted)
        backlog.advance(part)
        return True

    def _note_picture(self, collection: Collection, record: PictureRecord) -> list[Future[Any]]:
        return self._note(collection, _bucketed(record), partial(self._holders.add_holder, ref=record.ref))

    def _note(
        self, collection: Collection, hashes: Sequence[int], add_holder: Callable[..., None]
    ) -> list[Future[Any]]:
        """Begin to add *hashes* to the buckets, and a holder of each."""
        submit = self._executor.submit
        add = partial(self._index.add, crowded=collection in self._crowded)
        members = [submit(add, collection, bucket, hash) for hash in hashes for bucket in buckets(hash)]
        return [*members, *(submit(add_holder, collection, hash) for hash in hashes)]

    def _finish(self, collection: Collection, noted: Sequence[Future[Any]]) -> None:
        """Wait for what was begun; raise what one of the writes raised."""
        wait(noted)
        several_pages = [write.result() for write in noted]
        (self._crowded.add if any(several_pages) else self._crowded.discard)(collection)

    def _journal(self, collection: Collection) -> CollectionJournal:
        return self._memory.of(collection, GENERATIONS[collection.generation].word_count)


def same_holder(one: PictureRecord, other: PictureRecord) -> bool:
    """Whether the two are noted as one holder of the same hashes."""
    return (_bucketed(one), one.ref.sequencer) == (_bucketed(other), other.ref.sequencer)


def _bucketed(record: PictureRecord) -> list[int]:
    """The distinct hashes of *record* that are filed in the buckets."""
    return _anchors(record.generation, record.entry_hashes)


def _anchors(generation: str, words: Sequence[int]) -> list[int]:
    """The distinct hashes among the *words* of an entry that are filed in the buckets."""
    return list(dict.fromkeys(words[: GENERATIONS[generation].anchors]))
