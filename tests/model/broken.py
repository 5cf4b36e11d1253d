"""Parts of the protocol that leave something out."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from handler.aws.catalog import DynamoDBCatalog
from handler.aws.journal import DynamoDBJournal
from handler.aws.pairs import DynamoDBPairs, _likeness, _pair_key
from handler.backlog import Backlogs, CollectionBacklog, Ends, Part
from handler.core.again import Again
from handler.core.asker import Asker
from handler.core.backfill import Backfill
from handler.core.buckets import buckets, to_member
from handler.core.entry import entry_bytes
from handler.core.found import Found, Lack
from handler.core.journal import Appended, Backlog, BrokenJournal, Segment, Span
from handler.core.lists import list_collection
from handler.core.matches import Match, NotedPair, Pair
from handler.core.model import Collection, ObjectRef, Outcome, PictureRecord
from handler.dedup import Deduplicator
from handler.entries import Block
from handler.filing import FiledPicture, Filer, Filing
from handler.journal import CollectionJournal, Cursor, JournalStore, Written
from handler.lists import Lister, same
from handler.looks import Looked, Looks
from handler.packed import PackedSegments
from handler.report import Report
from handler.search import ALL_FILED, Search
from tests.model.replay import Client, Promise, Replay


class EventualProbes(Client):
    def get_item(self, **arguments: Any) -> Any:
        consistent = arguments["TableName"] != "buckets"
        return super().get_item(**arguments | {"ConsistentRead": consistent})


class EventualHolders(Client):
    def query(self, **arguments: Any) -> Any:
        consistent = arguments["TableName"] != "catalog"
        return super().query(**arguments | {"ConsistentRead": consistent})


class EventualTail(Client):
    def query(self, **arguments: Any) -> Any:
        consistent = arguments["TableName"] != "buckets" or "sk >= :from" not in arguments["KeyConditionExpression"]
        return super().query(**arguments | {"ConsistentRead": consistent})


class EventualVerdicts(Client):
    def get_item(self, **arguments: Any) -> Any:
        consistent = "#v#" not in arguments["Key"]["pk"]["S"]
        return super().get_item(**arguments | {"ConsistentRead": consistent})


class Overfilling(Client):
    """Full segments take further entries."""

    def update_item(self, **arguments: Any) -> Any:
        if arguments.get("UpdateExpression", "").endswith("ADD entries :entries"):
            arguments.pop("ConditionExpression")
        return super().update_item(**arguments)


class Unconditional(Client):
    def put_item(self, **arguments: Any) -> Any:
        arguments.pop("ConditionExpression", None)
        return super().put_item(**arguments)


class Unawaited(Replay):
    """Writes are sent and forgotten; reads, which are mapped, are waited for."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Promise:
        promise = super().submit(fn, *args, **kwargs)
        if not promise.done():
            promise.set_result((None, None))
        return promise

    def map(self, fn: Callable[..., Any], *iterables: Any, **_: Any) -> Iterator[Any]:
        promises = [super(Unawaited, self).submit(fn, *args) for args in zip(*iterables, strict=False)]
        return (promise.result() for promise in promises)


class HolderWithoutVersion(DynamoDBCatalog):
    def add_holder(self, collection: Collection, hash: int, ref: ObjectRef) -> None:
        super().add_holder(collection, hash, ObjectRef(ref.bucket, ref.key))

    def drop_holder(self, collection: Collection, hash: int, ref: ObjectRef) -> None:
        super().drop_holder(collection, hash, ObjectRef(ref.bucket, ref.key))


def _update_pair(pairs: DynamoDBPairs, collection: Collection, pair: Pair, **arguments: Any) -> bool:
    """Update the item of *pair*; False if the condition among *arguments* does not hold."""
    try:
        pairs._client.update_item(TableName=pairs._table, Key=_pair_key(collection, pair), **arguments)
    except ClientError:
        return False
    return True


