"""Pictures that are compared with each other, and the groups that they fall into."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat

from handler.cli.records import same_file
from handler.core.asker import Asker
from handler.core.entry import to_entry
from handler.core.generations import GENERATIONS
from handler.core.model import Match, MatchKind, PictureRecord, Settings
from handler.core.policy import match, questions
from handler.entries import Entries

Found = tuple[PictureRecord, PictureRecord, Match]  # the picture that was asked about, the one that it matches, how


class Album:
    """Pictures, compared as the function compares them: the scan of a warm instance, then the policy."""

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
        everything = self._entries.scan_each(asked, self._settings.radius, most=len(self._records))
        for asker, end, hits in zip(askers, ends, everything, strict=True):
            for row in sorted(row for row in hits.rows.tolist() if row < end):
                a, b = asker.record, self._records[row]
                found = match(asker, b, self._settings)
                if found and not (found.kind is MatchKind.EXACT and same_file(a, b)):
                    yield a, b, found


class Groups:
    """Paths that belong together, directly or by way of others."""

    def __init__(self) -> None:
        self._group: dict[str, list[str]] = {}

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self._group)

    def join(self, one: str, other: str) -> None:
        """Put the groups of two paths together."""
        mine, theirs = (self._group.setdefault(path, [path]) for path in (one, other))
        if mine is not theirs:
            mine += theirs
            for path in theirs:
                self._group[path] = mine

    def sorted(self) -> list[list[str]]:
        """Return the groups, each sorted, by their first paths."""
        return sorted(sorted(group) for group in {id(group): group for group in self._group.values()}.values())
