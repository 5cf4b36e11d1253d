"""What is asked of the index for a picture, which candidates are matches and of what kind, and their order."""

from collections.abc import Iterable, Iterator
from functools import cache, lru_cache, partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from handler.core.asker import Asker
from handler.core.entry import Question
from handler.core.generations import GENERATIONS, Generation
from handler.core.model import Fingerprint, Match, MatchKind, PictureRecord, Settings
from handler.core.phash import HASH_BITS


class Meeting(NamedTuple):
    """Two views of two pictures, compared."""

    distance: int  # bits
    orientation: int  # of the first picture
    view_pair: tuple[int, int]
    hashes: tuple[int, int]  # the first one turned
    check_bits: int | None  # that differ


def questions(picture: PictureRecord, orientations: Iterable[int]) -> list[Question]:
    """Return what to ask for *picture*: each view in each orientation, against those stored views that it may meet.

    The anchors (the whole picture, and without its borders) meet all stored views, every other view meets the stored
    anchors and its like: so a crop finds its original, an original finds its crops, and two crops find each other.
    Hashes that come twice are asked for once.
    """
    generation = GENERATIONS[picture.generation]
    if picture.fingerprint is None or picture.fingerprint.flat:
        return [Question(key) for key in picture.entry_hashes[:1]]
    asked: dict[int, Question] = {}
    for orientation in orientations:
        for view, hash in enumerate(picture.entry_hashes):
            turned, is_anchor = generation.turned(hash, orientation), view < generation.anchors
            met = may_meet(generation, generation.turned_view(view, orientation))
            before = asked.get(turned, Question(turned, (), bucketed=False))
            asked[turned] = Question(turned, tuple(sorted({*before.stored_views, *met})), is_anchor or before.bucketed)
    return list(asked.values())


def match(asker: Asker, candidate: PictureRecord, settings: Settings) -> Match | None:
    """Return the match of *candidate* with the picture that asks, or None where it is none.

    A match is confirmed by the check bits of the asker's views, or of windows near them, and of what is stored.
    None if either has no hash (any more), both are one object, their hashes are of different generations, no two
    views that may meet are within the radius, or the check bits of those that do contradict. Flat pictures match
    by their bytes alone. Exact means equal bytes by SHA-256: an ETag is no digest after a multipart upload or under
    SSE-KMS.
    """
    picture = asker.record
    if picture.fingerprint is None or candidate.fingerprint is None:
        return None
    if candidate.ref.object_id == picture.ref.object_id or candidate.generation != picture.generation:
        return None
    if picture.digest is not None and picture.digest == candidate.digest:
        return Match(record=candidate, distance=0, kind=MatchKind.EXACT)
    if picture.fingerprint.flat or candidate.fingerprint.flat:
        return None
    for meeting in _meetings(asker, candidate.fingerprint, settings.orientations, settings.radius):
        if _confirmed(meeting, picture.generation):
            return Match(candidate, meeting.distance, MatchKind.NEAR, meeting.orientation, meeting.view_pair)
    return None


def closest(asker: Asker, other: PictureRecord, settings: Settings) -> Meeting:
    """Return how the two meet: by the views that make them a match, or else by the nearest, whatever its distance.

    Raises ValueError if one has no hash.
    """
    if asker.record.fingerprint is None or other.fingerprint is None:
        raise ValueError("a picture without a hash is near to nothing")
    meetings = partial(_meetings, asker, other.fingerprint, settings.orientations)
    within = (meeting for meeting in meetings(settings.radius) if _confirmed(meeting, other.generation))
    return next(within, None) or next(meetings(HASH_BITS))


def _confirmed(meeting: Meeting, generation: str) -> bool:
    return meeting.check_bits is None or meeting.check_bits <= GENERATIONS[generation].check_radius


def _meetings(asker: Asker, other: Fingerprint, orientations: tuple[int, ...], radius: int) -> Iterator[Meeting]:
    """Yield the views that meet within *radius* bits, nearest first."""
    turned = _turned(asker.record, orientations)
    distances = np.bitwise_count(turned[:, :, None] ^ np.array(other.hashes, np.uint64))
    found = np.argwhere((distances <= radius) & _meets(other.generation, orientations))
    for place, mine, theirs in sorted(found.tolist(), key=lambda at: (distances[tuple(at)], at)):
        yield Meeting(
            int(distances[place, mine, theirs]),
            orientations[place],
            (mine, theirs),
            (int(turned[place, mine]), other.hashes[theirs]),
            _check_bits(asker, other, orientations[place], (mine, theirs)),
        )


def may_meet(generation: Generation, view: int) -> tuple[int, ...]:
    """Which stored views a view may meet: an anchor all, another one the anchors and itself."""
    if view < generation.anchors:
        return tuple(range(len(generation.view_names)))
    return (*range(generation.anchors), view)


@cache
def _meets(name: str, orientations: tuple[int, ...]) -> NDArray[np.bool_]:
    """Which views of a picture, by orientation, may meet which stored ones: shape (orientations, views, views)."""
    generation = GENERATIONS[name]
    views = range(len(generation.view_names))
    meets = np.zeros((len(orientations), len(views), len(views)), bool)
    for place, orientation in enumerate(orientations):
        for view in views:
            meets[place, view, list(may_meet(generation, generation.turned_view(view, orientation)))] = True
    return meets


@lru_cache(maxsize=4)  # one picture has many candidates
def _turned(record: PictureRecord, orientations: tuple[int, ...]) -> NDArray[np.uint64]:
    """The hashes of all views in each orientation: shape (orientations, views)."""
    turned, hashes = GENERATIONS[record.generation].turned, record.fingerprint.hashes if record.fingerprint else ()
    return np.array([[turned(hash, orientation) for hash in hashes] for orientation in orientations], np.uint64)


def _check_bits(asker: Asker, other: Fingerprint, orientation: int, view_pair: tuple[int, int]) -> int | None:
    """How many check bits of two views differ, by the asker's window that agrees best; None where there are none."""
    mine, theirs = view_pair
    if not other.checks:
        return None
    turned, stored = GENERATIONS[other.generation].turned_check, int.from_bytes(other.checks[theirs], "big")
    differing = (int.from_bytes(turned(check, orientation), "big") ^ stored for check in asker.checks_near(mine))
    return min((bits.bit_count() for bits in differing), default=None)


def nearest_first(matches: Iterable[Match]) -> list[Match]:
    """Return *matches* by distance; at equal distance the same bytes first, then what was stored first."""
    return sorted(
        matches,
        key=lambda match: (
            match.distance,
            match.kind is not MatchKind.EXACT,
            match.record.modified or "",
            match.record.ref.object_id,
        ),
    )
