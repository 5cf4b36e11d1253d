"""What tells two copies apart, in words, and for which of both it speaks."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from handler.cli.measures import NOT_KNOWN, amount, counted, dimensions

Document = Mapping[str, Any]
LITTLE = 0.02  # a smaller share is no difference that anybody sees
KINDS = {
    "exact": "the same bytes",
    "near": "the same picture, stored otherwise",
    "altered": "the same picture, but for a part",
    "alike": "looks alike, but may be another one",
}


class Point(NamedTuple):
    """One thing that can be compared."""

    name: str
    one: str
    other: str
    says: str
    better: int | None = None  # 0 or 1: which of both it speaks for


def facts(copy: Document) -> list[str]:
    """Return what is known of a copy, a few words each."""
    known = [_size(copy), copy["format"]] if copy["width"] else ["its hash alone is known"]
    known += [amount(copy["bytes"])] if copy["bytes"] else []
    return known + ([_day(copy["modified"])] if copy["modified"] else [])


def points(one: Document, other: Document) -> list[Point]:
    """Return what tells two copies apart: first what speaks for one of them, in the order in which it counts."""
    pixels = [_pixels(copy) for copy in (one, other)]
    dense = [(copy["bytes"] or 0) / _pixels(copy) for copy in (one, other)]
    formats = [copy["format"] or NOT_KNOWN for copy in (one, other)]
    return [
        _more("Pixels", pixels, "pixels", lambda value: f"{value / 1e6:.1f} million"),
        _more("Bytes a pixel", dense, "bytes for a pixel: less compressed", lambda value: f"{value:.2f}"),
        _older(one["modified"], other["modified"]),
        Point("Size", _size(one), _size(other), _shape(one, other)),
        Point("File", amount(one["bytes"]), amount(other["bytes"]), ""),
        Point("Format", formats[0], formats[1], "" if formats[0] == formats[1] else "another format"),
    ]


def score(some: Sequence[Point]) -> tuple[int, int]:
    """Return how many points speak for each of both."""
    return sum(point.better == 0 for point in some), sum(point.better == 1 for point in some)


def likeness(match: Document) -> list[str]:
    """Return how a copy matches the best one, a few words each."""
    if match["agreement"] is None and match["kind"] != "exact":
        words = [f"{match['kind']}, by its fingerprint", "nobody looked at the pixels"]
    else:
        words = [f"{match['kind']}: {KINDS.get(match['kind'], '')}"]
    if match["agreement"] is not None:
        words.append(f"pixels agree by {match['agreement']:.3f}")
    if match["colours"] is not None and match["colours"] < 1 - LITTLE:
        words.append(f"colours agree by {match['colours']:.2f}")
    if match["kind"] != "exact":
        words.append(f"hashes differ by {counted(match['distance'], 'bit')}")
    if parts := len(match["differs"]):
        words.append(f"{counted(parts, 'part')} differ{'s' * (parts == 1)}")
    if match.get("unconfirmed"):
        words.append("unconfirmed: look before you act")
    return words


def _pixels(copy: Document) -> int:
    width, height = int(copy["width"] or 0), int(copy["height"] or 0)
    return max(1, width * height)


def _size(copy: Document) -> str:
    return dimensions(copy["width"], copy["height"])


def _more(name: str, values: Sequence[float], of_what: str, shown: Callable[[float], str]) -> Point:
    one, other = map(shown, values)
    less, more = sorted(values)
    if more <= less * (1 + LITTLE) or not more:
        return Point(name, one, other, "as many")
    better = values.index(more)
    times = more / less if less else 0.0
    much = f"{times:.1f} times as many" if times >= 1.95 or not less else f"{times - 1:.0%} more"
    return Point(name, one, other, f"the {_which(better)} has {much} {of_what}", better)


def _older(one: str | None, other: str | None) -> Point:
    days = _days(one, other)
    if one is None or other is None or one == other:
        return Point("Stored", days[0], days[1], "at the same time" if one == other and one else "")
    times = [datetime.fromisoformat(at) for at in (one, other)]
    better = times.index(min(times))
    long = _long(round(abs(times[0] - times[1]).total_seconds()))
    return Point("Stored", days[0], days[1], f"the {_which(better)} is older by {long}", better)


def _days(one: str | None, other: str | None) -> list[str]:
    """The days, or the seconds where both are of one day."""
    same = one and other and one != other and _day(one) == _day(other)
    return [(at[:19].replace("T", " ") if same else _day(at)) if at else "not known" for at in (one, other)]


def _long(seconds: int) -> str:
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= length:
            return counted(round(seconds / length), unit)
    return counted(seconds, "second")


def _shape(one: Document, other: Document) -> str:
    shapes = [copy["width"] / copy["height"] for copy in (one, other) if copy["height"]]
    if len(shapes) < 2:
        return ""
    return "another shape: one may be cut" if abs(shapes[0] / shapes[1] - 1) > LITTLE else "of one shape"


def _which(place: int) -> str:
    return ("first", "second")[place]


def _day(at: str) -> str:
    return at[:10]
