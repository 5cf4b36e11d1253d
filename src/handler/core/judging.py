"""Two pictures at hand to what they are to each other: the second look that decides about a match."""

from dataclasses import replace

from handler.core import colours
from handler.core.generations import GENERATIONS
from handler.core.look import Look, judge, look
from handler.core.matches import Likeness, Match
from handler.core.model import MatchKind
from handler.core.seen import Seen


def judged(match: Match, mine: Seen, theirs: Seen) -> Match:
    """Return *match* as the pixels of both pictures decide; *mine* is the picture that was asked for.

    Boxes are in fractions of *mine*, upright.
    """
    seen = looked(match, mine, theirs)
    hues = colours.agreement(mine.colours, theirs.colours, seen.way)
    kind, boxes = judge(seen, hues)
    return replace(match, likeness=Likeness(MatchKind(kind.value), match.distance, seen.agreement, hues, boxes))


def looked(match: Match, mine: Seen, theirs: Seen) -> Look:
    """Return the look at both pictures of *match*, which begins with the views that met."""
    turned_view = GENERATIONS[match.record.generation].turned_view
    my_view, their_view = (seen.shown[view] for seen, view in zip((mine, theirs), match.view_pair, strict=True))
    return look(
        mine.surface(match.orientation),
        theirs.surface(),
        mine.window(turned_view(my_view, match.orientation), match.orientation),
        theirs.window(their_view),
    )
