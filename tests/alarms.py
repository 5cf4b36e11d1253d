"""CloudWatch's part, as it is documented: what the template's alarms say about metrics.

The emulator judges an alarm by all points of a metric's name, whatever their dimensions, forgets nothing before its
time, and computes nothing from metrics. This takes dimensions, periods, missing data and expressions as CloudWatch
does, and its clock is an argument, so that a test sees the end of an alarm without waiting for it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

TEMPLATE: dict[str, Any] = yaml_parse((Path(__file__).parents[1] / "template.yaml").read_text())
RESOURCES: dict[str, Any] = TEMPLATE["Resources"]
ALARMS: dict[str, Any] = {n: one for n, one in RESOURCES.items() if one["Type"] == "AWS::CloudWatch::Alarm"}
STACK = "lookalike"

# What AWS documents: "Metrics for Lambda functions", "Available CloudWatch metrics for Amazon SQS", "Monitoring Amazon
# SNS topics", "Monitoring Amazon EventBridge", "DynamoDB metrics and dimensions". By dimensions and type of resource
# whose name one of them has.
AWS_METRICS = {
    "AWS/Lambda": {
        ("FunctionName", "AWS::Serverless::Function"): {
            *("Invocations", "Errors", "Throttles", "Duration", "AsyncEventsReceived", "AsyncEventAge"),
            *("AsyncEventsDropped", "DestinationDeliveryFailures", "ConcurrentExecutions"),
        }
    },
    "AWS/SQS": {
        ("QueueName", "AWS::SQS::Queue"): {
            *("ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible"),
            *("ApproximateNumberOfMessagesDelayed", "ApproximateNumberOfMessagesNotVisible"),
            *("NumberOfMessagesSent", "NumberOfMessagesReceived", "NumberOfMessagesDeleted"),
        }
    },
    "AWS/SNS": {
        ("TopicName", "AWS::SNS::Topic"): {
            *("NumberOfMessagesPublished", "NumberOfNotificationsDelivered", "NumberOfNotificationsFailed"),
            *("NumberOfNotificationsFilteredOut",),
        }
    },
    "AWS/Events": {
        ("RuleName", "AWS::Events::Rule"): {
            *("Invocations", "FailedInvocations", "InvocationsSentToDlq", "InvocationsFailedToBeSentToDlq"),
        }
    },
    "AWS/DynamoDB": {
        ("TableName", "AWS::DynamoDB::Table"): {
            *("ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits", "ReadThrottleEvents", "WriteThrottleEvents"),
        },
        ("Operation, TableName", "AWS::DynamoDB::Table"): {"SuccessfulRequestLatency", "ThrottledRequests"},
    },
}

_COMPARISONS = {
    "GreaterThanOrEqualToThreshold": lambda value, threshold: value >= threshold,
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
}


@dataclass(frozen=True, slots=True)
class Metric:
    """One series: *dimensions* are sorted pairs of name and value, *of* the resource that the value names, if one."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    of: str = ""

    @property
    def dimension(self) -> str:
        """The names of its dimensions, as `AWS_METRICS` has them."""
        return ", ".join(name for name, _ in self.dimensions)


@dataclass(frozen=True, slots=True)
class Point:
    """A value at *at* seconds; how many there were, where the statistic is `SampleCount`."""

    metric: Metric
    at: float
    value: float


def resolved(value: Any, names: Mapping[str, str], parameters: Mapping[str, Any]) -> Any:
    """Return *value* of the template, with the physical *names* of resources and the *parameters* of a stack."""
    match value:
        case {"Ref": "AWS::StackName"}:
            return STACK
        case {"Ref": str(name)}:
            return parameters[name] if name in parameters else names.get(name, name)
        case {"Fn::GetAtt": [name, "QueueName" | "TopicName"]}:
            return re.split("[/:]", names.get(name, name))[-1]
        case {"Fn::If": ["MakesTables", then, _]}:  # all stacks of tests have tables of their own
            return resolved(then, names, parameters)
        case _:
            return value


def parameters(**chosen: Any) -> dict[str, Any]:
    """Return the template's parameters: *chosen*, and the defaults of the others."""
    return {name: one["Default"] for name, one in TEMPLATE["Parameters"].items()} | chosen


