"""The log of both functions, and the metrics in it: JSON lines on standard output, which Lambda sends to CloudWatch.

A metric costs something for each hour that it occurs in, so what is counted is what alarms and dashboards need. All
else is a field of a line.
"""

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

# The source's line means nothing to a reader, and nothing is traced. Lambda reads levels beside RFC 3339 times alone.
logger = Logger(location=None, xray_trace_id=None, use_rfc3339=True)
metrics = Metrics(namespace="Lookalike")


def count(name: str, number: int = 1) -> None:
    """Add *number* to a metric, unless it is zero: one that does not occur costs nothing."""
    if number:
        metrics.add_metric(name, MetricUnit.Count, int(number))


def flush() -> None:
    """Write what was counted since the last time, as one document of level `INFO`."""
    if metrics.provider.metric_set:
        metrics.flush_metrics()


def failure(message: str, metric: str, fields: Mapping[str, Any] | None = None) -> None:
    """Log the error that is being handled, in a line that counts it by *metric*.

    Documents of metrics are taken for level `INFO`: where `LogLevel` is `ERROR` this line is all that passes.
    """
    counted = metrics.serialize_metric_set({metric: {"Unit": MetricUnit.Count.value, "Value": [1]}})
    logger.exception(message, extra={**(fields or {}), **counted})
