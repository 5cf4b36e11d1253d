"""Which pictures are copies of which: groups, each of a best copy and what matches it."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from handler.cli.album import FoundPair
from handler.core.matches import Likeness, Match
from handler.core.model import MatchKind, PictureRecord, Settings

Decide = Callable[[Sequence[FoundPair]], Iterable[Match | None]]  # what is a match of each, in their order
Between = tuple[str, str]  # two paths, the worse copy first


class FileGroup(NamedTuple):
    """A best copy and what matches it."""

    best: PictureRecord
    others: list[FoundPair]  # each of them with the best one, in either role; the best first


class Grouped(NamedTuple):
    """All that was found."""

    groups: list[FileGroup]  # then those of what is in none, around what it resembles most, whatever that is a copy of
    pairs: list[tuple[FoundPair, int | None]]  # each with the number of its group, counted from 1; None if in none


def worth(record: PictureRecord) -> tuple[int, float, str, str]:
    """Return what copies are sorted by, the best first: most pixels, least compressed, oldest; then by path."""
    computed = record.fingerprint
    pixels = computed.width * computed.height if computed else 0
    return -pixels, -(record.bytes or 0) / max(1, pixels), record.modified or "", record.ref.key


class Grouping:
    """Groups pictures; as the worse copy, no picture has more looks taken of it than the settings allow."""

    def __init__(self, settings: Settings, decide: Decide) -> None:
        self._settings = settings
        self._decide = decide
        self._decided: dict[Between, FoundPair | None] = {}
        self._looks: Counter[str] = Counter()

    def among(self, order: Sequence[PictureRecord], found: Sequence[FoundPair]) -> Grouped:
        """Return the groups among pictures in *order*, the best first, of which *found* may match.

        A picture joins the nearest group whose best it matches: the same picture rather than an altered one. The best
        of a group is in no other group.
        """
        place = {record.ref.key: number for number, record in enumerate(order)}
        chances = defaultdict[str, list[tuple[str, FoundPair]]](list)
        for one in sorted(found, key=_nearness):
            better, worse = sorted((one.a.ref.key, one.b.ref.key), key=place.__getitem__)
            chances[worse].append((better, one))
        while True:
            joined, wanted = self._joined([record.ref.key for record in order], chances)
            if not wanted:
                break
            self._settle(wanted)
        return self._grouped(order, joined, found)

    def _joined(
        self, order: Sequence[str], chances: Mapping[str, Sequence[tuple[str, FoundPair]]]
    ) -> tuple[dict[str, str], list[tuple[Between, FoundPair]]]:
        """Return whose copy each path is by what is decided so far, and what has to be decided to go on."""
        joined: dict[str, str] = {}
        wanted = list[tuple[Between, FoundPair]]()
        for path in order:
            altered_of = None
            for better, one in chances.get(path, ()):
                if better in joined:  # a copy itself
                    continue
                if (path, better) not in self._decided:
                    wanted.append(((path, better), one))
                    joined[path] = better  # for now
                    break
                decided = self._decided[path, better]
                if decided and decided.match.kind.rank <= MatchKind.NEAR.rank:
                    joined[path] = better
                    break
                altered_of = altered_of or (better if decided else None)
            else:
                if altered_of:
                    joined[path] = altered_of
        return joined, wanted

    def _settle(self, wanted: Sequence[tuple[Between, FoundPair]]) -> None:
        """Decide about some, each by a look while there are looks left for the worse copy."""
        open_ones = list[tuple[Between, FoundPair]]()
        for between, one in wanted:
            if between in self._decided:
                continue
            if one.match.kind is MatchKind.EXACT or self._looks[between[0]] >= self._settings.max_looks:
                self._decided[between] = one if one.match.kind.rank <= MatchKind.NEAR.rank else None
            else:
                self._looks[between[0]] += 1
                open_ones.append((between, one))
        for (between, one), decided in zip(open_ones, self._decide([one for _, one in open_ones]), strict=True):
            self._decided[between] = FoundPair(one.a, decided) if decided else None

    def _grouped(
        self, order: Sequence[PictureRecord], joined: Mapping[str, str], found: Sequence[FoundPair]
    ) -> Grouped:
        members = defaultdict[str, list[FoundPair]](list)
        for record in order:
            path = record.ref.key
            if path in joined and (one := self._decided[path, joined[path]]):
                members[joined[path]].append(one)
        groups = [FileGroup(record, members[record.ref.key]) for record in order if record.ref.key in members]
        groups.sort(key=lambda group: group.best.ref.key)
        number = {
            path: at
            for at, group in enumerate(groups, 1)
            for path in (group.best.ref.key, *(p for one in group.others for p in (one.a.ref.key, one.b.ref.key)))
        }
        place = {record.ref.key: at for at, record in enumerate(order)}
        pairs = list(self._pairs(found, place, joined, number))
        alone = sorted((one for one, group in pairs if group is None), key=_likeness)
        further = _leftovers(alone, {record.ref.key: record for record in order}, number, place)
        number_of = {id(one): at for at, group in enumerate(further, len(groups) + 1) for one in group.others}
        return Grouped([*groups, *further], [(one, number_of.get(id(one), group)) for one, group in pairs])

    def _pairs(
        self, found: Sequence[FoundPair], place: Mapping[str, int], joined: Mapping[str, str], number: Mapping[str, int]
    ) -> Iterator[tuple[FoundPair, int | None]]:
        """Yield every pair: by a look of its own, unless both are the same picture as the best of their group."""
        apart = list[tuple[Between, FoundPair]]()
        for one in found:
            better, worse = sorted((one.a.ref.key, one.b.ref.key), key=place.__getitem__)
            if joined.get(worse) != better and not self._are_copies_of_one(worse, better, joined):
                apart.append(((worse, better), one))
        self._settle(apart)
        for one in found:
            better, worse = sorted((one.a.ref.key, one.b.ref.key), key=place.__getitem__)
            if (worse, better) in self._decided:
                together = joined.get(worse) in (better, joined.get(better, ""))
                if decided := self._decided[worse, better]:
                    yield decided, number[worse] if together else None
            else:
                yield _as_copies_of_one(one), number[worse]

    def _are_copies_of_one(self, worse: str, better: str, joined: Mapping[str, str]) -> bool:
        """Whether two pictures are both the same as one best, and nobody has looked at the two of them."""
        best = joined.get(worse)
        if best is None or joined.get(better) != best or (worse, better) in self._decided:
            return False
        with_best = [self._decided[path, best] for path in (worse, better)]
        return all(one and one.match.kind.rank <= MatchKind.NEAR.rank for one in with_best)


def _leftovers(
    alone: Sequence[FoundPair],
    records: Mapping[str, PictureRecord],
    number: Mapping[str, int],
    place: Mapping[str, int],
) -> list[FileGroup]:
    """Return a group for each picture that is in none: it resembles one that is a copy of another one already."""
    shown, members = set(number), defaultdict[str, list[FoundPair]](list)
    for one in alone:
        paths = {one.a.ref.key, one.b.ref.key}
        if not paths <= shown:
            shown |= paths
            members[min(paths, key=place.__getitem__)].append(one)
    return [FileGroup(records[path], pairs) for path, pairs in sorted(members.items())]


def _likeness(one: FoundPair) -> tuple[int, int, str, str]:
    """Return what decided pairs are sorted by: those that have most in common first."""
    return one.match.kind.rank, one.match.distance, one.b.ref.key, one.a.ref.key


def _as_copies_of_one(one: FoundPair) -> FoundPair:
    """Return two copies of one picture as a pair: they are the same, though nobody looked at the two."""
    return FoundPair(one.a, replace(one.match, likeness=Likeness(MatchKind.NEAR, one.match.distance)))


def _nearness(one: FoundPair) -> tuple[int, bool, int, str, str]:
    """Return what pairs are sorted by; of those whose check bits nobody counted, nothing is known to speak for them."""
    match, most = one.match, 256
    bits = most if match.check_bits is None else match.check_bits
    return match.distance, match.kind is not MatchKind.EXACT, bits, one.b.ref.key, one.a.ref.key
