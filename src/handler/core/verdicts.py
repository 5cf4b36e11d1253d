"""What people decided of two pictures."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

from handler.core.model import PictureRecord

MOST_EARLIER = 8  # of one subject that are kept: 14 KB each at the very most, and an item takes 400


class Verdict(StrEnum):
    """What somebody decided; whichever it is, the pair is not told again."""

    DIFFERENT = "different"  # they do not show the same
    KEEP_BOTH = "keep_both"  # they do, and both are wanted
    KEEP_ONE = "keep_one"  # they do, and one of them is to go


class Subject(NamedTuple):
    """What a verdict is of: two contents, or two objects that have one content; the lesser comes first.

    By content, so that it holds for whatever object has it later; but objects with one content are told apart by
    nothing else, and a further one is a new copy.
    """

    first: str
    second: str

    @classmethod
    def of(cls, one: PictureRecord, other: PictureRecord) -> "Subject":
        """Return the subject, which both name alike: SHA-256s, or object ids if they are equal or one is not known."""
        names = one.digest, other.digest
        if not all(names) or names[0] == names[1]:
            names = one.ref.object_id, other.ref.object_id
        return cls(*sorted(str(name) for name in names))

    def name_of(self, record: PictureRecord) -> str:
        """Return which of the two *record* is. Raises ValueError if it is neither."""
        for name in (record.digest, record.ref.object_id):
            if name in self:
                return str(name)
        raise ValueError(f"{record.ref.bucket}/{record.ref.key} is none of {', '.join(self)}")


class NamedObject(NamedTuple):
    """An object by its names."""

    bucket: str
    key: str

    def __str__(self) -> str:
        """As people write it: s3://bucket/key."""
        return f"s3://{self.bucket}/{self.key}"


class Placed(NamedTuple):
    """The place of a decision among others."""

    at: str
    first: str
    second: str


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict: of what, by whom, when and why."""

    subject: Subject
    verdict: Verdict
    objects: tuple[NamedObject, NamedObject]  # which were looked at, in the order of the subject
    by: str
    at: str  # ISO 8601, UTC
    kept: str | None = None  # which of the subject, if one is
    note: str | None = None
    batch: str | None = None  # what was decided at once, and may be undone at once
    earlier: tuple["Decision", ...] = ()  # those whose place it took, the newest first; none of them has any itself

    @property
    def filed(self) -> "Placed":
        """By what decisions are ordered."""
        return Placed(self.at, *self.subject)

    def says(self, other: "Decision | None") -> bool:
        """Whether it is the same verdict as *other*, whoever gave it and when."""
        return other is not None and (self.verdict, self.kept) == (other.verdict, other.kept)

    def instead_of(self, current: "Decision | None") -> "Decision":
        """Return the same, as it takes the place of *current*: so that undoing it brings that back."""
        chain = current.chain if current else ()
        return replace(self, earlier=chain[:MOST_EARLIER])

    @property
    def chain(self) -> tuple["Decision", ...]:
        """It and those whose place it took, the newest first, each alone."""
        return replace(self, earlier=()), *self.earlier

    def without(self, batch: str | None) -> "tuple[Decision | None, Decision | None]":
        """Return what is taken back with *batch*, if anything, and what stands then, if anything does.

        Of a batch that is all of it, though another decision has taken its place; None takes back what stands.
        """
        goes = self.chain[:1] if batch is None else tuple(one for one in self.chain if one.batch == batch)
        stays = tuple(one for one in self.chain if one not in goes)
        return next(iter(goes), None), replace(stays[0], earlier=stays[1:]) if stays else None


class BatchPlace(NamedTuple):
    """The place of a subject among those that were decided about at once: on which page it is noted, and where."""

    page: str
    number: int


BATCH_START = BatchPlace("0", -1)  # before all: the name of a page begins with a year
