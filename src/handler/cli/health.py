"""Asks AWS, all at once, how a stack is; what nobody will say is named, and the rest is told all the same."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

from botocore.exceptions import ClientError

from handler.aws.packs import S3Packs
from handler.cli import log_counts, readings, sizes, sources
from handler.cli.answers import Answers, known
from handler.cli.aws_errors import is_missing
from handler.cli.connections import Clients
from handler.cli.facts import (
    ACTIVE,
    FAILED_EVENTS,
    MISSING_STATE,
    AlarmState,
    CollectionSize,
    DeployedFunction,
    EventMapping,
    LogCount,
    ResourceState,
    RoleRights,
    SourceBucket,
    StackFacts,
    Subscribers,
    Unknown,
    WaitingFailures,
    WaitingQueue,
)
from handler.cli.failed_events import Failure
from handler.cli.failure_log import FailureLog
from handler.cli.failure_sample import failures
from handler.cli.readings import QUEUES, ROLES, Lately
from handler.cli.rights import rights
from handler.cli.stacks import DeployedStack
from handler.core.journal import Span
from handler.core.model import Collection

Slow = Callable[[int, int], None]

SLOW_S = 2.0  # after which somebody who waits is told
AT_ONCE = 16
LOG_S = 4.0  # for which the log is looked through
NO_STACK = Unknown("how its parts are", "it has no outputs: it is no stack of lookalike's, or not deployed yet")


@dataclass(frozen=True, slots=True)
class PendingAnswers:
    """The questions about a stack, under way; None is the answer to what nobody says."""

    functions: "list[Future[DeployedFunction | None]]"
    rights: "list[Future[RoleRights | None]]"
    mappings: "Future[list[EventMapping] | None]"
    resources: "list[Future[ResourceState | None]]"
    topic: "Future[tuple[ResourceState, Subscribers | None] | None]"
    sizes: "Future[tuple[list[CollectionSize], bool] | None]"
    queues: "list[Future[tuple[WaitingQueue, WaitingFailures | None] | None]]"
    sources: "list[Future[SourceBucket | None]]"
    alarms: "Future[tuple[list[AlarmState], list[Subscribers]] | None]"
    lately: "Future[Lately | None]"
    logged: "Future[list[LogCount] | None]"
    logged_questions: "Future[list[LogCount] | None]"


class Health:
    """One look at a stack."""

    def __init__(self, client: Clients, stack: DeployedStack, region: str, scopes: Sequence[str] = ()) -> None:
        """*client* is safe for threads; *scopes* are those to be counted, none for what the buckets have."""
        self._client, self._stack, self._region, self._scopes = client, stack, region, scopes
        self._now = datetime.now(UTC)

    def facts(self, slow: Slow = lambda _done, _all: None, *, patience_s: float = SLOW_S) -> StackFacts:
        """Return what was found.

        If that takes longer than *patience_s*, *slow* is called once, with how many answers there are, and of all.
        """
        if not self._stack.outputs:
            return StackFacts(self._now, self._stack, self._region, unknown=(NO_STACK,))
        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = Answers(pool)
            asked = self._asked(answers)
            done, everything = answers.wait(patience_s)
            if done < everything:
                slow(done, everything)
        return self._found(asked, answers)

    def _asked(self, answers: Answers) -> PendingAnswers:
        """Ask for everything."""
        of, stack, ask = self._client, self._stack, answers.ask
        buckets = sources.buckets(stack)
        tables = [stack.output(name) for name in ("BucketTableName", "PictureTableName")]
        packs = stack.output("PacksBucketName")
        return PendingAnswers(
            functions=[ask(f"the function of {one}", partial(self._function, answers, one)) for one in ROLES],
            rights=[ask(f"what the role of {one} may do", partial(rights, of("iam"), stack, one)) for one in ROLES],
            mappings=ask("what the function is sent", partial(readings.mappings, of("lambda"), stack)),
            resources=[
                *(ask(f"table {one}", partial(readings.table, of("dynamodb"), one)) for one in tables),
                ask("the packs bucket", partial(readings.bucket, of("s3"), packs)),
            ],
            topic=ask("who is told of matches", partial(self._topic, stack.output("TopicArn"))),
            sizes=ask("how many pictures there are", partial(self._sizes, answers, buckets)),
            queues=[ask(f"the {one} queue", partial(self._queue, answers, one)) for one in QUEUES],
            sources=[ask(f"whether s3://{one} is connected", partial(self._source, answers, one)) for one in buckets],
            alarms=ask("the alarms", partial(self._alarms, answers)),
            logged=ask("what was amiss lately", partial(log_counts.of_events, of("logs"), stack, self._now)),
            logged_questions=ask(
                "what was amiss with questions", partial(log_counts.of_questions, of("logs"), stack, self._now)
            ),
            lately=ask("what was counted lately", partial(readings.lately, of("cloudwatch"), stack, self._now)),
        )

    def _found(self, asked: PendingAnswers, answers: Answers) -> StackFacts:
        """Return the answers together."""
        lately, sized, queues = asked.lately.result(), asked.sizes.result(), known(asked.queues)
        topic, subscribers = asked.topic.result() or (None, None)
        alarms, woken = asked.alarms.result() or (None, [])
        logged = asked.logged.result()
        ages = lately.oldest_s if lately else {}
        return StackFacts(
            at=self._now,
            stack=self._stack,
            region=self._region,
            functions=known(asked.functions),
            rights=known(asked.rights),
            resources=(*known(asked.resources), *([topic] if topic else [])),
            collections=tuple(sized[0]) if sized else (),
            further_scopes=bool(sized and sized[1]),
            queues=tuple(replace(one, oldest_s=ages.get(one.queue)) for one, _ in queues),
            mappings=tuple(asked.mappings.result() or ()),
            sources=known(asked.sources),
            subscribers=(*([subscribers] if subscribers else []), *woken),
            alarms=None if alarms is None else tuple(alarms),
            counted=lately.counted if lately else None,
            logged=None if logged is None else (*logged, *(asked.logged_questions.result() or ())),
            failures=next((some for _, some in queues if some), None),
            unknown=answers.unknown,
        )

    def _function(self, answers: Answers, role: str) -> DeployedFunction:
        client = self._client("lambda")
        found = readings.function(client, self._stack, role)
        if found.state == MISSING_STATE:
            return found
        what = f"whether the function of {role} may run"
        return replace(found, reserved=answers.told(what, partial(readings.reserved, client, found.name)))

    def _queue(self, answers: Answers, name: str) -> tuple[WaitingQueue, WaitingFailures | None]:
        """Return what is in the queue, and of failed events also why; counted first, since a sample is out of sight."""
        found = readings.queue(self._client("sqs"), self._stack, name)
        if name != FAILED_EVENTS or not found.waiting:
            return found, None
        url, log = self._stack.output(QUEUES[name]), self._stack.output("LogGroupName")
        kept = FailureLog(self._client("logs"), log, patience_s=LOG_S)

        def explained(some: Sequence[Failure]) -> Sequence[Failure]:
            return answers.told("why queues gave events up", partial(kept.explained, some, self._now)) or some

        return found, answers.told("why events failed", partial(failures, self._client("sqs"), url, explained))

    def _source(self, answers: Answers, bucket: str) -> SourceBucket | None:
        found = sources.source(self._client, self._stack, self._region, bucket)
        if isinstance(found, Unknown):
            answers.note(found)
            return None
        return found

    def _alarms(self, answers: Answers) -> tuple[list[AlarmState], list[Subscribers]]:
        """Return the alarms, and whom their topics tell."""
        found = readings.alarms(self._client("cloudformation"), self._client("cloudwatch"), self._stack)
        topics = sorted({topic for one in found for topic in one.topics if ":sns:" in topic})
        told = [answers.told(f"whom {topic} tells", partial(self._woken, topic)) for topic in topics]
        return found, [one for one in told if one]

    def _woken(self, topic: str) -> Subscribers:
        """Return whom a topic of alarms tells: nobody if it is gone."""
        found = readings.subscribers(self._client("sns"), topic, of_alarms=True)
        return found or Subscribers(topic, of_alarms=True, confirmed=0, pending=0)

    def _topic(self, topic: str) -> tuple[ResourceState, Subscribers | None]:
        """Return whether the topic of matches is there, and whom it tells."""
        found = readings.subscribers(self._client("sns"), topic, of_alarms=False)
        return ResourceState("topic", topic, ACTIVE if found else MISSING_STATE), found

    def _sizes(self, answers: Answers, buckets: Sequence[str]) -> tuple[list[CollectionSize], bool]:
        """Return the size of each collection, and whether there are further scopes."""
        scopes = sizes.Scopes(list(self._scopes), further=False)
        if not self._scopes:
            scopes = sizes.scopes(self._client("s3"), self._stack, buckets)
        table = self._stack.output("BucketTableName")
        packs = S3Packs(self._client("s3"), self._stack.output("PacksBucketName"), table)

        def missing(collection: Collection, spans: Sequence[Span]) -> int | None:
            found = answers.told("which packs there are", partial(_missing, packs, collection, spans))
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
