"""What reviews read and write, as much at once as there are threads.

What waits is read from an index that may lag behind, which is no harm: it is for people, and what was decided, and
which objects are there, is read strongly before anything is shown or stored.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from typing import Protocol, TypeVar

from handler.core.filed import Copy, Filed
from handler.core.matches import NotedPair, Pair
from handler.core.model import Collection, PictureRecord, Settings, collection_of
from handler.core.verdicts import BatchPlace, Decision, Placed, Subject
from handler.finding import Records

AT_ONCE = 100  # objects, verdicts or pairs that one call reads

S = TypeVar("S")
T = TypeVar("T")


class OpenPairs(Protocol):
    """Which announced pairs wait for a verdict."""

    def waiting(self, collection: Collection) -> Iterator[Filed]:
        """Yield them, in any order; eventually consistent."""

    def some_waiting(self, collection: Collection, most: int) -> tuple[Sequence[Filed], bool]:
        """Return about *most* of them, those that were filed last, and whether these are all; likewise."""

    def noted(self, collection: Collection, pairs: Sequence[Pair]) -> Mapping[Pair, NotedPair]:
        """Return what is noted of those of the distinct *pairs* that somebody found; strongly consistent."""

    def close(self, collection: Collection, pair: Pair) -> None:
        """Take the pair out for good; no error if it never was in."""

    def set_aside(self, collection: Collection, pair: Pair, subject: Subject) -> None:
        """Take the pair out, since *subject* was decided about; no error if it never was in."""

    def aside(self, collection: Collection, subject: Subject) -> Iterator[Pair]:
        """Yield the pairs that were set aside for *subject*; eventually consistent."""

    def reopen(self, collection: Collection, pair: Pair) -> None:
        """Put the pair in again, if it was in before."""


class KeptVerdicts(Protocol):
    """What people decided."""

    def decided(self, scope: str, subjects: Sequence[Subject]) -> Mapping[Subject, Decision]:
        """Return what was decided of those of the distinct *subjects* that somebody judged; strongly consistent."""

    def put(self, scope: str, decision: Decision) -> Decision:
        """Store the *decision* unless the same verdict is stored, with what it takes the place of; return what is."""

    def take_back(self, scope: str, subject: Subject, batch: str | None = None) -> Decision | None:
        """Take back what was decided of *subject*, or with *batch*; return it, if anything was."""

    def note_batch(self, scope: str, batch: str, at: str, subjects: Sequence[Subject]) -> None:
        """Note that these are decided about in *batch*: before they are."""

    def in_batch(
        self, scope: str, batch: str, after: BatchPlace | None = None
    ) -> Iterator[tuple[BatchPlace, str, Subject]]:
        """Yield what was noted of *batch*, from behind *after* on, with place and time; strongly consistent."""

    def all(self, scope: str, before: Placed | None = None, *, at_once: int = AT_ONCE) -> Iterator[Decision]:
        """Yield what was decided, the newest first, from behind the place *before* on; eventually consistent."""


class Known:
    """Pairs, verdicts and pictures of one deployment."""

    def __init__(
        self, *, pairs: OpenPairs, verdicts: KeptVerdicts, catalog: Records, settings: Settings, executor: Executor
    ) -> None:
        self.pairs = pairs
        self.verdicts = verdicts
        self.settings = settings
        self._catalog = catalog
        self._executor = executor

    def collection(self, scope: str) -> Collection:
        """Return where the pictures of *scope* are."""
        return Collection(scope, self.settings.generation)

    def scope_of(self, copy: Copy) -> str:
        """Return the scope that the object of *copy* belongs to."""
        return collection_of(copy.ref, self.settings).scope

    def each(self, do: Callable[[S], T], items: Iterable[S]) -> list[T]:
        """Return what *do* returns for each of *items*, in order. One that fails fails all, once the rest is done."""
        return list(self._executor.map(do, items))

    def records(self, scope: str, ids: Iterable[str]) -> dict[str, PictureRecord]:
        """Return the live records among the objects *ids*, by object id; strongly consistent."""
        collection, distinct = self.collection(scope), list(dict.fromkeys(ids))
        found = self.each(lambda some: self._catalog.get(collection, some), _pieces(distinct))
        return {record.ref.object_id: record for some in found for record in some if record.alive}

    def decided(self, scope: str, subjects: Iterable[Subject]) -> dict[Subject, Decision]:
        """Return what was decided of those of *subjects* that somebody judged; strongly consistent."""
        distinct = list(dict.fromkeys(subjects))
        found = self.each(lambda some: self.verdicts.decided(scope, some), _pieces(distinct))
        return {subject: decision for some in found for subject, decision in some.items()}

    def noted(self, scope: str, pairs: Iterable[Pair]) -> dict[Pair, NotedPair]:
        """Return what is noted of those of *pairs* that somebody found; strongly consistent."""
        collection, distinct = self.collection(scope), list(dict.fromkeys(pairs))
        found = self.each(lambda some: self.pairs.noted(collection, some), _pieces(distinct))
        return {pair: noted for some in found for pair, noted in some.items()}

    def told(self, scope: str, pairs: Iterable[Pair]) -> set[Pair]:
        """Return those of *pairs* that were announced, or filed for review quietly; strongly consistent."""
        return {pair for pair, found in self.noted(scope, pairs).items() if found.announced or found.filed}

    def is_aside(self, scope: str, subject: Subject) -> bool:
        """Whether an announced pair was set aside for *subject*: somebody was told of it; eventually consistent."""
        return next(iter(self.pairs.aside(self.collection(scope), subject)), None) is not None

    def set_aside(self, scope: str, decided: Mapping[Pair, Subject]) -> None:
        """Take pairs out of review that were decided about, unless that was taken back meanwhile."""
        collection = self.collection(scope)
        self.each(lambda pair: self.pairs.set_aside(collection, pair, decided[pair]), decided)
        still = self.decided(scope, decided.values())
        self.reopen(scope, [pair for pair, subject in decided.items() if subject not in still])

    def close(self, scope: str, pairs: Iterable[Pair]) -> None:
        """Take pairs out of review for good."""
        self.each(lambda pair: self.pairs.close(self.collection(scope), pair), pairs)

    def reopen(self, scope: str, pairs: Iterable[Pair]) -> None:
        """Put pairs into review again that were in it before."""
        self.each(lambda pair: self.pairs.reopen(self.collection(scope), pair), pairs)


def _pieces(items: Sequence[T]) -> list[Sequence[T]]:
    return [items[at : at + AT_ONCE] for at in range(0, len(items), AT_ONCE)]