def short_name(logical_id: str) -> str:
    """Return the name of an alarm without that of the stack, as people call it."""
    return str(ALARMS[logical_id]["Properties"]["AlarmName"]["Fn::Sub"]).removeprefix("${AWS::StackName}-")


class Alarm:
    """One alarm of the template, in a stack that has physical *names*."""

    def __init__(self, logical_id: str, names: Mapping[str, str] | None = None, **chosen: Any) -> None:
        self._properties = ALARMS[logical_id]["Properties"]
        self._names, self._parameters = names or {}, parameters(**chosen)
        self.threshold = float(resolved(self._properties["Threshold"], self._names, self._parameters))

    def statistics(self) -> list[tuple[Metric, str]]:
        """Each series that it watches, with the statistic."""
        return [(self._metric(described), stat) for _, described, stat, _ in self._watched()]

    @property
    def metrics(self) -> dict[str, Metric]:
        """The series that it watches, by the names that its expression has for them."""
        return {name: self._metric(described) for name, described, *_ in self._watched()}

    def state(self, points: Iterable[Point], now: float) -> str:
        """Return what CloudWatch says at *now* of *points*, which may be of any metric."""
        kept, properties = list(points), self._properties
        periods = properties["EvaluationPeriods"]
        values = [self._value(kept, now, periods_ago) for periods_ago in range(periods)]
        breaches = [self._breaches(value) for value in values]
        return "ALARM" if sum(breaches) >= properties.get("DatapointsToAlarm", periods) else "OK"

    def _breaches(self, value: float | None) -> bool:
        if value is None:
            return bool(self._properties["TreatMissingData"] == "breaching")
        return bool(_COMPARISONS[self._properties["ComparisonOperator"]](value, self.threshold))

    def _value(self, points: list[Point], now: float, periods_ago: int) -> float | None:
        values: dict[str, float | None] = {}
        for name, described, stat, period in self._watched():
            metric, end = self._metric(described), now - periods_ago * period
            found = [one.value for one in points if one.metric == metric and end - period < one.at <= end]
            values[name] = _statistic(found, stat)
        if "Metrics" not in self._properties:
            (value,) = values.values()
            return value
        (expression,) = [one["Expression"] for one in self._properties["Metrics"] if "Expression" in one]
        return _computed(expression, values)

    def _watched(self) -> Iterator[tuple[str, Mapping[str, Any], str, int]]:
        """Each series: its name, its description, the statistic, and the period in seconds."""
        properties = self._properties
        if "Metrics" not in properties:
            yield "value", properties, properties["Statistic"], properties["Period"]
        for one in properties.get("Metrics", ()):
            if stat := one.get("MetricStat"):
                yield one["Id"], stat["Metric"], stat["Stat"], stat["Period"]

    def _metric(self, described: Mapping[str, Any]) -> Metric:
        pairs = [
            (one["Name"], str(resolved(one["Value"], self._names, self._parameters))) for one in described["Dimensions"]
        ]
        (value,) = [one["Value"] for one in described["Dimensions"] if not isinstance(one["Value"], str)]
        return Metric(described["Namespace"], described["MetricName"], tuple(sorted(pairs)), _resource(value))


def _resource(value: Any) -> str:
    match value:
        case {"Fn::If": [_, {"Ref": name}, _]} | {"Ref": name} | {"Fn::GetAtt": [name, _]}:
            return str(name)
    raise ValueError(f"no resource: {value}")


def _statistic(values: list[float], stat: str) -> float | None:
    if not values:
        return None
    match stat:
        case "Sum" | "SampleCount":
            return sum(values)
        case "Maximum":
            return max(values)
    raise ValueError(f"unknown statistic: {stat}")


def _computed(expression: str, values: Mapping[str, float | None]) -> float | None:
    """Return the value of *expression*: arithmetic, comparisons, `IF` and `FILL`; None where a series has none."""

    def filled(name: str, otherwise: float) -> float:
        value = values[name]
        return otherwise if value is None else value

    def chosen(condition: bool, then: float, otherwise: float) -> float:
        return then if condition else otherwise

    names: dict[str, Any] = {name: value for name, value in values.items() if value is not None}
    python = re.sub(r"FILL\((\w+),", r'FILL("\1",', expression)
    try:
        return float(eval(python, {"__builtins__": {}, "IF": chosen, "FILL": filled}, names))  # noqa: S307  our own
    except (NameError, ZeroDivisionError):
        return None
