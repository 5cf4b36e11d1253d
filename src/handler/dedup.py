"""The use case: one event of one object in, its outcome and at most one message out.

The order of steps is the protocol of `docs/protocol.md`, and each is there because leaving it out
loses a pair: search only after all writes are acknowledged, with strongly consistent reads; publish
every pair that is not marked announced, whoever found it; mark it only after it was published; have the
picture come again, before its event is done, if the search was not whole and can be.
"""

import math
import random
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import NamedTuple, Protocol

from handler.clock import now
from handler.core.again import Again
from handler.core.asker import Asker
from handler.core.backfill import BACKFILL, UPLOAD, Backfill, BackfillTell
from handler.core.filed import Filed
from handler.core.found import Lack
from handler.core.lists import collection_of_match
from handler.core.matches import Match, NotedPair, Pair
from handler.core.message import Message, compose
from handler.core.model import Collection, MatchKind, ObjectRef, PictureRecord, Settings, collection_of
from handler.core.verdicts import Decision, Subject
from handler.finding import Finder, Records
from handler.indexing import FILING_SHARE, LARGEST_FILING_SHARE, Indexed, Indexer
from handler.report import Report
from handler.search import LARGEST_LOADING_SHARE, LOADING_SHARE


class Pairs(Protocol):
    """Which pairs were found and announced. All reads are strongly consistent."""

    def noted(self, collection: Collection, pairs: Sequence[Pair]) -> dict[Pair, NotedPair]:
        """Return what is noted of those of the distinct *pairs* that somebody found before."""

    def note_pair(self, collection: Collection, pair: Pair, found: NotedPair) -> NotedPair:
        """Note what was *found* of the pair if nothing is noted yet; return what is noted now."""

    def mark_announced(self, collection: Collection, filed: Filed) -> None:
        """Note that the pair was announced, and file it for people to review."""

    def file_quiet(self, collection: Collection, filed: Filed) -> None:
        """File a pair that nobody is told of for people to review, unless it was filed before."""


class Verdicts(Protocol):
    """What people decided of pairs."""

    def decided(self, scope: str, subjects: Sequence[Subject]) -> Mapping[Subject, Decision]:
        """Return what was decided of those of the distinct *subjects* that somebody judged; strongly consistent."""


class Topic(Protocol):
    """Where subscribers listen."""

    def publish(self, message: Message) -> None:
        """Return once the message is accepted."""


class Queue(Protocol):
    """Where pictures wait that come again."""

    def send(self, again: Again, delay_s: int) -> None:
        """Have the picture come again after so many seconds; return once that is accepted."""


class _Shares(NamedTuple):
    """How much of the remaining time of its invocation an event may take."""

    loading: float
    filing: float

    def among(self, events: int) -> "_Shares":
        """Return the shares of an equal part of that time."""
        return _Shares(self.loading / events, self.filing / events)


FIRST = _Shares(LOADING_SHARE, FILING_SHARE)
AGAIN = _Shares(LARGEST_LOADING_SHARE, LARGEST_FILING_SHARE)


