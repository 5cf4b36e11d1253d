"""Look-ups: what matches an object, a file or a hash, with nothing written and nothing announced."""

import math
from dataclasses import replace

from handler.core.asker import NO_OBJECT, Asker
from handler.core.fingerprint import seen_again
from handler.core.model import Collection, Content, MatchKind, ObjectRef, Outcome, Settings, collection_of
from handler.finding import Finder
from handler.indexing import Indexer
from handler.report import Report


class LookUps:
    """Answers what matches, as one deployment is set; what was decided is shown as well."""

    def __init__(self, *, indexer: Indexer, finder: Finder, settings: Settings) -> None:
        self._indexer = indexer
        self._finder = finder
        self._settings = settings

    def look_up(
        self,
        ref: ObjectRef,
        tell: MatchKind | None = None,
        *,
        scope: str | None = None,
        deadline: float = math.inf,
    ) -> Report:
        """Find the matches of an object that is in the bucket.

        *tell* is the least kind that counts, if that is another one than the settings have, and *scope* where it is
        looked for, if not in its own.
        """
        report, collection = Report(ref), collection_of(ref, self._settings)
        asker = self._indexer.examine(ref, report)  # what is stored of it would find less than the picture itself
        return self._answer(replace(collection, scope=scope or collection.scope), asker, report, deadline, tell)

    def look_up_file(self, body: bytes, scope: str, *, deadline: float = math.inf) -> Report:
        """Find the matches in *scope* of the picture file *body*, which is in no bucket."""
        report = Report(NO_OBJECT)
        asker = self._indexer.examine_content(NO_OBJECT, Content(body, None, None, None), report)
        if asker.record.alive and asker.seen is None and self._settings.max_looks:
            # Its generation keeps no pixels, and they cannot be read again as those of an object can.
            asker = replace(asker, seen=seen_again(body, asker.record, self._settings.limits))
        return self._answer(Collection(scope, self._settings.generation), asker, report, deadline)

    def look_up_hash(self, hash: int, scope: str, *, deadline: float = math.inf) -> Report:
        """Find what has a view in *scope* within the radius of the *hash* of a whole picture.

        Nothing confirms these matches: there are no check bits to compare, and no pixels. So no looks may be set.
        """
        if self._settings.max_looks:
            raise ValueError("nobody can look at the pixels of a hash: want settings without looks")
        asker = Asker.of_hash(hash, self._settings.generation)
        report = Report(NO_OBJECT, Outcome.INDEXED, asker.record)
        return self._answer(Collection(scope, self._settings.generation), asker, report, deadline)

    def _answer(
        self, collection: Collection, asker: Asker, report: Report, deadline: float, tell: MatchKind | None = None
    ) -> Report:
        """Report the matches of what asks, if it can ask: those of lists first."""
        report.collection, report.radius = collection, self._settings.asked_radius
        if asker.record.alive:
            listed = self._finder.on_lists(asker, deadline, tell=tell)
            report.unused_lists = [
                name
                for name, on_list in zip(self._settings.lists, listed, strict=True)
                if on_list.found and on_list.found.nothing_filed
            ]
            self._finder.find(collection, asker, report, deadline, tell=tell)
            for on_list in reversed(listed):
                report.add(on_list)
        return report
