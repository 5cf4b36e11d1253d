"""Where a search gets its answer: from the journal that this instance remembers, or from the buckets.

An instance reads what was added to a collection's journal since it last looked, for one read unit or, where the answer
to its append has told it, for none, and compares all entries at once. An instance that does not have a collection's
entries yet loads them if they fit in its memory and its time, whatever probing would cost: the journal knows every
view, and the buckets whole and trimmed pictures alone. Where it cannot, the buckets answer, or what it has loaded if
nothing is filed there; and the answer says what was lacking. All ways read only after the writes of the upload itself.
"""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from itertools import chain, islice
from types import MappingProxyType
from typing import NamedTuple, Protocol

from handler.core.entry import Confirms, Question
from handler.core.found import Candidate, Candidates, Found, Lack, NearHash, Route
from handler.core.generations import files_late
from handler.core.journal import Backlog, BrokenJournal
from handler.core.model import Collection
from handler.entries import Entries, Scan
from handler.hits import Hits
from handler.journal import CollectionJournal, Loaded
from handler.memory import JournalMemory

HASHES_AT_ONCE = 16  # whose holders are asked for in parallel
IDS_AT_ONCE = 1000  # of near entries, turned into text
LOADING_SHARE = 0.5  # of the remaining time of an invocation: the rest is for probing after all, and for announcing
LARGEST_LOADING_SHARE = 0.8  # where what could be found was told before
ALL_FILED = Backlog(0, segments=0, busy=0)  # of what is filed at once


class HashBuckets(Protocol):
    """Which hashes are near a hash."""

    def candidates(self, collection: Collection, hashes: Sequence[int], radius: int) -> Candidates:
        """Return every stored hash within *radius* of one of *hashes*."""


class Holders(Protocol):
    """Who has a hash."""

    def holders(self, collection: Collection, hash: int) -> Iterator[list[str]]:
        """Yield the object ids noted for *hash*, page by page."""


