"""The generations of hashes: what has to be known of each in order to index and compare what it computes.

A generation is a hash algorithm and its version. What one computes never changes: a change is a new generation.
Nothing here opens a picture; `core.fingerprint` does.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeVar

from handler.core import look1
from handler.core.asked import ASKING, MEETS, Meets, turned_asking
from handler.core.model import Collection
from handler.core.phash import HASH_BITS
from handler.core.windows import VIEW_NAMES
from handler.core.words import word_count

T = TypeVar("T")


class Generation(NamedTuple):
    """One hash algorithm, by its views and what may be asked of them."""

    view_names: tuple[str, ...]  # of what is stored; the first is the whole picture
    asking_names: tuple[str, ...]  # of what asks: the views first, then what is not stored
    meets: Mapping[str, Meets]  # by effort
    anchors: int  # so many views, the first, are also in the buckets
    check_radius: int  # most check bits that may differ where nobody can look at the pixels
    looks_check_radius: int  # most of the check bits that differ plus twice the distance, before a look
    check_words_radius: int  # most of the bits of check words that differ plus the distance, before anything is read
    own_check_words_radius: int  # the same by the asking window's own check words, before windows near it are tried
    sure_radius: int  # bits within which check bits may confirm; beyond it a look decides
    usual_radius: int  # unless a setting says otherwise
    looks: int  # of one picture at most, unless a setting says otherwise
    turns: bool  # its hashes say something of turned pictures
    turned: Callable[[int, int], int]  # the hash of the picture turned as an EXIF orientation asks
    turned_check: Callable[[bytes, int], bytes]
    turned_view: Callable[[int, int], int]  # which view of the turned picture shows the same
    turned_asking: Callable[[int, int], int]  # which of what asks does

    @property
    def word_count(self) -> int:
        """How many words an entry of its journals has: a hash for each view, and its check words if there are any."""
        return word_count(len(self.view_names)) if self.check_words_radius else len(self.view_names)


def _unturned(value: T, _orientation: int) -> T:
    """The threshold of phash1 is the median of its own coefficients: its bits say nothing of a turned picture."""
    return value


GENERATIONS: Mapping[str, Generation] = {
    "look1": Generation(
        view_names=VIEW_NAMES,
        asking_names=tuple(asking.name for asking in ASKING),
        meets=MEETS,
        anchors=look1.ANCHORS,
        check_radius=look1.CHECK_RADIUS,
        looks_check_radius=look1.LOOKS_CHECK_RADIUS,
        check_words_radius=look1.CHECK_WORDS_RADIUS,
        own_check_words_radius=look1.OWN_CHECK_WORDS_RADIUS,
        sure_radius=look1.RADIUS,
        usual_radius=look1.LOOKS_RADIUS,
        looks=40,
        turns=True,
        turned=look1.turned,
        turned_check=look1.turned_check,
        turned_view=look1.turned_view,
        turned_asking=turned_asking,
    ),
    "phash1": Generation(
        view_names=("whole",),
        asking_names=("whole",),
        meets=dict.fromkeys(MEETS, Meets(((0,),), ((0,),))),
        anchors=1,
        check_radius=0,
        looks_check_radius=0,
        check_words_radius=0,
        own_check_words_radius=0,
        sure_radius=HASH_BITS,
        usual_radius=10,
        looks=0,  # it means what other software calls a match
        turns=False,
        turned=_unturned,
        turned_check=_unturned,
        turned_view=_unturned,
        turned_asking=_unturned,
    ),
}


def files_late(collection: Collection) -> bool:
    """Whether pictures of *collection* are in the buckets only where its journal is about to be too large to remember.

    Else the buckets, which know every view, make a search whole at any time; and lists are short.
    """
    generation = GENERATIONS[collection.generation]
    return generation.anchors < len(generation.view_names) and not collection.is_list


IMPORTED = "phash1"  # of hashes that other software has computed
DEFAULT_GENERATION = next(iter(GENERATIONS))
