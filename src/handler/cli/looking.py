"""Looks at picture files, on all cores: the pixels decide what two of them have in common."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from functools import lru_cache, partial

from handler.cli.album import FoundPair
from handler.cli.files import UNUSABLE, read
from handler.cli.parallel import in_order
from handler.cli.progress import progress
from handler.core.fingerprint import seen_again
from handler.core.judging import judged
from handler.core.matches import Match
from handler.core.model import Limits, MatchKind, PictureRecord, Settings
from handler.core.seen import Seen

# Pictures of one process, of half a MB each, and again for each angle at which one was looked at: the best of a group
# is looked at once for each copy.
REMEMBERED = 16


def decide(found: Sequence[FoundPair], settings: Settings) -> list[Match | None]:
    """Return what each of *found* is by its pixels, in their order; None where that is less than the settings tell."""
    if not found:
        return []
    order = sorted(range(len(found)), key=lambda number: found[number].b.ref.key)
    decided: list[Match | None] = [None] * len(found)
    work = partial(_look, settings=settings)
    with (
        closing(in_order(work, iter([found[number] for number in order]))) as results,
        progress("looking", lambda: len(found)) as shown,
    ):
        for number, match in zip(order, results, strict=True):
            decided[number] = match
            shown.advance(1)
    return decided


def _look(one: FoundPair, *, settings: Settings) -> Match | None:
    """Return what came of a look; what was known before it if a file cannot be read any more. Importable.

    Where both pictures asked for the other, a second look begins where the other one found it, if the first does not
    find them the same.
    """
    try:
        match = _judged(one, settings.limits)
        if one.otherwise and match.kind.rank > MatchKind.NEAR.rank:
            match = min(match, _judged(one.otherwise, settings.limits), key=lambda match: match.kind.rank)
    except UNUSABLE:
        match = one.match
    return match if match.counts(settings.tell) else None


def _judged(one: FoundPair, limits: Limits) -> Match:
    a, b = _seen(one.a, limits), _seen(one.b, limits)
    if not one.by_b:
        return judged(one.match, a, b)
    there = judged(one.match.from_the_other(one.a), b, a, boxed_there=True)
    return replace(one.match, likeness=there.likeness, laid=there.laid.swapped if there.laid else None)


@lru_cache(maxsize=REMEMBERED)
def _seen(record: PictureRecord, limits: Limits) -> Seen:
    return seen_again(read(record.ref.key, limits), record, limits)
