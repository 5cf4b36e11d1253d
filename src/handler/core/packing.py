"""How many packs a journal of one shard has: what is read of them, what making them takes, and what they keep.

Counted by the rules of `handler.core.journal`, without the journal.
"""

import math
from typing import NamedTuple

from handler.core.journal import Shape

_READ_UNIT_BYTES = 4096


class Load(NamedTuple):
    """What a new instance reads of a journal."""

    gets: int
    units: int  # read units, of what is in no pack yet
    most_units: int  # if uploads go on until a pack is about to be full

    @classmethod
    def of(cls, entries: int, shape: Shape, capacity: int) -> "Load":
        """Return what is read of so many *entries*, of which a segment takes *capacity*."""
        spans = shape.spans(0, 0, entries // capacity)
        unpacked = entries - sum(span.size for span in spans) * capacity
        units = math.ceil(_units(shape, math.ceil(unpacked / capacity)))
        return cls(len(spans), max(1, units), math.ceil(_units(shape, shape.pack_sizes[0])))


class Making(NamedTuple):
    """What it takes to make the packs of each size, for each segment that is filled: on average, by who fills it."""

    puts: float
    gets: float  # of smaller packs
    units: float  # read units, of the segments of the smallest

    @classmethod
    def of(cls, shape: Shape) -> "Making":
        """Return what it takes. Whoever fills the last segment of a pack has made the last of its parts just before."""
        below = dict(zip(shape.pack_sizes[1:], shape.pack_sizes, strict=False))
        return cls(
            puts=sum(1 / size for size in shape.pack_sizes),
            gets=sum((size / part - 1) / size for size, part in below.items()),
            units=_units(shape, 1),
        )


def kept_in_packs(entries: int, shape: Shape, capacity: int) -> int:
    """Return how many entries packs have: each of *entries* counts once for every size that has it."""
    full = entries // capacity
    return capacity * sum(full - full % size for size in shape.pack_sizes)


def _units(shape: Shape, segments: int) -> float:
    return segments * shape.segment_bytes / _READ_UNIT_BYTES