class CreatorPublishes(DynamoDBPairs):
    """Whoever puts the pair item publishes it; who finds one takes it for announced."""

    def note_pair(self, collection: Collection, pair: Pair, found: NotedPair) -> NotedPair:
        created = _update_pair(
            self,
            collection,
            pair,
            UpdateExpression="SET likeness = :likeness",
            ConditionExpression="attribute_not_exists(pk)",
            ExpressionAttributeValues={":likeness": {"M": _likeness(found)}},
        )
        return replace(found, announced=not created)


class WinnerPublishes(DynamoDBPairs):
    """The pair is marked announced first, by a conditional write: who wins it publishes."""

    def note_pair(self, collection: Collection, pair: Pair, found: NotedPair) -> NotedPair:
        noted = super().note_pair(collection, pair, found)
        won = not noted.announced and _update_pair(
            self,
            collection,
            pair,
            UpdateExpression="SET announced = :yes",
            ConditionExpression="attribute_not_exists(announced)",
            ExpressionAttributeValues={":yes": {"BOOL": True}},
        )
        return replace(noted, announced=not won)


class SilencesPairs(DynamoDBPairs):
    """A quiet backfill makes a pair quiet that somebody else has noted."""

    def note_pair(self, collection: Collection, pair: Pair, found: NotedPair) -> NotedPair:
        noted = super().note_pair(collection, pair, found)
        if not found.quiet or noted.announced or noted.quiet:
            return noted
        noted = replace(noted, quiet=True)
        values = {":likeness": {"M": _likeness(noted)}}
        _update_pair(
            self, collection, pair, UpdateExpression="SET likeness = :likeness", ExpressionAttributeValues=values
        )
        return noted


class TellsQuietPairs(DynamoDBPairs):
    """An upload tells whatever is not announced."""

    def note_pair(self, collection: Collection, pair: Pair, found: NotedPair) -> NotedPair:
        noted = super().note_pair(collection, pair, found)
        return noted if found.quiet else replace(noted, quiet=False)


class FilesOnce(DynamoDBPairs):
    """Only whoever has noted a quiet pair files it."""

    def note_pair(self, collection: Collection, pair: Pair, found: NotedPair) -> NotedPair:
        noted = super().noted(collection, [pair])
        return replace(super().note_pair(collection, pair, found), filed=bool(noted))


class WrapsInSilence(Deduplicator):
    """A quiet backfill tells nothing of what was uploaded meanwhile either."""

    def _announce(
        self, collection: Collection, record: PictureRecord, report: Report, backfill: Backfill | None
    ) -> None:
        late = replace(backfill, began="9999-01-01T00:00:00+00:00") if backfill else None
        super()._announce(collection, record, report, late)


class NotesNothing(Deduplicator):
    """A quiet backfill notes no pairs."""

    def _announce(
        self, collection: Collection, record: PictureRecord, report: Report, backfill: Backfill | None
    ) -> None:
        if backfill is None:
            super()._announce(collection, record, report, backfill)


class ForgetsPairs(DynamoDBPairs):
    """Nobody asks what was noted of a pair: it is looked at again."""

    def noted(self, collection: Collection, _: Sequence[Pair]) -> dict[Pair, NotedPair]:
        return super().noted(collection, [])


class IgnoresVerdicts(Deduplicator):
    """Pairs are told whatever was decided of them."""

    def _undecided(self, _: Collection, __: PictureRecord, found: Sequence[Match]) -> list[Match]:
        return list(found)


