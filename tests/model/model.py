"""The deliveries of a scenario as a graph of states and steps.

A state is the value of every cell, the answers that every delivery has got, and how many crashes may still happen.
Equal states are visited once, however they were reached. A delivery that crashes forgets its answers, and is delivered
again whenever it is its turn. A crash matters only by what was written before it and what was not: so it is tried right
after each step that changed a cell, and covers every later moment at which the delivery has only read.
"""

import hashlib
from collections.abc import Hashable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any, Generic, NamedTuple, TypeVar

from botocore.exceptions import ClientError

from handler.aws.buckets import DynamoDBBuckets
from handler.aws.catalog import DynamoDBCatalog
from handler.aws.packs import S3Packs
from handler.aws.s3 import S3Pictures
from handler.aws.sns import SNSTopic
from handler.aws.verdicts import DynamoDBVerdicts
from handler.core.entry import entry_bytes
from handler.core.fingerprint import fingerprint
from handler.core.journal import Shape
from handler.core.judging import judged
from handler.core.lists import entry_ref
from handler.core.matches import Likeness, Match
from handler.core.model import Collection, Limits, Outcome, PictureRecord, Settings
from handler.core.seen import Seen
from handler.core.verdicts import Decision, NamedObject, Subject, Verdict
from handler.finding import Finder
from handler.indexing import Indexer
from handler.journal import JournalStore
from handler.lists import ListedPictures
from handler.memory import JournalMemory
from tests.model.instances import LARGE, NONE, Instances, Memory, fresh, memory_of, remember
from tests.model.replay import PACKS, LookingClient, Replay, Task
from tests.model.scenarios import BUCKET, Event, Listing, Scenario
from tests.model.services import Call, Services
from tests.model.variants import Variant

RADIUS = 3  # bits: 4 probes
PACK_SEGMENTS = 2
COLLECTION = Collection("*", "phash1")
SETTINGS = Settings(generation="phash1", radius=RADIUS, max_matches=20, scope_depth=0, limits=Limits())
BY_LOOKS = replace(SETTINGS, sure_radius=0, max_looks=20)

LIST, LISTED_NAME = "banned", "bad.png"
KINDS = ("read", "add", "write")

NOW = datetime.fromtimestamp(0, UTC)

AGAIN = Call("again", "instances", {})  # what a delivery that failed waits for

T = TypeVar("T")


class Numbered(Generic[T]):
    """Gives equal values (by their representation) the same small number."""

    def __init__(self) -> None:
        self.values: list[T] = []
        self._numbers: dict[str, int] = {}

    def number(self, value: T) -> int:
        number = self._numbers.setdefault(repr(value), len(self.values))
        if number == len(self.values):
            self.values.append(value)
        return number


Log = tuple[tuple[Task, tuple[int, ...]], ...]  # the numbers of the answers that each task got, sorted by task


class Local(NamedTuple):
    """How far one delivery has come."""

    log: Log = ()
    handled_before: frozenset[int] = frozenset()  # the deliveries that were complete when this one began


class State(NamedTuple):
    """Everything that the future depends on."""

    cells: tuple[int, ...]
    locals: tuple[int, ...]
    crashes_left: int


class Waiting(NamedTuple):
    """What a delivery waits for; done if for nothing."""

    calls: tuple[tuple[Task, int, int], ...]  # task, number of the call, number of its cell


class Violation(Exception):
    """A promise is broken."""


class Step(NamedTuple):
    """One call, or one call and a crash right after it."""

    actor: int
    task: Task
    call: int
    answer: int
    crash: bool
    state: State


