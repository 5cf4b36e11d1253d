"""The picture that asks: what is known of it, and the means to look closer than what is stored allows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from handler.core.asking import AskingWindows
from handler.core.entry import AskingWindow, Words
from handler.core.matches import HashedWindow
from handler.core.model import Fingerprint, ObjectRef, Outcome, PictureRecord
from handler.core.near_words import no_words
from handler.core.seen import Seen

NO_OBJECT = ObjectRef("", "")  # where what asks is in no bucket: no object has this name


@dataclass(frozen=True, slots=True)
class Asker:
    """A picture that asks which others show the same."""

    record: PictureRecord
    checks_near: Callable[[int], Sequence[bytes]]  # by what asks: check bits of it and of windows near it
    further: Callable[[str], Mapping[int, HashedWindow]]  # by effort: what asks beside the views that are stored
    words_near: Callable[[Sequence[AskingWindow]], Words]  # check words of windows near each that asks; or none
    seen: Seen | None = None  # the picture itself, where it is at hand

    @classmethod
    def at_hand(cls, record: PictureRecord, seen: Seen | None) -> "Asker":
        """Return what asks by its pixels: by more windows than its views, and some a little smaller than each.

        By what is stored where nothing was *seen* that could be looked at again.
        """
        if seen is None:
            return cls.stored(record)
        windows = cache(lambda: AskingWindows(seen.luma))  # made when they are asked for

        @cache  # one picture has many candidates
        def checks_near(number: int) -> Sequence[bytes]:
            return windows().checks(seen.standing_in(number))

        def words_near(asking: Sequence[AskingWindow]) -> Words:
            return windows().words_near([(seen.standing_in(number), orientation) for number, orientation in asking])

        return cls(record, checks_near, lambda effort: seen.further(effort, windows), words_near, seen)

    @classmethod
    def stored(cls, record: PictureRecord) -> "Asker":
        """Return what asks by its record alone."""
        checks = record.fingerprint.checks if record.fingerprint else ()
        return cls(record, lambda number: checks[number : number + 1], lambda _effort: {}, no_words)

    @classmethod
    def of_hash(cls, hash: int, generation: str) -> "Asker":
        """Return what asks by the *hash* of a whole picture and by nothing else: nothing can confirm what it meets."""
        fingerprint = Fingerprint(hash, generation, width=0, height=0, format="")
        return cls.stored(PictureRecord(NO_OBJECT, generation, Outcome.INDEXED, fingerprint=fingerprint))
