"""What AWS is asked about the health of a stack: each function asks one thing. Errors are botocore's."""

import base64
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from handler.cli.aws_errors import is_missing
from handler.cli.facts import (
    ACTIVE,
    FAILED_EVENTS,
    INTAKE,
    MISSING_STATE,
    AlarmState,
    Counted,
    DeployedFunction,
    EventMapping,
    ResourceState,
    Subscribers,
    WaitingQueue,
)
from handler.cli.stacks import DeployedStack
from handler.config import BadConfiguration, Config

QUEUES = {INTAKE: "IntakeQueueUrl", FAILED_EVENTS: "FailureQueueUrl"}
ROLES = {"events": "FunctionName", "questions": "AskFunctionName"}
OWN_METRICS = ("Rejected", "ListMatches", "Troubles", "DearReads")  # counted by the functions
UPLOADS = "Uploads"  # what DynamoDB counts of the objects that are put into PictureTable
NOT_READ = ("InternalError", "Forbidden")  # of a metric; its values would be taken for zeros
LAMBDA_METRICS = ("Invocations", "Errors", "Throttles")

_HOUR, _DAY, _LATELY = timedelta(hours=1), timedelta(days=1), timedelta(minutes=20)
# Lambda tries an event again after one minute and two more, each time for as long as it takes. A span that began so
# long ago ended at least ten minutes ago.
_TRIED_AGAIN = timedelta(minutes=15)
_PERIOD_S = 300
_PAGE = re.compile(r"docs/runbook/([a-z-]+)\.md")


class Lately(NamedTuple):
    """What CloudWatch knows."""

    counted: tuple[Counted, ...]
    oldest_s: Mapping[str, float]  # by queue


def function(client: Any, stack: DeployedStack, role: str) -> DeployedFunction:
    """Return how one of both functions is deployed."""
    name = stack.output(ROLES[role])
    try:
        found = client.get_function_configuration(FunctionName=name)
    except ClientError as error:
        if is_missing(error):
            return DeployedFunction(role, name, MISSING_STATE)
        raise
    variables = dict(found.get("Environment", {}).get("Variables", {}))
    config, misconfigured = _configured(variables, found["MemorySize"]) if variables else (None, "")
    return DeployedFunction(
        role=role,
        name=name,
        state=found.get("State", "Active"),
        update=found.get("LastUpdateStatus", ""),
        reason=found.get("StateReason") or found.get("LastUpdateStatusReason") or "",
        runtime=found.get("Runtime", ""),
        architecture=", ".join(found.get("Architectures", [])),
        memory_mb=found["MemorySize"],
        timeout_s=found["Timeout"],
        code=base64.b64decode(found["CodeSha256"]).hex()[:12],
        modified=datetime.fromisoformat(re.sub(r"([+-]\d\d)(\d\d)$", r"\1:\2", found["LastModified"])),
        misconfigured=misconfigured,
        journal_memory_mb=config.journal_memory_mb if config else None,
    )


def reserved(client: Any, name: str) -> int | None:
    """Return how many invocations at once are reserved for the function; None if it has a share of all."""
    found = client.get_function_concurrency(FunctionName=name)
    return None if "ReservedConcurrentExecutions" not in found else int(found["ReservedConcurrentExecutions"])


def _configured(variables: dict[str, str], memory_mb: int) -> tuple[Config | None, str]:
    """Return what the function makes of its *variables*, or why it does not."""
    try:
        return Config.from_env(variables | {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory_mb)}), ""
    except BadConfiguration as error:
        return None, str(error)


def state_of(kind: str, name: str, ask: Callable[[], str]) -> ResourceState:
    """Return the state that *ask* returns, or that there is no such thing."""
    try:
        return ResourceState(kind, name, ask())
    except ClientError as error:
        if is_missing(error):
            return ResourceState(kind, name, MISSING_STATE)
        raise


def table(client: Any, name: str) -> ResourceState:
    """Return the state of a table; one that is changed goes on working."""
    state = state_of("table", name, lambda: str(client.describe_table(TableName=name)["Table"]["TableStatus"]))
    return ResourceState("table", name, ACTIVE) if state.state == "UPDATING" else state


def bucket(client: Any, name: str) -> ResourceState:
    """Return whether the bucket is there."""

    def ask() -> str:
        client.head_bucket(Bucket=name)
        return ACTIVE

    return state_of("bucket", name, ask)


def mappings(client: Any, stack: DeployedStack) -> list[EventMapping]:
    """Return how the queue that the function takes from reaches it."""
    pages = client.get_paginator("list_event_source_mappings").paginate(FunctionName=stack.output("FunctionName"))
    found = {
        str(one["EventSourceArn"]).rpartition(":")[2]: one for page in pages for one in page["EventSourceMappings"]
    }
    name = stack.output(QUEUES[INTAKE]).rpartition("/")[2]
    ours = found.get(name, {"UUID": "", "State": MISSING_STATE})
    return [EventMapping(INTAKE, ours["UUID"], ours["State"])]


