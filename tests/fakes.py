"""In-memory stand-ins for the adapters; `tests/contract` holds both to the same tests."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future
from typing import Any

from handler.core.buckets import Bucket, members_within, probes, to_member
from handler.core.imaging import check_bytes
from handler.core.message import Message
from handler.core.model import (
    Candidate,
    Candidates,
    Content,
    ImageRecord,
    Limits,
    ObjectGone,
    ObjectRef,
    Outcome,
    Pair,
    Superseded,
    World,
)


class InMemoryPictures:
    """A bucket: `objects` maps (bucket, key) to bytes, in the order of their first uploads."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.objects: dict[tuple[str, str], bytes] = {}
        self._limits = limits or Limits()

    def read(self, ref: ObjectRef) -> Content:
        body = self.objects.get((ref.bucket, ref.key))
        if body is None:
            raise ObjectGone(f"{ref.bucket}/{ref.key} does not exist any more")
        check_bytes(len(body), self._limits)
        order = list(self.objects).index((ref.bucket, ref.key))
        modified = f"2026-01-01T{order // 60:02d}:{order % 60:02d}:00+00:00"
        return Content(body=body, etag="etag", version=ref.version, modified=modified)

    def exists(self, ref: ObjectRef) -> bool:
        return (ref.bucket, ref.key) in self.objects


class InMemoryBuckets:
    """Hashes by bucket."""

    def __init__(self) -> None:
        self._members: defaultdict[tuple[str, Bucket], set[bytes]] = defaultdict(set)

    def add(self, world: World, bucket: Bucket, hash: int) -> None:
        self._members[str(world), bucket].add(to_member(hash))

    def candidates(self, world: World, hash: int, radius: int) -> Candidates:
        wanted = probes(hash, radius)
        members = [member for bucket in wanted for member in self._members[str(world), bucket]]
        near = members_within(members, hash, radius)
        return Candidates(tuple(Candidate(*candidate) for candidate in near), probes=len(wanted))


class InMemoryImages:
    """Objects, holders and pairs, in pages of *page_size* holders."""

    def __init__(self, *, page_size: int = 100) -> None:
        self._page_size = page_size
        self._objects: dict[tuple[str, str], ImageRecord] = {}
        self._holders: defaultdict[tuple[str, int], set[tuple[str, str]]] = defaultdict(set)
        self.pairs: dict[tuple[Any, ...], bool] = {}

    def put(self, world: World, record: ImageRecord) -> ImageRecord | None:
        stored = self._objects.get((str(world), record.ref.object_id))
        if stored is not None and stored.ref.sequencer > record.ref.sequencer:
            other_version_is_buried = (
                record.ref.version is not None
                and stored.outcome is Outcome.REMOVED
                and stored.ref.version not in (None, record.ref.version)
            )
            if not other_version_is_buried:
                raise Superseded
        return self._replace(world, record)

    def bury(self, world: World, ref: ObjectRef) -> ImageRecord | None:
        stored = self._objects.get((str(world), ref.object_id))
        if stored is not None:
            known = stored.ref.version or "null"
            if stored.ref.sequencer > ref.sequencer or (ref.version is not None and known != ref.version):
                raise Superseded
        return self._replace(world, ImageRecord(ref, world.generation, Outcome.REMOVED))

    def get(self, world: World, object_ids: Sequence[str]) -> list[ImageRecord]:
        return [
            self._objects[str(world), object_id] for object_id in object_ids if (str(world), object_id) in self._objects
        ]

    def add_holder(self, world: World, hash: int, ref: ObjectRef) -> None:
        self._holders[str(world), hash].add((ref.sequencer, ref.object_id))

    def drop_holder(self, world: World, hash: int, ref: ObjectRef) -> None:
        self._holders[str(world), hash].discard((ref.sequencer, ref.object_id))

    def holders(self, world: World, hash: int) -> Iterator[list[str]]:
        ids = [object_id for _, object_id in sorted(self._holders[str(world), hash])]
        for start in range(0, max(len(ids), 1), self._page_size):
            yield ids[start : start + self._page_size]

    def note_pair(self, world: World, pair: Pair) -> bool:
        return self.pairs.setdefault(_pair_key(world, pair), False)

    def mark_published(self, world: World, pair: Pair) -> None:
        self.pairs[_pair_key(world, pair)] = True

    def _replace(self, world: World, record: ImageRecord) -> ImageRecord | None:
        key = (str(world), record.ref.object_id)
        replaced = self._objects.get(key)
        self._objects[key] = record
        return replaced


class RecordingNotifier:
    """Keeps what was published."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    def publish(self, message: Message) -> None:
        self.messages.append(message)


class InlineExecutor(Executor):
    """Runs everything at once, in the caller's thread, in the order of submission."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


def _pair_key(world: World, pair: Pair) -> tuple[Any, ...]:
    return (str(world), pair.first, pair.second)
