"""Pictures that are compared with each other: the scan of a warm instance, then the policy."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from handler.cli.earlier import EarlierAskers
from handler.cli.matching import Stored, matches
from handler.core.asker import Asker
from handler.core.entry import to_entry
from handler.core.generations import GENERATIONS
from handler.core.matches import Likeness, Match
from handler.core.model import Fingerprint, MatchKind, PictureRecord, Settings
from handler.core.policy import match, questions, taken_apart_s
from handler.entries import Entries


class FoundPair(NamedTuple):
    """Two pictures that may show the same thing."""

    a: PictureRecord  # the one that came later, or was asked about
    match: Match  # what it has in common with the other one
    by_b: bool = False  # the other one asked, which finds other things
    otherwise: "FoundPair | None" = None  # how the two were found the other way around, too

    @property
    def b(self) -> PictureRecord:
        """The other one."""
        return self.match.record


class Album:
    """Pictures, compared as the function compares them."""

    def __init__(self, settings: Settings) -> None:
        generation = GENERATIONS[settings.generation]
        self._settings = settings
        self._records: list[PictureRecord] = []
        self._words_radius = generation.own_check_words_radius or None
        self._entries, self._stored = Entries(generation.word_count), Stored(len(generation.view_names))
        # Where a look decides, and more asks than is stored: what came before asks as well.
        both_ways = settings.max_looks and len(generation.asking_names) > len(generation.view_names)
        self._earlier = EarlierAskers(settings) if both_ways else None

    def add(self, askers: Sequence[Asker]) -> None:
        """Add pictures."""
        records = [asker.record for asker in askers]
        self._records += records
        self._entries.extend([to_entry(record.ref.object_id, record.entry_words) for record in records])
        self._stored.extend([_fingerprint(record) for record in records])
        if self._earlier is not None:
            self._earlier.extend(askers)

    def matches(self, askers: Sequence[Asker]) -> Iterator[FoundPair]:
        """Yield each of *askers* with each picture in here that it matches; in their orders.

        Then those in here with those of *askers* that they match: which of two comes first is chance on a disk. They
        ask by what is kept of them, and find somewhat less than in their turn.
        """
        return self._both_ways(askers, [len(self._records)] * len(askers))

    def add_and_match(self, askers: Sequence[Asker]) -> Iterator[FoundPair]:
        """Add pictures; yield the same of each and those that came before it."""
        before = len(self._records)
        self.add(askers)
        return self._both_ways(askers, range(before, len(self._records)))

    def _both_ways(self, askers: Sequence[Asker], ends: Sequence[int]) -> Iterator[FoundPair]:
        """Yield the matches of *askers* with the first pictures in here, either asking; *ends* says of how many."""
        yield from self._matches(askers, np.array(ends, np.int64))
        if self._earlier is None:
            return
        records = [asker.record for asker in askers]
        for asked_for in self._earlier.asking_for([_fingerprint(record) for record in records], ends):
            a, b = records[asked_for.later], self._records[asked_for.row]
            if _compared_by_views(b, a):
                likeness, apart = Likeness(MatchKind.ALIKE, asked_for.distance), taken_apart_s(b, a)
                there = Match(a, likeness, asked_for.orientation, asked_for.view_pair, taken_apart_s=apart)
                yield FoundPair(a, there.from_the_other(b), by_b=True)

    def _matches(self, askers: Sequence[Asker], ends: NDArray[np.int64]) -> Iterator[FoundPair]:
        """Yield each of *askers* with its matches among the first pictures in here; *ends* says how many, for each."""
        asked = [questions(asker, self._settings) for asker in askers]
        asking, rows = self._entries.scan_each(asked, self._settings.asked_radius, self._words_radius)
        before = rows < ends[asking]
        asking, rows = asking[before], rows[before]
        for one, found in zip(asking.tolist(), self._found(askers, asking, rows), strict=True):
            if found:
                yield FoundPair(askers[one].record, found)

    def _found(self, askers: Sequence[Asker], asking: NDArray[np.int64], rows: NDArray[np.int64]) -> list[Match | None]:
        """Return the match of each of *askers[asking]* with the picture in each of *rows*, or None where it is none."""
        both = [(askers[one], self._records[row]) for one, row in zip(asking.tolist(), rows.tolist(), strict=True)]
        found: list[Match | None] = [None] * len(both)
        by_views = list[int]()
        for number, (asker, other) in enumerate(both):
            if _compared_by_views(asker.record, other):
                by_views.append(number)
            else:
                found[number] = match(asker, other, self._settings)
        if by_views:
            met = matches(askers, asking[by_views], rows[by_views], self._stored, self._settings)
            for number, *how in zip(*(column.tolist() for column in met), strict=True):
                asker, other = both[by_views[number]]
                found[by_views[number]] = _match(asker.record, other, *how)
        return found


def _fingerprint(record: PictureRecord) -> Fingerprint:
    if record.fingerprint is None:
        raise ValueError(f"{record.ref.key} has no fingerprint, so nothing can be compared with it")
    return record.fingerprint


def _compared_by_views(one: PictureRecord, other: PictureRecord) -> bool:
    """Whether two pictures may match, and not by their bytes alone."""
    if one.fingerprint is None or other.fingerprint is None or one.digest == other.digest:
        return False
    return one.ref != other.ref and not one.fingerprint.flat and not other.fingerprint.flat


def _match(
    one: PictureRecord,
    other: PictureRecord,
    near: bool,
    distance: int,
    orientation: int,
    mine: int,
    its: int,
    bits: int,
) -> Match:
    likeness = Likeness(MatchKind.NEAR if near else MatchKind.ALIKE, distance)
    return Match(other, likeness, orientation, (mine, its), None if bits < 0 else bits, taken_apart_s(one, other))
