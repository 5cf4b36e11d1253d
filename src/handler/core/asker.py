"""The picture that asks: what is known of it, and the means to look closer than what is stored allows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from handler.core import look1
from handler.core.model import PictureRecord
from handler.core.seen import Seen
from handler.core.windows import Insets


@dataclass(frozen=True, slots=True)
class Asker:
    """A picture that asks which others show the same."""

    record: PictureRecord
    checks_near: Callable[[int], Sequence[bytes]]  # by view: check bits of it and of windows near it
    seen: Seen | None = None  # the picture itself, where it is at hand

    @classmethod
    def at_hand(cls, record: PictureRecord, seen: Seen | None) -> "Asker":
        """Return what asks by its pixels: by windows a little smaller than its views, too.

        By what is stored where nothing was *seen* that could be looked at again.
        """
        if seen is None:
            return cls.stored(record)

        insets = cache(lambda: Insets(seen.luma))  # made when it is asked for, which is seldom

        @cache  # one picture has many candidates
        def checks_near(view: int) -> Sequence[bytes]:
            return look1.near_checks(insets(), seen.shown[view])

        return cls(record, checks_near, seen)

    @classmethod
    def stored(cls, record: PictureRecord) -> "Asker":
        """Return what asks by its record alone."""
        checks = record.fingerprint.checks if record.fingerprint else ()
        return cls(record, lambda view: checks[view : view + 1])
