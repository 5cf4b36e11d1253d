"""What there is to know of one picture, or of two: read from the tables, and judged by the function's own code."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import NamedTuple

from handler.cli.gates import Facts, Searched
from handler.core.asker import Asker
from handler.core.filed import Filed
from handler.core.lists import list_scope
from handler.core.matches import Match, Pair
from handler.core.model import Collection, MatchKind, ObjectRef, PictureRecord, Settings, collection_of
from handler.core.policy import Meeting, closest, match
from handler.core.verdicts import Subject
from handler.lists import ListedPictures
from handler.looks import Looks
from handler.report import Report
from handler.wiring import AskService

MOST_WAITING = 32_000  # pairs: some 20 MB, which are read in a second or two, for $0.0004


@dataclass(frozen=True, slots=True)
class OtherPicture:
    """A picture that the one in question has something in common with."""

    facts: Facts
    list: str | None  # of which it is an entry


class OtherPictures(NamedTuple):
    """All of these."""

    found: list[OtherPicture]
    stopped_after: int | None  # pairs that wait, if more do than are looked through; None: all were


class Replaced(NamedTuple):
    """Says that an object is not the picture any more that the index has."""


class Explainer:
    """Answers for one deployment."""

    def __init__(self, service: AskService, *, most_waiting: int = MOST_WAITING) -> None:
        """Look through *most_waiting* of the pairs that wait for a verdict: they have no key by both pictures."""
        self._service, self._most_waiting = service, most_waiting
        self._known = service.review.known

    @property
    def settings(self) -> Settings:
        """Those of the deployment."""
        return self._service.settings

    def record(self, ref: ObjectRef) -> PictureRecord | None:
        """Return what the index has of the object; None if it never heard of it."""
        found = self._service.catalog.get(self.collection(ref), [ref.object_id])
        return found[0] if found else None

    def collection(self, ref: ObjectRef) -> Collection:
        """Return where the object belongs."""
        return collection_of(ref, self.settings)

    def pair(self, one: PictureRecord, other: PictureRecord) -> Facts:
        """Return what is known of two pictures; either may ask, and the better match counts."""
        scopes = self.collection(one.ref).scope, self.collection(other.ref).scope
        facts = Facts(one, other, scopes)
        if not (one.alive and other.alive) or scopes[0] != scopes[1]:
            return facts
        ways = [self._asked(one, other), self._asked(other, one)]
        found = min((way for way in ways if isinstance(way, Match)), key=lambda one: one.kind.rank, default=None)
        nearest = min((way for way in ways if isinstance(way, Meeting)), key=lambda one: one.distance, default=None)
        facts = replace(facts, found=found, nearest=nearest, replaced=found is None and Replaced() in ways)
        (seen,) = self._with_what_came_of_it(scopes[0], [facts])
        return replace(seen, searched=self._searched(one, other)) if self._is_due(seen) else seen

    def _is_due(self, facts: Facts) -> bool:
        """Whether nothing but a search that did not find it keeps the pair from being told."""
        matches = facts.found is not None and facts.found.counts(self.settings.tell)
        return matches and facts.noted is None and facts.decision is None

    def _searched(self, one: PictureRecord, other: PictureRecord) -> Searched:
        """Return what a search for each of the two answers now."""
        look_ups = self._service.look_ups(self.settings)
        reports = {asked: look_ups.look_up(asks.ref) for asks, asked in ((one, other), (other, one))}
        finds = any(
            match.record.named == asked.named and not match.list
            for asked, report in reports.items()
            for match in report.matches
        )
        truncated = any(report.truncated for report in reports.values())
        return Searched(finds, truncated, all(report.complete for report in reports.values()))

    def others(self, one: PictureRecord) -> OtherPictures:
        """Return the pictures that the live *one* matches now, or was told of and nobody has decided about."""
        scope = self.collection(one.ref).scope
        report = self._service.look_ups(self.settings).look_up(one.ref, MatchKind.ALIKE)
        found = list[OtherPicture]()
        for name in dict.fromkeys(each.list for each in report.matches):
            facts = [
                Facts(one, each.record, (scope, scope), each if name else self._better(one, each))
                for each in report.matches
                if each.list == name
            ]
            where = list_scope(name) if name else scope
            found += [OtherPicture(each, name) for each in self._with_what_came_of_it(where, facts)]
        have = {each.facts.other.ref.object_id for each in found}
        waiting, whole = self._known.pairs.some_waiting(self._known.collection(scope), self._most_waiting)
        told = self._told_of(one, scope, waiting)
        found += [each for each in told if each.facts.other.ref.object_id not in have]
        return OtherPictures(found, None if whole else len(waiting))

    def _told_of(self, one: PictureRecord, scope: str, waiting: Iterable[Filed]) -> list[OtherPicture]:
        """Those that it was told of and that are *waiting* for a verdict.

        Found by the other's look, or before settings changed, they may be no match of it now.
        """
        ids = [
            copy.object_id
            for filed in waiting
            if one.ref.object_id in {copy.object_id for copy in filed.copies}
            for copy in filed.copies
            if copy.object_id != one.ref.object_id and not copy.list
        ]
        facts = [Facts(one, other, (scope, scope)) for other in self._known.records(scope, ids).values()]
        return [OtherPicture(each, None) for each in self._with_what_came_of_it(scope, facts)]

    def _with_what_came_of_it(self, scope: str, facts: list[Facts]) -> list[Facts]:
        """Return *facts* with what is noted of each pair, and what people decided of it."""
        pairs = [Pair.of(each.one, each.other) for each in facts]
        subjects = [Subject.of(each.one, each.other) for each in facts]
        noted, decided = self._known.noted(scope, pairs), self._known.decided(scope, subjects)
        return [
            replace(each, noted=noted.get(pair), decision=decided.get(subject))
            for each, pair, subject in zip(facts, pairs, subjects, strict=True)
        ]

    def _better(self, one: PictureRecord, found: Match) -> Match:
        """Return *found*, or what the other picture finds if it asks, where that is more."""
        if found.counts(self.settings.tell):
            return found
        back = self._asked(found.record, one)
        return (
            replace(back, record=found.record) if isinstance(back, Match) and back.counts(self.settings.tell) else found
        )

    def _asked(self, one: PictureRecord, other: PictureRecord) -> Match | Meeting | Replaced | None:
        """Return how *one* that asks matches the *other*, by its pixels; or how their nearest views meet."""
        if one.fingerprint is None or other.fingerprint is None or one.generation != other.generation:
            return None
        asker = self._asker(one)
        met = match(asker, other, self.settings)
        if met is None:
            flat = one.fingerprint.flat or other.fingerprint.flat
            return None if flat else closest(asker, other, self.settings)
        with ThreadPoolExecutor(1) as executor:
            looks = Looks(store=ListedPictures(self._service.pictures), executor=executor, settings=self.settings)
            decided = looks.decide(asker, [met], {}, MatchKind.ALIKE).matches
        if not decided and met.counts(MatchKind.ALIKE):
            return Replaced()  # as `Looks` leaves out what is gone; what nobody could look at does not count
        return decided[0] if decided else met

    def _asker(self, record: PictureRecord) -> Asker:
        """Return what asks: the picture itself, or what is stored of it where that is not there to be read."""
        asker = self._service.indexer.examine(record.ref, Report(record.ref))
        if asker.record.digest == record.digest and asker.record.alive:
            return replace(asker, record=record)
        return Asker.stored(record)
