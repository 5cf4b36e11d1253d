"""The composition root: configuration to clients to the use case, once per container."""

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache, partial
from typing import Any, NamedTuple

import boto3
import botocore.session
from botocore.config import Config as ClientConfig

from handler.aws.again import SQSAgain
from handler.aws.backlogs import DynamoDBBacklogs
from handler.aws.buckets import DynamoDBBuckets
from handler.aws.catalog import DynamoDBCatalog
from handler.aws.journal import DynamoDBJournal
from handler.aws.meter import Meter
from handler.aws.packs import S3Packs
from handler.aws.pairs import DynamoDBPairs
from handler.aws.parser import install
from handler.aws.retries import OWN_ATTEMPTS, Retries
from handler.aws.s3 import S3Pictures
from handler.aws.sns import SNSTopic
from handler.aws.verdicts import DynamoDBVerdicts
from handler.config import Config
from handler.core.model import Settings
from handler.deadline import Deadline
from handler.dedup import Deduplicator
from handler.filing import Filer
from handler.finding import Finder, Records
from handler.indexing import Indexer
from handler.journal import CollectionJournal, JournalStore
from handler.lists import ListedPictures
from handler.log import logger
from handler.look_ups import LookUps
from handler.looks import Looks, PictureReader
from handler.memory import JournalMemory
from handler.review.service import Review, review
from handler.search import Search

THREADS = 16  # as many calls in flight; the batch reads of the largest radius are 28
CLIENT = ClientConfig(
    retries={"mode": "standard", "total_max_attempts": OWN_ATTEMPTS},  # `Retries` goes on for as long as there is time
    connect_timeout=2,
    read_timeout=10,
    max_pool_connections=THREADS,
    parameter_validation=False,  # a fifth of the CPU of a search, to check shapes that are fixed in aws/
    user_agent=f"Lookalike botocore/{botocore.__version__}",  # else it is composed twice a call: a tenth of its CPU
)

# Of an invocation's time, for which a call for a pack is made again: then the table, which has the same, is read.
PACKS_SHARE = 0.2


class Service(NamedTuple):
    """What the handler needs for the life of a container."""

    deduplicator: Deduplicator
    look_ups: LookUps
    shadow: Indexer | None  # of the generation that is written as well
    meter: Meter
    retries: Retries
    usual_read_units: float = math.inf  # that an object may consume before its reads are dear

    def is_dear(self, read_units: float) -> bool:
        """Whether so many are more than an object may consume."""
        return read_units > self.usual_read_units


class AskService(NamedTuple):
    """What the function that answers questions needs for the life of a container."""

    look_ups: Callable[[Settings], LookUps]  # as each question sets it
    indexer: Indexer  # to examine objects, no more
    catalog: Records
    review: Review
    pictures: PictureReader
    settings: Settings
    also_generation: str | None
    meter: Meter
    deadline: Deadline
    retries: Retries


@cache
def service() -> Service:
    """Return the service that the environment configures. Raises BadConfiguration."""
    return build(Config.from_env(os.environ))


@cache
def asking() -> AskService:
    """Return what answers questions, as the environment configures it. Raises BadConfiguration."""
    return build_asking(Config.from_env(os.environ))


class _Parts(NamedTuple):
    """What both functions are put together from."""

    finder: Callable[[Settings], Finder]
    look_ups: Callable[[Settings], LookUps]
    indexer: Callable[[Settings], Indexer]
    catalog: DynamoDBCatalog
    pairs: DynamoDBPairs
    verdicts: DynamoDBVerdicts
    pictures: S3Pictures
    executor: ThreadPoolExecutor
    meter: Meter
    deadline: Deadline
    retries: Retries
    client: Callable[[str], Any]


def build(config: Config) -> Service:
    """Put the function that handles events together."""
    parts = _parts(config)
    deduplicator = Deduplicator(
        indexer=parts.indexer(config.settings),
        finder=parts.finder(config.settings),
        catalog=parts.catalog,
        pairs=parts.pairs,
        verdicts=parts.verdicts,
        topic=SNSTopic(parts.client("sns"), config.topic_arn),
        queue=SQSAgain(cache(partial(parts.client, "sqs")), config.intake_queue_url),
        executor=parts.executor,
        settings=config.settings,
    )
    also = config.also_generation
    shadow = parts.indexer(replace(config.settings, generation=also)) if also else None
    look_ups, usual = parts.look_ups(config.settings), config.usual_read_units
    return Service(deduplicator, look_ups, shadow, parts.meter, parts.retries, usual)


