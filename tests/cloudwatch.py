"""CloudWatch of a deployed stack, with what the emulator's lacks.

The emulator keeps what it is told, and counts of itself only invocations that somebody waits for. So what AWS's other
services would tell is told here, once each has done the thing: see `_Told`. And it judges an alarm by all points of a
metric's name, forgets nothing before its time and computes nothing, so `tests/alarms.py` judges by what is kept, as AWS
documents it; the deployed alarm is given that state, and tells whoever it is to tell. Spans of time pass when a test
says so.
"""

import json
import re
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from handler.cli.local.deployment import Deployment
from handler.cli.stacks import STACK
from tests.alarms import ALARMS, AWS_METRICS, Alarm, Metric, Point, short_name

QUEUES = {"FailureQueue": "FailureQueueUrl", "IntakeQueue": "IntakeQueueUrl"}
STATISTICS = {"Sum": "Sum", "SampleCount": "Sum", "Maximum": "Maximum"}  # of a second
PUT = ("indexed", "rejected", "gone")  # what is put into PictureTable, by the message of its line
LOST = {  # what the emulator says in its own log, and AWS counts
    "DestinationDeliveryFailures": "DLQ target not found",
    "InvocationsFailedToBeSentToDlq": "EventBridge → SQS: queue .* not found",
    "NumberOfNotificationsFailed": "SNS fanout: (SQS queue .* not found|queue policy denies)",
}
WATCHED = {metric.name: metric for one in ALARMS for metric in Alarm(one).metrics.values()}
AT_ONCE = 100  # points in one request


class Clock:
    """The time of the stack: this machine's, and the spans that passed without anybody waiting for them."""

    def __init__(self) -> None:
        self._passed = list[tuple[float, float]]()

    def at(self, real: float) -> float:
        """The time of the stack when it was *real* here."""
        return real + sum(seconds for since, seconds in self._passed if real >= since)

    def now(self) -> float:
        return self.at(time.time())

    def let_pass(self, seconds: float) -> None:
        time.sleep(-time.time() % 1)  # points are told apart by the second
        self._passed.append((int(time.time()), seconds))


class CloudWatch:
    """What there is to see of a stack's alarms."""

    def __init__(self, there: Deployment, **parameters: Any) -> None:
        """*parameters* are those of the stack that are not the default."""
        self.there, self.clock, self._parameters = there, Clock(), parameters
        self._client, self._stacks = there.client("cloudwatch"), there.client("cloudformation")
        self._since = time.time() - 60
        self._told = _Told(there, self.clock)

    @property
    def names(self) -> dict[str, str]:
        """The physical name of each resource."""
        found = self._stacks.describe_stack_resources(StackName=STACK)["StackResources"]
        return {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in found}

    def alarms(self) -> dict[str, Alarm]:
        """Every alarm of the template, by its name without the stack's."""
        names = self.names
        return {short_name(one): Alarm(one, names, **self._parameters) for one in ALARMS}

    def described(self) -> dict[str, dict[str, Any]]:
        """The alarms that are deployed."""
        found = self._client.describe_alarms(AlarmNamePrefix=f"{STACK}-")["MetricAlarms"]
        return {one["AlarmName"].removeprefix(f"{STACK}-"): one for one in found}

    def count_logged(self, *, times: int) -> None:
        """Count so often what functions log from now on, as if so much more came in."""
        self._tell()
        self._told.times = times

    def let_pass(self, seconds: float) -> None:
        """Let a span pass: queues are measured at its beginning and its end."""
        self._tell()
        self.clock.let_pass(seconds)
        self._tell()

    def in_alarm(self) -> set[str]:
        """The alarms that are on, now; the deployed ones say so, too."""
        self._tell()
        alarms, now = self.alarms(), self.clock.now()
        points = list(self._points(alarms.values()))
        states = {name: one.state(points, now) for name, one in alarms.items()}
        for name, described in self.described().items():
            if described["StateValue"] != states[name]:
                self._client.set_alarm_state(
                    AlarmName=described["AlarmName"], StateValue=states[name], StateReason="what is documented"
                )
        return {name for name, state in states.items() if state == "ALARM"}

    def _tell(self) -> None:
        """Tell the emulator's CloudWatch what happened since."""
        told = defaultdict[str, list[dict[str, Any]]](list)
        for point in self._told.since_last(self.names):
            datum = {"Value": point.value, "Timestamp": datetime.fromtimestamp(point.at, UTC)}
            told[point.metric.namespace].append(_described(point.metric) | datum)
        for namespace, some in told.items():
            for first in range(0, len(some), AT_ONCE):
                self._client.put_metric_data(Namespace=namespace, MetricData=some[first : first + AT_ONCE])

    def _points(self, alarms: Iterable[Alarm]) -> Iterator[Point]:
        """What the emulator's CloudWatch keeps of the alarms' metrics, each second's in one, at the stack's time."""
        series = {metric: STATISTICS[stat] for one in alarms for metric, stat in one.statistics()}
        queries = [
            {
                "Id": f"m{number}",
                "MetricStat": {
                    "Metric": {"Namespace": metric.namespace, **_described(metric)},
                    "Period": 1,
                    "Stat": stat,
                },
            }
            for number, (metric, stat) in enumerate(series.items())
        ]
        start, end = (datetime.fromtimestamp(at, UTC) for at in (self._since, time.time() + 1))
        answer = self._client.get_metric_data(MetricDataQueries=queries, StartTime=start, EndTime=end)
        for metric, found in zip(series, answer["MetricDataResults"], strict=True):
            for at, value in zip(found["Timestamps"], found["Values"], strict=True):
                yield Point(metric, self.clock.at(at.timestamp()), value)


