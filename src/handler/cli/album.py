"""Pictures that are compared with each other: the scan of a warm instance, then the policy."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from typing import NamedTuple

from handler.core.asker import Asker
from handler.core.entry import to_entry
from handler.core.generations import GENERATIONS
from handler.core.model import Match, PictureRecord, Settings
from handler.core.policy import match, questions
from handler.entries import Entries


class Found(NamedTuple):
    """Two pictures that may show the same thing."""

    a: PictureRecord  # the one that was asked about
    match: Match  # what it has in common with the other one

    @property
    def b(self) -> PictureRecord:
        """The other one."""
        return self.match.record


class Album:
    """Pictures, compared as the function compares them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._records: list[PictureRecord] = []
        self._entries = Entries(len(GENERATIONS[settings.generation].view_names))

    def add(self, records: Sequence[PictureRecord]) -> None:
        """Add pictures."""
        self._records += records
        self._entries.extend([to_entry(record.ref.object_id, record.entry_hashes) for record in records])

    def matches(self, askers: Sequence[Asker]) -> Iterator[Found]:
        """Yield each of *askers* with each picture in here that it matches; in their orders."""
        return self._matches(askers, repeat(len(self._records), len(askers)))

    def add_and_match(self, askers: Sequence[Asker]) -> Iterator[Found]:
        """Add pictures; yield each with each that it matches of those that came before it; in their orders."""
        before = len(self._records)
        self.add([asker.record for asker in askers])
        return self._matches(askers, range(before, len(self._records)))

    def _matches(self, askers: Sequence[Asker], ends: Iterable[int]) -> Iterator[Found]:
        """Yield each of *askers* with its matches among the first pictures in here; *ends* says how many, for each."""
        asked = [questions(asker.record, self._settings.orientations) for asker in askers]
        everything = self._entries.scan_each(asked, self._settings.asked_radius, most=len(self._records))
        for asker, end, hits in zip(askers, ends, everything, strict=True):
            for row in sorted(row for row in hits.rows.tolist() if row < end):
                if found := match(asker, self._records[row], self._settings):
                    yield Found(asker.record, found)