class Deduplicator:
    """Answers events with outcomes: has an object indexed or removed, searches for its like, and announces them."""

    def __init__(
        self,
        *,
        indexer: Indexer,
        finder: Finder,
        catalog: Records,
        pairs: Pairs,
        verdicts: Verdicts,
        topic: Topic,
        queue: Queue,
        executor: Executor,
        settings: Settings,
        clock: Callable[[], datetime] = now,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._indexer = indexer
        self._finder = finder
        self._catalog = catalog
        self._pairs = pairs
        self._verdicts = verdicts
        self._topic = topic
        self._queue = queue
        self._executor = executor
        self._settings = settings
        self._clock = clock
        self._jitter = jitter

    def created(
        self, ref: ObjectRef, *, deadline: float = math.inf, backfill: Backfill | None = None, hash: int | None = None
    ) -> Report:
        """Index the object, find its near-duplicates and announce those that were not announced yet.

        *deadline* is when the invocation ends, by `time.monotonic`: a search may have to choose the quicker way, and
        there may be no time for every look, which is an error. If the search was not whole and another one may be, the
        picture comes again. Safe to repeat and to stop at any step. A picture that cannot be used is an outcome, not an
        error. *backfill* is the job that found it, which may have to be quiet. Where a *hash* of other software is
        given, nothing is read: raises NotSearched where such are not searched.
        """
        if hash is None:
            indexed = self._indexer.index(ref, meanwhile=self._finder.prepare)
        else:
            indexed = self._indexer.index_hash(ref, hash)

        def next_time(record: PictureRecord) -> Again:
            return Again(record.ref, 1, self._time(), backfill)

        return self._tell(indexed, deadline, FIRST, next_time, backfill)

    def came_again(self, again: Again, *, deadline: float = math.inf, left: int = 1) -> Report:
        """Search once more for near-duplicates of an object that was indexed, likewise.

        What could be found was told before, so loading or filing may take nearly all of the time: of its part, where
        *left* pictures that come again have until the *deadline*, this one among them. Raises NeverWhole where the
        search was not whole either and the picture came too often.
        """
        indexed = self._indexer.examine_again(again.ref)
        indexed.report.attempt = again.attempt
        return self._tell(indexed, deadline, AGAIN.among(left), lambda _: again.once_more(), again.backfill)

    def _tell(
        self,
        indexed: Indexed,
        deadline: float,
        shares: _Shares,
        next_time: Callable[[PictureRecord], Again],
        backfill: Backfill | None,
    ) -> Report:
        """Find what matches and announce it; where that was not all, have the picture come again as *next_time*."""
        report, asker = indexed
        if asker is not None:
            self._find(asker, report, deadline, shares.loading)
            with report.timed("announce"):
                collection = collection_of(asker.record.ref, self._settings)
                if report.matches and self._is_current(collection, asker.record):
                    self._announce(collection, asker.record, report, backfill)
            if Lack.FILING in report.lacks:
                self._indexer.go_on_filing(collection, deadline, share=shares.filing)
            if report.comes_again:
                # Last, so that an event that fails leaves nothing that comes again as well; before it is acknowledged.
                again = next_time(asker.record)
                report.again_s = again.delay_s(self._jitter())
                self._queue.send(again, report.again_s)
        if backfill and backfill.job:
            report.job = backfill.job
            if report.again_s is None:  # last: whoever sees it may count on the pairs
                self._indexer.mark_done(report.ref, backfill.job)
        return report

    def _find(self, asker: Asker, report: Report, deadline: float, loading_share: float) -> None:
        """Report what matches, on lists first."""
        collection = collection_of(asker.record.ref, self._settings)
        listed = self._finder.on_lists(asker, deadline, known=self._noted, loading_share=loading_share)
        self._finder.find(
            collection,
            asker,
            report,
            deadline,
            wanted=self._undecided,
            known=self._noted,
            loading_share=loading_share,
        )
        for on_list in reversed(listed):
            report.add(on_list)

    def removed(self, ref: ObjectRef) -> Report:
        """Make the object stop answering."""
        return self._indexer.remove(ref)

    def _noted(self, collection: Collection, record: PictureRecord, proposed: Sequence[Match]) -> dict[str, NotedPair]:
        """Return what is noted of the pairs that would be looked at, by object id: it needs no look, and stays."""
        if not self._settings.max_looks:
            return {}
        pairs = {
            Pair.of(record, one.record): one.record.ref.object_id for one in proposed if one.kind is not MatchKind.EXACT
        }
        return {pairs[pair]: found for pair, found in self._pairs.noted(collection, list(pairs)).items()}

    def _undecided(self, collection: Collection, record: PictureRecord, found: Sequence[Match]) -> list[Match]:
        """Those of *found* that nobody has decided about: of the others nobody wants to be told again."""
        subjects = [Subject.of(record, one.record) for one in found]
        decided = self._verdicts.decided(collection.scope, list(dict.fromkeys(subjects))) if subjects else {}
        return [one for one, subject in zip(found, subjects, strict=True) if subject not in decided]

    def _is_current(self, collection: Collection, record: PictureRecord) -> bool:
        """Whether this event is still the object's latest: what has been deleted meanwhile is not announced."""
        stored = self._catalog.get(collection, [record.ref.object_id])
        return bool(stored) and stored[0].alive and stored[0].ref.sequencer == record.ref.sequencer

    def _announce(
        self, collection: Collection, record: PictureRecord, report: Report, backfill: Backfill | None
    ) -> None:
        """Publish the pairs that nobody has marked announced and that are not quiet, then mark them."""
        pairs = [Pair.of(record, one.record) for one in report.matches]
        found = [NotedPair(one.likeness, finder=record.named, quiet=_is_quiet(one, backfill)) for one in report.matches]
        kept_in = partial(collection_of_match, collection)
        noted = list(self._executor.map(self._pairs.note_pair, map(kept_in, report.matches), pairs, found))
        known = [  # whoever noted it first decided how alike they are, and whether it is told
            (replace(one, likeness=first.seen_by(record)), first)
            for one, first in zip(report.matches, noted, strict=True)
        ]
        tells_all = backfill is not None and backfill.tell is BackfillTell.ALL
        at = self._time()
        quiet = [one for one, first in known if first.quiet and not first.announced and not tells_all]
        unfiled = [one for one, first in known if first.quiet and not first.filed and not tells_all]
        filed = [Filed.of(record, one.record, one.likeness, at) for one in unfiled]
        list(self._executor.map(self._pairs.file_quiet, map(kept_in, unfiled), filed))
        report.quiet = len(quiet)
        due = [one for one, first in known if not first.announced and (tells_all or not first.quiet)]
        if not due:
            return
        message = compose(
            collection,
            record,
            due,
            radius=self._settings.asked_radius,
            truncated=report.truncated,
            complete=report.complete,
            origin=BACKFILL if backfill else UPLOAD,
        )
        self._topic.publish(message)
        published = [Filed.of(record, one.record, one.likeness, at) for one in message.matches]
        list(self._executor.map(self._pairs.mark_announced, map(kept_in, message.matches), published))
        report.announced, report.kind = len(published), str(message.attributes["kind"])

    def _time(self) -> str:
        return self._clock().isoformat(timespec="seconds")


def _is_quiet(one: Match, backfill: Backfill | None) -> bool:
    """Whether nobody is to be told of this match; entries of lists are there to be told of."""
    return backfill is not None and one.list is None and not backfill.is_due(one.record)