def build_asking(config: Config) -> AskService:
    """Put the function that answers questions together."""
    parts = _parts(config)
    return AskService(
        look_ups=parts.look_ups,
        indexer=parts.indexer(config.settings),
        catalog=parts.catalog,
        review=review(
            pairs=parts.pairs,
            verdicts=parts.verdicts,
            catalog=parts.catalog,
            settings=config.settings,
            executor=parts.executor,
        ),
        pictures=parts.pictures,
        settings=config.settings,
        also_generation=config.also_generation,
        meter=parts.meter,
        deadline=parts.deadline,
        retries=parts.retries,
    )


def _parts(config: Config) -> _Parts:
    """Make the clients, and what is made with them."""
    session = boto3.Session(botocore_session=lean_session())
    # An emulator has no DNS name for each bucket.
    settings = CLIENT.merge(ClientConfig(s3={"addressing_style": "path" if config.endpoint_url else "auto"}))
    make: Callable[[str], Any] = partial(session.client, endpoint_url=config.endpoint_url, config=settings)
    retries = Retries()

    def client(service: str, share: float = 1.0) -> Any:
        made = make(service)
        retries.attach(made, share=share)
        return made

    s3, packs_s3, dynamodb = client("s3"), client("s3", PACKS_SHARE), client("dynamodb")
    meter, deadline = Meter(), Deadline()
    meter.attach(dynamodb)
    deadline.attach(dynamodb)
    deadline.attach(s3)
    deadline.attach(packs_s3)
    executor = ThreadPoolExecutor(THREADS, thread_name_prefix="lookalike")
    catalog = DynamoDBCatalog(dynamodb, config.picture_table)
    buckets = DynamoDBBuckets(dynamodb, config.bucket_table, executor=executor)
    pairs = DynamoDBPairs(dynamodb, config.picture_table, executor)
    verdicts = DynamoDBVerdicts(dynamodb, config.picture_table)
    memory = _memory(config, packs_s3, dynamodb, executor)
    pictures = S3Pictures(s3, config.settings.limits)
    filer = Filer(
        index=buckets,
        holders=catalog,
        memory=memory,
        buckets_from_bytes=config.buckets_from_bytes,
        executor=executor,
    )
    index_by = partial(Indexer, store=pictures, filer=filer, catalog=catalog, executor=executor)
    search = Search(memory=memory, index=buckets, catalog=catalog, executor=executor)

    def indexer(settings: Settings) -> Indexer:
        return index_by(settings=settings)

    def finder(settings: Settings) -> Finder:
        looks = Looks(store=ListedPictures(pictures), executor=executor, settings=settings)
        return Finder(search=search, looks=looks, catalog=catalog, executor=executor, settings=settings)

    def look_ups(settings: Settings) -> LookUps:
        return LookUps(indexer=indexer(settings), finder=finder(settings), settings=settings)

    return _Parts(
        finder, look_ups, indexer, catalog, pairs, verdicts, pictures, executor, meter, deadline, retries, client
    )


def _memory(config: Config, s3: Any, dynamodb: Any, executor: ThreadPoolExecutor) -> JournalMemory:
    """Make what remembers journals; *s3* is asked for packs alone."""
    journals = JournalStore(
        DynamoDBJournal(dynamodb, config.bucket_table, executor=executor, shards=config.journal_shards),
        S3Packs(s3, config.packs_bucket, config.bucket_table),
        DynamoDBBacklogs(dynamodb, config.bucket_table),
        executor,
    )
    return JournalMemory(config.journal_memory_mb << 20, partial(CollectionJournal, store=journals))


def lean_session() -> botocore.session.Session:
    """Return a session whose clients parse the answers of DynamoDB with little work, if this botocore lets them."""
    session = botocore.session.Session()
    if not install(session):
        logger.warning("parser_does_not_fit", extra={"botocore": botocore.__version__})
    return session
