"""In-memory stand-ins for the adapters; `tests/contract` holds both to the same tests."""

import hashlib
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import replace
from typing import Any

from handler.core.again import Again
from handler.core.buckets import Bucket, members_within, probes, to_member
from handler.core.filed import Filed
from handler.core.formats import check_bytes
from handler.core.found import Candidates, NearHash
from handler.core.journal import Appended, Backlog, Segment, Shape, Span, Tail
from handler.core.matches import NotedPair, Pair
from handler.core.message import Message
from handler.core.model import Collection, Content, Limits, ObjectGone, ObjectRef, Outcome, PictureRecord, Superseded
from handler.core.verdicts import BatchPlace, Decision, Placed, Subject


class InMemoryPictures:
    """A bucket: `objects` maps (bucket, key) to bytes, in the order of their first uploads.

    Reading a key that is among `errors` raises what is there.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self.objects: dict[tuple[str, str], bytes] = {}
        self.errors: dict[str, Exception] = {}
        self._limits = limits or Limits()

    def read(self, ref: ObjectRef) -> Content:
        body = self.objects.get((ref.bucket, ref.key))
        if body is None:
            raise ObjectGone(f"{ref.bucket}/{ref.key} does not exist")
        if ref.key in self.errors:
            raise self.errors[ref.key]
        check_bytes(len(body), self._limits)
        order = list(self.objects).index((ref.bucket, ref.key))
        modified = f"2026-01-01T{order // 60:02d}:{order % 60:02d}:00+00:00"
        etag = hashlib.md5(body, usedforsecurity=False).hexdigest()
        return Content(body=body, etag=etag, version=ref.version, modified=modified)

    def exists(self, ref: ObjectRef) -> bool:
        return (ref.bucket, ref.key) in self.objects


class InMemoryBuckets:
    """Hashes by bucket."""

    def __init__(self) -> None:
        self._members: defaultdict[tuple[str, Bucket], set[bytes]] = defaultdict(set)

    def add(self, collection: Collection, bucket: Bucket, hash: int, *, crowded: bool) -> bool:
        self._members[str(collection), bucket].add(to_member(hash))
        return crowded

    def candidates(self, collection: Collection, hashes: Sequence[int], radius: int) -> Candidates:
        wanted = {probe for hash in hashes for probe in probes(hash, radius)}
        members = [member for bucket in wanted for member in self._members[str(collection), bucket]]
        near = members_within(members, hashes, radius)
        return Candidates(tuple(NearHash(*one) for one in near), probes=len(wanted))


class InMemoryJournal:
    """Segments by collection and shard; *page_segments* of them are a page of `tail`."""

    def __init__(self, *, shards: int = 1, shape: Shape | None = None, page_segments: int = 1000) -> None:
        self._shards = shards
        self._shape = shape or Shape()
        self._page_segments = page_segments
        self._segments: defaultdict[str, list[list[set[bytes]]]] = defaultdict(lambda: [[set()]])
        self._marked: dict[str, int] = {}  # by collection: the first segment of shard 0 that is

    def with_shards(self, shards: int) -> "InMemoryJournal":
        """Return the same journal, written with another number of shards."""
        other = InMemoryJournal(shards=shards, shape=self._shape, page_segments=self._page_segments)
        other._segments, other._marked = self._segments, self._marked
        return other

    def lose_an_entry(self, collection: Collection, *, segment: int) -> None:
        """Break what every writer keeps: a segment before the last one is full."""
        self._segments[str(collection)][0][segment].pop()

    def append(
        self, collection: Collection, entry: bytes, ends: Mapping[int, int], *, ask: bool, marked: bool = False
    ) -> Appended:  # of a fake, all segments behind a marked one are
        del marked
        rows = self._segments[str(collection)]
        shard = entry[0] % self._shards
        if shard:
            rows += [[set()] for _ in range(self._shards - len(rows))]
            self.mark(collection, len(entry))
        segments, full = rows[shard], self._shape.capacity(collection, len(entry))
        last = len(segments) - 1 + (len(segments[-1]) >= full)
        number, seen = last if ask else min(last, ends.get(shard, last)), list[Segment]()
        segments += [set() for _ in range(last + 1 - len(segments))]
        while len(segments[number]) >= full and entry not in segments[number]:
            seen.append(self._segment(collection, shard, number))
            number = max(number + 1, last)  # which is asked for then
        again = entry in segments[number]
        segments[number].add(entry)
        completes = len(segments[number]) == full and bool(self._shape.completed(shard, number))
        return Appended(shard, [*seen, self._segment(collection, shard, number)], again, completes)

    def mark(self, collection: Collection, entry_bytes: int) -> None:
        (first, *_), full = self._segments[str(collection)], self._shape.capacity(collection, entry_bytes)
        self._marked.setdefault(str(collection), len(first) - (len(first[-1]) < full))

    def tail(self, collection: Collection, cursors: Sequence[int]) -> Tail:
        rows = self._segments[str(collection)]
        starts = [*cursors, *[0] * (len(rows) - len(cursors))]
        pages = [self._read(collection, shard, start, self._page_segments) for shard, start in enumerate(starts)]
        complete = all(len(row) <= start + self._page_segments for row, start in zip(rows, starts, strict=True))
        return Tail(pages, complete)

    def ends(self, collection: Collection) -> list[int]:
        return [len(segments) - 1 for segments in self._segments[str(collection)]]

    def segments(self, collection: Collection, shard: int, first: int, count: int) -> list[Segment]:
        return self._read(collection, shard, first, count) if shard < len(self._segments[str(collection)]) else []

    def _read(self, collection: Collection, shard: int, first: int, count: int) -> list[Segment]:
        stop = min(first + count, len(self._segments[str(collection)][shard]))
        read = (self._segment(collection, shard, number) for number in range(first, stop))
        return [segment for segment in read if segment.entries or segment.marked]

    def _segment(self, collection: Collection, shard: int, number: int) -> Segment:
        entries = frozenset(self._segments[str(collection)][shard][number])
        return Segment(number, entries, shard == 0 and number >= self._marked.get(str(collection), math.inf))


class InMemoryBacklogs:
    """Backlogs by collection."""

    def __init__(self) -> None:
        self.noted: dict[str, Backlog] = {}

    def get(self, collection: Collection) -> Backlog | None:
        return self.noted.get(str(collection))

    def begin(self, collection: Collection) -> Backlog:
        return self.noted.setdefault(str(collection), Backlog(0, None, 0))

    def claim(self, collection: Collection, known: Backlog, segments: int, *, now: int, busy: int) -> Backlog | None:
        noted = self.noted[str(collection)]
        if noted.filed != known.filed or noted.busy > now:
            return None
        self.noted[str(collection)] = Backlog(noted.filed, segments if noted.segments is None else noted.segments, busy)
        return self.noted[str(collection)]

    def advance(self, collection: Collection, filed: int) -> Backlog | None:
        noted = self.noted[str(collection)]
        if noted.filed >= filed:
            return None
        self.noted[str(collection)] = noted._replace(filed=filed, busy=0)
        return self.noted[str(collection)]


class InMemoryPacks:
    """Packs by collection and span."""

    def __init__(self) -> None:
        self.packs: dict[tuple[Collection, Span], bytes] = {}

    def get(self, collection: Collection, span: Span) -> bytes | None:
        return self.packs.get((collection, span))

    def put(self, collection: Collection, span: Span, pack: bytes) -> None:
        self.packs[collection, span] = pack


class InMemoryCatalog:
    """Objects and holders, in pages of *page_size* holders."""

    def __init__(self, *, page_size: int = 100) -> None:
        self._page_size = page_size
        self._objects: dict[tuple[str, str], PictureRecord] = {}
        self._holders: defaultdict[tuple[str, int], set[tuple[str, str]]] = defaultdict(set)

    def put(self, collection: Collection, record: PictureRecord) -> PictureRecord | None:
        stored = self._objects.get((str(collection), record.ref.object_id))
        if stored is not None and stored.ref.sequencer > record.ref.sequencer:
            other_version_is_buried = (
                record.ref.version is not None
                and stored.outcome is Outcome.REMOVED
                and stored.ref.version not in (None, record.ref.version)
            )
            if not other_version_is_buried:
                raise Superseded
        return self._replace(collection, record)

    def bury(self, collection: Collection, ref: ObjectRef) -> PictureRecord | None:
        stored = self._objects.get((str(collection), ref.object_id))
        if stored is not None:
            known = stored.ref.version or "null"
            if stored.ref.sequencer > ref.sequencer or (ref.version is not None and known != ref.version):
                raise Superseded
        return self._replace(collection, PictureRecord(ref, collection.generation, Outcome.REMOVED))

    def get(self, collection: Collection, object_ids: Sequence[str]) -> list[PictureRecord]:
        return [
            self._objects[str(collection), object_id]
            for object_id in object_ids
            if (str(collection), object_id) in self._objects
        ]

    def add_holder(self, collection: Collection, hash: int, ref: ObjectRef) -> None:
        self._holders[str(collection), hash].add((ref.sequencer, ref.object_id))

    def add_entry_holder(self, collection: Collection, hash: int, object_id: str) -> None:
        self._holders[str(collection), hash].add(("", object_id))

    def drop_holder(self, collection: Collection, hash: int, ref: ObjectRef) -> None:
        self._holders[str(collection), hash].discard((ref.sequencer, ref.object_id))

    def holders(self, collection: Collection, hash: int) -> Iterator[list[str]]:
        ids = [object_id for _, object_id in sorted(self._holders[str(collection), hash])]
        for start in range(0, max(len(ids), 1), self._page_size):
            yield ids[start : start + self._page_size]

    def mark_done(self, collection: Collection, object_id: str, job: str) -> None:
        key = str(collection), object_id
        if key in self._objects:
            self._objects[key] = replace(self._objects[key], job=job)

    def _replace(self, collection: Collection, record: PictureRecord) -> PictureRecord | None:
        key = (str(collection), record.ref.object_id)
        replaced = self._objects.get(key)
        self._objects[key] = record
        return replaced


class InMemoryPairs:
    """Pairs by collection, and which of them wait for a verdict."""

    def __init__(self) -> None:
        self.items: dict[tuple[str, Pair], NotedPair] = {}
        self._filed: dict[tuple[str, Pair], Filed] = {}
        self._away: dict[tuple[str, Pair], Subject | None] = {}

    def noted(self, collection: Collection, pairs: Sequence[Pair]) -> dict[Pair, NotedPair]:
        return {pair: self.items[str(collection), pair] for pair in pairs if (str(collection), pair) in self.items}

    def note_pair(self, collection: Collection, pair: Pair, found: NotedPair) -> NotedPair:
        return self.items.setdefault((str(collection), pair), found)

    def mark_announced(self, collection: Collection, filed: Filed) -> None:
        key = str(collection), filed.pair
        self.items[key] = replace(self.items[key], announced=True, filed=True)
        self._filed[key] = filed._replace(likeness=self.items[key].likeness, finder=self.items[key].finder)
        self._away.pop(key, None)

    def file_quiet(self, collection: Collection, filed: Filed) -> None:
        key = str(collection), filed.pair
        if key not in self._filed:
            self._filed[key] = filed._replace(likeness=self.items[key].likeness, finder=self.items[key].finder)
            self.items[key] = replace(self.items[key], filed=True)

    def waiting(self, collection: Collection) -> Iterator[Filed]:
        for key, filed in self._filed.items():
            if key[0] == str(collection) and key not in self._away:
                yield filed

    def some_waiting(self, collection: Collection, most: int) -> tuple[list[Filed], bool]:
        found = sorted(self.waiting(collection), key=lambda filed: filed.at, reverse=True)
        return found[:most], len(found) <= most

    def set_aside(self, collection: Collection, pair: Pair, subject: Subject) -> None:
        if (str(collection), pair) in self._filed:
            self._away[str(collection), pair] = subject

    def aside(self, collection: Collection, subject: Subject) -> Iterator[Pair]:
        away = list(self._away.items())
        yield from (pair for (where, pair), for_it in away if where == str(collection) and for_it == subject)

    def close(self, collection: Collection, pair: Pair) -> None:
        self._away[str(collection), pair] = None

    def reopen(self, collection: Collection, pair: Pair) -> None:
        self._away.pop((str(collection), pair), None)


class InMemoryVerdicts:
    """Decisions by scope and subject."""

    def __init__(self) -> None:
        self._decisions: dict[tuple[str, Subject], Decision] = {}
        self._batches: defaultdict[tuple[str, str], dict[str, Sequence[Subject]]] = defaultdict(dict)

    def decided(self, scope: str, subjects: Sequence[Subject]) -> dict[Subject, Decision]:
        found = {subject: self._decisions.get((scope, subject)) for subject in subjects}
        return {subject: decision for subject, decision in found.items() if decision}

    def put(self, scope: str, decision: Decision) -> Decision:
        key = scope, decision.subject
        if not decision.says(self._decisions.get(key)):
            self._decisions[key] = decision.instead_of(self._decisions.get(key))
        return self._decisions[key]

    def take_back(self, scope: str, subject: Subject, batch: str | None = None) -> Decision | None:
        current = self._decisions.get((scope, subject))
        taken, stays = current.without(batch) if current else (None, None)
        if taken is not None and stays is None:
            del self._decisions[scope, subject]
        elif taken is not None and stays is not None:
            self._decisions[scope, subject] = stays
        return taken

    def note_batch(self, scope: str, batch: str, at: str, subjects: Sequence[Subject]) -> None:
        digest = hashlib.sha256(repr(subjects).encode()).hexdigest()
        self._batches[scope, batch][f"{at}#{digest}"] = subjects

    def in_batch(
        self, scope: str, batch: str, after: BatchPlace | None = None
    ) -> Iterator[tuple[BatchPlace, str, Subject]]:
        for page, subjects in sorted(self._batches[scope, batch].items()):
            for number, subject in enumerate(subjects):
                if after is None or (page, number) > after:
                    yield BatchPlace(page, number), page.partition("#")[0], subject

    def all(self, scope: str, before: Placed | None = None, *, at_once: int = 100) -> Iterator[Decision]:
        assert at_once > 0
        found = [one for (where, _), one in self._decisions.items() if where == scope]
        behind = [one for one in found if before is None or one.filed < before]
        yield from sorted(behind, key=lambda one: one.filed, reverse=True)


class RecordingTopic:
    """Keeps what was published."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    def publish(self, message: Message) -> None:
        self.messages.append(message)


class RecordingQueue:
    """Keeps what comes again, and after how many seconds."""

    def __init__(self) -> None:
        self.sent: list[tuple[Again, int]] = []

    def send(self, again: Again, delay_s: int) -> None:
        self.sent.append((again, delay_s))


class InlineExecutor(Executor):
    """Runs everything at once, in the caller's thread, in the order of submission."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future
