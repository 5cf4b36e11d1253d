"""What was decided not to be kept: it may be deleted, as long as something stays that shows the same."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from handler.core.model import ObjectRef, PictureRecord
from handler.core.surplus import left_for
from handler.core.verdicts import Decision, NamedObject, Subject
from handler.review.known import Known
from handler.review.memory import Remembered

READ_AT_ONCE = 1_000  # decisions


class StoredObject(NamedTuple):
    """An object with one content."""

    bucket: str
    key: str
    version: str | None
    etag: str | None
    sha256: str | None

    @property
    def named(self) -> NamedObject:
        """Its names alone."""
        return NamedObject(self.bucket, self.key)

    @classmethod
    def of(cls, record: PictureRecord) -> "StoredObject":
        """Return the object of *record*."""
        return cls(record.ref.bucket, record.ref.key, record.ref.version, record.etag, record.digest)


class Dispensable(NamedTuple):
    """An object that may be deleted, and one that stays and shows the same."""

    object: StoredObject
    stays: StoredObject


class SurplusPage(NamedTuple):
    """Some of what was decided not to be kept, by bucket and key."""

    found: list[Dispensable]
    contradicted: list[NamedObject]  # nothing would be left of these: decisions run in a circle
    after: NamedObject | None  # behind which the next page begins; None: there is none


class _Verified(NamedTuple):
    """A decision that stands, about two objects that are still what was decided about."""

    decision: Decision
    goes: StoredObject
    stays: StoredObject


class _Decided(NamedTuple):
    """All that was decided not to be kept in one scope."""

    decisions: Mapping[NamedObject, Sequence[Decision]]  # by what goes
    left: Mapping[NamedObject, StoredObject | None]  # what stays once it is gone; None: nothing would
    names: Sequence[NamedObject]  # of what goes, in order


class Deletable:
    """What may be deleted of one deployment. Nothing here deletes it."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._remembered = Remembered[_Decided]()

    def page(self, scope: str, *, limit: int, after: NamedObject | None = None) -> SurplusPage:
        """Return up to *limit* of the objects in *scope* that were decided not to be kept, from behind *after* on.

        Those alone that are still what was decided about, each with one that stays, or among those of which nothing
        would be left. A first page reads all that was decided; those that follow use that, as long as it is
        remembered. Whatever is told was checked just before.
        """
        decided = None if after is None else self._remembered.get(scope)
        if decided is None:
            decided = self._remembered.keep(scope, self._decided(scope))
        begin = 0 if after is None else bisect_right(decided.names, after)
        some = decided.names[begin : begin + limit]
        last = some[-1] if begin + limit < len(decided.names) else None
        verified = self._verified(scope, [one for name in some for one in decided.decisions[name]])
        goes = {one.goes.named: one.goes for one in verified}
        left = self._left(scope, {name: decided.left[name] for name in some if name in goes})
        found = [Dispensable(goes[name], stays) for name, stays in left.items() if stays]
        return SurplusPage(found, [name for name, stays in left.items() if stays is None], last)

    def _left(
        self, scope: str, left: Mapping[NamedObject, StoredObject | None]
    ) -> dict[NamedObject, StoredObject | None]:
        """Return those of *left* of which what stays is still there, with the same content."""
        ids = (ObjectRef(*stays.named).object_id for stays in left.values() if stays)
        there = {StoredObject.of(record) for record in self._known.records(scope, ids).values()}
        return {name: stays for name, stays in left.items() if stays is None or stays in there}

    def _decided(self, scope: str) -> _Decided:
        verified = list[_Verified]()
        given = (one for one in self._known.verdicts.all(scope, at_once=READ_AT_ONCE) if one.kept is not None)
        while some := list(islice(given, READ_AT_ONCE)):
            verified += self._verified(scope, some)
        decisions = defaultdict[NamedObject, list[Decision]](list)
        kept_for = defaultdict[NamedObject, list[NamedObject]](list)
        for one in verified:
            decisions[one.goes.named].append(one.decision)
            kept_for[one.goes.named].append(one.stays.named)
        stored = {one.stays.named: one.stays for one in verified}
        left = {name: stored[stays] if (stays := left_for(name, kept_for)) else None for name in kept_for}
        return _Decided(decisions, left, sorted(kept_for))

    def _verified(self, scope: str, decisions: Sequence[Decision]) -> list[_Verified]:
        """Return those of *decisions* that stand, about objects that are what was decided about."""
        ids = [[ObjectRef(*named).object_id for named in decision.objects] for decision in decisions]
        records = self._known.records(scope, (one for both in ids for one in both))
        current = self._known.decided(scope, (decision.subject for decision in decisions))
        verified = []
        for decision, (first, second) in zip(decisions, ids, strict=True):
            stands = decision.says(current.get(decision.subject))  # the index lags behind
            if stands and decision.kept and first in records and second in records:
                both = records[first], records[second]
                if Subject.of(*both) == decision.subject:
                    kept = decision.subject.index(decision.kept)
                    stored = [StoredObject.of(record) for record in both]
                    verified.append(_Verified(decision, stored[1 - kept], stored[kept]))
        return verified
