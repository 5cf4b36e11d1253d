"""Two pictures that have something in common: how, and what is kept of them."""

from dataclasses import dataclass, replace
from typing import NamedTuple

from handler.core.model import UNTURNED, Box, MatchKind, PictureRecord


class HashedWindow(NamedTuple):
    """By what a window of a picture asks."""

    hash: int
    check: bytes = b""  # its check bits; nothing where its generation has none


@dataclass(frozen=True, slots=True)
class Likeness:
    """How two pictures are alike, by their hashes and, if somebody looked, by their pixels."""

    kind: MatchKind
    distance: int  # bits, 0 to 64
    agreement: float | None = None  # of the pixels, 0 to 1; None: nobody looked
    colours: float | None = None  # how well they agree, 0 to 1; None: nobody looked
    differs: tuple[Box, ...] | None = ()  # where; None: it is known for the other picture's side only


class Laid(NamedTuple):
    """How two pictures lie on each other, by a look: the picture first, then what it matches."""

    covered: tuple[float, float]  # the share of each, without uniform borders, that both show
    scale: float  # the area of the second that shows the area of the first, both in shares of the whole

    @property
    def swapped(self) -> "Laid":
        """The same, the other way around."""
        return Laid((self.covered[1], self.covered[0]), 1.0 / self.scale if self.scale else 0.0)


@dataclass(frozen=True, slots=True)
class Match:
    """One live picture that is like the one that was asked for."""

    record: PictureRecord
    likeness: Likeness
    orientation: int = 1  # how the picture has to be turned to look like the match, as EXIF numbers it
    view_pair: tuple[int, int] = (0, 0)  # which view of the picture met which of the match
    check_bits: int | None = None  # that differ between those views; None where there are none
    taken_apart_s: float | None = None  # seconds between both captures; None where one of them is not known
    laid: Laid | None = None  # None: nobody looked, or nothing was placed
    list: str | None = None  # of which it is an entry
    unconfirmed: bool = False  # nothing but a bare hash speaks for it

    @property
    def kind(self) -> MatchKind:
        """What it has in common with the picture."""
        return self.likeness.kind

    @property
    def distance(self) -> int:
        """Bits that differ between the two hashes."""
        return self.likeness.distance

    def from_the_other(self, picture: PictureRecord) -> "Match":
        """Return how *picture*, which this is a match of, matches the other one; where they differ is as it was."""
        return replace(
            self,
            record=picture,
            orientation=UNTURNED[self.orientation],
            view_pair=self.view_pair[::-1],
            laid=self.laid.swapped if self.laid else None,
        )

    def counts(self, tell: MatchKind) -> bool:
        """Whether it has at least so much in common; what might have it if somebody looked has not."""
        nobody_looked = self.likeness.agreement is None
        return self.kind.rank <= (MatchKind.NEAR if nobody_looked else tell).rank


class Pair(NamedTuple):
    """Two objects, each with one content, as `{object id}#{content}`; the lesser comes first, whoever names them."""

    first: str
    second: str

    @classmethod
    def of(cls, one: PictureRecord, other: PictureRecord) -> "Pair":
        """Return the pair, which both uploads name alike."""
        return cls(*sorted((one.named, other.named)))


@dataclass(frozen=True, slots=True)
class NotedPair:
    """What is kept of a pair from the moment that somebody found it: what made it one, and whether it was announced."""

    likeness: Likeness  # as the finder has it, so that it is known where the pictures differ
    finder: str  # which of the two found it: where they differ is in fractions of this one
    announced: bool = False
    quiet: bool = False  # whoever found it had not to tell it, and nobody has unless all is to be told
    filed: bool = False  # for people to review

    def seen_by(self, one: PictureRecord) -> Likeness:
        """Return the likeness as the picture *one* of the pair has it."""
        unplaced = self.likeness.differs and self.finder != one.named
        return replace(self.likeness, differs=None) if unplaced else self.likeness
