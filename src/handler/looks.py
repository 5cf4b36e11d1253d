"""Looks at candidates: reads their pictures from the bucket and has the pixels decide.

Pictures are read ahead in parallel, as far as the memory of one large file goes, and looked at one after the other: a
function has one processor.
"""

import math
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import replace
from typing import NamedTuple, Protocol

from handler.core.asker import Asker
from handler.core.fingerprint import seen_again
from handler.core.judging import judged
from handler.core.matches import Match, NotedPair
from handler.core.model import (
    Content,
    MatchKind,
    ObjectGone,
    ObjectRef,
    PictureRecord,
    PictureRejected,
    ReadDenied,
    Settings,
)
from handler.core.policy import best_first
from handler.core.seen import Seen
from handler.deadline import RESERVED_S, OutOfTime

AHEAD = 8  # pictures that are read while one is looked at
MOST_LUMA = 1 << 21  # pixels of a reduced picture; only strips many times as long as they are wide have more


class PictureReader(Protocol):
    """Where the pictures are."""

    def read(self, ref: ObjectRef) -> Content:
        """Return the object; raise ObjectGone, ReadDenied, or PictureRejected if it cannot be read at all."""


class Looked(NamedTuple):
    """What came of one candidate."""

    match: Match | None  # None: its object is not the picture any more that was compared
    taken: bool  # whether there was a look; else its pixels cannot be had


class Decided(NamedTuple):
    """What came of all that was proposed."""

    matches: list[Match]  # best first, up to the cap
    looks: int  # that were taken
    more: bool  # there are, or may be, more matches


class Looks:
    """Takes looks; one event at a time."""

    def __init__(
        self,
        *,
        store: PictureReader,
        executor: Executor,
        settings: Settings,
        judge: Callable[[Match, Seen, Seen], Match] = judged,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._executor = executor
        self._settings = settings
        self._judge = judge
        self._clock = clock

    def decide(
        self,
        asker: Asker,
        proposed: Sequence[Match],
        noted: Mapping[str, NotedPair],
        tell: MatchKind | None = None,
        *,
        deadline: float = math.inf,
    ) -> Decided:
        """Return which of *proposed* (nearest first) are matches, by their pixels; no more looks than are needed.

        Equal bytes need none, nor does what is *noted* of a pair, by object id. Beyond the bound on looks, and where
        the pixels cannot be had for good, hash and check bits decide. *tell* is the least kind that counts, if not that
        of the settings. *deadline* is when the invocation ends, on this object's clock: raises OutOfTime before. Other
        errors of the store pass.
        """
        settled = {one.record.named: one for one in proposed if one.kind is MatchKind.EXACT} | {
            one.record.named: replace(one, likeness=noted[one.record.ref.object_id].seen_by(asker.record))
            for one in proposed
            if one.record.ref.object_id in noted
        }
        # Of an imported hash there is nothing to look at; what a list has of one cannot be read either.
        settled |= {one.record.named: one for one in proposed if one.unconfirmed and not one.list}
        bound, cap = self._settings.max_looks, self._settings.max_matches
        open_ones = [one for one in proposed if one.record.named not in settled]
        looked = self._each(asker, open_ones[:bound], deadline)
        told: list[Match] = []
        looks, unseen = 0, False
        for one in proposed:
            if sum(match.kind.rank <= MatchKind.NEAR.rank for match in told) > cap:
                break
            if known := settled.get(one.record.named):
                told.append(known)
                continue
            if came := next(looked, None):
                found, looks = came.match, looks + came.taken
            else:
                found, unseen = one, bound > 0
            if found and found.counts(tell or self._settings.tell):
                told.append(found)
        return Decided(best_first(told, self._settings.priority)[:cap], looks, unseen or len(told) > cap)

    def _each(self, asker: Asker, matches: Iterable[Match], deadline: float) -> Iterator[Looked]:
        """Yield what came of each of *matches*, in their order, as far as is asked for."""
        mine = asker.seen
        for match, reading in self._read_ahead(matches):
            if self._clock() > deadline - RESERVED_S:
                raise OutOfTime(
                    "the time of this invocation is up before all looks are taken; raise Timeout, or lower MaxLooks"
                )
            try:
                mine = mine or self._see(asker.record, self._store.read(asker.record.ref))
            except ObjectGone:  # what asked is not there any more, so it matches nothing
                yield Looked(None, taken=False)
            except (PictureRejected, ReadDenied):
                yield Looked(match, taken=False)
            else:
                yield self._look(match, mine, reading)

    def _look(self, match: Match, mine: Seen, reading: Future[Content]) -> Looked:
        """Return what comes of *match*, whose picture is being read."""
        try:
            theirs = self._see(match.record, reading.result())
        except ObjectGone:
            # What is on a list stays on it, whatever became of the object that it was made of.
            return Looked(match if match.list else None, taken=False)
        except (PictureRejected, ReadDenied):
            return Looked(match, taken=False)
        fit = max(mine.luma.size, theirs.luma.size) <= MOST_LUMA
        return Looked(self._judge(match, mine, theirs) if fit else match, taken=fit)

    def _read_ahead(self, matches: Iterable[Match]) -> Iterator[tuple[Match, Future[Content]]]:
        """Yield each of *matches* with the reading of its picture; of no more bytes at once than one may have."""
        coming: deque[tuple[Match, Future[Content]]] = deque()
        reserved = 0

        def first() -> Iterator[tuple[Match, Future[Content]]]:
            nonlocal reserved
            yield coming[0]
            reserved -= coming.popleft()[0].record.bytes or 0

        try:
            for match in matches:
                size = match.record.bytes or 0
                while coming and (len(coming) >= AHEAD or reserved + size > self._settings.limits.max_bytes):
                    yield from first()
                coming.append((match, self._executor.submit(self._store.read, match.record.ref)))
                reserved += size
            while coming:
                yield from first()
        finally:
            for _, reading in coming:
                reading.cancel()

    def _see(self, record: PictureRecord, content: Content) -> Seen:
        """Return what is seen of the object that *record* is of. Raises ObjectGone if it was replaced since."""
        if content.etag != record.etag:
            raise ObjectGone(f"{record.ref.bucket}/{record.ref.key} was replaced")
        return seen_again(content.body, record, self._settings.limits)
