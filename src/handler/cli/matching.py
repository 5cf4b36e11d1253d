"""`core.policy.match` for many pictures at once: the same answers, held to it by a test, by whole arrays."""

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from handler.core.asker import Asker
from handler.core.generations import GENERATIONS
from handler.core.model import Fingerprint, Settings
from handler.core.policy import asking_hashes, meets, turned_hashes

Words = NDArray[np.uint64]
Numbers = NDArray[np.int64]

_ALL_DIFFER = 256  # check bits
_AT_ONCE = 2_000_000  # distances: so many bytes, and a few times as many while they are counted


class Met(NamedTuple):
    """The views by which pictures match: arrays of one length."""

    pairs: Numbers  # which of the pairs that were asked about
    near: NDArray[np.bool_]  # the same picture if nobody can look; else only worth a look
    distances: Numbers  # bits
    orientations: Numbers  # how to turn the asker, as EXIF numbers it
    mine: Numbers  # what asks
    its: Numbers  # the other's
    check_bits: Numbers  # that differ at most; -1 where there are none


class Stored:
    """The hashes and check bits of pictures, as arrays that grow."""

    def __init__(self, views: int) -> None:
        self.hashes: Words = np.empty((0, views), np.uint64)
        self.checks: Words | None = None  # shape (rows, views, words); None where there are none
        self._rows = 0

    def extend(self, fingerprints: Sequence[Fingerprint]) -> None:
        """Add one row for each of *fingerprints*."""
        if not fingerprints:
            return
        new = slice(self._rows, self._rows + len(fingerprints))
        self.hashes = _with_room(self.hashes, new.stop)
        self.hashes[new] = [one.hashes for one in fingerprints]
        if fingerprints[0].checks:
            words = _words([check for one in fingerprints for check in one.checks])
            words = words.reshape(len(fingerprints), -1, words.shape[-1])
            self.checks = _with_room(words[:0] if self.checks is None else self.checks, new.stop)
            self.checks[new] = words
        self._rows = new.stop


def _with_room(array: Words, rows: int) -> Words:
    """Return *array* with memory for at least so many *rows*."""
    if rows <= len(array):
        return array
    larger = np.empty((max(rows, 2 * len(array)), *array.shape[1:]), array.dtype)
    larger[: len(array)] = array
    return larger


def _words(checks: Sequence[bytes]) -> Words:
    """Return check bits as rows of 64-bit words, whose differences are counted: their order is of no account."""
    return np.frombuffer(b"".join(checks), np.uint64).reshape(len(checks), -1)


