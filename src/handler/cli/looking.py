"""Looks at picture files, on all cores: the pixels decide what two of them have in common."""

from collections.abc import Sequence
from contextlib import closing
from functools import lru_cache, partial

from handler.cli.album import Found
from handler.cli.files import UNUSABLE, read
from handler.cli.parallel import in_order
from handler.cli.progress import progress
from handler.core.fingerprint import seen_again
from handler.core.judging import judged
from handler.core.matches import Match
from handler.core.model import Limits, PictureRecord, Settings
from handler.core.seen import Seen

REMEMBERED = 64  # pictures of one process, of some 150 KB each: the best of a group is looked at once for each copy


def decide(found: Sequence[Found], settings: Settings) -> list[Match | None]:
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


def _look(one: Found, *, settings: Settings) -> Match | None:
    """Return what came of one look; what was known before it if a file cannot be read any more. Importable."""
    try:
        match = judged(one.match, _seen(one.a, settings.limits), _seen(one.b, settings.limits))
    except UNUSABLE:
        match = one.match
    return match if match.counts(settings.tell) else None


@lru_cache(maxsize=REMEMBERED)
def _seen(record: PictureRecord, limits: Limits) -> Seen:
    return seen_again(read(record.ref.key, limits), record, limits)
