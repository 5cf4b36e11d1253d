"""Lists: named sets of pictures that every upload is compared with, beside the collection that it belongs to.

A list is a collection of its own, under a scope that no key makes. An entry is an object of a bucket that cannot be,
by the name under which it was listed: so it has an id of its own, also if it was made of an object.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from handler.core.asker import Asker
from handler.core.entry import Confirms, Words
from handler.core.generations import GENERATIONS
from handler.core.matches import Likeness, Match
from handler.core.model import LIST_MARK, Collection, Fingerprint, MatchKind, ObjectRef, PictureRecord, Settings
from handler.core.names import may_be_a_bucket, named_object
from handler.core.policy import asking_windows, match, meets, turned_hashes

# Nothing confirms a bare hash, so it has to be nearer than the hashes of pictures that have check bits.
BARE_RADIUS = 8

_NO_CHECK_WORDS = np.uint64(0)  # what the entry of a bare hash has; a picture's are 0 by chance alone
_WHOLE = 0  # the number of that view


def list_collection(name: str, generation: str) -> Collection:
    """Return the entries of the list *name*."""
    return Collection(list_scope(name), generation)


def list_scope(name: str) -> str:
    """Return the scope that the entries of the list *name* have."""
    return f"{LIST_MARK}{name}"


def collection_of_match(collection: Collection, one: Match) -> Collection:
    """Return where the pair of a picture of *collection* and its match *one* is kept: with the list that this is of."""
    return list_collection(one.list, collection.generation) if one.list else collection


def entry_ref(list_name: str, name: str, version: str | None = None) -> ObjectRef:
    """Return the entry of that list under *name*. It has no sequencer: what is stored last stands."""
    return ObjectRef(f"{LIST_MARK}{list_name}", name, version=version)


def source_of(ref: ObjectRef) -> ObjectRef | None:
    """Return the object that an entry was made of: what *ref* names itself if it is no entry; None if there is none."""
    if not ref.bucket.startswith(LIST_MARK):
        return ref
    bucket, key = named_object(ref.key) or ("", None)
    return ObjectRef(bucket, key, version=ref.version) if key and may_be_a_bucket(bucket) else None


def bare_fingerprint(hash: int, generation: str) -> Fingerprint:
    """Return what stands for a picture of which nothing is known but its *hash*."""
    views = len(GENERATIONS[generation].view_names)
    checks = (bytes(32),) * views if GENERATIONS[generation].check_words_radius else ()
    return Fingerprint(hash, generation, 0, 0, "", further=(hash,) * (views - 1), checks=checks, bare=True)


def confirms_listed(confirms: Confirms | None) -> Confirms | None:
    """Return what tells strangers from entries of a list: bare hashes have no check words to be rejected by."""
    if confirms is None:
        return None

    def confirm(asked: NDArray[np.int64], distances: NDArray[np.uint8], words: Words) -> NDArray[np.bool_]:
        bare = (words == _NO_CHECK_WORDS).all(axis=1) & (distances <= BARE_RADIUS)
        possible: NDArray[np.bool_] = bare | confirms(asked, distances, words)
        return possible

    return confirm


def match_listed(asker: Asker, candidate: PictureRecord, settings: Settings) -> Match | None:
    """Return the match of *candidate*, an entry of a list, with the picture that asks; None where it is none.

    As `policy.match` does. A bare hash is a match within BARE_RADIUS bits (or the radius that is searched for, if that
    is less) of what asks for whole pictures, and says that it is unconfirmed.
    """
    is_bare = candidate.fingerprint is not None and candidate.fingerprint.bare
    found = _match_bare(asker, candidate, settings) if is_bare else match(asker, candidate, settings)
    return found and replace(found, list=candidate.ref.bucket.removeprefix(LIST_MARK))


def _match_bare(asker: Asker, candidate: PictureRecord, settings: Settings) -> Match | None:
    picture, generation = asker.record.fingerprint, candidate.generation
    if picture is None or picture.flat or asker.record.generation != generation or candidate.hash is None:
        return None
    windows = asking_windows(asker, settings)
    numbers, hashes = list(windows), tuple(window.hash for window in windows.values())
    distances = np.bitwise_count(turned_hashes(generation, hashes, settings.orientations) ^ np.uint64(candidate.hash))
    meeting = meets(generation, settings.effort, settings.orientations)[:, numbers, _WHOLE]
    within = np.argwhere(meeting & (distances <= min(BARE_RADIUS, settings.asked_radius))).tolist()
    if not within:
        return None
    place, mine = min(within, key=lambda at: (distances[tuple(at)], at))
    likeness = Likeness(MatchKind.NEAR, int(distances[place, mine]))
    view_pair = numbers[mine], _WHOLE
    return Match(candidate, likeness, settings.orientations[place], view_pair, unconfirmed=True)
