"""Two pictures at hand to what they are to each other: the second look that decides about a match."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from handler.core import colours
from handler.core.asked import ASKING
from handler.core.generations import GENERATIONS
from handler.core.look import Look, judge, look
from handler.core.matches import Likeness, Match
from handler.core.model import MatchKind
from handler.core.seen import Seen
from handler.core.turns import UPRIGHT, Turn, way


def judged(match: Match, mine: Seen, theirs: Seen) -> Match:
    """Return *match* as the pixels of both pictures decide; *mine* is the picture that was asked for.

    Boxes are in fractions of *mine*, upright.
    """
    seen = looked(match, mine, theirs)
    mine = mine.laid(UPRIGHT, negative=ASKING[match.view_pair[0]].negative)
    hues = colours.agreement(mine.colours, theirs.colours, seen.way)
    kind, boxes = judge(seen, hues)
    return replace(match, likeness=Likeness(MatchKind(kind.value), match.distance, seen.agreement, hues, boxes))


def looked(match: Match, mine: Seen, theirs: Seen) -> Look:
    """Return the look at both pictures of *match*, which begins with the views that met."""
    turned_asking = GENERATIONS[match.record.generation].turned_asking
    (my_number, their_view), turn = match.view_pair, ASKING[match.view_pair[0]].turn
    laid = mine.laid(turn, negative=ASKING[my_number].negative)
    seen = look(
        laid.surface(match.orientation),
        theirs.surface(),
        laid.window(turned_asking(mine.standing_in(my_number), match.orientation), match.orientation),
        theirs.window(theirs.standing_in(their_view)),
    )
    return seen if turn == UPRIGHT else seen.moved(_in_fractions(turn, *mine.luma.shape))


def _in_fractions(turn: Turn, height: int, width: int) -> NDArray[np.float64]:
    """Return the map from fractions of a picture that was turned back to those of the picture."""
    size = np.array([height, width])
    pixels = way(turn, height, width)
    fractions: NDArray[np.float64] = np.column_stack([pixels[:, :2] * size, pixels[:, 2]]) / size[:, None]
    return fractions
