"""How many pictures are in each collection of a stack, by its journal, and whether its packs are there.

A journal's end says how many entries there are, at two read units a shard, however many that is: all segments but the
last are full. So nothing is scanned.
"""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from handler.aws.journal import DynamoDBJournal
from handler.cli.facts import CollectionSize
from handler.cli.stacks import DeployedStack
from handler.core.entry import entry_bytes
from handler.core.generations import GENERATIONS
from handler.core.journal import Shape, Span
from handler.core.lists import list_scope
from handler.core.model import WHOLE_DEPLOYMENT, Collection
from handler.entries import room_for

MOST_SCOPES = 100  # that are looked at; some four requests each
AT_ONCE = 16

Missing = Callable[[Collection, Sequence[Span]], int | None]  # how many packs are; None if nobody says


class Scopes(NamedTuple):
    """Some scopes of a stack."""

    names: list[str]
    further: bool  # there are more


def scopes(s3: Any, stack: DeployedStack, buckets: Iterable[str]) -> Scopes:
    """Return the scopes of what is in *buckets* now. Errors are botocore's.

    Where pictures are compared by folder, a bucket's folders are its scopes. Of each folder above them the first
    thousand names are looked at, and MOST_SCOPES in all.
    """
    depth = int(stack.parameter("ScopeDepth"))
    if not depth:
        return Scopes([WHOLE_DEPLOYMENT], further=False)
    found, further = dict[str, None](), False
    for bucket in buckets:
        folders = [""]
        for level in range(depth + 1):
            below = list[str]()
            for folder in folders[:MOST_SCOPES]:
                if level == depth:
                    found[folder] = None
                    continue
                page = s3.list_objects_v2(Bucket=bucket, Prefix=folder, Delimiter="/")
                below += [one["Prefix"] for one in page.get("CommonPrefixes", [])]
                if any(not one["Key"].endswith("/") for one in page.get("Contents", [])):
                    found[folder or "/"] = None  # of keys with fewer folders
                further |= page["IsTruncated"]
            further |= len(folders) > MOST_SCOPES
            folders = below
    return Scopes(list(found)[:MOST_SCOPES], further or len(found) > MOST_SCOPES)


def collections(stack: DeployedStack, names: Iterable[str]) -> list[Collection]:
    """Return the collections of the scopes *names*, and those of the stack's lists, in each generation it writes."""
    generations = [one for one in (stack.parameter("Generation"), stack.parameters.get("AlsoGeneration")) if one]
    lists = [list_scope(one) for one in stack.parameters.get("Lists", "").split(",") if one]
    return [Collection(scope, generation) for generation in generations for scope in (*names, *lists)]


def sizes(dynamodb: Any, table: str, wanted: Sequence[Collection], missing: Missing) -> list[CollectionSize]:
    """Return the sizes of the collections *wanted*, whose journals are in *table*; none that is empty, but the first.

    Errors of the table are botocore's.
    """
    with ThreadPoolExecutor(AT_ONCE) as pool, ThreadPoolExecutor(AT_ONCE) as of_shards:
        journal = DynamoDBJournal(dynamodb, table, executor=of_shards)
        found = list(pool.map(lambda one: _size(journal, one, missing), wanted))
    return [one for number, one in enumerate(found) if one.segments or not number]


def _size(journal: DynamoDBJournal, collection: Collection, missing: Missing) -> CollectionSize:
    shape = Shape()
    length = entry_bytes(GENERATIONS[collection.generation].word_count)
    capacity = shape.capacity(collection, length)
    pictures, segments, spans = 0, 0, list[Span]()
    for shard, last in enumerate(journal.ends(collection)):
        entries = [len(one.entries) for one in journal.segments(collection, shard, last, 1)]
        pictures += last * capacity + sum(entries)
        segments += last + len(entries)
        spans += shape.spans(shard, 0, last)  # the last segment may have room, and whoever fills it makes a pack
    return CollectionSize(
        scope=collection.scope,
        generation=collection.generation,
        pictures=pictures,
        memory_bytes=room_for(pictures) * length if pictures else 0,
        segments=segments,
        packs=len(spans),
        missing_packs=missing(collection, spans) if spans else 0,
    )
