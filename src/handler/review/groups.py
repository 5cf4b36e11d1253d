"""The groups of announced pairs that wait for a verdict, page by page.

Which copy is the best of which is known only once all pairs that wait are read. So a first page reads them all, from
the index; the pages that follow use what it has read, for as long as it is remembered. Whatever is told was checked
just before: its pictures are there, as they were announced, and nobody has decided about them.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from handler.core.filed import Copy, Filed
from handler.core.groups import BEST_FIRST, GroupFilter, OpenGroup, Place, grouped
from handler.core.matches import Pair
from handler.core.model import PictureRecord
from handler.core.verdicts import Subject
from handler.review.known import Known
from handler.review.memory import Remembered

MOST_COPIES = 500  # on one page: 6 KB each at the very most, which is what an answer may have
ALL = GroupFilter()


class Page(NamedTuple):
    """Some groups, in their order."""

    groups: list[OpenGroup]
    after: Place | None  # behind which the next page begins; None: there is none
    waiting: int  # groups that are wanted, on all pages
    records: Mapping[str, PictureRecord]  # of their copies, as they are now, by object id


@dataclass(slots=True)
class _Reading:
    """The pairs that wait, as far as is known, and the groups that they make."""

    pairs: list[Filed]
    groups: dict[tuple[str, ...], list[OpenGroup]] = field(default_factory=dict)

    def grouped(self, best_first: Sequence[str]) -> list[OpenGroup]:
        """Return the groups in their order."""
        key = tuple(best_first)
        if key not in self.groups:
            self.groups[key] = grouped(self.pairs, best_first)
        return self.groups[key]

    def without(self, pairs: set[Pair]) -> None:
        """Leave out what does not wait any more."""
        self.pairs = [filed for filed in self.pairs if filed.pair not in pairs]
        self.groups.clear()


class Groups:
    """The groups of all scopes of one deployment."""

    def __init__(self, known: Known, *, most_copies: int = MOST_COPIES) -> None:
        self._known = known
        self._most_copies = most_copies
        self._remembered = Remembered[_Reading]()

    def page(
        self,
        scope: str,
        *,
        limit: int,
        after: Place | None = None,
        wanted: GroupFilter = ALL,
        best_first: Sequence[str] = BEST_FIRST,
        within: str | None = None,
    ) -> Page:
        """Return up to *limit* of the groups that wait in *scope*, from the first one behind the place *after*.

        *scope* may be that of a list: each group is of an entry and the uploads that match it then; of the scope
        *within* alone, if that is given. No verdict takes them out of review; they wait until one of both is gone.
        *best_first* are names of RANKS: which copy is the best, and in what order groups come. All of them are open
        now; how many wait is as the index has it. A page may be short, though there is a next one: of what is not
        wanted it is only known once it was read, and no page has more than *most_copies* pictures. Of a larger group
        the best of them are told.
        """
        reading, checks = self._reading(scope, after, within), _Checks(self._known, scope)
        read = limit
        while True:
            groups = reading.grouped(best_first)
            begin = 0 if after is None else bisect_right(groups, after, key=lambda one: one.place(best_first))
            rest = [one for one in groups[begin:] if wanted.may_admit(one)]
            stale = checks.stale([one.at_most(self._most_copies) for one in rest[:read]])
            if not stale:
                break
            reading.without(stale)
            read *= 2
        some = _fitting(rest[:limit], self._most_copies)
        found = [group.at_most(self._most_copies) for group in some if wanted.admits(group)]
        behind = some[-1].place(best_first) if len(rest) > len(some) else None
        waiting = len(groups) if wanted == ALL else sum(map(wanted.admits, groups))
        return Page(found, behind, waiting, checks.records)

    def forget(self, scope: str) -> None:
        """Let the next page read anew what waits in *scope*: something waits again."""
        self._remembered.forget(scope)

    def _reading(self, scope: str, after: Place | None, within: str | None) -> _Reading:
        name = scope if within is None else f"{scope} {within}"
        found = None if after is None else self._remembered.get(name)
        if found is None:
            waiting = self._known.pairs.waiting(self._known.collection(scope))
            pairs = [filed for filed in waiting if within is None or self._is_within(filed, within)]
            found = self._remembered.keep(name, _Reading(pairs))
        return found

    def _is_within(self, filed: Filed, scope: str) -> bool:
        return any(self._known.scope_of(copy) == scope for copy in filed.copies if not copy.list)


class _Checks:
    """What was found of pairs, while one page is made."""

    def __init__(self, known: Known, scope: str) -> None:
        self._known = known
        self._scope = scope
        self._current = set[Pair]()
        self.records: dict[str, PictureRecord] = {}

    def stale(self, groups: Sequence[OpenGroup]) -> set[Pair]:
        """Return the pairs of *groups* that are open no more, and take them out of review.

        Those that were decided about, and those of which a picture is gone, or another one now.
        """
        pairs = [filed for group in groups for filed in group.pairs if filed.pair not in self._current]
        self._read([copy for filed in pairs for copy in filed.copies])
        subjects = {filed.pair: subject for filed in pairs if (subject := self._subject(filed))}
        is_list = self._known.collection(self._scope).is_list
        decided = {} if is_list else self._known.decided(self._scope, subjects.values())
        gone = {filed.pair for filed in pairs} - subjects.keys()
        self._known.close(self._scope, gone)
        settled = {pair: subject for pair, subject in subjects.items() if subject in decided}
        if settled:
            self._known.set_aside(self._scope, settled)
        self._current |= subjects.keys() - settled.keys()
        return gone | settled.keys()

    def _read(self, copies: Sequence[Copy]) -> None:
        """Read the records of *copies*: those of the scope; if that is a list, of uploads in the scopes they have."""
        is_list, of_scope = self._known.collection(self._scope).is_list, defaultdict[str, list[str]](list)
        for copy in copies:
            scope = self._known.scope_of(copy) if is_list and not copy.list else self._scope
            of_scope[scope].append(copy.object_id)
        for scope, ids in of_scope.items():
            self.records |= self._known.records(scope, ids)

    def _subject(self, filed: Filed) -> Subject | None:
        """What a verdict of the pair would be of; None if a picture is gone, or another one."""
        found = [self.records.get(copy.object_id) for copy in filed.copies]
        records = [
            record
            for record, name in zip(found, filed.pair, strict=True)
            if record is not None and record.named == name
        ]
        return Subject.of(*records) if len(records) == len(filed.pair) else None


def _fitting(groups: Sequence[OpenGroup], most_copies: int) -> list[OpenGroup]:
    """Return the first of *groups*: as many as have so many copies, but one at least."""
    copies, fitting = 0, list[OpenGroup]()
    for group in groups:
        copies += min(len(group.others) + 1, most_copies)
        if fitting and copies > most_copies:
            break
        fitting.append(group)
    return fitting
