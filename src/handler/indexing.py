"""Reading, fingerprinting, storing and removing one object: all that decides whether searches find it.

It looks for nothing and announces nothing, so it is all that a second generation gets while a deployment moves.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, wait
from dataclasses import replace
from functools import partial
from typing import NamedTuple, Protocol

from handler.core.asker import Asker
from handler.core.fingerprint import examine
from handler.core.generations import IMPORTED
from handler.core.lists import bare_fingerprint
from handler.core.model import (
    Collection,
    Content,
    ObjectGone,
    ObjectRef,
    Outcome,
    PictureRecord,
    PictureRejected,
    Settings,
    Superseded,
    collection_of,
)
from handler.core.sequencers import LOWEST_SEQUENCER, just_after
from handler.filing import Filer, Filing, same_holder
from handler.journal import Written
from handler.report import Report

FILING_SHARE = 0.2  # of the remaining time: up to five uploads come in one invocation, one after the other
LARGEST_FILING_SHARE = 0.8  # where what could be found was told before


class PictureStore(Protocol):
    """Where the pictures are."""

    def read(self, ref: ObjectRef) -> Content:
        """Return the object; raise ObjectGone, or PictureRejected if it is too large to read."""

    def exists(self, ref: ObjectRef) -> bool:
        """Whether the object is there now."""


class ObjectCatalog(Protocol):
    """What is known of each object. All reads are strongly consistent."""

    def put(self, collection: Collection, record: PictureRecord) -> PictureRecord | None:
        """Store *record* and return what it replaced; raise Superseded if a newer one is stored."""

    def bury(self, collection: Collection, ref: ObjectRef) -> PictureRecord | None:
        """Replace the object by a tombstone and return what was there; raise Superseded likewise."""

    def get(self, collection: Collection, object_ids: Sequence[str]) -> list[PictureRecord]:
        """Return the records that exist, in any order."""

    def mark_done(self, collection: Collection, object_id: str, job: str) -> None:
        """Note that a backfill is done with the object, whatever is known of it."""


def _nothing(_: Asker) -> None:
    pass


class NotSearched(Exception):
    """A hash of a generation that the deployment does not search."""


class Indexed(NamedTuple):
    """What came of indexing an object, and what asks for its matches; None if it is not to be searched for."""

    report: Report
    asker: Asker | None


class Indexer:
    """Keeps the index of one generation true to the objects of the buckets."""

    def __init__(
        self,
        *,
        store: PictureStore,
        filer: Filer,
        catalog: ObjectCatalog,
        executor: Executor,
        settings: Settings,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._filer = filer
        self._catalog = catalog
        self._executor = executor
        self._settings = settings
        self._clock = clock

    def index(self, ref: ObjectRef, *, meanwhile: Callable[[Asker], None] = _nothing) -> Indexed:
        """Store all that makes the object found by others. Safe to repeat and to stop at any step.

        A picture that cannot be used is an outcome, not an error. For others, *meanwhile* is called while the writes
        are under way: a function pays for waiting, too.
        """
        report, collection = Report(ref), collection_of(ref, self._settings)
        backfilled = ref.sequencer == LOWEST_SEQUENCER
        if backfilled:
            known = self._catalog.get(collection, [ref.object_id])
            if known and known[0].alive and known[0].ref.sequencer != LOWEST_SEQUENCER:
                report.outcome = Outcome.STALE  # as the write would find out: an event has told of the object
                return Indexed(report, None)
            ref = _after_what_is_known(known, ref)
        asker = self.examine(ref, report)
        record = asker.record
        with report.timed("write"):
            if not self._write(collection, record, report, partial(meanwhile, asker)):
                report.outcome = Outcome.STALE
            # A deletion that was handled before the write is not in any sequencer: the bucket has to say.
            elif backfilled and record.alive and not self._store.exists(ref):
                return Indexed(self.remove(record.ref), None)
        return Indexed(report, asker if report.outcome is Outcome.INDEXED else None)

    def examine_again(self, ref: ObjectRef) -> Indexed:
        """Examine an object that was stored as *ref*, of which every write was acknowledged, and store nothing.

        Stale where it is another one by now, or gone: that has an event of its own. One that cannot be read any more
        (archived since, or over a limit that was lowered) asks by what is stored of it.
        """
        report, collection = Report(ref), collection_of(ref, self._settings)
        known = self._catalog.get(collection, [ref.object_id])
        if known and known[0].alive and known[0].ref.sequencer == ref.sequencer:
            stored = known[0]
            asker = self.examine(ref, report)
            if asker.record.alive and asker.record.digest == stored.digest:
                return Indexed(report, asker)
            if asker.record.outcome is Outcome.REJECTED and asker.record.etag in {None, stored.etag}:
                report.outcome, report.record = Outcome.INDEXED, stored
                return Indexed(report, Asker.stored(stored))
        report.outcome = Outcome.STALE
        return Indexed(report, None)

    def index_hash(self, ref: ObjectRef, hash: int) -> Indexed:
        """Store that the object, which is not read, has the *hash*, unless more is known of it. Safe to repeat.

        It has no sequencer, so what an event told of the object stands, a tombstone included. Raises NotSearched if
        the generation is not that of imported hashes.
        """
        report, collection = Report(ref), collection_of(ref, self._settings)
        if self._settings.generation != IMPORTED:
            raise NotSearched(
                f"hashes of {IMPORTED} are imported, and this deployment searches {collection.generation}"
            )
        known = self._catalog.get(collection, [ref.object_id])
        record = PictureRecord(
            ref, IMPORTED, Outcome.INDEXED, fingerprint=bare_fingerprint(hash, collection.generation)
        )
        with report.timed("write"):
            asker = Asker.stored(record)
            if _is_more(known) or not self._write(collection, record, report, partial(_nothing, asker)):
                report.outcome = Outcome.STALE
                return Indexed(report, None)
        report.outcome, report.record = Outcome.INDEXED, record
        return Indexed(report, asker)

    def go_on_filing(self, collection: Collection, deadline: float, *, share: float) -> None:
        """File what is in the journal and not in the buckets, as a search lacked it, in that *share* of the time.

        *deadline* is when the invocation ends, by `time.monotonic`.
        """
        start = self._clock()
        self._filer.go_on(collection, lambda: self._clock() < start + share * (deadline - start))

    def mark_done(self, ref: ObjectRef, job: str) -> None:
        """Note that a backfill is done with the object, so that whoever runs it can see that."""
        self._catalog.mark_done(collection_of(ref, self._settings), ref.object_id, job)

    def remove(self, ref: ObjectRef) -> Report:
        """Make the object stop answering. Its bucket entries stay: no live object answers for them."""
        report, collection = Report(ref), collection_of(ref, self._settings)
        if ref.sequencer == LOWEST_SEQUENCER:
            known = self._catalog.get(collection, [ref.object_id])
            # Without a sequencer (lifecycle events may lack it) only the bucket knows what came last.
            if not known or self._store.exists(ref):
                return report
            ref = replace(ref, sequencer=known[0].ref.sequencer)
        with report.timed("write"):
            try:
                buried = self._catalog.bury(collection, ref)
            except Superseded:
                report.outcome = Outcome.STALE
            else:
                report.outcome = Outcome.REMOVED
                if buried is not None:
                    self._filer.drop_holders(collection, buried)
        return report

    def examine(self, ref: ObjectRef, report: Report) -> Asker:
        """Read and fingerprint the object, and store nothing: the record of it, whatever came of it, and what asks."""
        generation = self._settings.generation
        try:
            with report.timed("read"):
                content = self._store.read(ref)
        except ObjectGone as error:
            return _without_pixels(report, PictureRecord(ref, generation, Outcome.GONE, reason=str(error)))
        except PictureRejected as error:
            return _without_pixels(report, PictureRecord(ref, generation, Outcome.REJECTED, reason=_reason(error)))
        return self.examine_content(ref, content, report)

    def examine_content(self, ref: ObjectRef, content: Content, report: Report) -> Asker:
        """Fingerprint what was read of the object, as `examine` does."""
        generation = self._settings.generation
        record = partial(
            PictureRecord,
            replace(ref, version=content.version),
            generation,
            etag=content.etag,
            bytes=len(content.body),
            modified=content.modified,
        )
        try:
            with report.timed("decode"):
                computed, seen = examine(content.body, generation, self._settings.limits)
        except PictureRejected as error:
            return _without_pixels(report, record(Outcome.REJECTED, reason=_reason(error)))
        report.outcome = Outcome.INDEXED
        report.record = record(Outcome.INDEXED, fingerprint=computed, digest=content.digest)
        return Asker.at_hand(report.record, seen)

    def _write(
        self, collection: Collection, record: PictureRecord, report: Report, meanwhile: Callable[[], None]
    ) -> bool:
        """Store all that makes the picture found; False if its event is stale.

        Returns only after every write is acknowledged: of two uploads at the same moment, at least the one whose
        writes finish last then finds the other. The entry comes last: whoever finds it finds the object item, too, and
        its answer tells what others appended before.
        """
        filing = self._filer.begin(collection, record)
        storing = self._executor.submit(self._store_and_append, collection, record, filing)
        if record.alive:
            meanwhile()
        wait([storing, *filing.noted])
        try:
            replaced, written = storing.result()
        except Superseded:
            return False  # what was noted stays: a later event may have made this very version current
        report.unpacked, report.latest = self._filer.end(collection, filing, written)
        if replaced is not None and not same_holder(replaced, record):
            self._filer.drop_holders(collection, replaced)
        return True

    def _store_and_append(
        self, collection: Collection, record: PictureRecord, filing: Filing
    ) -> tuple[PictureRecord | None, Written | None]:
        replaced = self._catalog.put(collection, record)
        return replaced, self._filer.append(collection, filing)


def _is_more(known: Sequence[PictureRecord]) -> bool:
    """Whether more is known of an object than a bare hash."""
    computed = known[0].fingerprint if known else None
    return computed is not None and not computed.bare


def _after_what_is_known(known: Sequence[PictureRecord], ref: ObjectRef) -> ObjectRef:
    """Return *ref* with a place among the object's events, which have sequencers where it has none.

    A tombstone or a rejection gives way to the object that is in the bucket now.
    """
    if known and not known[0].alive and known[0].ref.sequencer != LOWEST_SEQUENCER:
        return replace(ref, sequencer=just_after(known[0].ref.sequencer))
    return ref


def _without_pixels(report: Report, record: PictureRecord) -> Asker:
    report.record, report.outcome = record, record.outcome
    return Asker.stored(record)


def _reason(error: PictureRejected) -> str:
    return f"{error.code}: {error}"
