"""The lists of a deployed stack, opened with one's own credentials."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from handler.aws.backlogs import DynamoDBBacklogs
from handler.aws.buckets import DynamoDBBuckets
from handler.aws.catalog import DynamoDBCatalog
from handler.aws.journal import DynamoDBJournal
from handler.aws.packs import S3Packs
from handler.aws.s3 import S3Pictures
from handler.cli.aws_errors import explain
from handler.cli.errors import CommandError
from handler.cli.stacks import DeployedStack, described, patient
from handler.core.journal import BrokenJournal
from handler.core.model import Limits, Settings
from handler.filing import Filer
from handler.indexing import Indexer
from handler.journal import CollectionJournal, JournalStore
from handler.lists import Lister
from handler.memory import JournalMemory

THREADS = 16  # as many calls in flight; an entry takes a dozen writes
CLIENT = patient(THREADS)
MEMORY_BYTES = 1 << 33  # the whole list is read where it is shown; no limit that anybody meets
PERMISSIONS = {  # by operation
    "DescribeStacks": "cloudformation:DescribeStacks on the stack",
    "PutItem": "dynamodb:PutItem on PictureTable",
    "UpdateItem": "dynamodb:UpdateItem on BucketTable and PictureTable",
    "BatchGetItem": "dynamodb:BatchGetItem on PictureTable",
    "GetItem": "dynamodb:GetItem on BucketTable",
    "Query": "dynamodb:Query on BucketTable",
    "ListObjectsV2": "s3:ListBucket on the bucket that you named",
}


class OpenLists(NamedTuple):
    """The lists of one deployment, and what is needed to read what goes on them."""

    lister: Lister
    indexer: Indexer
    generation: str
    limits: Limits
    asked: tuple[str, ...]  # the lists that the deployment asks
    s3: Any


@contextmanager
def listing(stack_name: str, generation: str | None = None) -> Iterator[OpenLists]:
    """Open the lists of that stack, by its own generation or *generation*. Raises CommandError for what AWS refuses."""
    region = None
    try:
        session = boto3.Session()
        region = session.region_name
        stack = described(session.client("cloudformation", config=CLIENT), stack_name)
        with ThreadPoolExecutor(THREADS) as executor:
            yield _opened(session, stack, generation or stack.parameter("Generation"), executor)
    except (BotoCoreError, ClientError) as error:
        said = explain(error, stack=stack_name, region=region, permissions=PERMISSIONS, instead="")
        raise CommandError(said) from error
    except BrokenJournal as error:
        raise CommandError(f"the list cannot be read: {error}") from error


def _opened(session: boto3.Session, stack: DeployedStack, generation: str, executor: ThreadPoolExecutor) -> OpenLists:
    limits = Limits(max_bytes=int(stack.parameter("MaxBytes")), max_pixels=int(stack.parameter("MaxPixels")))
    settings = Settings(generation, radius=0, max_matches=1, scope_depth=0, limits=limits)
    dynamodb, s3 = session.client("dynamodb", config=CLIENT), session.client("s3", config=CLIENT)
    catalog = DynamoDBCatalog(dynamodb, stack.output("PictureTableName"))
    bucket_table = stack.output("BucketTableName")
    shards = int(stack.parameter("JournalShards"))
    journals = JournalStore(
        DynamoDBJournal(dynamodb, bucket_table, executor=executor, shards=shards),
        S3Packs(s3, stack.output("PacksBucketName"), bucket_table),
        DynamoDBBacklogs(dynamodb, bucket_table),
        executor,
    )
    memory = JournalMemory(MEMORY_BYTES, partial(CollectionJournal, store=journals))
    buckets = DynamoDBBuckets(dynamodb, bucket_table, executor=executor)
    # What is on lists is in the buckets anyway.
    filer = Filer(index=buckets, holders=catalog, memory=memory, buckets_from_bytes=0, executor=executor)
    store = S3Pictures(s3, limits)
    indexer = Indexer(store=store, filer=filer, catalog=catalog, executor=executor, settings=settings)
    lister = Lister(filer=filer, catalog=catalog, memory=memory, generation=generation)
    asked = tuple(one for one in stack.parameters.get("Lists", "").split(",") if one)
    return OpenLists(lister, indexer, generation, limits, asked, s3)