def _described(metric: Metric) -> dict[str, Any]:
    """A metric as CloudWatch takes it, but for its namespace."""
    return {"MetricName": metric.name, "Dimensions": [{"Name": name, "Value": v} for name, v in metric.dimensions]}


class _Told:
    """What AWS's services would tell CloudWatch, by what there is to see of it, each of it once.

    Lambda: the function's own counts are in its log, and so are the beginning and the length of each invocation. SQS is
    asked how much waits, and for how long. What was put into DynamoDB is in the function's lines. What SNS, EventBridge
    and Lambda could not deliver is in the emulator's log.
    """

    def __init__(self, there: Deployment, clock: Clock) -> None:
        self._there, self._clock, self.times = there, clock, 1
        self._logs, self._sqs = there.client("logs"), there.client("sqs")
        self._seen, self._said = set[str](), 0
        self._oldest = dict[str, float]()  # of each queue, since it was seen to be empty

    def since_last(self, names: dict[str, str]) -> list[Point]:
        metrics = _Metrics(names)
        return [*self._logged(metrics), *self._measured(metrics), *self._lost(metrics)]

    def _logged(self, metrics: "_Metrics") -> Iterator[Point]:
        for role, output in (("LookalikeFunction", "LogGroupName"), ("AskFunction", "AskLogGroupName")):
            pages = self._logs.get_paginator("filter_log_events").paginate(logGroupName=self._there.outputs[output])
            fresh = [one for page in pages for one in page["events"] if one["logStreamName"] not in self._seen]
            self._seen |= {one["logStreamName"] for one in fresh}  # one for each invocation, written at its end
            for event in fresh:
                for metric, value in _counts(event["message"], metrics, role):
                    for _ in range(self.times):
                        yield Point(metric, event["timestamp"] / 1000, value)

    def _measured(self, metrics: "_Metrics") -> Iterator[Point]:
        now = time.time()
        for queue, output in QUEUES.items():
            url = self._there.outputs[output]
            try:
                said = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
            except self._sqs.exceptions.QueueDoesNotExist:
                continue
            depth = int(said["ApproximateNumberOfMessages"])  # of what may be taken; SQS measures it each minute
            yield Point(metrics.of("ApproximateNumberOfMessagesVisible", queue), now, float(depth))
            if queue != "FailureQueue":
                yield Point(metrics.of("ApproximateAgeOfOldestMessage", queue), now, self._age(url, depth))

    def _age(self, url: str, waiting: int) -> float:
        """Seconds that the oldest message has waited, at the stack's time."""
        if not waiting:
            self._oldest.pop(url, None)
            return 0.0
        if url not in self._oldest and (sent := self._sent(url)):
            self._oldest[url] = min(sent)
        return self._clock.now() - self._clock.at(self._oldest.get(url, time.time()))

    def _sent(self, url: str) -> list[float]:
        """When messages were sent; each is taken for this, which a queue does not do ten times."""
        answer = self._sqs.receive_message(
            QueueUrl=url, VisibilityTimeout=0, MaxNumberOfMessages=10, MessageSystemAttributeNames=["SentTimestamp"]
        )
        return [int(one["Attributes"]["SentTimestamp"]) / 1000 for one in answer.get("Messages", ())]

    def _lost(self, metrics: "_Metrics") -> Iterator[Point]:
        with (self._there.emulator.folder / "emulator.log").open("rb") as log:
            log.seek(self._said)
            said = log.read()
        self._said += len(said)
        for name, pattern in LOST.items():
            for _ in re.finditer(pattern, said.decode(errors="replace")):
                yield Point(metrics.of(name), time.time(), 1.0)


def _counts(message: str, metrics: "_Metrics", role: str) -> Iterator[tuple[Metric, float]]:
    """What one line of a function's log says."""
    if message.startswith("START "):
        yield metrics.of("Invocations", role), 1.0
    document: dict[str, Any] = json.loads(message) if message.startswith("{") else {}
    if document.get("message") in PUT:
        yield metrics.of("SuccessfulRequestLatency"), 1.0
    for directive in document.get("_aws", {}).get("CloudWatchMetrics", ()):
        (names,) = directive["Dimensions"]
        dimensions = tuple(sorted((name, str(document[name])) for name in names))
        for one in directive["Metrics"]:
            value = document[one["Name"]]
            yield (
                Metric(directive["Namespace"], one["Name"], dimensions, "AWS::StackName"),
                float(sum(value) if isinstance(value, list) else value),
            )


class _Metrics:
    """AWS's metrics by name, of resources that have physical *names*."""

    def __init__(self, names: dict[str, str]) -> None:
        self._names = names

    def of(self, name: str, resource: str = "") -> Metric:
        """Return the metric *name* of the *resource*, by default the one that the template's alarm watches."""
        resource = resource or WATCHED[name].of
        if (watched := WATCHED.get(name)) and watched.dimension == "Operation, TableName":
            table = self._names.get(resource, resource)
            pairs = tuple((one, table if one == "TableName" else value) for one, value in watched.dimensions)
            return Metric(watched.namespace, name, pairs, resource)
        for namespace, kinds in AWS_METRICS.items():
            for (dimension, _), known in kinds.items():
                if name in known and (namespace == "AWS/Lambda") == resource.endswith("Function"):
                    value = re.split("[/:]", self._names.get(resource, resource))[-1]
                    return Metric(namespace, name, ((dimension, value),), resource)
        raise ValueError(name)
