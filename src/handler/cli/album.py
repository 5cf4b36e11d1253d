"""Pictures that are compared with each other, and the groups that they fall into."""

from collections.abc import Iterator, Sequence

from handler.cli.records import same_file
from handler.core.asker import Asker
from handler.core.entry import to_entry
from handler.core.generations import GENERATIONS
from handler.core.model import Match, MatchKind, PictureRecord, Settings
from handler.core.policy import match, questions
from handler.entries import Entries


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

    def matches(self, askers: Sequence[Asker], *, among: bool) -> Iterator[tuple[PictureRecord, PictureRecord, Match]]:
        """Yield each of *askers* with each picture in here that it matches; in their orders.

        If *among*, the *askers* have just been added: they are compared with what came before.
        """
        asked = [questions(asker.record, self._settings.orientations) for asker in askers]
        before = len(self._records) - len(askers)
        everything = self._entries.scan_each(asked, self._settings.radius, most=len(self._records))
        for number, hits in enumerate(everything):
            for row in sorted(hits.rows.tolist()):
                if among and row >= before + number:
                    break
                a, b = askers[number].record, self._records[row]
                found = match(askers[number], b, self._settings)
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
