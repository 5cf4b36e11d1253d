"""Where a search gets its answer: from the journal that this instance remembers, or from the buckets.

An instance reads what was added to a collection's journal since it last looked, and compares all entries at once: one
read unit, however many there are. An instance that does not have a collection's entries yet either loads them or
probes the buckets, whichever is cheaper (`_worth_loading`) and fits in its memory and its remaining time. Both answers
are exact; both ways read only after the writes of the upload itself.
"""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from itertools import chain, islice
from typing import Protocol

from handler.core import prices
from handler.core.buckets import probe_count
from handler.core.entry import Confirms, Question
from handler.core.model import Candidate, Candidates, Collection, Found, NearHash, Route
from handler.entries import Entries, Hits
from handler.journal import NO_PACKS, CollectionJournal
from handler.memory import JournalMemory

HASHES_AT_ONCE = 16  # whose holders are asked for in parallel
IDS_AT_ONCE = 1000  # of near entries, turned into text
LOADING_SHARE = 0.5  # of the remaining time of an invocation: the rest is for probing after all, and for announcing


class HashBuckets(Protocol):
    """Which hashes are near a hash."""

    def candidates(self, collection: Collection, hashes: Sequence[int], radius: int) -> Candidates:
        """Return every stored hash within *radius* of one of *hashes*."""


class Holders(Protocol):
    """Who has a hash."""

    def holders(self, collection: Collection, hash: int) -> Iterator[list[str]]:
        """Yield the object ids noted for *hash*, page by page."""


class Search:
    """Finds candidates in the journals that *memory* remembers, or in the buckets.

    Lives as long as its instance, and serves one event at a time.
    """

    def __init__(
        self,
        *,
        memory: JournalMemory,
        index: HashBuckets,
        catalog: Holders,
        executor: Executor,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._memory = memory
        self._index = index
        self._catalog = catalog
        self._executor = executor
        self._clock = clock

    def find(
        self,
        collection: Collection,
        questions: Sequence[Question],
        radius: int,
        *,
        word_count: int,
        confirms: Confirms | None = None,
        probed_radius: int | None = None,
        deadline: float = math.inf,
    ) -> Found:
        """Return every picture of *collection* that has a view within *radius* bits of one of *questions*.

        Its entries have *word_count* words each; what *confirms* takes for a stranger by them is left out. *deadline*
        is when the invocation ends, on this object's clock. Where the journal cannot be loaded the buckets answer, for
        *probed_radius* if that is another one, and `trouble` says why.
        """
        probed_radius = radius if probed_radius is None else probed_radius
        journal = self._memory.of(collection, word_count)
        trouble = None
        try:
            probing_cost = _probing_cost(questions, probed_radius)
            route, packs = self._bring_up_to_date(collection, journal, probing_cost, deadline)
        except NO_PACKS as error:
            route, packs, trouble = Route.PROBED, 0, str(error)
        finally:
            entries = journal.entries
            self._memory.make_room(collection)  # whatever was read counts, also if reading on failed
        if route is Route.PROBED:
            return replace(self.probe(collection, questions, probed_radius), packs=packs, trouble=trouble)
        hits = entries.scan(questions, radius, confirms)
        candidates = _candidates(entries, hits)
        return Found(candidates, route, packs=packs, pictures=len(entries), complete=hits.complete)

    def probe(self, collection: Collection, questions: Sequence[Question], radius: int) -> Found:
        """Return the same out of the buckets, and by who has those hashes now."""
        asked = [question.hash for question in questions if question.bucketed]
        near = self._index.candidates(collection, asked, radius)
        return Found(self._holders(collection, near.nearest_first), Route.PROBED, probes=near.probes)

    def _bring_up_to_date(
        self, collection: Collection, journal: CollectionJournal, probing_cost: float, deadline: float
    ) -> tuple[Route, int]:
        """Read what *journal* lacks, if that is possible and worth it; the route to take then, and packs read."""
        if journal.catch_up():
            return Route.WARM, 0
        if self._memory.limit_bytes == 0:
            return Route.PROBED, 0
        journal.measure()
        if journal.whole_bytes > self._memory.limit_bytes or not _worth_loading(journal, probing_cost):
            return Route.PROBED, 0
        self._memory.make_room(collection, coming=journal.whole_bytes - journal.entries.nbytes)
        now = self._clock()
        until = now + LOADING_SHARE * (deadline - now)
        packs = journal.load(lambda: self._clock() <= until)
        return (Route.LOADED if journal.whole else Route.PROBED), packs

    def _holders(self, collection: Collection, nearest_first: Iterable[NearHash]) -> Iterator[Candidate]:
        """The objects that are noted for each hash; a page of each is asked for ahead."""
        remaining = iter(nearest_first)
        while some := list(islice(remaining, HASHES_AT_ONCE)):
            pages = [self._catalog.holders(collection, near.hash) for near in some]
            firsts: Iterator[list[str]] = self._executor.map(lambda page: next(page, []), pages)
            for near, first, further in zip(some, firsts, pages, strict=True):
                for object_ids in chain([first], further):
                    yield from (Candidate(near.distance, object_id) for object_id in object_ids)


def _probing_cost(questions: Sequence[Question], radius: int) -> float:
    """The dollars that asking the buckets costs."""
    return prices.reading(read_units=sum(question.bucketed for question in questions) * probe_count(radius))


def _worth_loading(journal: CollectionJournal, probing_cost: float) -> bool:
    """Whether loading costs no more than what was spent on probes so far, and would be spent now.

    So the probes of an instance never cost more than twice what the better choice would have, whatever comes next.
    """
    if journal.loading_cost <= journal.spent_on_probes + probing_cost:
        return True
    journal.spent_on_probes += probing_cost
    return False


def _candidates(entries: Entries, hits: Hits) -> Iterator[Candidate]:
    """The objects of *hits*, a page of them at a time: there may be very many copies of one picture."""
    for start in range(0, len(hits.rows), IDS_AT_ONCE):
        page = slice(start, start + IDS_AT_ONCE)
        object_ids = entries.object_ids(hits.rows[page])
        for distance, object_id in zip(hits.distances[page].tolist(), object_ids, strict=True):
            yield Candidate(distance, object_id)
