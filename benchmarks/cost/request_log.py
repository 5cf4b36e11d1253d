"""What the server noted of each request, and what that says."""

from collections.abc import Sequence
from typing import NamedTuple

GET_OBJECT = "GetObject"
READS = ("BatchGetItem", "GetItem", "Query", GET_OBJECT)


class LoggedRequest(NamedTuple):
    """One request as the server saw it."""

    begin: float  # seconds, on the server's clock
    end: float
    kind: str  # the operation
    units: int
    sent: int  # bytes, with headers


def round_trips(requests: Sequence[LoggedRequest]) -> int:
    """Return how many of *requests* had to follow one another: the longest chain of which each began after the last.

    It shows what waited for what only if answers take longer than a client needs to send what it sends in parallel.
    """
    ends = sorted((one.end, number) for number, one in enumerate(requests))
    depths: dict[int, int] = {}
    deepest = ended = 0
    for number, one in sorted(enumerate(requests), key=lambda each: each[1].begin):
        while ends[ended][0] <= one.begin:
            deepest = max(deepest, depths[ends[ended][1]])
            ended += 1
        depths[number] = deepest + 1
    return max(depths.values(), default=0)