class NeverComesAgain(Deduplicator):
    """What the buckets find is all that is told where the journal cannot be loaded now."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts | {"queue": _Nowhere()})


class ComesAgainOnce(Deduplicator):
    """A picture that came again is not sent once more."""

    def came_again(self, again: Again, **options: Any) -> Report:
        self._queue = _Nowhere()
        return super().came_again(again, **options)


class _Nowhere:
    def send(self, again: Again, delay_s: int) -> None:
        pass


class GivesUp(Looks):
    """A picture that cannot be read now is taken for none."""

    def _each(self, asker: Asker, matches: Iterable[Match], deadline: float) -> Iterator[Looked]:
        for one in matches:
            try:
                yield from super()._each(asker, [one], deadline)
            except ClientError:
                yield Looked(None, taken=False)


class CleaningBuckets(DynamoDBCatalog):
    """With its last holder a hash leaves its buckets."""

    def drop_holder(self, collection: Collection, hash: int, ref: ObjectRef) -> None:
        super().drop_holder(collection, hash, ref)
        if any(self.holders(collection, hash)):
            return
        for bucket in buckets(hash):
            self._client.update_item(
                TableName="buckets",
                Key={"pk": {"S": f"{collection}#b{bucket.band}#{bucket.prefix:04x}"}, "sk": {"S": "0000"}},
                UpdateExpression="DELETE hashes :members",
                ExpressionAttributeValues={":members": {"BS": [to_member(hash)]}},
            )


class BlindVerification(DynamoDBCatalog):
    """What is read of a removed object is what was known of it when it lived."""

    def bury(self, collection: Collection, ref: ObjectRef) -> PictureRecord | None:
        known = super().get(collection, [ref.object_id])
        if not known:
            return super().bury(collection, ref)
        return self.put(collection, replace(known[0], ref=ref, outcome=Outcome.GONE))

    def get(self, collection: Collection, object_ids: Sequence[str]) -> list[PictureRecord]:
        records = super().get(collection, object_ids)
        return [replace(record, outcome=Outcome.INDEXED) if record.fingerprint else record for record in records]

    def drop_holder(self, collection: Collection, hash: int, ref: ObjectRef) -> None:
        pass


class SilentShards(DynamoDBJournal):
    def _note_shards(self, collection: Collection) -> None:
        pass


class HastyCursor(Cursor):
    """Moves past every segment that it has seen, full or not."""

    __slots__ = ()

    def take(self, segments: Iterable[Segment]) -> list[bytes]:
        new = super().take(segments)
        self.jump(max([self.number, *(segment + 1 for segment in self.seen)]))
        return new


class Hasty(CollectionJournal):
    def learn(self, _: Appended) -> bool:
        return False  # this is about what it reads

    def _read_tail(self) -> bool:
        self._know_shards(1)
        for cursor in self.cursors:
            cursor.__class__ = HastyCursor
        ends = dict(self.ends)
        complete = super()._read_tail()
        self.ends = ends  # its appends are those of others: this is about what it reads
        return complete


class AppendsLate(CollectionJournal):
    """Keeps its own entry until the search is over."""

    late: bytes | None = None

    def append(self, entry: bytes) -> Written:
        self.late = entry
        return Written(Appended(1, [Segment(0, frozenset())], again=False, completes_pack=False))

    def append_late(self) -> None:
        if self.late is not None:
            super().append(self.late)


class SearchesBeforeItAppends(Search):
    """The own entry is written after the search."""

    def find(self, collection: Collection, *arguments: Any, word_count: int, **options: Any) -> Found:
        found = super().find(collection, *arguments, word_count=word_count, **options)
        journal = self._memory.of(collection, word_count)
        assert isinstance(journal, AppendsLate)
        journal.append_late()
        return found


class TakesWhatIsThere(PackedSegments):
    """Packs are made of what is there, whether all of their segments are full or not."""

    def unpacked(self, span: Span) -> Block:
        segments = self._segments.segments(self._collection, span.shard, span.first, span.size)
        return Block.of([entry for segment in segments for entry in sorted(segment.entries)], self._word_count)


class PacksTheLastSegment(CollectionJournal):
    """Packs are made before the last of their segments is full."""

    def __init__(self, collection: Collection, word_count: int, store: JournalStore) -> None:
        super().__init__(collection, word_count, store)
        self._packed = TakesWhatIsThere(
            collection, word_count, segments=store.journal, packs=store.packs, shape=store.shape
        )

    def _missing_packs(self) -> list[Span]:
        self._note_end(0, self.ends[0] + self._store.shape.pack_sizes[0])
        return super()._missing_packs()


class JoinsWhatIsThere(PackedSegments):
    """A pack is made of those smaller ones that somebody has stored."""

    def read(self, span: Span) -> Block:
        packed = self._packs.get(self._collection, span)
        if packed is not None:
            return Block.unpack(packed)
        parts = self._shape.parts(span)
        return self._make(span, [self.read(part) for part in parts]) if parts else Block.empty(self._word_count, 0)


class Joins(CollectionJournal):
    def __init__(self, collection: Collection, word_count: int, store: JournalStore) -> None:
        super().__init__(collection, word_count, store)
        self._packed = JoinsWhatIsThere(
            collection, word_count, segments=store.journal, packs=store.packs, shape=store.shape
        )


class KeepsToPacks(CollectionJournal):
    """What is in packs is read out of them, or not at all."""

    def _take(self, spans: Sequence[Span], read: Callable[[Span], Block]) -> None:
        if read == self._packed.unpacked:
            raise BrokenJournal("there are packs of this")
        super()._take(spans, read)


class StoresBeforeItFiles(Lister):
    """An entry is stored first, and taken for whole by whoever finds it."""

    def add(self, list_name: str, record: PictureRecord) -> bool:
        collection = list_collection(list_name, self._generation)
        if any(same(known, record) for known in self._catalog.get(collection, [record.ref.object_id])):
            return False
        self._catalog.put(collection, record)
        self._filer.file(collection, record)
        return True


class CleansUp(Lister):
    """Who takes an entry off forgets that it had its hash."""

    def remove(self, list_name: str, name: str) -> bool:
        collection, known = list_collection(list_name, self._generation), self.get(list_name, name)
        removed = super().remove(list_name, name)
        if known:
            self._filer.drop_holders(collection, known)
        return removed


class EventualBacklogs(Client):
    def get_item(self, **arguments: Any) -> Any:
        consistent = arguments["Key"]["sk"]["S"] != "backlog"
        return super().get_item(**arguments | {"ConsistentRead": consistent})


class EventualSegments(Client):
    def query(self, **arguments: Any) -> Any:
        return super().query(**arguments | {"ConsistentRead": "BETWEEN" not in arguments["KeyConditionExpression"]})


class AsksBeforeItAppends(Filer):
    """Whether the picture has to be in the buckets is asked before its entry is in the journal."""

    def append(self, collection: Collection, filing: Filing) -> Written | None:
        backlog = self._journal(collection).backlog
        known = backlog.read()
        written = super().append(collection, filing)
        backlog.known = known or (backlog.known if self._memory.limit_bytes == 0 else None)
        return written


class LeavesItsOwn(Filer):
    """Whoever learns of a backlog after its entry was written leaves its picture to others."""

    def end(self, collection: Collection, filing: Filing, written: Written | None) -> FiledPicture:
        self._finish(collection, filing.noted)
        if written and self._journal(collection).backlog.known is not None:
            self._file_part(collection)
        return FiledPicture()


class AppendsBeside(Filer):
    """The entry is written beside the object item."""

    def begin(self, collection: Collection, record: PictureRecord) -> Filing:
        filing = super().begin(collection, record)
        self.beside = self._executor.submit(super().append, collection, filing)
        return filing

    def append(self, _: Collection, __: Filing) -> Written | None:
        written: Written | None = self.beside.result()
        return written


class AppendsBeforeItIsNoted(Filer):
    """The entry is written before the hash is in the buckets."""

    def append(self, collection: Collection, filing: Filing) -> Written | None:
        return super().append(collection, filing._replace(noted=()))


class Leaping(CollectionJournal):
    """What stands between is not missed."""

    def learn(self, appended: Appended) -> bool:
        super().learn(appended)
        return self.whole and not appended.again and not appended.marked


class LearnsAgain(CollectionJournal):
    """The answer about an entry that was there is taken for the journal's end."""

    def learn(self, appended: Appended) -> bool:
        return super().learn(appended._replace(again=False))


