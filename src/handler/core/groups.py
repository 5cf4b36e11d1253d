"""Groups of announced pairs for review: each of a best copy and what matches it."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from handler.core.filed import Copy, Filed
from handler.core.model import MatchKind

Rank = Callable[[Copy], float | str]

_UNKNOWN = "~"  # a time that nobody knows: behind all others

RANKS: Mapping[str, Rank] = {  # what copies are sorted by, the best first
    "pixels": lambda copy: -copy.width * copy.height,
    "compression": lambda copy: -copy.bytes / max(1, copy.width * copy.height),  # the least compressed
    "oldest": lambda copy: copy.modified or _UNKNOWN,
    "largest": lambda copy: -copy.bytes,
    "key": lambda copy: copy.key,
}
BEST_FIRST = ("pixels", "compression", "oldest")


Place = tuple[float | str, ...]  # by which groups are ordered


class OpenGroup(NamedTuple):
    """A best copy and what matches it."""

    best: Copy
    others: tuple[Copy, ...]  # the best first
    pairs: tuple[Filed, ...]  # those with the best in the order of the others, then those among the others
    names: tuple[str, ...]  # of best and others, as pairs have them
    more: int = 0  # further others, which are left out

    @property
    def kind(self) -> MatchKind:
        """The least that one of the others has in common with the best."""
        return max((filed.likeness.kind for filed in self.with_best), key=lambda kind: kind.rank)

    @property
    def agreement(self) -> float | None:
        """The least agreement of one of the others with the best: 1 of equal bytes; None if nobody looked at one."""
        found = [one for one in map(_agreement, self.with_best) if one is not None]
        return min(found) if len(found) == len(self.others) else None

    @property
    def with_best(self) -> tuple[Filed, ...]:
        """The pairs of the best with each of the others."""
        return self.pairs[: len(self.others)]

    def at_most(self, most: int) -> "OpenGroup":
        """Return the same with no more than *most* copies, the best ones; the others count as `more`."""
        others = self.others[: most - 1]
        if len(others) == len(self.others):
            return self
        names = self.names[:most]
        among = [filed for filed in self.pairs[len(self.others) :] if set(filed.pair) <= set(names)]
        return OpenGroup(
            self.best, others, (*self.pairs[: len(others)], *among), names, self.more + len(self.others) - len(others)
        )

    def place(self, best_first: Sequence[str]) -> Place:
        """Return by what the group is ordered among others: that of its best copy."""
        return place(self.best, best_first)


class GroupFilter(NamedTuple):
    """Which groups are wanted: those of whose others every one has that much in common with the best."""

    kinds: frozenset[MatchKind] = frozenset(MatchKind)
    agreement: float = 0.0

    def admits(self, group: OpenGroup) -> bool:
        """Whether *group* is wanted. What nobody looked at agrees in nothing."""
        return all(map(self._fits, group.with_best))

    def may_admit(self, group: OpenGroup) -> bool:
        """Whether *group* may be wanted once some of its others are gone."""
        return any(map(self._fits, group.with_best))

    def _fits(self, filed: Filed) -> bool:
        return filed.likeness.kind in self.kinds and (_agreement(filed) or 0.0) >= self.agreement


def grouped(pairs: Sequence[Filed], best_first: Sequence[str] = BEST_FIRST) -> list[OpenGroup]:
    """Return the groups among *pairs*, the one with the best copy first. Not of chains: each matches its best.

    Greedy: the best copy of all takes what matches it, the best of the rest takes what is left, and so on. A picture
    that matches several best ones joins the nearest: the same picture rather than an altered one, then the better one.
    An entry of a list comes before what was uploaded, so a group is of an entry and the uploads that match it.
    """
    copies = {name: copy for filed in pairs for name, copy in zip(filed.pair, filed.copies, strict=True)}
    order = sorted(copies, key=lambda name: (not copies[name].list, place(copies[name], best_first), name))
    number_of = {name: number for number, name in enumerate(order)}
    members = _members(pairs, order, number_of)
    among = _among(pairs, members, number_of)
    return [
        OpenGroup(
            copies[best],
            tuple(copies[name] for name, _ in others),
            (*(filed for _, filed in others), *among.get(best, ())),
            (best, *(name for name, _ in others)),
        )
        for best, others in members.items()
        if others
    ]


_Members = Mapping[str, Sequence[tuple[str, Filed]]]  # by their best: the others, the best first, each with the pair


def _members(pairs: Sequence[Filed], order: Sequence[str], number_of: Mapping[str, int]) -> _Members:
    """Return who is in whose group, of the copies named in *order*."""
    chances = defaultdict[str, list[tuple[str, Filed]]](list)
    for filed in pairs:
        better, worse = sorted(filed.pair, key=number_of.__getitem__)
        chances[worse].append((better, filed))
    members: dict[str, list[tuple[str, Filed]]] = {}
    for name in order:
        bests = [(better, filed) for better, filed in chances[name] if better in members]
        if bests:
            better, filed = min(bests, key=lambda chance: (_rank(chance[1]), number_of[chance[0]]))
            members[better].append((name, filed))
        else:
            members[name] = []
    return members


def _among(pairs: Sequence[Filed], members: _Members, number_of: Mapping[str, int]) -> Mapping[str, Sequence[Filed]]:
    """Return the pairs among the others of each best, in their order."""
    best_of = {name: best for best, others in members.items() for name, _ in others}
    among = defaultdict[str, list[Filed]](list)
    for filed in sorted(pairs, key=lambda filed: sorted(number_of[name] for name in filed.pair)):
        one, other = (best_of.get(name) for name in filed.pair)
        if one is not None and one == other:
            among[one].append(filed)
    return among


def place(copy: Copy, best_first: Sequence[str]) -> Place:
    """Return by what copies are ordered, the best first; of groups the best copies."""
    return *(RANKS[rank](copy) for rank in best_first), copy.bucket, copy.key


def _agreement(filed: Filed) -> float | None:
    return 1.0 if filed.likeness.kind is MatchKind.EXACT else filed.likeness.agreement


def _rank(filed: Filed) -> bool:
    return filed.likeness.kind.rank > MatchKind.NEAR.rank
