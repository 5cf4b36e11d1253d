"""What may be deleted after people have decided: nothing of which nothing would be left."""

from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

Name = TypeVar("Name", bound=Hashable)


def left_for(name: Name, kept_for: Mapping[Name, Sequence[Name]]) -> Name | None:
    """Return what is left once *name* is deleted; None if there is nothing.

    *kept_for* has for each that is to go those that are kept instead. What is left is the nearest one that is not to
    go itself: kept for *name*, or for one that is kept for it and goes in its turn, and so on.
    """
    seen, some = {name}, [name]
    while some:
        some = [kept for one in some for kept in kept_for[one] if kept not in seen]
        for kept in some:
            if kept not in kept_for:
                return kept
        seen |= set(some)
    return None
