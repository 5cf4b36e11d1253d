"""Asks AWS, all at once, how a stack is; what nobody will say is named, and the rest is told all the same."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from operator import attrgetter
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from handler.aws.error_names import DENIED
from handler.aws.packs import S3Packs
from handler.cli import readings, sizes, sources
from handler.cli.aws_errors import is_missing
from handler.cli.connections import Clients
from handler.cli.errors import CommandError
from handler.cli.facts import (
    FAILED_EVENTS,
    MISSING_STATE,
    AlarmState,
    CollectionSize,
    DeployedFunction,
    ResourceState,
    SourceBucket,
    StackFacts,
    Subscribers,
    Unknown,
    WaitingFailures,
    WaitingQueue,
)
from handler.cli.failure_sample import failures
from handler.cli.output import one_line
from handler.cli.readings import QUEUES, ROLES
from handler.cli.stacks import DeployedStack
from handler.core.journal import Span
from handler.core.model import Collection

T = TypeVar("T")

SLOW_S = 2.0  # after which somebody who waits is told
AT_ONCE = 16
PERMISSIONS = {  # by operation
    "DescribeStacks": "cloudformation:DescribeStacks",
    "ListStackResources": "cloudformation:ListStackResources",
    "GetFunctionConfiguration": "lambda:GetFunctionConfiguration",
    "GetFunctionConcurrency": "lambda:GetFunctionConcurrency",
    "ListEventSourceMappings": "lambda:ListEventSourceMappings",
    "DescribeTable": "dynamodb:DescribeTable",
    "Query": "dynamodb:Query",
    "HeadBucket": "s3:ListBucket",
    "ListObjectsV2": "s3:ListBucket",
    "GetBucketNotificationConfiguration": "s3:GetBucketNotification",
    "ListRuleNamesByTarget": "events:ListRuleNamesByTarget",
    "DescribeRule": "events:DescribeRule",
    "GetQueueAttributes": "sqs:GetQueueAttributes",
    "ReceiveMessage": "sqs:ReceiveMessage",
    "ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "GetTopicAttributes": "sns:GetTopicAttributes",
    "DescribeAlarms": "cloudwatch:DescribeAlarms",
    "GetMetricData": "cloudwatch:GetMetricData",
}


class Health:
    """One look at a stack."""

    def __init__(self, client: Clients, stack: DeployedStack, region: str, scopes: Sequence[str] = ()) -> None:
        """*client* is safe for threads; *scopes* are those to be counted, none for what the buckets have."""
        self._client, self._stack, self._region, self._scopes = client, stack, region, scopes
        self._unknown: dict[str, Unknown] = {}

    def facts(
        self, slow: Callable[[int, int], None] = lambda _done, _all: None, *, patience_s: float = SLOW_S
    ) -> StackFacts:
        """Return what was found.

        If that takes longer than *patience_s*, *slow* is called once, with how many answers there are, and of all.
        """
        now, stack, of = datetime.now(UTC), self._stack, self._client
        if not stack.outputs:
            nothing = Unknown(
                "how its parts are", "it has no outputs: it is no stack of lookalike's, or not deployed yet"
            )
            return StackFacts(now, stack, self._region, unknown=(nothing,))
        buckets = sources.buckets(stack)
        names = [stack.output(name) for name in ("BucketTableName", "PictureTableName")]
        pool, futures = ThreadPoolExecutor(AT_ONCE), list[Future[Any]]()

        def ask(what: str, read: Callable[..., T | None], *of_what: Any) -> "Future[T | None]":
            futures.append(pool.submit(self._told, what, partial(read, *of_what)))
            return futures[-1]

        with pool:
            functions = [ask(f"the function of {one}", self._function, one) for one in ROLES]
            mappings = ask("what the function is sent", readings.mappings, of("lambda"), stack)
            states = [ask(f"table {one}", readings.table, of("dynamodb"), one) for one in names]
            states.append(ask("the packs bucket", readings.bucket, of("s3"), stack.output("PacksBucketName")))
            counted = ask("how many pictures there are", self._sizes, buckets)
            queues = [ask(f"the {one} queue", self._queue, one) for one in QUEUES]
            found = [ask(f"whether s3://{one} is connected", self._source, one) for one in buckets]
            alarms = ask("the alarms", self._alarms)
            told = ask("who is told of matches", self._subscribers, stack.output("TopicArn"))
            lately = ask("what was counted lately", readings.lately, of("cloudwatch"), stack, now)
            done, left = wait(futures, patience_s)
            if left:
                slow(len(done), len(futures))
        measured, sized, alarmed, topic = lately.result(), counted.result(), alarms.result(), told.result()
        ages = measured.oldest_s if measured else {}
        return StackFacts(
            at=now,
            stack=stack,
            region=self._region,
            functions=tuple(_known(functions)),
            resources=(*_known(states), *([topic] if isinstance(topic, ResourceState) else [])),
            collections=tuple(sized[0]) if sized else (),
            further_scopes=bool(sized and sized[1]),
            queues=tuple(replace(one, oldest_s=ages.get(one.queue)) for one, _ in _known(queues)),
            mappings=tuple(mappings.result() or ()),
            sources=tuple(_known(found)),
            subscribers=(
                *([topic] if isinstance(topic, Subscribers) else []),
                *(alarmed[1] if alarmed else []),
            ),
            alarms=tuple(alarmed[0]) if alarmed else None,
            counted=measured.counted if measured else None,
            failures=next((some for _, some in _known(queues) if some), None),
            unknown=tuple(sorted(self._unknown.values(), key=attrgetter("what"))),
        )

    def _told(self, what: str, read: Callable[[], T | None]) -> T | None:
        """Return what *read* returns; None, and a note, if AWS does not say."""
        try:
            return read()
        except ClientError as error:
            operation = error.operation_name
            if str(error.response["Error"]["Code"]) in DENIED:
                permission = PERMISSIONS.get(operation, operation)
                self._unknown[what] = Unknown(what, "you may not ask", permission)
            else:
                self._unknown[what] = Unknown(what, one_line(error))
        except (BotoCoreError, CommandError) as error:  # or the stack is of another version
            self._unknown[what] = Unknown(what, one_line(error))
        return None

    def _function(self, role: str) -> DeployedFunction:
        found = readings.function(self._client("lambda"), self._stack, role)
        if found.state == MISSING_STATE:
            return found
        what = f"whether the function of {role} may run"
        return replace(found, reserved=self._told(what, partial(readings.reserved, self._client("lambda"), found.name)))

    def _queue(self, name: str) -> tuple[WaitingQueue, WaitingFailures | None]:
        """Return what is in the queue, and of failed events also why; counted first, since a sample is out of sight."""
        found = readings.queue(self._client("sqs"), self._stack, name)
        if name != FAILED_EVENTS or not found.waiting:
            return found, None
        return found, self._told("why events failed", partial(failures, self._client("sqs"), self._stack))

    def _source(self, bucket: str) -> SourceBucket | None:
        found = sources.source(self._client, self._stack, self._region, bucket)
        if isinstance(found, Unknown):
            self._unknown[found.what] = found
            return None
        return found

    def _alarms(self) -> tuple[list[AlarmState], list[Subscribers]]:
        """Return the alarms, and whom their topics tell."""
        found = readings.alarms(self._client("cloudformation"), self._client("cloudwatch"), self._stack)
        topics = sorted({topic for one in found for topic in one.topics if ":sns:" in topic})
        told = [self._told(f"whom {topic} tells", partial(self._alarm_topic, topic)) for topic in topics]
        return found, [one for one in told if one]

    def _alarm_topic(self, topic: str) -> Subscribers:
        found = readings.subscribers(self._client("sns"), topic, of_alarms=True)
        return found or Subscribers(topic, of_alarms=True, confirmed=0, pending=0)

    def _subscribers(self, topic: str) -> Subscribers | ResourceState:
        found = readings.subscribers(self._client("sns"), topic, of_alarms=False)
        return found or ResourceState("topic", topic, MISSING_STATE)

    def _sizes(self, buckets: Sequence[str]) -> tuple[list[CollectionSize], bool]:
        """Return the size of each collection, and whether there are further scopes."""
        scopes = sizes.Scopes(list(self._scopes), further=False)
        if not self._scopes:
            scopes = sizes.scopes(self._client("s3"), self._stack, buckets)
        table = self._stack.output("BucketTableName")
        packs = S3Packs(self._client("s3"), self._stack.output("PacksBucketName"), table)

        def missing(collection: Collection, spans: Sequence[Span]) -> int | None:
            found = self._told("which packs there are", partial(_missing, packs, collection, spans))
            return None if found is None else len(found)

        wanted = sizes.collections(self._stack, scopes.names)
        try:
            return sizes.sizes(self._client("dynamodb"), table, wanted, missing), scopes.further
        except ClientError as error:
            if is_missing(error):
                return [], False  # a table that is not there is told as such
            raise


def _missing(packs: S3Packs, collection: Collection, spans: Sequence[Span]) -> Sequence[Span]:
    try:
        return packs.missing(collection, spans)
    except ClientError as error:
        if is_missing(error):
            return spans  # there is no bucket
        raise


def _known(asked: Iterable["Future[T | None]"]) -> list[T]:
    """Return what was told."""
    return [found for one in asked if (found := one.result()) is not None]