class Unmarked(DynamoDBJournal):
    """The answers to appends say nothing of further shards and of backlogs."""

    def mark(self, collection: Collection, entry_bytes: int) -> None:
        pass


class ForgetsMarks(Client):
    """A segment is not marked by whoever begins it."""

    def update_item(self, **arguments: Any) -> Any:
        expression = arguments.get("UpdateExpression", "")
        if "ADD" in expression:
            arguments["UpdateExpression"] = expression.removeprefix("SET marked = :yes ")
        return super().update_item(**arguments)


class MarksAnySegment(DynamoDBJournal):
    """A segment is marked, full or not."""

    def mark(self, collection: Collection, _: int) -> None:
        self._mark(collection, self._last(collection, 0).number, full=1 << 20)


class MarksLate(CollectionBacklog):
    """The journal is marked after it was measured."""

    def __init__(self, collection: Collection, *, backlogs: Backlogs, journal: Ends, mark: Callable[[], None]) -> None:
        super().__init__(collection, backlogs=backlogs, journal=_MeasuredBefore(journal, mark), mark=lambda: None)


class _MeasuredBefore(NamedTuple):
    journal: Ends
    mark: Callable[[], None]

    def ends(self, collection: Collection) -> list[int]:
        ends = self.journal.ends(collection)
        self.mark()
        return ends

    def segments(self, collection: Collection, shard: int, first: int, count: int) -> list[Segment]:
        return self.journal.segments(collection, shard, first, count)


