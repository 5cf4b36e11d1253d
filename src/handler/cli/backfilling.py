"""Sends a job's objects to the intake queue at a bounded rate, and follows what becomes of them.

What is kept in memory are the pages that are followed at the moment. The state is saved after each batch that was sent
and each page that is done: wherever the process is killed, nothing is left out, and at most one batch is sent twice.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from handler.cli import manifest
from handler.cli.job_files import BackfillJob
from handler.cli.manifest import ListedObject
from handler.core.model import Collection, ObjectRef, Outcome, PictureRecord, was_backfilled
from handler.finding import Records

BATCH = 10  # messages; the most that SQS takes at once
PAGE = 100  # objects; as many items as DynamoDB reads at once
PAGES = 20  # that are followed at the same time
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 15.0  # between two looks; doubled where nothing has changed
SETTLED_S = 60.0  # SQS's counts are right about a minute after the last change
PATIENCE_S = 3600.0  # without any change; a message that fails comes ten times, six minutes apart
KNOWN, FAILED = "known", "failed"  # beside what the function calls outcomes

Save = Callable[[], None]


class Stuck(Exception):
    """Nothing has changed for PATIENCE_S, and not all is done."""


class Intake(Protocol):
    """Where the function takes events from."""

    def send(self, documents: Sequence[Mapping[str, Any]]) -> None:
        """Return once every document is accepted."""

    def waiting(self) -> int:
        """Return about how many messages are not done with."""


@dataclass(slots=True)
class FollowedPage:
    """Some objects that were sent, and what became of them so far."""

    open: dict[str, Collection]  # those that are not done with, by object id
    count: int
    end: int  # in the manifest
    outcomes: Counter[str] = field(default_factory=Counter)


class Backfilling:
    """One job, as far as it has come."""

    def __init__(
        self,
        job: BackfillJob,
        path: Path,
        *,
        intake: Intake,
        records: Records,
        collection_of: Callable[[ObjectRef], Collection],
        save: Save,
        advance: Callable[[int], None],
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._job = job
        self._path = path
        self._intake = intake
        self._records = records
        self._collection_of = collection_of
        self._save = save
        self._advance = advance
        self._clock = clock
        self._sleep = sleep
        self._pages: list[FollowedPage] = []
        self._taken, self._taken_end = job.followed, job.followed_end  # lines that are in pages

    def run(self, rate: float) -> None:
        """Send what was not sent, *rate* objects a second at most, and follow all; return when it is done.

        Raises Stuck. Errors of the services pass; what was done by then is saved.
        """
        job, pause = self._job, FIRST_PAUSE_S
        next_batch = next_look = changed = self._clock()
        while job.followed < job.total:
            now = self._clock()
            if job.sent < job.total and now >= next_batch:
                next_batch = now + self._send() / rate
                changed = now
            if now >= next_look:
                if self._look():
                    changed, pause = now, FIRST_PAUSE_S
                elif job.sent == job.total:
                    self._give_up_what_is_lost(now - changed)
                    pause = min(2 * pause, LONGEST_PAUSE_S)
                next_look = now + pause
            due = next_look if job.sent == job.total else min(next_batch, next_look)
            if job.followed < job.total and (rest := due - self._clock()) > 0:
                self._sleep(rest)

    def _send(self) -> int:
        """Send a batch, and return how many objects were in it."""
        job = self._job
        piece = manifest.read(self._path, job.sent_end, BATCH)
        self._intake.send([message(job, one) for one in piece.objects])
        job.sent, job.sent_end = job.sent + len(piece.objects), piece.end
        self._save()
        return len(piece.objects)

    def _look(self) -> bool:
        """Read what became of what was sent; whether that is more than at the last look."""
        while len(self._pages) < PAGES and self._next_page_is_due():
            self._take_page()
        before = sum(page.count - len(page.open) for page in self._pages)
        for page in self._pages:
            self._read(page)
        done = sum(page.count - len(page.open) for page in self._pages) - before
        self._advance(done)
        self._close_pages()
        return done > 0

    def _next_page_is_due(self) -> bool:
        """Whether a whole page was sent that is not followed, or some of one and there is nothing else to do."""
        unfollowed = self._job.sent - self._taken
        return unfollowed >= PAGE or (unfollowed > 0 and (self._job.sent == self._job.total or not self._pages))

    def _take_page(self) -> None:
        """Follow the next objects that were sent."""
        piece = manifest.read(self._path, self._taken_end, min(PAGE, self._job.sent - self._taken))
        refs = [ObjectRef(one.bucket, one.key) for one in piece.objects]
        page = FollowedPage({ref.object_id: self._collection_of(ref) for ref in refs}, len(refs), piece.end)
        page.outcomes[KNOWN] += len(refs) - len(page.open)  # the same object twice
        self._pages.append(page)
        self._taken, self._taken_end = self._taken + len(refs), piece.end

    def _read(self, page: FollowedPage) -> None:
        by_collection: dict[Collection, list[str]] = {}
        for object_id, collection in page.open.items():
            by_collection.setdefault(collection, []).append(object_id)
        for collection, ids in by_collection.items():
            for record in self._records.get(collection, ids):
                if outcome := outcome_of(record, self._job):
                    del page.open[record.ref.object_id]
                    page.outcomes[outcome] += 1

    def _close_pages(self) -> None:
        """Count the first pages, as far as they are done, and save."""
        job, closed = self._job, 0
        while closed < len(self._pages) and not self._pages[closed].open:
            page = self._pages[closed]
            job.followed, job.followed_end = job.followed + page.count, page.end
            job.outcomes = dict(Counter(job.outcomes) + page.outcomes)
            closed += 1
        if closed:
            del self._pages[:closed]
            self._save()

    def _give_up_what_is_lost(self, unchanged_s: float) -> None:
        """Count as failed what is in no queue any more and was never done: the failure queue has it."""
        if unchanged_s >= SETTLED_S and self._intake.waiting() == 0 and not self._look():
            self._advance(sum(len(page.open) for page in self._pages))
            for page in self._pages:
                self._fail(page)
            self._close_pages()
        elif unchanged_s >= PATIENCE_S:
            raise Stuck

    def _fail(self, page: FollowedPage) -> None:
        """Count what is open as failed, but for what an event has told of since the job was done with it."""
        later = Counter[str]()
        for collection in set(page.open.values()):
            ids = [object_id for object_id, where in page.open.items() if where == collection]
            found = self._records.get(collection, ids)
            later[KNOWN] += sum(map(_is_by_event, found))
            later[Outcome.REMOVED] += sum(record.outcome is Outcome.REMOVED for record in found)
        page.outcomes += later + Counter({FAILED: len(page.open) - later.total()})
        page.open.clear()


def message(job: BackfillJob, one: ListedObject) -> dict[str, Any]:
    """Return the document that has the function index an object."""
    document = {"bucket": one.bucket, "key": one.key, "job": job.name, "began": job.began, "tell": job.tell}
    return {"backfill": document | ({"hash": one.hash} if one.hash else {})}


def outcome_of(record: PictureRecord, job: BackfillJob) -> str | None:
    """Return what became of an object by what is known of it; None if that *job* is not done with it.

    Of a rejected one with the code of its reason, after a colon. What was uploaded since the job began has an event of
    its own, which takes the job's mark away.
    """
    since = datetime.fromisoformat(record.modified) >= datetime.fromisoformat(job.began) if record.modified else False
    if record.job != job.name and not (since and _is_by_event(record)):
        return None
    if _is_by_event(record):
        return KNOWN
    code = (record.reason or "").partition(":")[0] if record.outcome is Outcome.REJECTED else ""
    return f"{record.outcome}: {code}" if code else record.outcome.value


def _is_by_event(record: PictureRecord) -> bool:
    """Whether an event has told of an object that is there."""
    return record.alive and not was_backfilled(record.ref)
