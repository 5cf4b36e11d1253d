"""The use case: one event of one object in, its outcome and at most one message out.

The order of steps is the protocol of `docs/protocol.md`, and each is there because leaving it out
loses a pair: search only after all writes are acknowledged, with strongly consistent reads; publish
every pair that is not marked announced, whoever found it; mark it only after it was published.
"""

import math
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from functools import partial
from itertools import islice
from typing import Protocol

from handler.core.asker import Asker
from handler.core.message import Message, compose
from handler.core.model import (
    Candidate,
    Collection,
    Found,
    Match,
    ObjectRef,
    Pair,
    PictureRecord,
    Route,
    Settings,
    collection_of,
)
from handler.core.policy import match, nearest_first, questions
from handler.indexing import Indexer
from handler.report import Report
from handler.search import Search

CANDIDATES_AT_ONCE = 100  # object items that one call reads
MAX_PAGES_AT_ONCE = 16  # calls in parallel, before the live ones are counted; the first is alone, and mostly enough
# Entries of deleted pictures stay in the journal, and each costs a read. With more of them around one picture
# than this the function would not end in its time, and the event would fail for ever.
MAX_CANDIDATES = 10_000


class PairCatalog(Protocol):
    """What is known of each object, and which pairs were announced. All reads are strongly consistent."""

    def get(self, collection: Collection, object_ids: Sequence[str]) -> list[PictureRecord]:
        """Return the records that exist, in any order."""

    def note_pair(self, collection: Collection, pair: Pair) -> bool:
        """Put the pair if absent; return whether it was announced already."""

    def mark_announced(self, collection: Collection, pair: Pair) -> None:
        """Note that the pair was announced."""


class Topic(Protocol):
    """Where subscribers listen."""

    def publish(self, message: Message) -> None:
        """Return once the message is accepted."""


class Deduplicator:
    """Answers events with outcomes: has an object indexed or removed, searches for its like, and announces them."""

    def __init__(
        self,
        *,
        indexer: Indexer,
        search: Search,
        catalog: PairCatalog,
        topic: Topic,
        executor: Executor,
        settings: Settings,
        max_candidates: int = MAX_CANDIDATES,
    ) -> None:
        self._indexer = indexer
        self._search = search
        self._catalog = catalog
        self._topic = topic
        self._executor = executor
        self._settings = settings
        self._max_candidates = max_candidates

    def created(self, ref: ObjectRef, *, deadline: float = math.inf) -> Report:
        """Index the object, find its near-duplicates and announce those that were not announced yet.

        *deadline* is when the invocation ends, by `time.monotonic`: a search may have to choose the quicker way.
        Safe to repeat and to stop at any step. A picture that cannot be used is an outcome, not an error.
        """
        report, asker = self._indexer.index(ref)
        if asker is None:
            return report
        collection = collection_of(ref, self._settings)
        with report.timed("search"):
            self._find_matches(collection, asker, report, deadline)
        with report.timed("announce"):
            if report.matches and self._is_current(collection, asker.record):
                self._announce(collection, asker.record, report)
        return report

    def removed(self, ref: ObjectRef) -> Report:
        """Make the object stop answering."""
        return self._indexer.remove(ref)

    def look_up(self, ref: ObjectRef, *, deadline: float = math.inf) -> Report:
        """Find the matches of an object that is in the bucket, and write and announce nothing."""
        report = Report(ref)
        asker = self._indexer.examine(ref, report)  # what is stored of it would find less than the picture itself
        if asker.record.alive:
            with report.timed("search"):
                self._find_matches(collection_of(ref, self._settings), asker, report, deadline)
        return report

    def _find_matches(self, collection: Collection, asker: Asker, report: Report, deadline: float) -> None:
        """Find the nearest live matches, up to the cap, and whether there are more."""
        asked = questions(asker.record, self._settings.orientations)
        radius, cap = self._settings.radius, self._settings.max_matches
        view_count = len(asker.record.entry_hashes)
        report.found = self._search.find(collection, asked, radius, view_count=view_count, deadline=deadline)
        live, cut = self._follow_up(collection, asker, report.found)
        if cut and report.found.route is not Route.PROBED:
            # What was overwritten and deleted here fills the journal; the buckets know who has a hash now.
            report.found = self._search.probe(collection, asked, radius)
            live, cut = self._follow_up(collection, asker, report.found)
        matches = nearest_first(live.values())
        report.matches = matches[:cap]
        report.truncated = cut or len(matches) > cap

    def _follow_up(self, collection: Collection, asker: Asker, found: Found) -> tuple[dict[str, Match], bool]:
        """The live matches among what was found, more than the cap if there are, and whether some was not read."""
        # The asker's own entry is among them: it was written before the search.
        seen = {asker.record.ref.object_id}
        candidates = _unseen(found.candidates, seen)
        live: dict[str, Match] = {}
        pages = 1
        while some := list(islice(candidates, pages * CANDIDATES_AT_ONCE)):
            if len(seen) > self._max_candidates:
                return live, True
            pages = min(4 * pages, MAX_PAGES_AT_ONCE)
            for matching in self._executor.map(partial(self._live_matches, collection, asker), _pages(some)):
                live |= matching
            # Candidates come nearest first, so whatever is still to come is at least as far as the last of these.
            if sum(match.distance <= some[-1].distance for match in live.values()) > self._settings.max_matches:
                return live, False
        return live, not found.complete

    def _live_matches(self, collection: Collection, asker: Asker, candidates: Sequence[Candidate]) -> dict[str, Match]:
        """The live objects among *candidates* that match by what is known of them now, by object id."""
        stored = self._catalog.get(collection, [candidate.object_id for candidate in candidates])
        found = {one.ref.object_id: match(asker, one, self._settings) for one in stored}
        return {object_id: matching for object_id, matching in found.items() if matching}

    def _is_current(self, collection: Collection, record: PictureRecord) -> bool:
        """Whether this event is still the object's latest: what has been deleted meanwhile is not announced."""
        stored = self._catalog.get(collection, [record.ref.object_id])
        return bool(stored) and stored[0].alive and stored[0].ref.sequencer == record.ref.sequencer

    def _announce(self, collection: Collection, record: PictureRecord, report: Report) -> None:
        """Publish the pairs that nobody has marked announced, then mark them."""
        pairs = {found: Pair.of(record, found.record, found.distance) for found in report.matches}
        announced = self._executor.map(partial(self._catalog.note_pair, collection), pairs.values())
        due = [found for found, done in zip(pairs, announced, strict=True) if not done]
        if not due:
            return
        message = compose(collection, record, due, radius=self._settings.radius, truncated=report.truncated)
        self._topic.publish(message)
        published = [pairs[found] for found in message.matches]
        list(self._executor.map(partial(self._catalog.mark_announced, collection), published))
        report.announced = len(published)


def _unseen(candidates: Iterator[Candidate], seen: set[str]) -> Iterator[Candidate]:
    """Each object once, and none of *seen*, which grows by them."""
    for candidate in candidates:
        if candidate.object_id not in seen:
            seen.add(candidate.object_id)
            yield candidate


def _pages(candidates: Sequence[Candidate]) -> list[Sequence[Candidate]]:
    return [candidates[at : at + CANDIDATES_AT_ONCE] for at in range(0, len(candidates), CANDIDATES_AT_ONCE)]
