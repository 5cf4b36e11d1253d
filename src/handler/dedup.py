"""The use case: one event of one object in, its outcome and at most one message out.

The order of steps is the protocol of `docs/protocol.md`, and each is there because leaving it out
loses a pair: search only after all writes are acknowledged, with strongly consistent reads; publish
every pair that is not marked published, whoever found it; mark it only after it was published.
"""

import math
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from typing import Any, Protocol

from handler.core.buckets import Bucket, buckets
from handler.core.entry import Question, to_entry
from handler.core.fingerprint import GENERATIONS, fingerprint
from handler.core.message import Message, compose
from handler.core.model import (
    LOWEST_SEQUENCER,
    Candidate,
    Collection,
    Content,
    Found,
    Match,
    ObjectGone,
    ObjectRef,
    Outcome,
    Pair,
    PictureRecord,
    PictureRejected,
    Route,
    Settings,
    Superseded,
    just_after,
    scope_of,
)
from handler.core.policy import match, nearest_first, questions

CANDIDATES_AT_ONCE = 100  # object items that one call reads
MAX_PAGES_AT_ONCE = 16  # calls in parallel, before the live ones are counted; the first is alone, and mostly enough
# Entries of deleted pictures stay in the journal, and each costs a read. With more of them around one picture
# than this the function would not end in its time, and the event would fail for ever.
MAX_CANDIDATES = 10_000


class PictureStore(Protocol):
    """Where the pictures are."""

    def read(self, ref: ObjectRef) -> Content:
        """Return the object; raise ObjectGone, or PictureRejected if it is too large to read."""

    def exists(self, ref: ObjectRef) -> bool:
        """Whether the object can be read now."""


class HashIndex(Protocol):
    """The buckets: all hashes, for whoever has not read the journal."""

    def add(self, collection: Collection, bucket: Bucket, hash: int, *, crowded: bool) -> bool:
        """Make *hash* a member of *bucket*: every search that starts later sees it.

        *crowded* tells that the bucket is likely to have several pages; return whether it has.
        """


class Finder(Protocol):
    """The journal, and the searches that read it, or the buckets."""

    def append(self, collection: Collection, entry: bytes) -> None:
        """Add *entry* to the journal: every `find` that starts later sees it."""

    def find(
        self, collection: Collection, questions: Sequence[Question], radius: int, *, view_count: int, deadline: float
    ) -> Found:
        """Return every object of *collection* that was stored with a hash within *radius* of a question."""

    def probe(self, collection: Collection, questions: Sequence[Question], radius: int) -> Found:
        """Return the same out of the buckets, and by who has those hashes now."""


class Catalog(Protocol):
    """What is known of each object, and who has a hash. All reads are strongly consistent."""

    def put(self, collection: Collection, record: PictureRecord) -> PictureRecord | None:
        """Store *record* and return what it replaced; raise Superseded if a newer one is stored."""

    def bury(self, collection: Collection, ref: ObjectRef) -> PictureRecord | None:
        """Replace the object by a tombstone and return what was there; raise Superseded likewise."""

    def get(self, collection: Collection, object_ids: Sequence[str]) -> list[PictureRecord]:
        """Return the records that exist, in any order."""

    def add_holder(self, collection: Collection, hash: int, ref: ObjectRef) -> None:
        """Note that this version of the object has *hash*."""

    def drop_holder(self, collection: Collection, hash: int, ref: ObjectRef) -> None:
        """Forget that note, if there is one."""


class PairLedger(Protocol):
    """Which pairs were announced."""

    def note_pair(self, collection: Collection, pair: Pair) -> bool:
        """Put the pair if absent; return whether it was published already."""

    def mark_published(self, collection: Collection, pair: Pair) -> None:
        """Note that the pair was announced."""


class Notifier(Protocol):
    """Who is told."""

    def publish(self, message: Message) -> None:
        """Return once the message is accepted."""


