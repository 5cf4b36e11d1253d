"""`core.policy.match` for many pictures at once: the same answers, held to it by a test, by whole arrays."""

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from handler.core.asker import Asker
from handler.core.entry import Words, differing
from handler.core.generations import GENERATIONS
from handler.core.matches import HashedWindow
from handler.core.model import Fingerprint, Settings
from handler.core.policy import asking_windows, meets, turned_hashes
from handler.core.words import CHECK_BYTES, CHECK_WORDS, WORD_BYTES

Numbers = NDArray[np.int64]

_CHECKED_BITS = np.frombuffer((b"\xff" * CHECK_BYTES).ljust(WORD_BYTES * CHECK_WORDS, b"\0"), np.uint64)
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
    """Return check bits as rows of 64-bit words."""
    return np.frombuffer(b"".join(checks), np.uint64).reshape(len(checks), -1)


def _check_words(words: Words) -> Words:
    """Return the check words of rows of check bits."""
    return words[..., :CHECK_WORDS] & _CHECKED_BITS


def matches(askers: Sequence[Asker], asking: Numbers, rows: Numbers, stored: Stored, settings: Settings) -> Met:
    """Return which pairs of *askers[asking]* and the pictures in *rows* of *stored* match, in their order.

    All of them have content: what is flat matches by its bytes alone, and bytes are not looked at here.
    """
    if not len(rows):
        nothing = np.empty(0, np.int64)
        return Met(nothing, np.empty(0, bool), *[nothing] * 5)
    who, asking = np.unique(asking, return_inverse=True)  # most find nothing
    windows = _Windows([askers[number] for number in who.tolist()], settings)
    step = max(1, _AT_ONCE // (windows.hashes[0].size * stored.hashes.shape[-1]))
    parts = [
        _matches(windows, asking[at : at + step], rows[at : at + step], stored, settings, first=at)
        for at in range(0, len(rows), step)
    ]
    return Met(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _matches(
    windows: "_Windows", asking: Numbers, rows: Numbers, stored: Stored, settings: Settings, *, first: int
) -> Met:
    """Return the matches among some pairs, of which the first is number *first*."""
    distances = np.bitwise_count(windows.hashes[asking][..., None] ^ stored.hashes[rows][:, None, None, :])
    met = meets(settings.generation, settings.effort, settings.orientations)[:, windows.numbers]
    within = (distances <= settings.asked_radius) & met & windows.asks[asking][:, None, :, None]
    pair, place, mine, its = np.nonzero(within)
    distance = distances[pair, place, mine, its].astype(np.int64)
    order = np.lexsort((distance, pair))  # nearest first, and else as they are, which is how policy.match has them
    meetings = _Meetings(pair[order], place[order], mine[order], its[order], distance[order])
    checks = None if stored.checks is None else stored.checks[rows]
    if checks is not None:
        meetings = meetings.possible(windows, asking, checks)
    won, near, bits = _decided(meetings, windows, asking, checks, settings)
    return Met(
        meetings.pair[won] + first,
        near,
        meetings.distance[won],
        np.array(settings.orientations)[meetings.place[won]],
        np.array(windows.numbers)[meetings.mine[won]],
        meetings.its[won],
        bits,
    )


class _Meetings(NamedTuple):
    """Views within the radius of each other, those of one pair together and nearest first: arrays of one length."""

    pair: Numbers
    place: Numbers  # of the orientation
    mine: Numbers  # what asks: its place among the numbers of the windows
    its: Numbers
    distance: Numbers

    @property
    def firsts(self) -> Numbers:
        """Where each pair begins."""
        return np.flatnonzero(np.diff(self.pair, prepend=-1))

    def possible(self, windows: "_Windows", asking: Numbers, checks: Words) -> "_Meetings":
        """Return those that the asking window's own check words do not take for strangers."""
        own = windows.own[asking[self.pair], self.place, self.mine]
        bits = differing(_check_words(own), _check_words(checks[self.pair, self.its]))
        kept = bits + self.distance <= windows.generation.own_check_words_radius
        return _Meetings(*(column[kept] for column in self))


def _decided(
    meetings: _Meetings, windows: "_Windows", asking: Numbers, checks: Words | None, settings: Settings
) -> tuple[Numbers, NDArray[np.bool_], Numbers]:
    """Return by which of its meetings each pair that matches does; whether it is near; and what check bits differ.

    Every pair is asked about its nearest meeting first, all pairs at once. A window's own check bits often suffice.
    """
    near_enough = meetings.distance <= settings.strict_radius
    bits = _Bits(meetings, windows, asking, checks)
    worth_a_look = np.full(len(asking), -1)
    waiting, near = meetings.firsts, list[Numbers]()
    while len(waiting):
        open_ones = waiting[~(near_enough[waiting] & bits.same(waiting))]
        if settings.max_looks:
            unseen = (worth_a_look[meetings.pair[open_ones]] < 0) & ~bits.alike(open_ones)
        else:
            unseen = np.zeros(len(open_ones), bool)
        bits.look_closer(open_ones[near_enough[open_ones] | unseen])
        confirmed = near_enough[waiting] & bits.same(waiting)
        near.append(waiting[confirmed])
        open_ones = waiting[~confirmed]
        if settings.max_looks:
            looks = open_ones[bits.alike(open_ones)]
            looks = looks[worth_a_look[meetings.pair[looks]] < 0]
            worth_a_look[meetings.pair[looks]] = looks
        following = open_ones[open_ones + 1 < len(meetings.pair)] + 1
        waiting = following[meetings.pair[following] == meetings.pair[following - 1]]
    found = np.concatenate([np.empty(0, np.int64), *near])
    worth_a_look[meetings.pair[found]] = found
    won = worth_a_look[worth_a_look >= 0]
    return won, np.isin(won, found), bits.differing[won]


class _Bits:
    """How many check bits differ at most in each meeting: by the windows themselves, or once looked closer at least."""

    def __init__(self, meetings: _Meetings, windows: "_Windows", asking: Numbers, checks: Words | None) -> None:
        self.differing = np.full(len(meetings.pair), -1)  # where there are none
        self._of_words = np.zeros(len(meetings.pair), np.int64)
        self._meetings, self._windows = meetings, windows
        self._who = asking[meetings.pair]
        self._stored = None if checks is None else checks[meetings.pair, meetings.its]
        if self._stored is not None:
            own = windows.own[self._who, meetings.place, meetings.mine]
            self.differing = np.bitwise_count(own ^ self._stored).sum(axis=-1, dtype=np.int64)
            self._of_words = differing(_check_words(own), _check_words(self._stored)).astype(np.int64)

    def same(self, some: Numbers) -> NDArray[np.bool_]:
        """Whether *some* of the meetings are of one picture if nobody can look, but for the distance."""
        return self._possible(some) & (self.differing[some] <= self._windows.generation.check_radius)

    def alike(self, some: Numbers) -> NDArray[np.bool_]:
        """Whether *some* of the meetings are worth a look."""
        limit = self._windows.generation.looks_check_radius - 2 * self._meetings.distance[some]
        return self._possible(some) & ((self.differing[some] <= limit) | (self.differing[some] < 0))

    def _possible(self, some: Numbers) -> NDArray[np.bool_]:
        if self._stored is None:
            return np.ones(len(some), bool)
        return self._of_words[some] + self._meetings.distance[some] <= self._windows.generation.check_words_radius

    def look_closer(self, some: Numbers) -> None:
        """Count *some* of the meetings by windows that are a little smaller, too."""
        if self._stored is None or not len(some):
            return
        near, words = self._windows.near(self._who[some], self._meetings.place[some], self._meetings.mine[some])
        stored = self._stored[some][:, None]
        self.differing[some] = np.bitwise_count(near ^ stored).sum(axis=-1, dtype=np.int64).min(axis=-1)
        of_words = differing(words, _check_words(stored)).min(axis=-1, initial=8 * CHECK_BYTES)
        self._of_words[some] = np.minimum(self._of_words[some], of_words)


class _Windows:
    """The hashes and check bits of what some askers ask by, and of windows near it, in all orientations."""

    def __init__(self, askers: Sequence[Asker], settings: Settings) -> None:
        asked = [asking_windows(asker, settings) for asker in askers]
        self.generation = GENERATIONS[settings.generation]
        self.numbers = sorted(set().union(*asked))
        self.asks = np.array([[number in one for number in self.numbers] for one in asked]).reshape(len(asked), -1)
        nothing = HashedWindow(0, next((one.check for some in asked for one in some.values()), b""))
        self._asked = [[one.get(number, nothing) for number in self.numbers] for one in asked]
        self._askers, self._orientations = askers, settings.orientations
        self._near: dict[tuple[int, int, int], tuple[Words, Words]] = {}
        hashes = [
            turned_hashes(settings.generation, tuple(window.hash for window in some), settings.orientations)
            for some in self._asked
        ]
        self.hashes = np.array(hashes, np.uint64)  # shape (askers, orientations, numbers)

    @cached_property
    def own(self) -> Words:
        """Shape (askers, orientations, numbers, words)."""
        turned = self.generation.turned_check
        words = _words(
            [turned(window.check, one) for some in self._asked for one in self._orientations for window in some]
        )
        return words.reshape(len(self._asked), len(self._orientations), len(self.numbers), -1)

    def near(self, who: Numbers, places: Numbers, mine: Numbers) -> tuple[Words, Words]:
        """Return what is near *mine* of the askers *who*, turned: check bits, and the check words that go before them.

        Shapes (meetings, windows, words) and (meetings, windows, 2).
        """
        each = [self._one(*one) for one in zip(who.tolist(), places.tolist(), mine.tolist(), strict=True)]
        return np.stack([checks for checks, _ in each]), np.stack([words for _, words in each])

    def _one(self, who: int, place: int, mine: int) -> tuple[Words, Words]:
        known = self._near.get((who, place, mine))
        if known is None:
            asker, number, orientation = self._askers[who], self.numbers[mine], self._orientations[place]
            checks = _words([self.generation.turned_check(check, orientation) for check in asker.checks_near(number)])
            known = checks, asker.words_near([(number, orientation)])[0].astype(">u8").view(np.uint64)  # as those are
            self._near[who, place, mine] = known
        return known