def queue(client: Any, stack: DeployedStack, name: str) -> WaitingQueue:
    """Return how much is in that queue."""
    try:
        said = client.get_queue_attributes(QueueUrl=stack.output(QUEUES[name]), AttributeNames=["All"])["Attributes"]
    except ClientError as error:
        if is_missing(error):
            return WaitingQueue(name, there=False)
        raise
    about = "ApproximateNumberOfMessages"
    return WaitingQueue(
        name,
        there=True,
        waiting=int(said[about]),
        taken=int(said.get(f"{about}NotVisible", 0)),
        later=int(said.get(f"{about}Delayed", 0)),
    )


def alarms(cloudformation: Any, cloudwatch: Any, stack: DeployedStack) -> list[AlarmState]:
    """Return the alarms that the stack made, in the order of their names."""
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack.name)
    names = [
        one["PhysicalResourceId"]
        for page in pages
        for one in page["StackResourceSummaries"]
        if one["ResourceType"] == "AWS::CloudWatch::Alarm" and one.get("PhysicalResourceId")
    ]
    if not names:
        return []
    described = cloudwatch.describe_alarms(AlarmNames=names, MaxRecords=100)["MetricAlarms"]
    found = {one["AlarmName"]: one for one in described}
    return [_alarm(stack, name, found.get(name)) for name in sorted(names)]


def _alarm(stack: DeployedStack, name: str, found: Mapping[str, Any] | None) -> AlarmState:
    short = name.removeprefix(f"{stack.name}-")
    if found is None:
        return AlarmState(short, name, MISSING_STATE, None, "", "", "index", enabled=False, topics=())
    described = found.get("AlarmDescription", "")
    page = _PAGE.search(described)
    return AlarmState(
        alarm=short,
        name=name,
        state=found["StateValue"],
        since=found.get("StateTransitionedTimestamp") or found.get("StateUpdatedTimestamp"),
        reason=found.get("StateReason", ""),
        meaning=described.partition(" What to do is in ")[0],
        page=page[1] if page else "index",
        enabled=found.get("ActionsEnabled", True),
        topics=tuple(found.get("AlarmActions", ())),
    )


def subscribers(client: Any, topic: str, *, of_alarms: bool) -> Subscribers | None:
    """Return who is told by *topic*, as it counts them itself; None if there is no such topic."""
    try:
        said = client.get_topic_attributes(TopicArn=topic)["Attributes"]
    except ClientError as error:
        if is_missing(error):
            return None
        raise
    return Subscribers(topic, of_alarms, int(said["SubscriptionsConfirmed"]), pending=int(said["SubscriptionsPending"]))


def lately(client: Any, stack: DeployedStack, now: datetime) -> Lately:
    """Return what was counted in the last hour and day, and how old the oldest message of each queue was last.

    The emulator, where a stack has an EndpointUrl, counts neither uploads nor what the functions count.
    """
    service, named = {"service": stack.name}, {"FunctionName": stack.output("FunctionName")}
    queries = [_query(f"own_{one}", "Lookalike", one, service) for one in OWN_METRICS]
    queries += [_query(f"lambda_{one}", "AWS/Lambda", one, named) for one in LAMBDA_METRICS]
    puts = {"TableName": stack.output("PictureTableName"), "Operation": "PutItem"}
    queries.append(_query("puts", "AWS/DynamoDB", "SuccessfulRequestLatency", puts, stat="SampleCount"))
    for one, output in QUEUES.items():
        name = {"QueueName": stack.output(output).rpartition("/")[2]}
        queries.append(_query(f"age_{one}", "AWS/SQS", "ApproximateAgeOfOldestMessage", name, stat="Maximum"))
    points = defaultdict[str, list[tuple[datetime, float]]](list)
    pages = client.get_paginator("get_metric_data").paginate(
        MetricDataQueries=queries, StartTime=now - _DAY, EndTime=now + timedelta(minutes=1)
    )
    for page in pages:
        for one in page["MetricDataResults"]:
            if one.get("StatusCode") in NOT_READ:
                raise ClientError({"Error": {"Code": one["StatusCode"], "Message": str(one)}}, "GetMetricData")
            points[one["Id"]] += zip(one["Timestamps"], one["Values"], strict=True)
    ages = {name: max(points[f"age_{name}"], default=(now - _DAY, 0.0)) for name in QUEUES}
    series = {UPLOADS: "puts"} | {one: f"own_{one}" for one in OWN_METRICS}
    if stack.parameters.get("EndpointUrl"):
        series = {}
    series |= {one: f"lambda_{one}" for one in LAMBDA_METRICS}
    return Lately(
        counted=tuple(_counted(one, points[query], now) for one, query in series.items()),
        oldest_s={name: age for name, (at, age) in ages.items() if at > now - _LATELY},
    )


def _query(
    query_id: str, namespace: str, metric: str, dimensions: Mapping[str, str], stat: str = "Sum"
) -> dict[str, Any]:
    described = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    named = {"Namespace": namespace, "MetricName": metric, "Dimensions": described}
    return {"Id": query_id, "MetricStat": {"Metric": named, "Period": _PERIOD_S, "Stat": stat}}


def _counted(metric: str, points: Sequence[tuple[datetime, float]], now: datetime) -> Counted:
    """Return the sums of the spans that begin within the last quarter of an hour, and hour, and of all."""
    return Counted(
        metric,
        lately=round(sum(value for at, value in points if at > now - _TRIED_AGAIN)),
        hour=round(sum(value for at, value in points if at > now - _HOUR)),
        day=round(sum(value for _, value in points)),
    )
