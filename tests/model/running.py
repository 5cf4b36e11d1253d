"""Runs the deliveries of a scenario: the real code, with the parts that a variant replaces, over the answers so far."""

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from handler.aws.again import SQSAgain
from handler.aws.buckets import DynamoDBBuckets
from handler.aws.catalog import DynamoDBCatalog
from handler.aws.packs import S3Packs
from handler.aws.s3 import S3Pictures
from handler.aws.sns import SNSTopic
from handler.aws.verdicts import DynamoDBVerdicts
from handler.core.again import Again
from handler.core.asker import Asker
from handler.core.backfill import Backfill, BackfillTell
from handler.core.entry import entry_bytes
from handler.core.fingerprint import fingerprint
from handler.core.generations import GENERATIONS
from handler.core.journal import Shape
from handler.core.judging import judged
from handler.core.lists import entry_ref
from handler.core.matches import Likeness, Match
from handler.core.model import Collection, Content, Limits, ObjectRef, Outcome, PictureRecord, Settings
from handler.core.seen import Seen
from handler.core.verdicts import Decision, NamedObject, Subject, Verdict
from handler.dedup import Deduplicator
from handler.filing import Filer
from handler.finding import Finder
from handler.indexing import Indexer
from handler.journal import JournalStore
from handler.lists import ListedPictures
from handler.memory import JournalMemory
from handler.report import Report
from tests.model.instances import LARGE, NONE, SECOND, Instances, Memory, fresh, memory_of, remember
from tests.model.replay import PACKS, LookingClient, Replay, Task
from tests.model.scenarios import BUCKET, Event, Listing, Scenario
from tests.model.services import Call
from tests.model.variants import Variant

RADIUS = 3  # bits: 4 probes
SETTINGS = Settings(generation="phash1", radius=RADIUS, max_matches=20, scope_depth=0, limits=Limits(), effort="quick")
BY_LOOKS = replace(SETTINGS, sure_radius=0, max_looks=20)
WITH_VIEWS = replace(SETTINGS, generation="look1")

LIST, LISTED_NAME = "banned", "bad.png"

NOW = datetime.fromtimestamp(0, UTC)

AGAIN = Call("again", "instances", {})  # what a delivery that failed waits for

Answers = Mapping[Task, tuple[Any, ...]]
Pending = dict[Task, Call]  # the calls that have no answer yet
Handle = Callable[[Deduplicator, float], object]  # what a delivery has a function do until a deadline


