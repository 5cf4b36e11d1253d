"""The use case: one event of one object in, its outcome and at most one message out.

The order of steps is the protocol of `docs/protocol.md`, and each is there because leaving it out
loses a pair: search only after all writes are acknowledged, with strongly consistent reads; publish
every pair that is not marked announced, whoever found it; mark it only after it was published.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Protocol

from handler.clock import now
from handler.core.asker import NO_OBJECT, Asker
from handler.core.filed import Filed
from handler.core.fingerprint import seen_again
from handler.core.generations import GENERATIONS
from handler.core.lists import collection_of_match, confirms_listed, list_collection, match_listed
from handler.core.matches import Match, NotedPair, Pair
from handler.core.message import Message, compose
from handler.core.model import (
    Candidate,
    Collection,
    Content,
    Found,
    MatchKind,
    ObjectRef,
    Outcome,
    PictureRecord,
    Route,
    Settings,
    collection_of,
)
from handler.core.policy import confirms, match, nearest_first, questions, radius_of
from handler.core.verdicts import Decision, Subject
from handler.indexing import Indexer
from handler.looks import Looks
from handler.report import Report
from handler.search import Search

CANDIDATES_AT_ONCE = 100  # object items that one call reads
MAX_PAGES_AT_ONCE = 16  # calls in parallel, before the live ones are counted; the first is alone, and mostly enough
# Entries of deleted pictures stay in the journal, and each costs a read. With more of them around one picture
# than this the function would not end in its time, and the event would fail for ever.
MAX_CANDIDATES = 10_000


class Records(Protocol):
    """What is known of each object."""

    def get(self, collection: Collection, object_ids: Sequence[str]) -> list[PictureRecord]:
        """Return the records that exist, in any order; strongly consistent."""


class Pairs(Protocol):
    """Which pairs were found and announced. All reads are strongly consistent."""

    def noted(self, collection: Collection, pairs: Sequence[Pair]) -> dict[Pair, NotedPair]:
        """Return what is noted of those of the distinct *pairs* that somebody found before."""

    def note_pair(self, collection: Collection, pair: Pair, found: NotedPair) -> NotedPair:
        """Note what was *found* of the pair if nothing is noted yet; return what is noted now."""

    def mark_announced(self, collection: Collection, filed: Filed) -> None:
        """Note that the pair was announced, and file it for people to review."""


class Verdicts(Protocol):
    """What people decided of pairs."""

    def decided(self, scope: str, subjects: Sequence[Subject]) -> Mapping[Subject, Decision]:
        """Return what was decided of those of the distinct *subjects* that somebody judged; strongly consistent."""


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
        looks: Looks,
        catalog: Records,
        pairs: Pairs,
        verdicts: Verdicts,
        topic: Topic,
        executor: Executor,
        settings: Settings,
        max_candidates: int = MAX_CANDIDATES,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._indexer = indexer
        self._search = search
        self._looks = looks
        self._catalog = catalog
        self._pairs = pairs
        self._verdicts = verdicts
        self._topic = topic
        self._executor = executor
        self._settings = settings
        self._max_candidates = max_candidates
        self._clock = clock
        # What is farther has to be looked at anyway, and buckets for each further bit cost more than the rest together.
        self._most_probed = GENERATIONS[settings.generation].sure_radius
        self._enough = settings.max_matches + settings.max_looks  # nearest matches, by what is known of them

    def created(self, ref: ObjectRef, *, deadline: float = math.inf) -> Report:
        """Index the object, find its near-duplicates and announce those that were not announced yet.

        *deadline* is when the invocation ends, by `time.monotonic`: a search may have to choose the quicker way, and
        there may be no time for every look, which is an error. Safe to repeat and to stop at any step. A picture that
        cannot be used is an outcome, not an error.
        """
        report, asker = self._indexer.index(ref)
        if asker is None:
            return report
        collection = collection_of(ref, self._settings)
        with report.timed("search"):
            proposed = self._search_and_read(collection, asker, self._undecided, report, deadline)
            noted = self._noted(collection, asker.record, proposed)
        listed = [self._find_on(name, asker, deadline) for name in self._settings.lists]
        self._decide(asker, proposed, noted, report, deadline)
        for on_list in reversed(listed):
            report.add(on_list)
        with report.timed("announce"):
            if report.matches and self._is_current(collection, asker.record):
                self._announce(collection, asker.record, report)
        return report

    def removed(self, ref: ObjectRef) -> Report:
        """Make the object stop answering."""
        return self._indexer.remove(ref)

    def look_up(
        self,
        ref: ObjectRef,
        tell: MatchKind | None = None,
        *,
        scope: str | None = None,
        deadline: float = math.inf,
    ) -> Report:
        """Find the matches of an object that is in the bucket, and write and announce nothing.

        *tell* is the least kind that counts, if that is another one than the settings have, and *scope* where it is
        looked for, if not in its own.
        """
        report, collection = Report(ref), collection_of(ref, self._settings)
        asker = self._indexer.examine(ref, report)  # what is stored of it would find less than the picture itself
        return self._answer(replace(collection, scope=scope or collection.scope), asker, report, deadline, tell)

    def look_up_file(self, body: bytes, scope: str, *, deadline: float = math.inf) -> Report:
        """Find the matches in *scope* of the picture file *body*, which is in no bucket, likewise."""
        report = Report(NO_OBJECT)
        asker = self._indexer.examine_content(NO_OBJECT, Content(body, None, None, None), report)
        if asker.record.alive and asker.seen is None and self._settings.max_looks:
            # Its generation keeps no pixels, and they cannot be read again as those of an object can.
            asker = replace(asker, seen=seen_again(body, asker.record, self._settings.limits))
        return self._answer(Collection(scope, self._settings.generation), asker, report, deadline)

    def look_up_hash(self, hash: int, scope: str, *, deadline: float = math.inf) -> Report:
        """Find what has a view in *scope* within the radius of the *hash* of a whole picture, likewise.

        Nothing confirms these matches: there are no check bits to compare, and no pixels. So no looks may be set.
        """
        if self._settings.max_looks:
            raise ValueError("nobody can look at the pixels of a hash: want settings without looks")
        asker = Asker.of_hash(hash, self._settings.generation)
        report = Report(NO_OBJECT, Outcome.INDEXED, asker.record)
        return self._answer(Collection(scope, self._settings.generation), asker, report, deadline)

    def _answer(
        self,
        collection: Collection,
        asker: Asker,
        report: Report,
        deadline: float,
        tell: MatchKind | None = None,
    ) -> Report:
        """Report the matches of what asks, if it can ask."""
        report.collection, report.radius = collection, self._settings.asked_radius
        if asker.record.alive:
            with report.timed("search"):
                proposed = self._search_and_read(collection, asker, _all, report, deadline)
            self._decide(asker, proposed, {}, report, deadline, tell)
            for name in reversed(self._settings.lists):
                report.add(self._find_on(name, asker, deadline, tell, noted=False))
        return report

    def _find_on(
        self, name: str, asker: Asker, deadline: float, tell: MatchKind | None = None, *, noted: bool = True
    ) -> Report:
        """Return what is found of the picture on the list *name*: by the same questions, with bounds of its own."""
        report, collection = Report(asker.record.ref), list_collection(name, self._settings.generation)
        with report.timed("search"):
            proposed = self._search_and_read(collection, asker, _all, report, deadline)
            known = self._noted(collection, asker.record, proposed) if noted else {}
        self._decide(asker, proposed, known, report, deadline, tell)
        return report

    def _search_and_read(
        self, collection: Collection, asker: Asker, wanted: "Wanted", report: Report, deadline: float
    ) -> list[Match]:
        """Return the nearest live matches by what is known of them, nearest first: as many as may be decided about.

        Those alone that are *wanted*.
        """
        asked, radius = questions(asker, self._settings), radius_of(asker, self._settings)
        probed_radius = min(radius, self._most_probed)
        confirming = confirms(asker, asked, self._settings)
        report.found = self._search.find(
            collection,
            asked,
            radius,
            word_count=GENERATIONS[self._settings.generation].word_count,
            confirms=confirms_listed(confirming) if collection.is_list else confirming,
            probed_radius=probed_radius,
            deadline=deadline,
        )
        matching = partial(self._live_matches, collection, asker, wanted)
        live, cut = self._follow_up(asker, report.found, matching)
        if cut and report.found.route is not Route.PROBED:
            # What was overwritten and deleted here fills the journal; the buckets know who has a hash now.
            report.found = self._search.probe(collection, asked, probed_radius)
            live, cut = self._follow_up(asker, report.found, matching)
        report.truncated = cut
        return nearest_first(live.values(), self._settings.priority)

    def _noted(self, collection: Collection, record: PictureRecord, proposed: Sequence[Match]) -> dict[str, NotedPair]:
        """Return what is noted of the pairs that would be looked at, by object id: it needs no look, and stays."""
        if not self._settings.max_looks:
            return {}
        pairs = {
            Pair.of(record, one.record): one.record.ref.object_id
            for one in proposed[: self._enough]
            if one.kind is not MatchKind.EXACT
        }
        return {pairs[pair]: found for pair, found in self._pairs.noted(collection, list(pairs)).items()}

    def _decide(
        self,
        asker: Asker,
        proposed: Sequence[Match],
        noted: Mapping[str, NotedPair],
        report: Report,
        deadline: float,
        tell: MatchKind | None = None,
    ) -> None:
        """Report which of *proposed* are matches, by what is *noted* of them or by looks."""
        with report.timed("look"):
            decided = self._looks.decide(asker, proposed, noted, tell, deadline=deadline)
        report.matches, report.looks = decided.matches, decided.looks
        report.truncated |= decided.more

    def _follow_up(
        self, asker: Asker, found: Found, matching: Callable[[Sequence[Candidate]], dict[str, Match]]
    ) -> tuple[dict[str, Match], bool]:
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
            for found_there in self._executor.map(matching, _pages(some)):
                live |= found_there
            # Candidates come nearest first, so whatever is still to come is at least as far as the last of these.
            if sum(match.distance <= some[-1].distance for match in live.values()) > self._enough:
                return live, False
        return live, not found.complete

    def _live_matches(
        self, collection: Collection, asker: Asker, wanted: "Wanted", candidates: Sequence[Candidate]
    ) -> dict[str, Match]:
        """The live objects among *candidates* that match by what is known of them now and are wanted, by object id."""
        stored = self._catalog.get(collection, [candidate.object_id for candidate in candidates])
        how = match_listed if collection.is_list else match
        found = [matching for one in stored if (matching := how(asker, one, self._settings))]
        return {one.record.ref.object_id: one for one in wanted(collection, asker.record, found)}

    def _undecided(self, collection: Collection, record: PictureRecord, found: Sequence[Match]) -> list[Match]:
        """Those of *found* that nobody has decided about: of the others nobody wants to be told again."""
        subjects = [Subject.of(record, one.record) for one in found]
        decided = self._verdicts.decided(collection.scope, list(dict.fromkeys(subjects))) if subjects else {}
        return [one for one, subject in zip(found, subjects, strict=True) if subject not in decided]

    def _is_current(self, collection: Collection, record: PictureRecord) -> bool:
        """Whether this event is still the object's latest: what has been deleted meanwhile is not announced."""
        stored = self._catalog.get(collection, [record.ref.object_id])
        return bool(stored) and stored[0].alive and stored[0].ref.sequencer == record.ref.sequencer

    def _announce(self, collection: Collection, record: PictureRecord, report: Report) -> None:
        """Publish the pairs that nobody has marked announced, then mark them."""
        pairs = [Pair.of(record, one.record) for one in report.matches]
        found = [NotedPair(one.likeness, finder=record.named) for one in report.matches]
        kept_in = partial(collection_of_match, collection)
        noted = self._executor.map(self._pairs.note_pair, map(kept_in, report.matches), pairs, found)
        due = [
            replace(one, likeness=known.seen_by(record))  # whoever noted it first decided
            for one, known in zip(report.matches, noted, strict=True)
            if not known.announced
        ]
        if not due:
            return
        message = compose(collection, record, due, radius=self._settings.asked_radius, truncated=report.truncated)
        self._topic.publish(message)
        at = self._clock().isoformat(timespec="seconds")
        published = [Filed.of(record, one.record, one.likeness, at) for one in message.matches]
        list(self._executor.map(self._pairs.mark_announced, map(kept_in, message.matches), published))
        report.announced = len(published)


Wanted = Callable[[Collection, PictureRecord, Sequence[Match]], Sequence[Match]]  # those of some matches


def _all(_: Collection, __: PictureRecord, found: Sequence[Match]) -> Sequence[Match]:
    return found


def _unseen(candidates: Iterator[Candidate], seen: set[str]) -> Iterator[Candidate]:
    """Each object once, and none of *seen*, which grows by them."""
    for candidate in candidates:
        if candidate.object_id not in seen:
            seen.add(candidate.object_id)
            yield candidate


def _pages(candidates: Sequence[Candidate]) -> list[Sequence[Candidate]]:
    return [candidates[at : at + CANDIDATES_AT_ONCE] for at in range(0, len(candidates), CANDIDATES_AT_ONCE)]
