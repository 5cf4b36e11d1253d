"""What people do with announced pairs: see them as groups, decide, and take a decision back.

What waits is read from an index that may lag behind, which is no harm: it is for people, and what was decided, and
which objects are there, is read strongly before anything is shown or stored.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import NamedTuple, Protocol

from handler.clock import now
from handler.core.filed import Copy, Filed
from handler.core.groups import BEST_FIRST, Group, Place, Wanted, grouped
from handler.core.matches import NotedPair, Pair
from handler.core.model import Collection, ObjectRef, PictureRecord, Settings, collection_of
from handler.core.verdicts import Decision, NamedObject, Placed, Subject, Verdict
from handler.finding import Records

AT_ONCE = 100  # objects, or verdicts, that one call reads


class OpenPairs(Protocol):
    """Which announced pairs wait for a verdict."""

    def waiting(self, collection: Collection) -> Iterator[Filed]:
        """Yield them, in any order; eventually consistent."""

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
        """Store the *decision* unless the same verdict is stored; return what is stored now."""

    def drop(self, scope: str, subject: Subject) -> Decision | None:
        """Take back what was decided of *subject*; return it, if anything was."""

    def all(self, scope: str, before: Placed | None = None) -> Iterator[Decision]:
        """Yield what was decided, the newest first, from behind the place *before* on; eventually consistent."""


class Judged(NamedTuple):
    """What somebody says about two objects."""

    verdict: Verdict
    by: str
    kept: NamedObject | None = None  # of the two
    note: str | None = None
    batch: str | None = None


class Page(NamedTuple):
    """Some groups, in their order."""

    groups: list[Group]
    after: Place | None  # behind which the next page begins; None: there is none
    waiting: int  # groups that are wanted, on all pages


ALL = Wanted()


class NotThere(Exception):
    """An object that is to be judged is not in the index, or not as a picture."""


class Review:
    """The reviews of all scopes of one deployment."""

    def __init__(
        self,
        *,
        pairs: OpenPairs,
        verdicts: KeptVerdicts,
        catalog: Records,
        settings: Settings,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._pairs = pairs
        self._verdicts = verdicts
        self._catalog = catalog
        self._settings = settings
        self._clock = clock

    def page(
        self,
        scope: str,
        *,
        limit: int,
        after: Place | None = None,
        wanted: Wanted = ALL,
        best_first: Sequence[str] = BEST_FIRST,
    ) -> Page:
        """Return up to *limit* of the groups that wait in *scope*, from the first one behind the place *after*.

        *best_first* are names of RANKS: which copy is the best, and in what order groups come. All of them are open
        now; how many wait is as the index has it. A page may be short, though there is a next one: of what is not
        wanted it is only known once it was read.
        """
        pairs, read = list(self._pairs.waiting(self._collection(scope))), limit
        while True:
            groups = grouped(pairs, best_first)
            rest = [one for one in groups if wanted.may_admit(one) and (after is None or one.place(best_first) > after)]
            stale = self._stale(scope, rest[:read])
            if not stale:
                break
            pairs, read = [filed for filed in pairs if filed.pair not in stale], 2 * read
        found = [group for group in rest[:limit] if wanted.admits(group)]
        behind = rest[limit - 1].place(best_first) if len(rest) > limit else None
        return Page(found, behind, sum(map(wanted.admits, groups)))

    def _stale(self, scope: str, groups: Sequence[Group]) -> set[Pair]:
        """Return the pairs of *groups* that are open no more, and take them out of review.

        Those that were decided about, and those of which a picture is gone, or another one now.
        """
        collection, pairs = self._collection(scope), [filed for group in groups for filed in group.pairs]
        records = self._records(collection, [copy for filed in pairs for copy in filed.copies])
        current = [filed for filed in pairs if all(name in records for name in filed.pair)]
        subjects = {filed.pair: Subject.of(*(records[name] for name in filed.pair)) for filed in current}
        decided = self._decided(scope, list(subjects.values()))
        gone = {filed.pair for filed in pairs} - subjects.keys()
        for pair in gone:
            self._pairs.close(collection, pair)
        settled = {pair: subject for pair, subject in subjects.items() if subject in decided}
        if settled:
            self._set_aside(scope, settled)
        return gone | settled.keys()

    def _set_aside(self, scope: str, decided: Mapping[Pair, Subject]) -> None:
        """Take pairs out of review that were decided about, unless that was taken back meanwhile."""
        collection = self._collection(scope)
        for pair, subject in decided.items():
            self._pairs.set_aside(collection, pair, subject)
        still = self._decided(scope, list(decided.values()))
        for pair, subject in decided.items():
            if subject not in still:
                self._pairs.reopen(collection, pair)

    def decide(self, one: NamedObject, other: NamedObject, judged: Judged) -> Decision:
        """Store what somebody says about two objects, and close their pair. Safe to repeat.

        Raises NotThere, or ValueError if they are not of one scope, *judged.kept* is neither, or one is to go of a
        pair that was not announced with the contents of now.
        """
        scope, records = self._both(one, other)
        subject = Subject.of(*records)
        kept = next((record for record in records if _named(record) == judged.kept), None)
        if (judged.verdict is Verdict.KEEP_ONE) != (judged.kept is not None) or (judged.kept and kept is None):
            raise ValueError(f"{judged.verdict} keeps {judged.kept}: want one of the two to keep_one, none otherwise")
        pair = Pair.of(*records)
        if kept and not self._pairs.noted(self._collection(scope), [pair]):
            # Whoever decided may have seen another picture, which was overwritten since; and the other one is to go.
            raise ValueError(f"{one} and {other} were not announced as they are now: look at them again")
        at = self._clock().isoformat(timespec="seconds")
        in_order = sorted(records, key=lambda record: subject.index(subject.name_of(record)))
        decision = Decision(
            subject,
            judged.verdict,
            (_named(in_order[0]), _named(in_order[1])),
            judged.by,
            at,
            kept=subject.name_of(kept) if kept else None,
            note=judged.note,
            batch=judged.batch,
        )
        # The pair last: one that is decided and waits is set aside when it is read, but one that is set aside and not
        # decided would be forgotten.
        stored = self._verdicts.put(scope, decision)
        self._set_aside(scope, {pair: subject})
        return stored

    def undo(self, one: NamedObject, other: NamedObject) -> Decision | None:
        """Take back what was decided of two objects, if anything was, and put their pair into review again."""
        scope, records = self._both(one, other)
        dropped = self._verdicts.drop(scope, Subject.of(*records))
        if dropped:
            self._reopen(scope, dropped, [Pair.of(*records)])
        return dropped

    def undo_all(self, scope: str, batch: str) -> Iterator[Decision]:
        """Take back what was decided at once; yield each when it is done."""
        listed = self.decisions(scope, batch=batch)
        while some := list(islice(listed, AT_ONCE)):
            current = self._verdicts.decided(scope, [decision.subject for decision in some])
            for decision in current.values():
                # What the index lists may have been decided again since.
                if decision.batch == batch and self._verdicts.drop(scope, decision.subject):
                    self._reopen(scope, decision, self._named_pair(scope, decision))
                    yield decision

    def to_delete(self, scope: str, before: Placed | None = None) -> Iterator[tuple[Placed, NamedObject, NamedObject]]:
        """Yield each object that is not kept and one that is, where both are still what was decided about.

        With the place of the decision, the newest first; if *before* is given, only what comes behind it. Nothing is
        deleted here. An object that is kept in one decision and not in another is not kept.
        """
        given = (decision for decision in self._verdicts.all(scope, before) if decision.kept is not None)
        while some := list(islice(given, AT_ONCE // 2)):
            ids = sorted({ObjectRef(*named).object_id for decision in some for named in decision.objects})
            records = {_named(one): one for one in self._catalog.get(self._collection(scope), ids) if one.alive}
            current = self._verdicts.decided(scope, [decision.subject for decision in some])
            for decision in some:
                stands = decision.says(current.get(decision.subject))  # the index lags behind
                if not stands or not all(named in records for named in decision.objects):
                    continue
                one, other = (records[named] for named in decision.objects)
                if decision.kept is not None and Subject.of(one, other) == decision.subject:
                    kept = decision.subject.index(decision.kept)
                    yield decision.filed, decision.objects[1 - kept], decision.objects[kept]

    def decisions(self, scope: str, before: Placed | None = None, batch: str | None = None) -> Iterator[Decision]:
        """Yield what was decided in *scope*, the newest first, or at once; from behind the place *before* on."""
        return (one for one in self._verdicts.all(scope, before) if batch in (None, one.batch))

    def _reopen(self, scope: str, decision: Decision, named: Sequence[Pair]) -> None:
        """Put into review what *decision*, which was taken back, has set aside; and *named*, should the index lag."""
        collection = self._collection(scope)
        for pair in dict.fromkeys((*named, *self._pairs.aside(collection, decision.subject))):
            self._pairs.reopen(collection, pair)

    def _named_pair(self, scope: str, decision: Decision) -> list[Pair]:
        """Return the pair of the objects that were decided about, if both are there."""
        ids = [ObjectRef(*named).object_id for named in decision.objects]
        records = self._catalog.get(self._collection(scope), list(dict.fromkeys(ids)))
        return [Pair.of(*records)] if len(records) == len(ids) else []

    def _both(self, one: NamedObject, other: NamedObject) -> tuple[str, tuple[PictureRecord, PictureRecord]]:
        scopes = {collection_of(ObjectRef(*named), self._settings).scope for named in (one, other)}
        if len(scopes) > 1 or one == other:
            raise ValueError(f"{one} and {other}: want two objects of one scope")
        (scope,) = scopes
        ids = [ObjectRef(*named).object_id for named in (one, other)]
        found = {record.ref.object_id: record for record in self._catalog.get(self._collection(scope), ids)}
        for named, object_id in zip((one, other), ids, strict=True):
            if object_id not in found or not found[object_id].alive:
                raise NotThere(f"s3://{named.bucket}/{named.key} is not indexed: see what is known of it")
        return scope, (found[ids[0]], found[ids[1]])

    def _records(self, collection: Collection, copies: Sequence[Copy]) -> dict[str, PictureRecord]:
        """Return the live records of *copies*, by what names them in pairs."""
        ids = list(dict.fromkeys(copy.object_id for copy in copies))
        found = [
            record
            for at in range(0, len(ids), AT_ONCE)
            for record in self._catalog.get(collection, ids[at : at + AT_ONCE])
        ]
        return {record.named: record for record in found if record.alive}

    def _decided(self, scope: str, subjects: Sequence[Subject]) -> Mapping[Subject, Decision]:
        return self._verdicts.decided(scope, list(dict.fromkeys(subjects)))

    def _collection(self, scope: str) -> Collection:
        return Collection(scope, self._settings.generation)


def _named(record: PictureRecord) -> NamedObject:
    return NamedObject(record.ref.bucket, record.ref.key)