class RealCode:
    """One scenario's deliveries, listings and decisions, each run again from its beginning for every new answer."""

    def __init__(self, scenario: Scenario, variant: Variant, instances: Instances) -> None:
        self.scenario = scenario
        self.variant = variant
        self.instances = instances
        self.settings = WITH_VIEWS if scenario.comes_again else BY_LOOKS if scenario.looks else SETTINGS
        if scenario.listings:
            self.settings = replace(self.settings, lists=(LIST,))
        collection, words = Collection("*", self.settings.generation), GENERATIONS[self.settings.generation].word_count
        room = scenario.segment_entries * (entry_bytes(words) + 1)
        self.shape = Shape(segment_bytes=60 + room, pack_sizes=scenario.pack_sizes)
        assert self.shape.capacity(collection, entry_bytes(words)) == scenario.segment_entries

    def deliver(self, event: Event, answers: Answers) -> Pending:
        """Run a delivery of *event*."""
        if self.scenario.body(event) is None:
            return self._deliver(event, answers, lambda function, _: function.removed(event.ref))
        job = self._job(event)
        return self._deliver(
            event,
            answers,
            lambda function, deadline: function.created(event.ref, deadline=deadline, backfill=job),
        )

    def come_again(self, event: Event, attempt: int, answers: Answers) -> Pending:
        """Run a delivery of what *event* sent to the queue."""
        again = self.again(event, attempt)
        return self._deliver(
            event,
            answers,
            lambda function, deadline: function.came_again(again, deadline=deadline),
            may_be_late=attempt + self.scenario.outgrows < self.scenario.comes_again,  # then it comes once more
        )

    def again(self, event: Event, attempt: int) -> Again:
        """Return what is sent of *event* to search for its object once more, for which time."""
        return Again(event.ref, attempt, NOW.isoformat(timespec="seconds"), self._job(event))

    def _job(self, event: Event) -> Backfill | None:
        """Return the job that *event* is of, if it is of one that has to be quiet."""
        began = datetime.fromtimestamp(self.scenario.began, UTC).isoformat()
        return Backfill("job", BackfillTell.NONE, began) if event.quiet else None

    def decide(self, keys: tuple[str, str], answers: Answers) -> Pending:
        """Somebody says that the pictures under two keys are different, as they were when each was put first."""
        replay = self.variant.replay(answers)
        client: Any = self.variant.client(replay)
        digests = sorted(hashlib.sha256(self.scenario.history[key][0] or b"").hexdigest() for key in keys)
        objects = NamedObject(BUCKET, keys[0]), NamedObject(BUCKET, keys[1])
        said = Decision(Subject(*digests), Verdict.DIFFERENT, objects, "somebody", NOW.isoformat())
        replay.run(lambda: DynamoDBVerdicts(client, "catalog").put("*", said))
        return replay.pending

    def change_list(self, listing: Listing, answers: Answers) -> Pending:
        """Run what the command does, in a process of its own."""
        replay = self.variant.replay(answers)

        def change() -> None:
            parts = self._parts(replay, fresh(LARGE), shards=1)
            lister = self.variant.lister(
                filer=parts.filer, catalog=parts.catalog, memory=parts.memory, generation=self.settings.generation
            )
            if listing.body is None:
                lister.remove(LIST, LISTED_NAME)
            else:
                lister.add(LIST, entry_of(listing.body))

        replay.run(change)
        return replay.pending

    def _deliver(self, event: Event, answers: Answers, handle: Handle, *, may_be_late: bool = True) -> Pending:
        replay = self.variant.replay(answers)
        # Where there are crops, an instance lacks time: one that lacks memory would find none, and that for good.
        kinds = {"new": [LARGE], "late": [False, may_be_late]} if self.scenario.comes_again else {"new": [LARGE, NONE]}
        if self.scenario.outgrows:
            kinds = {"new": [LARGE, SECOND, NONE], "late": [False, may_be_late and self.instances is Instances.HURRIED]}

        def run() -> None:
            if self.instances in (Instances.LOADING, Instances.PROBING):
                probes = self.instances is Instances.PROBING or event.key in self.scenario.outgrown
                self._handle(event, replay, fresh(NONE if probes else LARGE), handle)
                return
            memory = self._handle(event, replay, replay.call(Call("begin", "instances", kinds)), handle)
            if self.instances is Instances.MIXED:
                replay.call(Call("end", "instances", {"memory": memory_of(memory)}))

        try:
            replay.run(run)
        except ClientError:  # it has failed, and will be delivered again
            return {(): AGAIN}
        return replay.pending

    def _handle(self, event: Event, replay: Replay, before: Memory, handle: Handle) -> JournalMemory:
        """Run the use case on an instance that remembers what was *before*; return what it remembers then."""
        parts = self._parts(replay, before, shards=self.scenario.shards[event.number % len(self.scenario.shards)])
        client, memory, catalog = parts.client, parts.memory, parts.catalog
        looking: Any = LookingClient(client)
        search = self.variant.search(
            memory=memory, index=parts.buckets, catalog=catalog, executor=replay, clock=lambda: 1.0
        )
        deduplicator = self.variant.deduplicator(
            indexer=_Examiner(
                store=S3Pictures(client, self.settings.limits),
                filer=parts.filer,
                catalog=catalog,
                executor=replay,
                settings=self.settings,
            ),
            finder=Finder(
                search=search,
                looks=self.variant.looks(
                    store=ListedPictures(S3Pictures(looking, self.settings.limits)),
                    executor=replay,
                    settings=self.settings,
                    judge=_judged_once,
                ),
                catalog=catalog,
                executor=replay,
                settings=self.settings,
            ),
            catalog=catalog,
            pairs=self.variant.pairs(client, "catalog"),
            verdicts=DynamoDBVerdicts(client, "catalog"),
            topic=SNSTopic(client, "topic"),
            queue=SQSAgain(lambda: client, "queue"),
            executor=replay,
            settings=self.settings,
            clock=lambda: NOW,
            jitter=lambda: 0.0,
        )
        handle(deduplicator, 0.0 if before.get("late") else math.inf)  # the search's clock says 1
        return memory

    def _parts(self, replay: Replay, before: Memory, *, shards: int) -> "_Assembled":
        """Put together what deliveries and listings share, in a process that remembers what was *before*."""
        client: Any = self.variant.client(replay)
        catalog = self.variant.catalog(client, "catalog", clock=lambda: 0.0)
        buckets = DynamoDBBuckets(client, "buckets", executor=replay, page_members=self.scenario.page_members)
        store = JournalStore(
            self.variant.journal(
                client, "buckets", executor=replay, shards=shards, shape=self.shape, sleep=lambda _: None
            ),
            S3Packs(client, PACKS, "buckets"),
            self.variant.backlogs(client, "buckets"),
            replay,
            self.shape,
        )
        memory = JournalMemory(before["bytes"], partial(self.variant.collection_journal, store=store))
        remember(memory, before)
        filer = self.variant.filer(
            index=buckets,
            holders=catalog,
            memory=memory,
            buckets_from_bytes=memory.limit_bytes // 2,
            executor=replay,
            clock=lambda: 0.0,
            segments_at_once=self.scenario.filed_at_once,
            busy_s=0,  # so that several go on at once
        )
        return _Assembled(client, catalog, buckets, memory, filer)


class _Assembled(NamedTuple):
    """What is put together for one run."""

    client: Any
    catalog: DynamoDBCatalog
    buckets: DynamoDBBuckets
    memory: JournalMemory
    filer: Filer


class _Examiner(Indexer):
    """Fingerprints each picture once, since every delivery is run again for each of its steps."""

    def examine_content(self, ref: ObjectRef, content: Content, report: Report) -> Asker:
        key = ref, content, self._settings.generation
        if key not in _examined:
            asker = super().examine_content(ref, content, report)
            _examined[key] = asker, report.record, report.outcome
        asker, report.record, report.outcome = _examined[key]
        return asker


_examined: dict[tuple[ObjectRef, Content, str], tuple[Asker, PictureRecord | None, Outcome]] = {}


@cache
def entry_of(body: bytes) -> PictureRecord:
    """Return what is listed of a picture."""
    return PictureRecord(
        entry_ref(LIST, LISTED_NAME),
        SETTINGS.generation,
        Outcome.INDEXED,
        fingerprint=fingerprint(body, SETTINGS.generation, SETTINGS.limits),
        digest=hashlib.sha256(body).hexdigest(),
        bytes=len(body),
        modified="2026",
    )


_likenesses: dict[tuple[bytes, bytes], Likeness] = {}


def _judged_once(match: Match, mine: Seen, theirs: Seen) -> Match:
    """Judge as the function does; of two pictures once, since every delivery is run again for each of its steps."""
    pair = mine.luma.tobytes(), theirs.luma.tobytes()
    if pair not in _likenesses:
        _likenesses[pair] = judged(match, mine, theirs).likeness
    return replace(match, likeness=_likenesses[pair])
