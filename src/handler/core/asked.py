"""Which windows of a picture ask for others, and with which stored views each is compared, by effort.

A question costs a comparison for each view that it meets: a nanosecond a stored picture. So a picture asks by many more
windows than are stored of it, also turned and sheared, and each meets only what it may find.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import product
from typing import NamedTuple

from handler.core.turns import UPRIGHT, Turn, mirrored
from handler.core.windows import CORNERS, VIEWS, WHOLE, Cut, Shape, Share, turned_shape

Group = dict[str, Shape]


class Asking(NamedTuple):
    """A window that asks."""

    name: str
    shape: Shape  # in the picture without borders; one that is turned back has all its borders
    turn: Turn = UPRIGHT
    negative: bool = False  # it asks for what it shows with light and dark exchanged


def _corners(part: int) -> Group:
    return {f"{name}_{part}": Share(part, part, row, column) for name, (row, column) in CORNERS.items()}


def _sides(part: int) -> Group:
    return {
        f"top_{part}": Share(part, 100, -1),
        f"bottom_{part}": Share(part, 100, 1),
        f"left_{part}": Share(100, part, 0, -1),
        f"right_{part}": Share(100, part, 0, 1),
    }


def _edges(part: int) -> Group:
    """Return the windows that lie at the middle of one side."""
    return {
        f"{name}_edge_{part}": Share(part, part, row, column)
        for name, row, column in (("top", -1, 0), ("bottom", 1, 0), ("left", 0, -1), ("right", 0, 1))
    }


def _strips(part: int) -> Group:
    return {f"middle_rows_{part}": Share(part, 100), f"middle_columns_{part}": Share(100, part)}


def _centre(part: int) -> Group:
    return {f"centre_{part}": Share(part, part)}


_LONG = {name: VIEWS[name] for name in ("wide", "tall")}
_PHOTO = {name: VIEWS[name] for name in ("landscape", "portrait")}
_STORED_CORNERS: Group = {name: VIEWS[name] for name in CORNERS}
_WHOLE: Group = {"whole": WHOLE}
_TRIMMED: Group = {"trimmed": WHOLE}


def _met(group: Group, *views: str) -> Iterator[tuple[Asking, str]]:
    """Yield each of *group* with each of the stored *views*."""
    yield from ((Asking(name, shape), view) for (name, shape), view in product(group.items(), views))


def _met_alike(group: Group, views: Group) -> Iterator[tuple[Asking, str]]:
    """Yield each of *group* with those of the stored *views* that lie in the same corner, or are as tall or as wide."""
    for (name, shape), (view, stored) in product(group.items(), views.items()):
        if _alike(shape, stored):
            yield Asking(name, shape), view


def _alike(one: Shape, other: Shape) -> bool:
    if isinstance(one, Share) and isinstance(other, Share):
        return (one.row, one.column) == (other.row, other.column)
    return (one.down > one.across) == (other.down > other.across)


def _turned(group: Group, turns: Iterable[Turn], *views: str) -> Iterator[tuple[Asking, str]]:
    """Yield each of *group*, in the picture turned back by each of *turns*, with each of the stored *views*."""
    for turn, (name, shape), view in product(turns, group.items(), views):
        yield Asking(f"{name} {_described(turn)}", shape, turn), view


def _negative(group: Group, *views: str) -> Iterator[tuple[Asking, str]]:
    """Yield each of *group*, its light and dark exchanged, with each of the stored *views*."""
    yield from (
        (Asking(f"{name} negative", shape, negative=True), view)
        for (name, shape), view in product(group.items(), views)
    )


def _described(turn: Turn) -> str:
    named = {"turned": turn.degrees, "sheared": turn.sheared, "leaning": turn.leaning}
    return " ".join(f"{name} {angle}" for name, angle in named.items() if angle) + " squeezed" * turn.squeezed


def _cut(degrees: int) -> list[Turn]:
    return [Turn(sign * degrees) for sign in (-1, 1)]


def _squeezed(degrees: int) -> list[Turn]:
    return [Turn(sign * degrees, squeezed=True) for sign in (-1, 1)]


def _sheared(degrees: int) -> list[Turn]:
    angles = (-degrees, degrees)
    return [*(Turn(sheared=angle) for angle in angles), *(Turn(leaning=angle) for angle in angles)]


# Chosen one after the other for what each finds of copies of training pictures that those before it do not find, for
# each comparison. Of what was turned or is one of several in a picture, the borders are in the middle of it: it meets
# the whole.
_FEW = (  # mirrored and rotated copies are seldom cropped or turned by degrees, too
    *_met(_WHOLE, "whole", "centre_80", "centre_60"),
    *_met(_TRIMMED, "trimmed", "centre_90"),
    *_met(_centre(85), "whole"),
)
_SOME = (
    *_FEW,
    *_met(_TRIMMED, *_STORED_CORNERS),
    *_met(_sides(85), "trimmed"),
    *_met_alike(_LONG, _LONG),
    *_met_alike(_corners(90), _STORED_CORNERS),
)
_QUICK = (
    *_SOME,
    *_met(_centre(95) | _corners(90), "trimmed"),  # of which a crop is stored
    *_negative(_TRIMMED, "trimmed"),
    *_met(_sides(85), "centre_70"),
    *_met(_sides(50) | _corners(50), "whole"),
    *_met_alike(_sides(50) | _corners(50), _PHOTO),
    *_turned(_centre(95), _cut(10), "whole"),
    *_turned(_WHOLE, _squeezed(25) + _squeezed(45), "whole"),
    *_turned(_WHOLE, _sheared(15), "whole"),
)
_MORE = (
    *_met(_centre(75) | _centre(65) | _corners(85) | _STORED_CORNERS | _edges(80), "trimmed"),  # likewise
    *_met(_WHOLE, "centre_70", *_LONG),
    *_met(_centre(95), "centre_90"),
    *_met(_centre(70), *_PHOTO),
    *_met({"wider": Cut(2, 3), "taller": Cut(3, 2)}, "centre_60"),
    *_met_alike(_PHOTO, _PHOTO),
    *_met(_PHOTO, "centre_70"),
    *_met(_sides(85), "whole", "centre_60"),
    *_met_alike(_sides(85) | _sides(75) | _sides(65), _LONG),
    *_met_alike(_sides(85) | _sides(75) | _sides(65), _PHOTO),
    *_met(_sides(75), "whole", "trimmed", "centre_70"),
    *_met(_sides(50), "centre_90"),
    *_met(_corners(50), *_PHOTO),
    *_met(_edges(80), "whole", "centre_70"),
    *_met(_edges(75), "centre_60"),
    *_met(_corners(85), "centre_70", "centre_60"),
    *_met_alike(_corners(85) | _STORED_CORNERS, _STORED_CORNERS),
    *_met(_STORED_CORNERS, "centre_60"),
    *_met(_corners(90), "centre_80"),
    *_negative(_TRIMMED, "centre_80", "centre_70"),
    *_negative(_centre(85), "trimmed"),
    *_turned(_centre(85), _cut(5) + _cut(15) + _cut(20), "whole"),
    *(row for degrees in (10, 15, 20, 30, 35, 40, 50, 60) for row in _turned(_WHOLE, _squeezed(degrees), "whole")),
    *_turned(_WHOLE, _sheared(10), "whole"),
    *_turned(_centre(85), _sheared(10), "centre_90"),
    *_turned(_centre(85), _sheared(20), "centre_80"),
)


Table = tuple[tuple[int, ...], ...]


class Meets(NamedTuple):
    """The numbers of the stored views that each of ASKING meets."""

    upright: Table  # as the picture is
    turned: Table  # mirrored or rotated, if such copies are asked for

    def of(self, number: int, orientation: int) -> tuple[int, ...]:
        """Return what that *number* of ASKING meets, of the picture turned as EXIF *orientation* asks."""
        return (self.upright if orientation == 1 else self.turned)[number]


def _table(rows: Iterable[tuple[Asking, str]]) -> Table:
    """Return the numbers of the stored views that each of ASKING meets by *rows*."""
    views = list(VIEWS)
    met: dict[Asking, set[int]] = {asking: set() for asking in ASKING}
    for asking, view in rows:
        met[asking].add(views.index(view))
    return tuple(tuple(sorted(met[asking])) for asking in ASKING)


# The stored views come first, in their order: they ask, too, where no more of a picture is known.
ASKING = tuple(
    dict.fromkeys([*(Asking(*view) for view in VIEWS.items()), *(asking for asking, _ in (*_QUICK, *_MORE))])
)
MEETS: Mapping[str, Meets] = {
    "quick": Meets(upright=_table(_QUICK), turned=_table(_FEW)),
    "thorough": Meets(upright=_table((*_QUICK, *_MORE)), turned=_table(_SOME)),
}


_TOLD_APART = len(_WHOLE | _TRIMMED)  # the first ones: of one shape, with borders or without


@cache
def turned_asking(number: int, orientation: int) -> int:
    """Return which of ASKING shows of the picture turned as EXIF *orientation* asks what *number* shows now."""
    asking = ASKING[number]
    if number < _TOLD_APART:
        return number
    shape, turn = turned_shape(asking.shape, orientation), mirrored(asking.turn, orientation)
    alike = (
        other
        for other, one in enumerate(ASKING)
        if (one.shape, one.turn, one.negative) == (shape, turn, asking.negative)
        and (other >= _TOLD_APART or one is asking)
    )
    return next(alike)
