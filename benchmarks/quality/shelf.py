"""Pictures that are compared as `lookalike pairs` compares them, where it counts what is proposed on the way."""

from collections.abc import Sequence
from typing import NamedTuple

from benchmarks.quality.outcomes import is_blank
from handler.cli.matching import Stored, matches
from handler.core.asker import Asker
from handler.core.entry import to_entry
from handler.core.generations import GENERATIONS
from handler.core.matches import Likeness, Match
from handler.core.model import MatchKind, PictureRecord, Settings
from handler.core.policy import questions
from handler.entries import Entries


class Proposals(NamedTuple):
    """What some pictures that ask may match."""

    pairs: int  # that were compared
    candidates: int  # pairs of them within the radius
    matches: list[tuple[int, Match]]  # which of them asks, and what check bits confirm, for a look


class Shelf:
    """Pictures with enough content, as rows."""

    def __init__(self, settings: Settings) -> None:
        views = len(GENERATIONS[settings.generation].view_names)
        self._settings = settings
        self._records: list[PictureRecord] = []
        self._entries, self._stored = Entries(views), Stored(views)

    def add(self, askers: Sequence[Asker]) -> None:
        """Add those of the pictures that have enough content; only their records are kept."""
        records = [one.record for one in askers if not is_blank(one)]
        self._records += records
        self._entries.extend([to_entry(record.ref.object_id, record.entry_hashes) for record in records])
        self._stored.extend([record.fingerprint for record in records if record.fingerprint])

    def proposals(self, askers: Sequence[Asker]) -> Proposals:
        """Return what the pictures that ask may match among those that were added."""
        places = [place for place, one in enumerate(askers) if not is_blank(one)]
        asking = [askers[place] for place in places]
        if not asking or not self._records:
            return Proposals(0, 0, [])
        asked = [questions(one, self._settings) for one in asking]
        who, rows = self._entries.scan_each(asked, self._settings.asked_radius)
        found = list[tuple[int, Match]]()
        met = matches(asking, who, rows, self._stored, self._settings) if len(rows) else None
        for pair, _, distance, orientation, mine, its, bits in zip(
            *(column.tolist() for column in met or ()), strict=True
        ):
            record, likeness = self._records[rows[pair]], Likeness(MatchKind.ALIKE, distance)
            found.append((places[who[pair]], Match(record, likeness, orientation, (mine, its), bits)))
        return Proposals(len(asking) * len(self._records), len(rows), found)