class _Known(NamedTuple):
    """What an instance has of a journal, and how it came to it."""

    route: Route
    packs: int = 0  # that were read
    trouble: str | None = None  # with packs
    lacks: Mapping[Lack, str] = MappingProxyType({})  # if it is not all


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
        loading_share: float = LOADING_SHARE,
        kept: Sequence[Collection] = (),
        begun: Scan | None = None,
        latest: bool = False,
    ) -> Found:
        """Return every picture of *collection* that has a view within *radius* bits of one of *questions*.

        Its entries have *word_count* words each; what *confirms* takes for a stranger by them is left out. *deadline*
        is when the invocation ends, on this object's clock, and *loading_share* how much of the time until then
        loading may take. Where the journal cannot be loaded beside those of *kept* collections the buckets answer, for
        *probed_radius* if that is another one, and `lacks` says what for. What is *begun* of it goes on; *latest*
        says that the journal's tail is known, by the answer to an append that was the last write before.
        """
        journal = self._memory.of(collection, word_count)
        others = [one for one in kept if one != collection]
        try:
            known = self._bring_up_to_date(collection, journal, others, deadline, loading_share, latest=latest)
        except BrokenJournal as error:
            known = _Known(Route.LOADED, trouble=str(error), lacks={Lack.NOW: f"journal: {error}"})
        finally:
            entries = journal.entries
            self._memory.make_room(collection, kept=others)  # whatever was read counts, also if reading on failed
        # Asked for before the buckets are read: what is filed since may be missed.
        backlog = self._backlog(collection, word_count) if known.lacks else None
        if backlog is None:
            goes_on = begun is not None and begun.entries is entries and known.route is Route.WARM
            scan = begun if begun and goes_on else Scan(entries, questions, radius, confirms)
            hits = scan.hits()  # of those that there are
            found = Found(_candidates(entries, hits), known.route, pictures=len(entries), cut=not hits.complete)
        else:
            found = self.probe(collection, questions, radius if probed_radius is None else probed_radius)
        filed, lacks = backlog is not None and backlog.done, _lacks(known, backlog)
        return replace(found, packs=known.packs, trouble=known.trouble, filed=filed, lacks=lacks)

    def begin(
        self,
        collection: Collection,
        questions: Sequence[Question],
        radius: int,
        *,
        word_count: int,
        confirms: Confirms | None = None,
    ) -> Scan | None:
        """Compare what is remembered of *collection*, for `find` to go on; None if it has to be loaded first."""
        journal = self._memory.of(collection, word_count)
        if not journal.whole:
            return None
        scan = Scan(journal.entries, questions, radius, confirms)
        scan.hits()
        return scan

    def is_filed(self, collection: Collection, word_count: int) -> bool:
        """Whether every whole picture of *collection* is in the buckets."""
        backlog = self._backlog(collection, word_count)
        return backlog is not None and backlog.done

    def _backlog(self, collection: Collection, word_count: int) -> Backlog | None:
        """Return the backlog of *collection*; None if there is none, and so nothing of it is in the buckets."""
        return self._memory.of(collection, word_count).backlog.read() if files_late(collection) else ALL_FILED

    def probe(self, collection: Collection, questions: Sequence[Question], radius: int) -> Found:
        """Return the same out of the buckets, and by who has those hashes now."""
        asked = [question.hash for question in questions if question.bucketed]
        near = self._index.candidates(collection, asked, radius)
        return Found(self._holders(collection, near.nearest_first), Route.PROBED, probes=near.probes)

    def _bring_up_to_date(
        self,
        collection: Collection,
        journal: CollectionJournal,
        kept: Sequence[Collection],
        deadline: float,
        loading_share: float,
        *,
        latest: bool,
    ) -> "_Known":
        """Read what *journal* lacks, if there is memory beside *kept* collections, and time, for it."""
        if journal.catch_up(latest=latest):
            return _Known(Route.WARM)
        limit = self._memory.limit_bytes
        if limit == 0:
            return _Known(Route.LOADED, lacks={Lack.MEMORY: "JournalMemory is 0"})
        journal.measure()
        # What one upload asks has to fit at once: taking turns, each upload would load all of it anew.
        room = self._memory.room_beside(kept)
        if journal.whole_bytes > room:
            have = f"the journal takes {_mb(journal.whole_bytes)} MB, JournalMemory (of MemorySize) is {_mb(limit)} MB"
            beside = f", of which lists take {_mb(limit - room)} MB" if room < limit else ""
            return _Known(Route.LOADED, lacks={Lack.MEMORY: have + beside})
        self._memory.make_room(collection, coming=journal.whole_bytes - journal.entries.nbytes, kept=kept)
        now = self._clock()
        until = now + loading_share * (deadline - now)
        loaded = journal.load(lambda: self._clock() <= until) if now <= until else Loaded()
        known = _Known(Route.LOADED, loaded.packs, loaded.trouble)
        if journal.whole:
            return known
        have = f"time: {_mb(journal.entries.nbytes)} of {_mb(journal.whole_bytes)} MB are loaded"
        return known._replace(lacks={Lack.NOW: have})

    def _holders(self, collection: Collection, nearest_first: Iterable[NearHash]) -> Iterator[Candidate]:
        """The objects that are noted for each hash; a page of each is asked for ahead."""
        remaining = iter(nearest_first)
        while some := list(islice(remaining, HASHES_AT_ONCE)):
            pages = [self._catalog.holders(collection, near.hash) for near in some]
            firsts: Iterator[list[str]] = self._executor.map(lambda page: next(page, []), pages)
            for near, first, further in zip(some, firsts, pages, strict=True):
                for object_ids in chain([first], further):
                    yield from (Candidate(near.distance, object_id) for object_id in object_ids)


def _lacks(known: _Known, backlog: Backlog | None) -> Mapping[Lack, str]:
    """Return what is lacking: not memory for good, where the buckets still have a *backlog*, or nothing at all."""
    if Lack.MEMORY not in known.lacks or (backlog is not None and backlog.done):
        return known.lacks
    there = "nothing" if backlog is None else f"{backlog.filed} of {backlog.segments or 'all'} segments"
    return {Lack.FILING: f"{there} in the buckets yet; {known.lacks[Lack.MEMORY]}"}


def _mb(size: int) -> int:
    return math.ceil(size / (1 << 20))


def _candidates(entries: Entries, hits: Hits) -> Iterator[Candidate]:
    """The objects of *hits*, a page of them at a time: there may be very many copies of one picture."""
    for start in range(0, len(hits.rows), IDS_AT_ONCE):
        page = slice(start, start + IDS_AT_ONCE)
        object_ids = entries.object_ids(hits.rows[page])
        for distance, object_id in zip(hits.distances[page].tolist(), object_ids, strict=True):
            yield Candidate(distance, object_id)
