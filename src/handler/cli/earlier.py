"""What pictures asked by, kept for the pictures that come after them: who comes first is chance on a disk."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from handler.core.asker import Asker
from handler.core.confirming import check_words
from handler.core.entry import Question, to_entry
from handler.core.generations import GENERATIONS
from handler.core.matches import HashedWindow
from handler.core.model import UNTURNED, Fingerprint, Settings
from handler.core.policy import asking_windows, meets
from handler.entries import Entries

# Of check words and the distance: as many strangers are left as by the windows near one, of which nothing is kept.
OWN_WORDS_RADIUS = 28
NOTHING = HashedWindow(0, bytes(32))  # a look tells whoever has this hash and these check bits


class AskedFor(NamedTuple):
    """How an earlier picture asked for a later one."""

    row: int  # of the earlier one
    distance: int  # bits
    orientation: int  # how to turn the earlier one, as EXIF numbers it
    view_pair: tuple[int, int]  # its window, and the other's view


class EarlierAskers:
    """By what pictures asked: hashes and check words of all their windows, one row a picture."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._generation = settings, GENERATIONS[settings.generation]
        self._meets = meets(settings.generation, settings.effort, settings.orientations)
        self._numbers = np.flatnonzero(self._meets.any(axis=(0, 2))).tolist()  # of the windows that ask
        self._entries = Entries(2 * len(self._numbers))

    def extend(self, askers: Sequence[Asker]) -> None:
        """Add *askers*."""
        self._entries.extend([self._entry(asker) for asker in askers])

    def asking_for(self, picture: Fingerprint, end: int) -> Iterator[AskedFor]:
        """Yield how the pictures in rows below *end* ask for *picture*, if it may be the same."""
        questions, words, turns = self._questions(picture)

        def confirms(
            asked: NDArray[np.int64], distances: NDArray[np.uint8], checks: NDArray[np.uint64]
        ) -> NDArray[np.bool_]:
            near: NDArray[np.bool_] = np.bitwise_count(words[asked] ^ checks) + distances <= OWN_WORDS_RADIUS
            return near

        hits = self._entries.scan(questions, self._settings.asked_radius, confirms)
        for row, distance, asked, place in zip(*(column.tolist() for column in hits[:4]), strict=True):
            if row < end:
                orientation, view = turns[asked]
                yield AskedFor(row, distance, orientation, (self._numbers[place], view))

    def _entry(self, asker: Asker) -> bytes:
        has_content = asker.record.fingerprint is not None and not asker.record.fingerprint.flat
        windows = asking_windows(asker, self._settings) if has_content else {}
        asked = [windows.get(number, NOTHING) for number in self._numbers]
        checks = check_words([window.check for window in asked]).tolist()
        return to_entry(asker.record.ref.object_id, [*(window.hash for window in asked), *checks])

    def _questions(self, picture: Fingerprint) -> tuple[list[Question], NDArray[np.uint64], list[tuple[int, int]]]:
        """Return what to ask rows for: the views of *picture*, turned as what asks would have to be turned back."""
        met = self._meets[:, self._numbers]
        questions, checks, turns = list[Question](), list[bytes](), list[tuple[int, int]]()
        for place, orientation in enumerate(self._settings.orientations):
            back = UNTURNED[orientation]
            for view, (hash, check) in enumerate(zip(picture.hashes, picture.checks, strict=True)):
                places = tuple(np.flatnonzero(met[place, :, view]).tolist())
                if places:
                    questions.append(Question(self._generation.turned(hash, back), places))
                    checks.append(self._generation.turned_check(check, back))
                    turns.append((orientation, view))
        return questions, check_words(checks), turns
