"""The composition root: configuration to clients to the use case, once per container."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache, partial
from typing import Any, NamedTuple, Protocol

import boto3
import botocore.session
from aws_lambda_powertools import Logger
from botocore.config import Config as ClientConfig

from handler.aws.buckets import DynamoDBBuckets
from handler.aws.catalog import DynamoDBCatalog
from handler.aws.journal import DynamoDBJournal
from handler.aws.meter import Meter
from handler.aws.packs import S3Packs
from handler.aws.pairs import DynamoDBPairs
from handler.aws.parser import install
from handler.aws.s3 import S3Pictures
from handler.aws.sns import SNSTopic
from handler.aws.verdicts import DynamoDBVerdicts
from handler.config import Config
from handler.core.message import Message
from handler.core.model import Collection, PictureRecord, Settings
from handler.dedup import Deduplicator, Topic
from handler.indexing import Indexer
from handler.journal import CollectionJournal, JournalStore
from handler.lists import ListedPictures
from handler.looks import Looks, PictureReader
from handler.memory import JournalMemory
from handler.review import Review
from handler.search import Search

THREADS = 16  # as many calls in flight; the batch reads of the largest radius are 28
CLIENT = ClientConfig(
    retries={"mode": "standard", "total_max_attempts": 5},  # what still fails is left to the source of the event
    connect_timeout=2,
    read_timeout=10,
    max_pool_connections=THREADS,
    parameter_validation=False,  # a fifth of the CPU of a search, to check shapes that are fixed in aws/
)

logger = Logger(location=None)  # the same as the handler's: Powertools keeps one for each service


class Service(NamedTuple):
    """What the handler needs for the life of a container."""

    deduplicator: Deduplicator
    shadow: Indexer | None  # of the generation that is written as well
    meter: Meter


class RecordReader(Protocol):
    """What is known of each object. All reads are strongly consistent."""

    def get(self, collection: Collection, object_ids: Sequence[str]) -> list[PictureRecord]:
        """Return the records that exist, in any order."""


class Asking(NamedTuple):
    """What the function that answers questions needs for the life of a container."""

    searcher: Callable[[Settings], Deduplicator]  # as each question sets it
    indexer: Indexer  # to examine objects, no more
    catalog: RecordReader
    review: Review
    pictures: PictureReader
    settings: Settings
    also_generation: str | None
    meter: Meter


@cache
def service() -> Service:
    """Return the service that the environment configures. Raises BadConfiguration."""
    return build(Config.from_env(os.environ))


@cache
def asking() -> Asking:
    """Return what answers questions, as the environment configures it. Raises BadConfiguration."""
    return build_asking(Config.from_env(os.environ))


class _Parts(NamedTuple):
    """What both functions are put together from."""

    deduplicator: Callable[[Settings, Topic], Deduplicator]
    indexer: Callable[[Settings], Indexer]
    catalog: DynamoDBCatalog
    pairs: DynamoDBPairs
    verdicts: DynamoDBVerdicts
    pictures: S3Pictures
    meter: Meter
    client: Callable[[str], Any]


class _Nobody:
    """The topic of the function that only answers."""

    def publish(self, message: Message) -> None:
        raise AssertionError(f"a question announced something: {message.attributes}")


def build(config: Config) -> Service:
    """Put the function that handles events together."""
    parts = _parts(config)
    deduplicator = parts.deduplicator(config.settings, SNSTopic(parts.client("sns"), config.topic_arn))
    also = config.also_generation
    shadow = parts.indexer(replace(config.settings, generation=also)) if also else None
    return Service(deduplicator, shadow, parts.meter)


def build_asking(config: Config) -> Asking:
    """Put the function that answers questions together."""
    parts = _parts(config)
    return Asking(
        searcher=lambda settings: parts.deduplicator(settings, _Nobody()),
        indexer=parts.indexer(config.settings),
        catalog=parts.catalog,
        review=Review(pairs=parts.pairs, verdicts=parts.verdicts, catalog=parts.catalog, settings=config.settings),
        pictures=parts.pictures,
        settings=config.settings,
        also_generation=config.also_generation,
        meter=parts.meter,
    )


def _parts(config: Config) -> _Parts:
    """Make the clients, and what is made with them."""
    session = boto3.Session(botocore_session=lean_session())
    # An emulator has no DNS name for each bucket.
    settings = CLIENT.merge(ClientConfig(s3={"addressing_style": "path" if config.endpoint_url else "auto"}))
    client: Callable[[str], Any] = partial(session.client, endpoint_url=config.endpoint_url, config=settings)
    s3, dynamodb = client("s3"), client("dynamodb")
    meter = Meter()
    meter.attach(dynamodb)
    executor = ThreadPoolExecutor(THREADS, thread_name_prefix="lookalike")
    catalog = DynamoDBCatalog(dynamodb, config.picture_table)
    buckets = DynamoDBBuckets(dynamodb, config.bucket_table, executor=executor)
    journals = JournalStore(
        DynamoDBJournal(dynamodb, config.bucket_table, executor=executor, shards=config.journal_shards),
        S3Packs(s3, config.packs_bucket, config.bucket_table),
        executor,
    )
    pairs = DynamoDBPairs(dynamodb, config.picture_table)
    verdicts = DynamoDBVerdicts(dynamodb, config.picture_table)
    memory = JournalMemory(config.journal_memory_mb << 20, partial(CollectionJournal, store=journals))
    pictures = S3Pictures(s3, config.settings.limits)
    index_by = partial(Indexer, store=pictures, index=buckets, memory=memory, catalog=catalog, executor=executor)
    search = Search(memory=memory, index=buckets, catalog=catalog, executor=executor)

    def indexer(settings: Settings) -> Indexer:
        return index_by(settings=settings)

    def deduplicator(settings: Settings, topic: Topic) -> Deduplicator:
        return Deduplicator(
            indexer=indexer(settings),
            search=search,
            looks=Looks(store=ListedPictures(pictures), executor=executor, settings=settings),
            catalog=catalog,
            pairs=pairs,
            verdicts=verdicts,
            topic=topic,
            executor=executor,
            settings=settings,
        )

    return _Parts(deduplicator, indexer, catalog, pairs, verdicts, pictures, meter, client)


def lean_session() -> botocore.session.Session:
    """Return a session whose clients parse the answers of DynamoDB with little work, if this botocore lets them."""
    session = botocore.session.Session()
    if not install(session):
        logger.warning("parser_does_not_fit", extra={"botocore": botocore.__version__})
    return session
