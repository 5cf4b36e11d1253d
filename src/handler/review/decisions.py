"""What people decide about announced pairs, and what they take back."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import NamedTuple

from handler.clock import now
from handler.core.matches import Pair
from handler.core.model import ObjectRef, PictureRecord, collection_of
from handler.core.verdicts import BATCH_START, BatchPlace, Decision, NamedObject, Placed, Subject, Verdict
from handler.review.known import AT_ONCE, Known

MOST_REOPENED = 2_000  # pairs, by one request: a verdict by content may have set many aside
MOST_LISTED = 1_000  # of a batch, that one request looks through


class ShownObject(NamedTuple):
    """An object, as somebody has seen it."""

    bucket: str
    key: str
    sha256: str | None = None  # of what was shown; None: whatever it is now

    @property
    def named(self) -> NamedObject:
        """Its names alone."""
        return NamedObject(self.bucket, self.key)

    @property
    def object_id(self) -> str:
        """What the tables call it."""
        return ObjectRef(self.bucket, self.key).object_id


class Judged(NamedTuple):
    """What somebody says about two objects."""

    verdict: Verdict
    by: str
    kept: NamedObject | None = None  # of the two
    note: str | None = None
    batch: str | None = None


class Said(NamedTuple):
    """What is said, and about which two objects."""

    one: ShownObject
    other: ShownObject
    judged: Judged


class BatchPart(NamedTuple):
    """Some of what was decided at once, and where to go on."""

    decisions: list[Decision]
    after: BatchPlace | None  # None: nothing is left


class NotThere(Exception):
    """Objects that are to be judged are not in the index, or not as pictures."""

    def __init__(self, objects: Sequence[NamedObject]) -> None:
        more = f", and {len(objects) - 1} more" if len(objects) > 1 else ""
        super().__init__(f"{objects[0]} is not indexed{more}: `lookalike show {objects[0]}` has what is known of it")
        self.objects = objects


class ContentChanged(Exception):
    """Objects that are to be judged are other pictures by now than those that were shown."""

    def __init__(self, objects: Sequence[tuple[ShownObject, str | None]]) -> None:
        shown, more = objects[0][0], f", and {len(objects) - 1} more" if len(objects) > 1 else ""
        super().__init__(f"s3://{shown.bucket}/{shown.key} was overwritten{more}: look at them again")
        self.objects = objects  # each with its SHA-256 of now


class _ToStore(NamedTuple):
    """What is to be stored."""

    scope: str
    pair: Pair
    decision: Decision
    has_contents: bool  # they are known of both

    @property
    def decided(self) -> tuple[str, Subject]:
        """What it is of, and in which scope."""
        return self.scope, self.decision.subject


class Decisions:
    """The decisions of all scopes of one deployment."""

    def __init__(
        self,
        known: Known,
        *,
        forget: Callable[[str], None] = lambda _: None,
        clock: Callable[[], datetime] = now,
        most_reopened: int = MOST_REOPENED,
    ) -> None:
        self._known = known
        self._most_reopened = most_reopened
        self._forget = forget  # what was read of a scope, since something waits there again
        self._clock = clock

    def decide(self, said: Sequence[Said]) -> list[Decision]:
        """Store what somebody says about pairs, and close them; return what is stored of each. Safe to repeat.

        All is checked before anything is stored. Where it stops in between, by an error or for lack of time, what was
        stored stays, and its batch names it. Raises NotThere, ContentChanged, or ValueError if two objects are not of
        one scope, what is kept is neither, or one is to go of a pair that was not announced with the contents of now.
        """
        checked = self._checked(said)
        by_subject = {(one.scope, one.decision.subject): one for one in checked}  # the last one said counts
        for (scope, batch), subjects in _batches(by_subject.values()).items():
            # First: whatever is stored then can be undone, though the index does not have it yet.
            self._known.verdicts.note_batch(scope, batch, by_subject[scope, subjects[0]].decision.at, subjects)
        # The pairs last: one that is decided and waits is set aside when it is read, but one that is set aside and not
        # decided would be forgotten.
        stored = self._known.each(lambda one: self._known.verdicts.put(one.scope, one.decision), by_subject.values())
        for scope in dict.fromkeys(one.scope for one in checked):
            self._known.set_aside(scope, {one.pair: one.decision.subject for one in checked if one.scope == scope})
        now_stored = dict(zip(by_subject, stored, strict=True))
        return [now_stored[one.scope, one.decision.subject] for one in checked]

    def undo(self, scope: str, subjects: Sequence[Subject]) -> list[Decision]:
        """Take back what was decided of *subjects*; return what was. What that took the place of stands again.

        The pairs of which nothing stands wait again, and so do those of which somebody has taken it back before.
        """
        return self._take_back(scope, subjects, None)[0]

    def undo_named(self, one: NamedObject, other: NamedObject) -> list[Decision]:
        """Take back what was decided of two objects as they are now. Raises NotThere, or ValueError as `decide`."""
        scope = self._scope(one, other)
        objects = ShownObject(*one), ShownObject(*other)
        records = self._known.records(scope, (shown.object_id for shown in objects))
        if missing := [shown.named for shown in objects if shown.object_id not in records]:
            raise NotThere(missing)
        return self.undo(scope, [Subject.of(*(records[shown.object_id] for shown in objects))])

    def undo_batch(self, scope: str, batch: str, after: BatchPlace | None = None) -> BatchPart:
        """Take back some of what was decided at once, from behind the place *after* on."""
        listed = self._known.verdicts.in_batch(scope, batch, after)
        some = list(islice(listed, AT_ONCE))
        if not some:
            return BatchPart([], None)
        taken, all_wait = self._take_back(scope, [subject for _, _, subject in some], batch)
        if not all_wait:
            return BatchPart(taken, after or BATCH_START)  # the same once more
        return BatchPart(taken, some[-1][0] if next(listed, None) else None)

    def listed(self, scope: str, before: Placed | None = None) -> Iterator[Decision]:
        """Yield what was decided in *scope*, the newest first, from behind the place *before* on."""
        return self._known.verdicts.all(scope, before)

    def of_batch(self, scope: str, batch: str, after: BatchPlace | None, *, limit: int) -> BatchPart:
        """Return up to *limit* of what was decided at once and stands, as it was stored, from behind *after* on."""
        some = list(islice(self._known.verdicts.in_batch(scope, batch, after), MOST_LISTED + 1))
        current = self._known.decided(scope, (subject for _, _, subject in some))
        found = list[tuple[BatchPlace, Decision]]()
        for place, at, subject in some[:MOST_LISTED]:
            decision = current.get(subject)
            # What was sent again is noted again: it stands where it was stored.
            if decision and (decision.batch, decision.at) == (batch, at):
                found.append((place, decision))
        last = found[limit - 1][0] if len(found) > limit else some[-2][0] if len(some) > MOST_LISTED else None
        return BatchPart([decision for _, decision in found[:limit]], last)

    # --- checks ---

    def _checked(self, said: Sequence[Said]) -> list[_ToStore]:
        scopes = [self._scope(one.one.named, one.other.named) for one in said]
        records = self._records(scopes, said)
        at = self._clock().isoformat(timespec="seconds")
        checked = [
            _checked(scope, one, (records[one.one.object_id], records[one.other.object_id]), at)
            for scope, one in zip(scopes, said, strict=True)
        ]
        self._refuse_unseen(checked, said)
        return checked

    def _records(self, scopes: Sequence[str], said: Sequence[Said]) -> Mapping[str, PictureRecord]:
        """Return the records of all, by object id. Raises NotThere; or ContentChanged if one is not as shown."""
        shown = defaultdict[str, list[ShownObject]](list)
        for scope, one in zip(scopes, said, strict=True):
            shown[scope] += (one.one, one.other)
        records = dict[str, PictureRecord]()
        for scope, objects in shown.items():
            records |= self._known.records(scope, (one.object_id for one in objects))
        every = list(dict.fromkeys(one for objects in shown.values() for one in objects))
        if missing := [one.named for one in every if one.object_id not in records]:
            raise NotThere(list(dict.fromkeys(missing)))
        if changed := [one for one in every if one.sha256 not in (None, records[one.object_id].digest)]:
            raise ContentChanged([(one, records[one.object_id].digest) for one in changed])
        return records

    def _refuse_unseen(self, checked: Sequence[_ToStore], said: Sequence[Said]) -> None:
        """Raise ContentChanged or ValueError if one is to go of a pair that nobody was told of as it is now.

        Whoever decided may have seen another picture, which was overwritten since.
        """
        goes = [(one, what) for one, what in zip(checked, said, strict=True) if one.decision.kept is not None]
        told = set[Pair]()
        for scope in dict.fromkeys(one.scope for one, _ in goes):
            told |= self._known.told(scope, (one.pair for one, _ in goes if one.scope == scope))
        untold = [(one, what) for one, what in goes if one.pair not in told]
        # Of what was decided nobody is told again when one of both is put again, so the pair as it is now is not noted.
        before = self._known.each(lambda it: it[0].has_contents and self._known.is_aside(*it[0].decided), untold)
        unseen = [what for (_, what), was_told in zip(untold, before, strict=True) if not was_told]
        if shown := [one for what in unseen for one in (what.one, what.other) if one.sha256]:
            raise ContentChanged([(one, one.sha256) for one in dict.fromkeys(shown)])  # the same bytes, put once more
        for what in unseen:
            names = f"{what.one.named} and {what.other.named}"
            raise ValueError(f"{names} were not announced as they are now: look at them again")

    def _scope(self, one: NamedObject, other: NamedObject) -> str:
        scopes = {collection_of(ObjectRef(*named), self._known.settings).scope for named in (one, other)}
        if one == other:
            raise ValueError(f"{one} is named twice: want two objects")
        if len(scopes) > 1:
            raise ValueError(f"{one} and {other} are of the scopes {' and '.join(sorted(scopes))}: want two of one")
        return scopes.pop()

    # --- taking back ---

    def _take_back(self, scope: str, subjects: Sequence[Subject], batch: str | None) -> tuple[list[Decision], bool]:
        """Return what was taken back of *subjects*, and whether every pair of theirs waits again that has to."""
        distinct = list(dict.fromkeys(subjects))
        taken = self._known.each(lambda subject: self._known.verdicts.take_back(scope, subject, batch), distinct)
        undone = [decision for decision in taken if decision]
        still = self._known.decided(scope, distinct)
        free = [subject for subject in distinct if subject not in still]
        # Those named by the decisions, too, should the index lag.
        pairs = self._named_pairs(scope, [one for one in undone if one.subject in free])
        for aside in self._known.each(lambda subject: self._aside(scope, subject), free):
            pairs += aside
        some = list(dict.fromkeys(pairs))
        self._known.reopen(scope, some[: self._most_reopened])
        self._forget(scope)
        return undone, len(some) <= self._most_reopened

    def _aside(self, scope: str, subject: Subject) -> list[Pair]:
        return list(islice(self._known.pairs.aside(self._known.collection(scope), subject), self._most_reopened + 1))

    def _named_pairs(self, scope: str, decisions: Sequence[Decision]) -> list[Pair]:
        """Return the pairs of the objects that were decided about, of those that are there."""
        ids = [[ObjectRef(*named).object_id for named in decision.objects] for decision in decisions]
        records = self._known.records(scope, (one for pair in ids for one in pair))
        return [Pair.of(records[one], records[other]) for one, other in ids if one in records and other in records]


def _checked(scope: str, said: Said, records: tuple[PictureRecord, PictureRecord], at: str) -> _ToStore:
    """Return what is to be stored of what is *said* about the objects of *records*. Raises ValueError."""
    judged, subject = said.judged, Subject.of(*records)
    kept = next((record for record in records if _named(record) == judged.kept), None)
    if (judged.verdict is Verdict.KEEP_ONE) != (judged.kept is not None) or (judged.kept and kept is None):
        kept_named = judged.kept or "none"
        raise ValueError(f"{judged.verdict} with {kept_named} as kept: want one of the two to keep_one, none otherwise")
    first, second = sorted(records, key=lambda record: subject.index(subject.name_of(record)))
    decision = Decision(
        subject,
        judged.verdict,
        (_named(first), _named(second)),
        judged.by,
        at,
        kept=subject.name_of(kept) if kept else None,
        note=judged.note,
        batch=judged.batch,
    )
    return _ToStore(scope, Pair.of(*records), decision, all(record.digest for record in records))


def _batches(checked: Iterable[_ToStore]) -> dict[tuple[str, str], list[Subject]]:
    """Return the subjects of each batch, by scope and name."""
    found = defaultdict[tuple[str, str], list[Subject]](list)
    for one in checked:
        if one.decision.batch is not None:
            found[one.scope, one.decision.batch].append(one.decision.subject)
    return found


def _named(record: PictureRecord) -> NamedObject:
    return NamedObject(record.ref.bucket, record.ref.key)
