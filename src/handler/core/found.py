"""What a search answers: candidates, which way they came, and what it lacked to be whole."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class NearHash(NamedTuple):
    """A stored hash within the radius."""

    distance: int  # bits
    hash: int


@dataclass(frozen=True, slots=True)
class Candidates:
    """What the buckets answered."""

    nearest_first: tuple[NearHash, ...]
    probes: int  # bucket keys that were read


class Candidate(NamedTuple):
    """An object that had a hash within the radius; whether it lives and still has it remains to be seen."""

    distance: int  # bits
    object_id: str


class Route(StrEnum):
    """Where a search got its answer."""

    WARM = "warm"  # from the journal entries that the instance remembered
    LOADED = "loaded"  # from the entries, which it loaded first, as far as there was time
    PROBED = "probed"  # from the buckets


class Lack(StrEnum):
    """What kept a search from comparing every view that may meet."""

    NOW = "now"  # time, or a journal without gaps: another search of the same picture may have it
    FILING = "filing"  # memory, and the buckets do not have all that they will have: another search may find it there
    MEMORY = "memory"  # no search has it while the deployment is set as it is


@dataclass(frozen=True, slots=True)
class Found:
    """The result of a search."""

    candidates: Iterator[Candidate]  # nearest first; an object may come more than once
    route: Route
    probes: int = 0  # bucket keys that were read
    packs: int = 0  # packs of the journal that were read
    pictures: int = 0  # entries that were compared
    cut: bool = False  # there is more within the radius than the candidates
    trouble: str | None = None  # what was wrong with packs, if anything was
    filed: bool = False  # the buckets were asked, and had every whole picture
    lacks: Mapping[Lack, str] = field(default_factory=dict)  # what a whole search would have needed, and how much

    @property
    def whole(self) -> bool:
        """Whether every view that may meet was compared."""
        return not self.lacks

    @property
    def nothing_filed(self) -> bool:
        """Whether nothing was ever filed there, as far as is known: the buckets do not say."""
        return self.route is not Route.PROBED and not self.pictures