class NeverAsks(Search):
    """What the buckets have is taken for all that they will have."""

    def _backlog(self, _: Collection, __: int) -> Backlog:
        return ALL_FILED


class AsksAfterwards(NeverAsks):
    """Whether the buckets have all is asked after they were read."""

    def find(self, collection: Collection, *arguments: Any, word_count: int, **options: Any) -> Found:
        found = super().find(collection, *arguments, word_count=word_count, **options)
        backlog = Search._backlog(self, collection, word_count)
        if Lack.MEMORY not in found.lacks or (backlog is not None and backlog.done):
            return found
        return replace(found, lacks={Lack.FILING: ""})


class AdvancesFirst(CollectionBacklog):
    """What is taken on is noted as filed."""

    def take(self, count: int, *, now: int, busy: int) -> Part | None:
        part = super().take(count, now=now, busy=busy)
        if part is not None:
            super().advance(part)
        return part

    def advance(self, part: Part) -> None:
        pass


class MeasuresFirst(CollectionBacklog):
    """The backlog ends where the journal did before it was noted."""

    def begin(self) -> None:
        self.ends = self._journal.ends(self._collection)
        super().begin()
        known = self.known
        if known is not None and known.segments is None:
            self.known = self._backlogs.claim(self._collection, known, max(self.ends) + 1, now=0, busy=0)


class _Backlogging(CollectionJournal):
    """A journal with another kind of backlog."""

    backlog_type: type[CollectionBacklog]

    def __init__(self, collection: Collection, word_count: int, store: JournalStore) -> None:
        super().__init__(collection, word_count, store)
        mark = partial(store.journal.mark, collection, entry_bytes(word_count))
        self.backlog = self.backlog_type(collection, backlogs=store.backlogs, journal=store.journal, mark=mark)


class AdvancingJournal(_Backlogging):
    backlog_type = AdvancesFirst


class MeasuringJournal(_Backlogging):
    backlog_type = MeasuresFirst


class LateMarkingJournal(_Backlogging):
    backlog_type = MarksLate
