"""What is asked of the index for a picture, which candidates are matches and of what kind, and their order."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache, lru_cache, partial
from itertools import starmap, zip_longest
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from handler.core.asker import Asker
from handler.core.confirming import Confirming, check_words
from handler.core.entry import Confirms, Question
from handler.core.generations import GENERATIONS, Generation
from handler.core.matches import HashedWindow, Likeness, Match
from handler.core.model import Fingerprint, MatchKind, PictureRecord, Settings
from handler.core.phash import HASH_BITS
from handler.core.words import first_words, repeated


class Meeting(NamedTuple):
    """Two views of two pictures, compared."""

    distance: int  # bits
    orientation: int  # of the first picture
    view_pair: tuple[int, int]
    hashes: tuple[int, int]  # the first one turned
    check_bits: int | None  # that differ; None where there are none
    possible: bool  # by their check words: they may be the same picture


def questions(asker: Asker, settings: Settings) -> list[Question]:
    """Return what to ask for a picture: each window that asks, in each orientation, against the stored views it meets.

    Which meet is a table (`core.asked`), by effort. Hashes that come twice are asked for once.
    """
    picture, generation = asker.record, GENERATIONS[asker.record.generation]
    if picture.fingerprint is None or picture.fingerprint.flat:
        return [Question(key, check_words=repeated(key)) for key in picture.entry_hashes[:1]]
    asked: dict[int, Question] = {}
    windows = asking_windows(asker, settings)
    for orientation in settings.orientations:
        for number, window in windows.items():
            met = generation.meets[settings.effort].of(generation.turned_asking(number, orientation), orientation)
            if met:
                new = _asked_by(generation, number, window=window, orientation=orientation, met=met)
                known = asked.get(new.hash)
                asked[new.hash] = _both(known, new) if known else new
    return list(asked.values())


def _both(known: Question, new: Question) -> Question:
    """Return what asks all that two questions of one hash ask."""
    return known._replace(
        stored_views=tuple(sorted({*known.stored_views, *new.stored_views})),
        bucketed=known.bucketed or new.bucketed,
        windows=tuple(dict.fromkeys((*known.windows, *new.windows))),
    )


def _asked_by(
    generation: Generation, number: int, *, window: HashedWindow, orientation: int, met: tuple[int, ...]
) -> Question:
    """Return what that *number* of what asks asks in that orientation of the stored views that it *met*."""
    return Question(
        generation.turned(window.hash, orientation),
        met,
        bucketed=number < generation.anchors and orientation == 1,  # each costs as much as all of the journal
        windows=((number, orientation),),
        check_words=first_words(generation.turned_check(window.check, orientation)) if window.check else (0, 0),
    )


def radius_of(asker: Asker, settings: Settings) -> int:
    """Return within how many bits to ask for a picture: within none if it is flat, since only its bytes match it."""
    flat = asker.record.fingerprint is None or asker.record.fingerprint.flat
    return 0 if flat else settings.asked_radius


def bucketed(asked: Sequence[Question], radius: int, probed_radius: int, generation: str) -> bool:
    """Whether the buckets know all that may meet the questions *asked*, which they are asked within *probed_radius*."""
    filed = range(GENERATIONS[generation].anchors)
    return radius <= probed_radius and all(
        question.bucketed and all(view in filed for view in question.stored_views) for question in asked
    )


def confirms(asker: Asker, asked: Sequence[Question]) -> Confirms | None:
    """Return what tells strangers from what meets the questions *asked* by check words; None where there are none."""
    picture = asker.record.fingerprint
    if picture is None or picture.flat or not picture.checks:
        return None
    return Confirming(asker, asked)


def asking_windows(asker: Asker, settings: Settings) -> Mapping[int, HashedWindow]:
    """Return by what a picture asks, by number: its views first."""
    if asker.record.fingerprint is None:
        return {}
    views = zip_longest(asker.record.fingerprint.hashes, asker.record.fingerprint.checks, fillvalue=b"")
    return {**dict(enumerate(starmap(HashedWindow, views))), **asker.further(settings.effort)}


def match(asker: Asker, candidate: PictureRecord, settings: Settings) -> Match | None:
    """Return the match of *candidate* with the picture that asks by what is known of both, or None where it is none.

    Hashes are confirmed by the check bits of the asker's views, or of windows near them, and of what is stored.
    None if either has no hash (any more), both are one object, their hashes are of different generations, no two
    views that may meet are within the radius, or the check bits of those that do contradict. Flat pictures match
    by their bytes alone. Exact means equal bytes by SHA-256: an ETag is no digest after a multipart upload or under
    SSE-KMS. Near is what counts as the same if nobody can look at the pixels; where looks are taken, what might be
    the same comes as alike.
    """
    picture = asker.record
    if picture.fingerprint is None or candidate.fingerprint is None:
        return None
    if candidate.ref.object_id == picture.ref.object_id or candidate.generation != picture.generation:
        return None
    if picture.digest is not None and picture.digest == candidate.digest:
        return Match(candidate, Likeness(MatchKind.EXACT, distance=0), taken_apart_s=taken_apart_s(picture, candidate))
    if picture.fingerprint.flat or candidate.fingerprint.flat:
        return None
    decisive = _decisive(meetings(asker, candidate.fingerprint, settings, settings.asked_radius), settings)
    return _matched(picture, candidate, *decisive) if decisive else None


def closest(asker: Asker, other: PictureRecord, settings: Settings) -> Meeting:
    """Return how the two meet: by the views that make them a match, or else by the nearest, whatever its distance.

    Raises ValueError if one has no hash.
    """
    if asker.record.fingerprint is None or other.fingerprint is None:
        raise ValueError("a picture without a hash is near to nothing")
    met = partial(meetings, asker, other.fingerprint, settings)
    decisive = _decisive(met(settings.asked_radius), settings)
    return decisive[0] if decisive else next(met(HASH_BITS))


def _decisive(met: Iterable[Meeting], settings: Settings) -> tuple[Meeting, MatchKind] | None:
    """Return what makes two pictures a match, and of which kind: the same if nobody looks, or else worth a look."""
    generation, worth_a_look = GENERATIONS[settings.generation], None
    for meeting in met:
        if meeting.distance <= settings.strict_radius and _within(meeting, generation.check_radius):
            return meeting, MatchKind.NEAR
        check_radius = looks_check_radius(generation, meeting.distance)
        if settings.max_looks and not worth_a_look and _within(meeting, check_radius):
            worth_a_look = meeting, MatchKind.ALIKE
    return worth_a_look


def looks_check_radius(generation: Generation, distance: int) -> int:
    """Return how many check bits may differ before a look, where hashes differ in *distance* bits."""
    return generation.looks_check_radius - 2 * distance


def _within(meeting: Meeting, check_radius: int) -> bool:
    return meeting.possible and (meeting.check_bits is None or meeting.check_bits <= check_radius)


def _matched(picture: PictureRecord, candidate: PictureRecord, meeting: Meeting, kind: MatchKind) -> Match:
    return Match(
        candidate,
        Likeness(kind, meeting.distance),
        meeting.orientation,
        meeting.view_pair,
        meeting.check_bits,
        taken_apart_s(picture, candidate),
        unconfirmed=any(one.fingerprint is not None and one.fingerprint.bare for one in (picture, candidate)),
    )


def taken_apart_s(one: PictureRecord, other: PictureRecord) -> float | None:
    """Return the seconds between the captures of two pictures by their cameras' clocks; None where one is not known.

    Fractions of a second count where both have them: else two shots within one second would be told from their copies.
    """
    times = [record.fingerprint.taken for record in (one, other) if record.fingerprint and record.fingerprint.taken]
    if len(times) < 2:
        return None
    if not all("." in time for time in times):
        times = [time.partition(".")[0] for time in times]
    first, second = (datetime.fromisoformat(time) for time in times)
    return abs((first - second).total_seconds())


def meetings(asker: Asker, other: Fingerprint, settings: Settings, radius: int) -> Iterator[Meeting]:
    """Yield the views that meet within *radius* bits, nearest first."""
    windows, generation = asking_windows(asker, settings), GENERATIONS[asker.record.generation]
    numbers, hashes = list(windows), tuple(window.hash for window in windows.values())
    turned = turned_hashes(other.generation, hashes, settings.orientations)
    distances = np.bitwise_count(turned[:, :, None] ^ np.array(other.hashes, np.uint64))
    within = (distances <= radius) & meets(other.generation, settings.effort, settings.orientations)[:, numbers]
    found = sorted(np.argwhere(within).tolist(), key=lambda at: (distances[tuple(at)], at))
    met = [
        _asked_by(generation, number, window=windows[number], orientation=settings.orientations[place], met=(theirs,))
        for place, number, theirs in ((place, numbers[mine], theirs) for place, mine, theirs in found)
    ]
    far = np.array([distances[tuple(at)] for at in found], np.uint8)
    confirming = confirms(asker, met)
    words = check_words([other.checks[theirs] for _, _, theirs in found] if confirming else [])
    for place, question in enumerate(met):  # one at a time, for the first mostly decides
        this = slice(place, place + 1)
        may_be = confirming is None or bool(confirming(np.array([place]), far[this], words[this])[0])
        (theirs,), ((number, orientation),) = question.stored_views, question.windows
        yield Meeting(
            int(far[place]),
            orientation,
            (number, theirs),
            (question.hash, other.hashes[theirs]),
            _check_bits(asker if may_be else None, windows[number], question, other) if confirming else None,
            may_be,
        )


@cache
def meets(name: str, effort: str, orientations: tuple[int, ...]) -> NDArray[np.bool_]:
    """What asks and may meet which stored views, by orientation: shape (orientations, what asks, views)."""
    generation = GENERATIONS[name]
    met = np.zeros((len(orientations), len(generation.asking_names), len(generation.view_names)), bool)
    for place, orientation in enumerate(orientations):
        for number in range(len(generation.asking_names)):
            stored = generation.meets[effort].of(generation.turned_asking(number, orientation), orientation)
            met[place, number, list(stored)] = True
    return met


@lru_cache(maxsize=4)  # one picture has many candidates
def turned_hashes(name: str, hashes: tuple[int, ...], orientations: tuple[int, ...]) -> NDArray[np.uint64]:
    """The *hashes* of generation *name* in each orientation: shape (orientations, hashes)."""
    turned = GENERATIONS[name].turned
    return np.array([[turned(hash, orientation) for hash in hashes] for orientation in orientations], np.uint64)


def _check_bits(asker: Asker | None, window: HashedWindow, question: Question, other: Fingerprint) -> int:
    """How many check bits of two views differ, by the *window* or the one near it by which *asker* agrees best."""
    (theirs,), ((number, orientation),) = question.stored_views, question.windows
    turned, stored = GENERATIONS[other.generation].turned_check, int.from_bytes(other.checks[theirs], "big")
    checks = (asker.checks_near(number) if asker else ()) or [window.check]
    return min((int.from_bytes(turned(check, orientation), "big") ^ stored).bit_count() for check in checks)


def nearest_first(matches: Iterable[Match], priority: Sequence[str] = ()) -> list[Match]:
    """Return *matches* by distance; at equal distance the same bytes first, then by check bits, then the oldest.

    Before all others come those whose keys begin as *priority* says, in its order.
    """
    return sorted(matches, key=lambda match: (_place(match, priority), *_nearness(match)))


def best_first(matches: Iterable[Match], priority: Sequence[str] = ()) -> list[Match]:
    """Return *matches* as a message has them: the same picture, then altered ones, then those that are alike.

    Before all others come those whose keys begin as *priority* says, in its order.
    """
    return sorted(
        matches,
        key=lambda match: (_place(match, priority), max(match.kind.rank, MatchKind.NEAR.rank), *_nearness(match)),
    )


def _place(match: Match, priority: Sequence[str]) -> int:
    """Return which of the beginnings in *priority* the match's key has first; how many there are if it has none."""
    having = (place for place, prefix in enumerate(priority) if match.record.ref.key.startswith(prefix))
    return next(having, len(priority))


def _nearness(match: Match) -> tuple[int, bool, int, str, str]:
    record = match.record
    not_exact = match.kind is not MatchKind.EXACT
    return match.distance, not_exact, match.check_bits or 0, record.modified or "", record.ref.object_id