class Model:
    """The deliveries of a scenario, run by the real code with the parts that a variant replaces."""

    def __init__(
        self, scenario: Scenario, variant: Variant, crashes: int, instances: Instances = Instances.LOADING
    ) -> None:
        self.scenario = scenario
        self.variant = variant
        self.instances = instances
        self.services = Services(scenario.history, scenario.trouble)
        self.settings = BY_LOOKS if scenario.looks else SETTINGS
        self.calls: Numbered[Call] = Numbered()
        self.answers: Numbered[Any] = Numbered()
        self.cells: Numbered[Any] = Numbered()
        self.cell_names: Numbered[str] = Numbered()
        self.locals: list[Local] = []
        self._local_numbers: dict[Hashable, int] = {}
        self._waiting: dict[tuple[int, int], Waiting] = {}
        self._results: dict[tuple[int, int], list[tuple[int, int]]] = {}
        # Deliveries first; then those who change the list; then, for each key, those who change it once more; then
        # those who decide about a pair.
        self.changed_keys = [key for key, bodies in scenario.history.items() if len(bodies) > 1]
        self.deliveries = len(scenario.events)
        self.listings = range(self.deliveries, self.deliveries + len(scenario.listings))
        if scenario.listings:
            self.settings = replace(self.settings, lists=(LIST,))
        self.shape = Shape(segment_bytes=60 + 25 * scenario.segment_entries, pack_segments=PACK_SEGMENTS)
        assert self.shape.capacity(COLLECTION, entry_bytes(word_count=1)) == scenario.segment_entries
        # They end what was before.
        self._later = [*(n for n, event in enumerate(scenario.events) if event.number > 1), *self.listings]
        self.fresh = self._local(Local())
        for key in scenario.history:
            self.cell_names.number(f"s3/{key}")
        first = tuple(self._first(cell) for cell in range(len(self.cell_names.values)))
        self._deciders = self.listings.stop + len(self.changed_keys)  # the first of them
        self.start = State(first, (self.fresh,) * (self._deciders + len(scenario.decided)), crashes)

    # --- steps ---

    def steps(self, state: State) -> Iterator[Step]:
        """Yield every step that is possible in *state*."""
        for actor in range(len(state.locals)):
            for task, call, cell in self.waiting(state, actor):
                yield from self.outcomes(state, actor, task, call, cell)

    def waiting(self, state: State, actor: int) -> tuple[tuple[Task, int, int], ...]:
        """Return the calls that may happen next in one delivery."""
        if actor < self.deliveries:
            event = self.scenario.events[actor]
            if event.number > 1 and self._changes(state, event.key) < event.number:
                return ()  # it has not happened yet
            if self.scenario.listed_first and not all(self.is_done(state, other) for other in self.listings):
                return ()
        elif actor in self.listings:
            after = self.scenario.listings[actor - self.deliveries].after
            if after is not None and not self.is_done(state, self.listings[after]):
                return ()
        return self.waits(actor, state.locals[actor]).calls

    def outcomes(self, state: State, actor: int, task: Task, call: int, cell: int) -> Iterator[Step]:
        """Yield what one call of one delivery may come to."""
        if self.calls.values[call] is AGAIN:
            locals_ = _replaced(state.locals, actor, self.fresh)
            yield Step(actor, task, call, 0, crash=False, state=State(state.cells, locals_, state.crashes_left))
            return
        before = state.cells[cell] if cell < len(state.cells) else self._first(cell)
        for answer, after in self._call(call, before):
            cells = state.cells
            if after != before:
                if cell >= len(cells):
                    cells += tuple(self._first(number) for number in range(len(cells), cell + 1))
                cells = _replaced(cells, cell, after)
            local = self._answered(state, actor, task, answer)
            others = state.locals
            yield Step(
                actor,
                task,
                call,
                answer,
                crash=False,
                state=State(cells, _replaced(others, actor, local), state.crashes_left),
            )
            if after != before and state.crashes_left and actor < self.listings.stop:
                yield Step(
                    actor,
                    task,
                    call,
                    answer,
                    crash=True,
                    state=State(cells, _replaced(others, actor, self.fresh), state.crashes_left - 1),
                )

    def _answered(self, state: State, actor: int, task: Task, answer: int) -> int:
        local = self.locals[state.locals[actor]]
        handled = local.handled_before
        if not local.log:
            ended = (*self._later, *range(self._deciders, len(state.locals)))
            handled = frozenset(other for other in ended if self.is_done(state, other))
        log = dict(local.log)
        log[task] = (*log.get(task, ()), answer)
        return self._local(Local(tuple(sorted(log.items())), handled))

    def access(self, call: int, cell: int) -> int:
        """Return the bit that stands for such an access to the cell."""
        return 1 << (3 * cell + KINDS.index(self.calls.values[call].kind))

    def conflicts(self, call: int, cell: int) -> int:
        """Return the bits of the accesses that do not commute with this one."""
        kind = self.calls.values[call].kind
        return sum(1 << (3 * cell + n) for n, other in enumerate(KINDS) if kind != other or kind == "write")

    def is_done(self, state: State, actor: int) -> bool:
        """Whether the delivery is complete, and acknowledged."""
        return state.locals[actor] != self.fresh and not self.waits(actor, state.locals[actor]).calls

    def is_settled(self, state: State) -> bool:
        """Whether all deliveries are complete that end what was before."""
        return all(self.is_done(state, other) for other in self._later)

    def _changes(self, state: State, key: str) -> int:
        return int(self.cells.values[state.cells[self.cell_names.number(f"s3/{key}")]]["puts"])

    def _first(self, cell: int) -> int:
        return self.cells.number(self.services.first(self.cell_names.values[cell]))

    def _call(self, call: int, cell: int) -> list[tuple[int, int]]:
        if (call, cell) not in self._results:
            results = self.services.results(self.calls.values[call], self.cells.values[cell])
            self._results[call, cell] = list(
                dict.fromkeys((self.answers.number(answer), self.cells.number(after)) for answer, after in results)
            )
        return self._results[call, cell]

    def _local(self, local: Local) -> int:
        number = self._local_numbers.setdefault(local, len(self.locals))
        if number == len(self.locals):
            self.locals.append(local)
        return number

    def waits(self, actor: int, local: int) -> Waiting:
        """Return what a delivery waits for that has come so far."""
        found = self._waiting.get((actor, local))
        if found is None:
            found = self._waiting[actor, local] = self._run(actor, self.locals[local].log)
        return found

    def _run(self, actor: int, log: Log) -> Waiting:
        """Run the delivery again over the answers it has got, to the calls that have none yet."""
        pending: dict[Task, Call]
        if actor >= self._deciders:
            pending = self._decide(self.scenario.decided[actor - self._deciders], log)
        elif actor >= self.listings.stop:
            key = self.changed_keys[actor - self.listings.stop]
            done = len(log[0][1]) if log else 0
            call = Call("change", f"s3/{key}", {"to": done + 2})
            more = done + 1 < len(self.scenario.history[key])
            pending = {(): call} if more else {}
        elif actor in self.listings:
            pending = self._list(self.scenario.listings[actor - self.deliveries], log)
        else:
            pending = self._deliver(self.scenario.events[actor], log)
        return Waiting(
            tuple((task, self.calls.number(call), self.cell_names.number(call.cell)) for task, call in pending.items())
        )

    def decision(self, actor: int) -> tuple[str, str] | None:
        """Return the keys of the pair that *actor* decides about; None if it is a delivery, or changes a key."""
        return self.scenario.decided[actor - self._deciders] if actor >= self._deciders else None

    def _decide(self, keys: tuple[str, str], log: Log) -> dict[Task, Call]:
        """Somebody says that the pictures under two keys are different, as they were when each was put first."""
        replay = self._replay(log)
        client: Any = self.variant.client(replay)
        digests = sorted(hashlib.sha256(self.scenario.history[key][0] or b"").hexdigest() for key in keys)
        objects = NamedObject(BUCKET, keys[0]), NamedObject(BUCKET, keys[1])
        said = Decision(Subject(*digests), Verdict.DIFFERENT, objects, "somebody", NOW.isoformat())
        replay.run(lambda: DynamoDBVerdicts(client, "catalog").put(COLLECTION.scope, said))
        return replay.pending

    def _list(self, listing: Listing, log: Log) -> dict[Task, Call]:
        replay = self._replay(log)
        replay.run(lambda: self._change_list(listing, replay))
        return replay.pending

    def _replay(self, log: Log) -> Replay:
        return self.variant.replay({task: tuple(map(self.answers.values.__getitem__, got)) for task, got in log})

    def _change_list(self, listing: Listing, replay: Replay) -> None:
        """Run what the command does, in a process of its own."""
        parts = self._parts(replay, fresh(LARGE), shards=1)
        lister = self.variant.lister(
            indexer=parts.indexer, catalog=parts.catalog, memory=parts.memory, generation=self.settings.generation
        )
        if listing.body is None:
            lister.remove(LIST, LISTED_NAME)
        else:
            lister.add(LIST, entry_of(listing.body))

    def _deliver(self, event: Event, log: Log) -> dict[Task, Call]:
        replay = self._replay(log)
        memory = fresh(LARGE if self.instances is Instances.LOADING else NONE)
        try:
            if self.instances is Instances.MIXED:
                replay.run(lambda: self._on_an_instance(event, replay))
            else:
                replay.run(lambda: self._handle(event, replay, memory))
        except ClientError:  # it has failed, and will be delivered again
            return {(): AGAIN}
        return replay.pending

    def _on_an_instance(self, event: Event, replay: Replay) -> None:
        before = replay.call(Call("begin", "instances", {}))
        memory = self._handle(event, replay, before)
        replay.call(Call("end", "instances", {"memory": memory_of(memory)}))

    def _handle(self, event: Event, replay: Replay, before: Memory) -> JournalMemory:
        """Run the use case on an instance that remembers what was *before*; return what it remembers then."""
        parts = self._parts(replay, before, shards=self.scenario.shards[event.number % len(self.scenario.shards)])
        client, memory, catalog = parts.client, parts.memory, parts.catalog
        looking: Any = LookingClient(client)
        search = self.variant.search(
            memory=memory, index=parts.buckets, catalog=catalog, executor=replay, clock=lambda: 0.0
        )
        deduplicator = self.variant.deduplicator(
            indexer=parts.indexer,
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
            executor=replay,
            settings=self.settings,
            clock=lambda: NOW,
        )
        handle = deduplicator.removed if self.scenario.body(event) is None else deduplicator.created
        handle(event.ref)
        return memory

    def _parts(self, replay: Replay, before: Memory, *, shards: int) -> "_Parts":
        """Put together what deliveries and listings share, in a process that remembers what was *before*."""
        client: Any = self.variant.client(replay)
        catalog = self.variant.catalog(client, "catalog", clock=lambda: 0.0)
        buckets = DynamoDBBuckets(client, "buckets", executor=replay, page_members=self.scenario.page_members)
        store = JournalStore(
            self.variant.journal(client, "buckets", executor=replay, shards=shards, shape=self.shape),
            S3Packs(client, PACKS, "buckets"),
            replay,
            self.shape,
        )
        memory = JournalMemory(before["bytes"], partial(self.variant.collection_journal, store=store))
        remember(memory, before)
        indexer = Indexer(
            store=S3Pictures(client, self.settings.limits),
            index=buckets,
            memory=memory,
            catalog=catalog,
            executor=replay,
            settings=self.settings,
        )
        return _Parts(client, catalog, buckets, memory, indexer)


class _Parts(NamedTuple):
    """What is put together for one run."""

    client: Any
    catalog: DynamoDBCatalog
    buckets: DynamoDBBuckets
    memory: JournalMemory
    indexer: Indexer


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


def _replaced(values: tuple[int, ...], index: int, value: int) -> tuple[int, ...]:
    return (*values[:index], value, *values[index + 1 :])
