"""What pictures asked by, kept for the pictures that come after them: who comes first is chance on a disk."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from handler.core.asker import Asker
from handler.core.entry import Question, to_entry
from handler.core.generations import GENERATIONS
from handler.core.matches import HashedWindow
from handler.core.model import UNTURNED, Fingerprint, Settings
from handler.core.policy import asking_windows, meets
from handler.core.words import entry_words, first_words, word_count
from handler.entries import Entries

# Of check words and the distance: as many strangers are left as by the windows near one, of which nothing is kept.
OWN_WORDS_RADIUS = 40
NOTHING = HashedWindow(0, bytes(32))  # a look tells whoever has this hash and these check bits


class AskedFor(NamedTuple):
    """How an earlier picture asked for a later one."""

    later: int  # which of those that were asked about
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
        self._entries = Entries(word_count(len(self._numbers)))

    def extend(self, askers: Sequence[Asker]) -> None:
        """Add *askers*."""
        self._entries.extend([self._entry(asker) for asker in askers])

    def asking_for(self, pictures: Sequence[Fingerprint], ends: Sequence[int]) -> Iterator[AskedFor]:
        """Yield how earlier pictures ask for each of *pictures* that may be the same, once for any two.

        Only the first rows ask for each; *ends* says how many of them.
        """
        asked = [self._questions(picture) for picture in pictures]
        questions = [question for some in asked for question in some]
        owners = np.repeat(np.arange(len(asked)), [len(some) for some in asked])
        hits = self._entries.near(questions, self._settings.asked_radius, OWN_WORDS_RADIUS)
        later = owners[hits.questions]
        before = hits.rows < np.array(ends, np.int64)[later]
        later, hits = later[before], hits.those(before)
        order = np.lexsort((hits.distances, hits.rows, later))  # the nearest first of any two
        later, hits = later[order], hits.those(order)
        firsts = (np.diff(later, prepend=-1) != 0) | (np.diff(hits.rows, prepend=-1) != 0)
        columns = (column.tolist() for column in (later[firsts], *hits.those(firsts)[:4]))
        for who, row, distance, number, place in zip(*columns, strict=True):
            ((view, orientation),) = questions[number].windows
            yield AskedFor(who, row, distance, orientation, (self._numbers[place], view))

    def _entry(self, asker: Asker) -> bytes:
        has_content = asker.record.fingerprint is not None and not asker.record.fingerprint.flat
        windows = asking_windows(asker, self._settings) if has_content else {}
        asked = [windows.get(number, NOTHING) for number in self._numbers]
        checks = [first_words(window.check) for window in asked]
        return to_entry(asker.record.ref.object_id, entry_words([window.hash for window in asked], checks))

    def _questions(self, picture: Fingerprint) -> list[Question]:
        """Return what to ask rows for: the views of *picture*, turned as what asks would have to be turned back.

        The windows of each are the view, and the orientation in which what asks meets it.
        """
        met, asked = self._meets[:, self._numbers], list[Question]()
        for place, orientation in enumerate(() if picture.flat else self._settings.orientations):
            back = UNTURNED[orientation]
            for view, (hash, check) in enumerate(zip(picture.hashes, picture.checks, strict=True)):
                places = tuple(np.flatnonzero(met[place, :, view]).tolist())
                if places:
                    turned, bits = self._generation.turned(hash, back), self._generation.turned_check(check, back)
                    window, words = (view, orientation), first_words(bits)
                    asked.append(Question(turned, places, windows=(window,), check_words=words))
        return asked