def matches(askers: Sequence[Asker], asking: Numbers, rows: Numbers, stored: Stored, settings: Settings) -> Met:
    """Return which pairs of *askers[asking]* and the pictures in *rows* of *stored* match, in their order.

    All of them have content: what is flat matches by its bytes alone, and bytes are not looked at here.
    """
    hashes = _Hashes.of(askers, settings)
    step = max(1, _AT_ONCE // (hashes.turned[0].size * stored.hashes.shape[-1]))
    windows = _Windows(askers, settings)
    parts = [
        _matches(windows, hashes, asking[at : at + step], rows[at : at + step], stored, settings, first=at)
        for at in range(0, max(1, len(rows)), step)
    ]
    return Met(*(np.concatenate(column) for column in zip(*parts, strict=True)))


class _Hashes(NamedTuple):
    """By what some askers ask, in all orientations."""

    numbers: Numbers  # of what asks: the views first
    turned: Words  # shape (askers, orientations, numbers)
    asks: NDArray[np.bool_]  # shape (askers, numbers): has content

    @classmethod
    def of(cls, askers: Sequence[Asker], settings: Settings) -> "_Hashes":
        asked = [dict(asking_hashes(asker, settings)) for asker in askers]
        numbers = sorted(set().union(*asked))
        turned = [
            turned_hashes(settings.generation, tuple(one.get(n, 0) for n in numbers), settings.orientations)
            for one in asked
        ]
        return cls(np.array(numbers), np.stack(turned), np.array([[n in one for n in numbers] for one in asked]))


def _matches(
    windows: "_Windows",
    hashes: _Hashes,
    asking: Numbers,
    rows: Numbers,
    stored: Stored,
    settings: Settings,
    *,
    first: int,
) -> Met:
    """Return the matches among some pairs, of which the first is number *first*."""
    distances = np.bitwise_count(hashes.turned[asking][..., None] ^ stored.hashes[rows][:, None, None, :])
    met = meets(settings.generation, settings.effort, settings.orientations)[:, hashes.numbers]
    within = (distances <= settings.asked_radius) & met & hashes.asks[asking][:, None, :, None]
    pair, place, column, its = np.nonzero(within)
    distance, mine = distances[pair, place, column, its].astype(np.int64), hashes.numbers[column]
    order = np.lexsort((distance, pair))  # nearest first, and else as they are, which is how policy.match has them
    meetings = _Meetings(pair[order], place[order], mine[order], its[order], distance[order])
    won, near, bits = _decided(
        meetings, windows, asking, None if stored.checks is None else stored.checks[rows], settings
    )
    return Met(
        meetings.pair[won] + first,
        near,
        meetings.distance[won],
        np.array(settings.orientations)[meetings.place[won]],
        meetings.mine[won],
        meetings.its[won],
        bits,
    )


class _Meetings(NamedTuple):
    """Views within the radius of each other, those of one pair together and nearest first: arrays of one length."""

    pair: Numbers
    place: Numbers  # of the orientation
    mine: Numbers  # what asks
    its: Numbers
    distance: Numbers

    @property
    def firsts(self) -> Numbers:
        """Where each pair begins."""
        return np.flatnonzero(np.diff(self.pair, prepend=-1))


def _decided(
    meetings: _Meetings, windows: "_Windows", asking: Numbers, checks: Words | None, settings: Settings
) -> tuple[Numbers, NDArray[np.bool_], Numbers]:
    """Return by which of its meetings each pair that matches does; whether it is near; and what check bits differ.

    Every pair is asked about its nearest meeting first, all pairs at once. A view's own check bits often suffice.
    """
    generation, near_enough = GENERATIONS[settings.generation], meetings.distance <= settings.radius
    bits = _Bits(meetings, windows, asking, checks)
    worth_a_look = np.full(len(asking), -1)
    waiting, near = meetings.firsts, list[Numbers]()
    while len(waiting):
        confirmed = near_enough[waiting] & (bits.differing[waiting] <= generation.check_radius)
        open_ones = waiting[~confirmed]
        looked_at = worth_a_look[meetings.pair[open_ones]] >= 0
        far = bits.differing[open_ones] > generation.looks_check_radius
        bits.look_closer(open_ones[near_enough[open_ones] | (far & ~looked_at & bool(settings.max_looks))])
        confirmed = near_enough[waiting] & (bits.differing[waiting] <= generation.check_radius)
        near.append(waiting[confirmed])
        open_ones = waiting[~confirmed]
        if settings.max_looks:
            looks = open_ones[bits.differing[open_ones] <= generation.looks_check_radius]
            looks = looks[worth_a_look[meetings.pair[looks]] < 0]
            worth_a_look[meetings.pair[looks]] = looks
        following = open_ones[open_ones + 1 < len(meetings.pair)] + 1
        waiting = following[meetings.pair[following] == meetings.pair[following - 1]]
    found = np.concatenate([np.empty(0, np.int64), *near])
    worth_a_look[meetings.pair[found]] = found
    won = worth_a_look[worth_a_look >= 0]
    return won, np.isin(won, found), bits.differing[won]


class _Bits:
    """How many check bits differ at most in each meeting: by the views themselves or, once looked closer, at least."""

    def __init__(self, meetings: _Meetings, windows: "_Windows", asking: Numbers, checks: Words | None) -> None:
        self.differing = np.full(len(meetings.pair), -1)  # where there are none
        self._meetings, self._windows = meetings, windows
        self._who = asking[meetings.pair]
        self._stored = None if checks is None else checks[meetings.pair, meetings.its]
        if self._stored is not None:
            own = windows.own
            views = np.minimum(meetings.mine, own.shape[2] - 1)
            differing = np.bitwise_count(own[self._who, meetings.place, views] ^ self._stored).sum(axis=-1)
            # What is not stored has no check bits at hand: all may differ, until somebody looks closer.
            self.differing = np.where(meetings.mine == views, differing, _ALL_DIFFER).astype(np.int64)

    def look_closer(self, some: Numbers) -> None:
        """Count *some* of the meetings by windows that are a little smaller, too."""
        if self._stored is None or not len(some):
            return
        near = self._windows.near(self._who[some], self._meetings.place[some], self._meetings.mine[some])
        differing = np.bitwise_count(near ^ self._stored[some][:, None, :]).sum(axis=-1, dtype=np.int64)
        self.differing[some] = differing.min(axis=-1)


class _Windows:
    """The check bits of some askers' views, and of windows near them, in all orientations."""

    def __init__(self, askers: Sequence[Asker], settings: Settings) -> None:
        self._askers, self._orientations = askers, settings.orientations
        self._turned = GENERATIONS[settings.generation].turned_check
        self._near: dict[tuple[int, int, int], Words] = {}

    @cached_property
    def own(self) -> Words:
        """Shape (askers, orientations, views, words)."""
        checks = [asker.record.fingerprint.checks if asker.record.fingerprint else () for asker in self._askers]
        words = _words([self._turned(check, one) for some in checks for one in self._orientations for check in some])
        return words.reshape(len(checks), len(self._orientations), -1, words.shape[-1])

    def near(self, who: Numbers, places: Numbers, views: Numbers) -> Words:
        """Return what is near the *views* of the askers *who*, turned: shape (views, windows, words)."""
        return np.stack([self._one(*one) for one in zip(who.tolist(), places.tolist(), views.tolist(), strict=True)])

    def _one(self, who: int, place: int, view: int) -> Words:
        known = self._near.get((who, place, view))
        if known is None:
            orientation = self._orientations[place]
            known = _words([self._turned(check, orientation) for check in self._askers[who].checks_near(view)])
            self._near[who, place, view] = known
        return known
