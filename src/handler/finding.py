"""What a picture that asks finds in a collection: proposed by a search, read again, and decided by looks.

Everything is read strongly, at the moment that it is needed; nothing is written.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import NamedTuple, Protocol

from handler.core.asker import Asker
from handler.core.entry import Confirms, Question
from handler.core.found import Candidate, Found, Route
from handler.core.generations import GENERATIONS
from handler.core.lists import confirms_listed, list_collection, match_listed
from handler.core.matches import Match, NotedPair
from handler.core.model import Collection, MatchKind, PictureRecord, Settings, collection_of
from handler.core.policy import bucketed, confirms, match, nearest_first, questions, radius_of
from handler.entries import Scan
from handler.looks import Looks
from handler.report import Report
from handler.search import LOADING_SHARE, Search

CANDIDATES_AT_ONCE = 100  # object items that one call reads
MAX_PAGES_AT_ONCE = 16  # calls in parallel, before the live ones are counted; the first is alone, and mostly enough
# Entries of deleted pictures stay in the journal, and each costs a read. With more of them around one picture
# than this the function would not end in its time, and the event would fail for ever.
MAX_CANDIDATES = 10_000


class Records(Protocol):
    """What is known of each object."""

    def get(self, collection: Collection, object_ids: Sequence[str]) -> list[PictureRecord]:
        """Return the records that exist, in any order; strongly consistent."""


Wanted = Callable[[Collection, PictureRecord, Sequence[Match]], Sequence[Match]]  # those of some matches
Known = Callable[[Collection, PictureRecord, Sequence[Match]], Mapping[str, NotedPair]]  # of some, by object id


def _everything(_: Collection, __: PictureRecord, found: Sequence[Match]) -> Sequence[Match]:
    return found


def _nothing(_: Collection, __: PictureRecord, ___: Sequence[Match]) -> Mapping[str, NotedPair]:
    return {}


class _Asked(NamedTuple):
    """What a picture asks."""

    asker: Asker
    questions: Sequence[Question]
    radius: int  # bits
    confirms: Confirms | None
    begun: Scan | None = None  # of its own collection: what was compared before all was written


class Finder:
    """Finds the matches of pictures that ask, as one deployment is set."""

    def __init__(
        self,
        *,
        search: Search,
        looks: Looks,
        catalog: Records,
        executor: Executor,
        settings: Settings,
        max_candidates: int = MAX_CANDIDATES,
    ) -> None:
        self._search = search
        self._looks = looks
        self._catalog = catalog
        self._executor = executor
        self._settings = settings
        self._max_candidates = max_candidates
        self._word_count = GENERATIONS[settings.generation].word_count
        self._prepared: _Asked | None = None
        self._lists = [list_collection(name, settings.generation) for name in settings.lists]
        # What is farther has to be looked at anyway, and buckets for each further bit cost more than the rest together.
        self._most_probed = GENERATIONS[settings.generation].sure_radius
        self._enough = settings.max_matches + settings.max_looks  # nearest matches, by what is known of them

    def prepare(self, asker: Asker) -> None:
        """Compute by what *asker* will ask, and compare it with what is remembered: no more than `find` would do."""
        if asker.record.fingerprint and not asker.record.fingerprint.flat:
            asked = self._ask(asker)
            collection = collection_of(asker.record.ref, self._settings)
            self._prepared = asked._replace(
                begun=self._search.begin(
                    collection, asked.questions, asked.radius, word_count=self._word_count, confirms=asked.confirms
                )
            )

    def find(
        self,
        collection: Collection,
        asker: Asker,
        report: Report,
        deadline: float,
        *,
        wanted: Wanted = _everything,
        known: Known = _nothing,
        tell: MatchKind | None = None,
        loading_share: float = LOADING_SHARE,
    ) -> None:
        """Report the matches in *collection*: those alone that are *wanted*, and as they are *known* without a look.

        *tell* is the least kind that counts, if that is another one than the settings have; *loading_share* how much
        of the time until the *deadline* loading the journal may take.
        """
        with report.timed("search"):
            find = partial(self._search.find, deadline=deadline, loading_share=loading_share, kept=self._lists)
            proposed = self._proposed(collection, asker, wanted, report, find)
            noted = known(collection, asker.record, proposed[: self._enough])
        with report.timed("look"):
            decided = self._looks.decide(asker, proposed, noted, tell, deadline=deadline)
        report.matches, report.looks = decided.matches, decided.looks
        report.truncated |= decided.more

    def on_lists(
        self,
        asker: Asker,
        deadline: float,
        *,
        known: Known = _nothing,
        tell: MatchKind | None = None,
        loading_share: float = LOADING_SHARE,
    ) -> list[Report]:
        """Return what is found on each list: by the same questions, with bounds of its own."""
        reports = list[Report]()
        for listed in self._lists:
            reports.append(Report(asker.record.ref))
            self.find(listed, asker, reports[-1], deadline, known=known, tell=tell, loading_share=loading_share)
        return reports

    def _proposed(
        self, collection: Collection, asker: Asker, wanted: Wanted, report: Report, find: Callable[..., Found]
    ) -> list[Match]:
        """Return the nearest live matches by what is known of them, nearest first: as many as may be decided about."""
        prepared = self._prepared
        if prepared is None or prepared.asker is not asker:
            prepared = self._ask(asker)
        if not collection.is_list:
            self._prepared = None  # it holds the picture
        _, asked, radius, confirming, begun = prepared
        probed_radius = min(radius, self._most_probed)
        report.found = find(
            collection,
            asked,
            radius,
            word_count=self._word_count,
            confirms=confirms_listed(confirming) if collection.is_list else confirming,
            probed_radius=probed_radius,
            begun=begun,
            latest=report.latest,
        )
        all_in_buckets = bucketed(asked, radius, probed_radius, self._settings.generation)
        if all_in_buckets and report.found.filed:
            report.found = replace(report.found, lacks={})  # whichever way it took
        matching = partial(self._live_matches, collection, asker, wanted)
        live, cut = self._follow_up(asker, report.found, matching)
        if cut and report.found.route is not Route.PROBED and self._search.is_filed(collection, self._word_count):
            # What was overwritten and deleted here fills the journal; the buckets know who has a hash now. Every view
            # was compared all the same: what they do not know and was too far to be read is more that there may be.
            # What the search lacked it still lacks: all may have been filed only since.
            before, probed = report.found, self._search.probe(collection, asked, probed_radius)
            report.found = replace(probed, packs=before.packs, trouble=before.trouble, lacks=before.lacks)
            more, cut = self._follow_up(asker, report.found, matching)
            live, cut = live | more, cut or not all_in_buckets
        report.truncated = cut
        return nearest_first(live.values(), self._settings.priority)

    def _ask(self, asker: Asker) -> _Asked:
        asked = questions(asker, self._settings)
        return _Asked(asker, asked, radius_of(asker, self._settings), confirms(asker, asked))

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
        return live, found.cut

    def _live_matches(
        self, collection: Collection, asker: Asker, wanted: Wanted, candidates: Sequence[Candidate]
    ) -> dict[str, Match]:
        """The live objects among *candidates* that match by what is known of them now and are wanted, by object id."""
        stored = self._catalog.get(collection, [candidate.object_id for candidate in candidates])
        how = match_listed if collection.is_list else match
        found = [matching for one in stored if (matching := how(asker, one, self._settings))]
        return {one.record.ref.object_id: one for one in wanted(collection, asker.record, found)}


def _unseen(candidates: Iterator[Candidate], seen: set[str]) -> Iterator[Candidate]:
    """Each object once, and none of *seen*, which grows by them."""
    for candidate in candidates:
        if candidate.object_id not in seen:
            seen.add(candidate.object_id)
            yield candidate


def _pages(candidates: Sequence[Candidate]) -> list[Sequence[Candidate]]:
    return [candidates[at : at + CANDIDATES_AT_ONCE] for at in range(0, len(candidates), CANDIDATES_AT_ONCE)]