@dataclass(slots=True)
class Report:
    """What was done about one event: for the log, the metrics and a look-up's answer."""

    ref: ObjectRef
    outcome: Outcome
    record: PictureRecord | None = None
    matches: Sequence[Match] = ()
    truncated: bool = False  # there are more matches than were kept
    announced: int = 0  # pairs in the message that was published
    found: Found | None = None  # which way the search took, and what it read
    spent_ms: dict[str, float] = field(default_factory=dict)  # by step: read, decode, write, search, announce


class Deduplicator:
    """Answers events with outcomes, over the six roles above."""

    def __init__(
        self,
        *,
        store: PictureStore,
        index: HashIndex,
        finder: Finder,
        catalog: Catalog,
        ledger: PairLedger,
        notifier: Notifier,
        executor: Executor,
        settings: Settings,
        max_candidates: int = MAX_CANDIDATES,
    ) -> None:
        self._store = store
        self._index = index
        self._finder = finder
        self._catalog = catalog
        self._ledger = ledger
        self._notifier = notifier
        self._executor = executor
        self._settings = settings
        self._max_candidates = max_candidates
        self._crowded: set[Collection] = set()  # where a bucket had several pages lately

    def created(self, ref: ObjectRef, *, deadline: float = math.inf) -> Report:
        """Index the object, find its near-duplicates and announce those that were not announced yet.

        *deadline* is when the invocation ends, by `time.monotonic`: a search may have to choose the quicker way.
        Safe to repeat and to stop at any step. A picture that cannot be used is an outcome, not an error.
        """
        report = self.index(ref)
        record, collection = report.record, self._collection(ref)
        if record is None or report.outcome is not Outcome.INDEXED:
            return report
        with _timed(report, "search"):
            self._search(collection, record, report, deadline)
        with _timed(report, "announce"):
            if report.matches and self._is_current(collection, record):
                self._announce(collection, record, report)
        return report

    def index(self, ref: ObjectRef) -> Report:
        """Store all that makes the object found by others, and look for nothing. Safe to repeat and to stop."""
        report = Report(ref, Outcome.IGNORED)
        collection = self._collection(ref)
        backfilled = ref.sequencer == LOWEST_SEQUENCER
        if backfilled:
            ref = self._after_what_is_known(collection, ref)
        record = self._examine(ref, report)
        report.record, report.outcome = record, record.outcome
        with _timed(report, "write"):
            if not self._write(collection, record):
                report.outcome = Outcome.STALE
            # A deletion that was handled before the write is not in any sequencer: the bucket has to tell.
            elif backfilled and record.alive and not self._store.exists(ref):
                return self.removed(record.ref)
        return report

    def removed(self, ref: ObjectRef) -> Report:
        """Make the object stop answering. Its bucket entries stay: no live object answers for them."""
        report = Report(ref, Outcome.REMOVED)
        collection = self._collection(ref)
        if ref.sequencer == LOWEST_SEQUENCER:
            known = self._catalog.get(collection, [ref.object_id])
            # Without a sequencer (lifecycle events may lack it) only the bucket knows what came last.
            if not known or self._store.exists(ref):
                report.outcome = Outcome.IGNORED
                return report
            ref = replace(ref, sequencer=known[0].ref.sequencer)
        with _timed(report, "write"):
            try:
                buried = self._catalog.bury(collection, ref)
            except Superseded:
                report.outcome = Outcome.STALE
            else:
                self._drop_holder_of(collection, buried)
        return report

    def look_up(self, ref: ObjectRef, *, deadline: float = math.inf) -> Report:
        """Find the matches of an object that is in the bucket, and write and announce nothing."""
        report = Report(ref, Outcome.IGNORED)
        collection = self._collection(ref)
        record = self._examine(ref, report)  # what is stored of it would find less than the picture itself
        report.record, report.outcome = record, record.outcome
        if record.alive:
            with _timed(report, "search"):
                self._search(collection, record, report, deadline)
        return report

    def _collection(self, ref: ObjectRef) -> Collection:
        return Collection(scope_of(ref.key, self._settings.scope_depth), self._settings.generation)

    def _after_what_is_known(self, collection: Collection, ref: ObjectRef) -> ObjectRef:
        """Return *ref* with a place among the object's events, which have sequencers where it has none.

        A live record of an event stays; a tombstone or a rejection gives way to the object that is in
        the bucket now.
        """
        known = self._catalog.get(collection, [ref.object_id])
        if known and not known[0].alive and known[0].ref.sequencer != LOWEST_SEQUENCER:
            return replace(ref, sequencer=just_after(known[0].ref.sequencer))
        return ref

    def _examine(self, ref: ObjectRef, report: Report) -> PictureRecord:
        """Read and fingerprint the object: the record to store, whatever came of it."""
        generation = self._settings.generation
        try:
            with _timed(report, "read"):
                content = self._store.read(ref)
        except ObjectGone as error:
            return PictureRecord(ref, generation, Outcome.GONE, reason=str(error))
        except PictureRejected as error:
            return PictureRecord(ref, generation, Outcome.REJECTED, reason=f"{error.code}: {error}")
        record = partial(
            PictureRecord,
            replace(ref, version=content.version),
            generation,
            etag=content.etag,
            bytes=len(content.body),
            modified=content.modified,
        )
        try:
            with _timed(report, "decode"):
                computed = fingerprint(content.body, generation, self._settings.limits)
        except PictureRejected as error:
            return record(Outcome.REJECTED, reason=f"{error.code}: {error}")
        return record(Outcome.INDEXED, fingerprint=computed, digest=content.digest)

    def _write(self, collection: Collection, record: PictureRecord) -> bool:
        """Store all that makes the picture found, in parallel; False if its event is stale.

        Returns only after every write is acknowledged: of two uploads at the same moment, at least
        the one whose writes finish last then finds the other.
        """
        submit = self._executor.submit
        object_put = submit(self._catalog.put, collection, record)
        notes: list[Future[None]] = []
        members: list[Future[bool]] = []
        if record.hash is not None:
            add = partial(self._index.add, crowded=collection in self._crowded)
            for hash in _bucketed(record):
                members += [submit(add, collection, bucket, hash) for bucket in buckets(hash)]
                notes.append(submit(self._catalog.add_holder, collection, hash, record.ref))
            notes.append(submit(self._finder.append, collection, to_entry(record.ref.object_id, record.entry_hashes)))
        everything: list[Future[Any]] = [object_put, *members, *notes]
        wait(everything)
        for note in notes:
            note.result()
        several_pages = [member.result() for member in members]
        (self._crowded.add if any(several_pages) else self._crowded.discard)(collection)
        try:
            replaced = object_put.result()
        except Superseded:
            return False  # what was noted stays: a later event may have made this very version current
        if replaced is not None and not _same_holder(replaced, record):
            self._drop_holder_of(collection, replaced)
        return True

    def _drop_holder_of(self, collection: Collection, record: PictureRecord | None) -> None:
        """Forget who had the hash of a record that was replaced; without it, the item would only be skipped."""
        if record is not None:
            for hash in _bucketed(record):
                self._catalog.drop_holder(collection, hash, record.ref)

    def _search(self, collection: Collection, record: PictureRecord, report: Report, deadline: float) -> None:
        """Find the nearest live matches, up to the cap, and whether there are more."""
        if record.hash is None:
            return
        asked = questions(record, self._settings.orientations)
        radius, cap = self._settings.radius, self._settings.max_matches
        report.found = self._finder.find(
            collection, asked, radius, view_count=len(record.entry_hashes), deadline=deadline
        )
        live, cut = self._follow_up(collection, record, report.found)
        if cut and report.found.route is not Route.PROBED:
            # What was overwritten and deleted here fills the journal; the buckets know who has a hash now.
            report.found = self._finder.probe(collection, asked, radius)
            live, cut = self._follow_up(collection, record, report.found)
        matches = nearest_first(live.values())
        report.matches = matches[:cap]
        report.truncated = cut or len(matches) > cap

    def _follow_up(self, collection: Collection, record: PictureRecord, found: Found) -> tuple[dict[str, Match], bool]:
        """The live matches among what was found, more than the cap if there are, and whether some was not read."""
        seen = {record.ref.object_id}  # the own entry is among them: it was written before the search
        candidates = _unseen(found.candidates, seen)
        live: dict[str, Match] = {}
        pages = 1
        while some := list(islice(candidates, pages * CANDIDATES_AT_ONCE)):
            if len(seen) > self._max_candidates:
                return live, True
            pages = min(4 * pages, MAX_PAGES_AT_ONCE)
            for matching in self._executor.map(partial(self._live_matches, collection, record), _pages(some)):
                live |= matching
            # An object is noted first where it is or was nearest: what comes later is as far as this, or farther.
            if sum(match.distance <= some[-1].distance for match in live.values()) > self._settings.max_matches:
                return live, False
        return live, not found.complete

    def _live_matches(
        self, collection: Collection, record: PictureRecord, candidates: Sequence[Candidate]
    ) -> dict[str, Match]:
        """The live objects among *candidates* that match by what is known of them now, by object id."""
        stored = self._catalog.get(collection, [candidate.object_id for candidate in candidates])
        found = {one.ref.object_id: match(record, one, self._settings) for one in stored}
        return {object_id: matching for object_id, matching in found.items() if matching}

    def _is_current(self, collection: Collection, record: PictureRecord) -> bool:
        """Whether this event is still the object's latest: what has been deleted meanwhile is not announced."""
        stored = self._catalog.get(collection, [record.ref.object_id])
        return bool(stored) and stored[0].alive and stored[0].ref.sequencer == record.ref.sequencer

    def _announce(self, collection: Collection, record: PictureRecord, report: Report) -> None:
        """Publish the pairs that nobody has marked published, then mark them."""
        pairs = {found: Pair.of(record, found.record, found.distance) for found in report.matches}
        published = self._executor.map(partial(self._ledger.note_pair, collection), pairs.values())
        untold = [found for found, done in zip(pairs, published, strict=True) if not done]
        if not untold:
            return
        message = compose(collection, record, untold, radius=self._settings.radius, truncated=report.truncated)
        self._notifier.publish(message)
        told = [pairs[found] for found in message.matches]
        list(self._executor.map(partial(self._ledger.mark_published, collection), told))
        report.announced = len(told)


def _unseen(candidates: Iterator[Candidate], seen: set[str]) -> Iterator[Candidate]:
    """Each object once, and none of *seen*, which grows by them."""
    for candidate in candidates:
        if candidate.object_id not in seen:
            seen.add(candidate.object_id)
            yield candidate


def _pages(candidates: Sequence[Candidate]) -> list[Sequence[Candidate]]:
    return [candidates[at : at + CANDIDATES_AT_ONCE] for at in range(0, len(candidates), CANDIDATES_AT_ONCE)]


def _bucketed(record: PictureRecord) -> list[int]:
    """The distinct hashes of *record* that are filed in the buckets."""
    return list(dict.fromkeys(record.entry_hashes[: GENERATIONS[record.generation].anchors]))


def _same_holder(one: PictureRecord, other: PictureRecord) -> bool:
    return (_bucketed(one), one.ref.sequencer) == (_bucketed(other), other.ref.sequencer)


@contextmanager
def _timed(report: Report, step: str) -> Iterator[None]:
    start = time.perf_counter()
    try:
        yield
    finally:
        report.spent_ms[step] = (time.perf_counter() - start) * 1000
