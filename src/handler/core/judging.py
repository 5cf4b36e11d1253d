"""Two pictures at hand to what they are to each other: the second look that decides about a match."""

from dataclasses import replace

import numpy as np

from handler.core import colours
from handler.core.asked import ASKING
from handler.core.generations import GENERATIONS
from handler.core.look import Look, judge, look
from handler.core.matches import Laid, Likeness, Match
from handler.core.model import MatchKind
from handler.core.seen import Seen, in_fractions, is_cell
from handler.core.turns import UPRIGHT


def judged(match: Match, mine: Seen, theirs: Seen, *, boxed_there: bool = False) -> Match:
    """Return *match* as the pixels of both pictures decide; *mine* is the picture that asked.

    Boxes are in fractions of *mine*, upright; or, if they are to be *boxed_there*, of *theirs*.
    """
    seen = looked(match, mine, theirs)
    asking = ASKING[match.view_pair[0]]
    mine = mine.laid(UPRIGHT, negative=asking.negative)
    box = seen.box if is_cell(asking) else colours.WHOLE
    hues = colours.agreement(mine.colours, theirs.colours, seen.way, box)
    kind, boxes = judge(seen.moved(np.reshape(seen.way, (2, 3))) if boxed_there else seen, hues)
    likeness = Likeness(MatchKind(kind.value), match.distance, seen.agreement, hues, boxes)
    (yy, yx, _), (xy, xx, _) = np.reshape(seen.way, (2, 3)).tolist()
    return replace(
        match, likeness=likeness, laid=Laid(seen.covered, abs(yy * xx - yx * xy)) if any(seen.covered) else None
    )


def looked(match: Match, mine: Seen, theirs: Seen) -> Look:
    """Return the look at both pictures of *match*, which begins with the views that met."""
    my_number, their_view = match.view_pair
    asking = ASKING[my_number]
    window_there = theirs.window(theirs.standing_in(their_view))
    if is_cell(asking):  # the picture may be wider than its cell of a collage, and lies beneath its neighbours
        cell, way = mine.cell(my_number)
        part = cell.surface(match.orientation)
        return look(part, theirs.surface(), part.window(0), window_there).moved(way)
    laid = mine.laid(asking.turn, negative=asking.negative)
    number = GENERATIONS[match.record.generation].turned_asking(mine.standing_in(my_number), match.orientation)
    window = laid.window(number, match.orientation)
    seen = look(laid.surface(match.orientation), theirs.surface(), window, window_there)
    return seen if asking.turn == UPRIGHT else seen.moved(in_fractions(asking.turn, *mine.luma.shape))
