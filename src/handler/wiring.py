"""The composition root: configuration to clients to the use case, once per container."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache, partial
from typing import NamedTuple

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
from handler.dedup import Deduplicator
from handler.indexing import Indexer
from handler.journal import CollectionJournal, JournalStore
from handler.looks import Looks
from handler.memory import JournalMemory
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


@cache
def service() -> Service:
    """Return the service that the environment configures. Raises BadConfiguration."""
    return build(Config.from_env(os.environ))


def build(config: Config) -> Service:
    """Make the clients and put the parts together."""
    session = boto3.Session(botocore_session=lean_session())
    # An emulator has no DNS name for each bucket.
    settings = CLIENT.merge(ClientConfig(s3={"addressing_style": "path" if config.endpoint_url else "auto"}))
    s3 = session.client("s3", endpoint_url=config.endpoint_url, config=settings)
    dynamodb = session.client("dynamodb", endpoint_url=config.endpoint_url, config=settings)
    sns = session.client("sns", endpoint_url=config.endpoint_url, config=settings)
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
    memory = JournalMemory(config.journal_memory_mb << 20, partial(CollectionJournal, store=journals))
    pictures = S3Pictures(s3, config.settings.limits)
    indexer_of = partial(
        Indexer,
        store=pictures,
        index=buckets,
        memory=memory,
        catalog=catalog,
        executor=executor,
    )
    deduplicator = Deduplicator(
        indexer=indexer_of(settings=config.settings),
        search=Search(memory=memory, index=buckets, catalog=catalog, executor=executor),
        looks=Looks(store=pictures, executor=executor, settings=config.settings),
        catalog=catalog,
        pairs=DynamoDBPairs(dynamodb, config.picture_table),
        verdicts=DynamoDBVerdicts(dynamodb, config.picture_table),
        topic=SNSTopic(sns, config.topic_arn),
        executor=executor,
        settings=config.settings,
    )
    also = config.also_generation
    shadow = indexer_of(settings=replace(config.settings, generation=also)) if also else None
    return Service(deduplicator, shadow, meter)


def lean_session() -> botocore.session.Session:
    """Return a session whose clients parse the answers of DynamoDB with little work, if this botocore lets them."""
    session = botocore.session.Session()
    if not install(session):
        logger.warning("parser_does_not_fit", extra={"botocore": botocore.__version__})
    return session
