"""The log of both functions: JSON lines on standard output, which Lambda sends to CloudWatch.

A line counts what it tells of, in CloudWatch's embedded metric format, if an alarm needs that. A metric costs something
for each hour that it occurs in, and a line for each byte, so a usual upload counts nothing: all else is a field, and
what says nothing of the upload is left out.
"""

import time
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools import Logger

NAMESPACE = "Lookalike"  # of the metrics

# The source's line means nothing to a reader, and nothing is traced. Lambda reads levels beside RFC 3339 times alone.
logger = Logger(location=None, xray_trace_id=None, datefmt="%Y-%m-%dT%H:%M:%S.%FZ", utc=True)
# For a line that counts nothing: the stack is that of its log group, and no other line tells of its invocation.
UNNAMED: dict[str, Any] = {"service": None, "request_id": None}


def counting(counts: Mapping[str, int]) -> dict[str, Any]:
    """Return the fields by which a line counts *counts*, by metric; none of what is zero."""
    occurred = {name: int(number) for name, number in counts.items() if number}
    if not occurred:
        return {}
    directive = {
        "Namespace": NAMESPACE,
        "Dimensions": [["service"]],  # which every such line has
        "Metrics": [{"Name": name, "Unit": "Count"} for name in occurred],
    }
    return {"_aws": {"Timestamp": round(time.time() * 1000), "CloudWatchMetrics": [directive]}, **occurred}


def failure(message: str, fields: Mapping[str, Any] | None = None, counts: Mapping[str, int] | None = None) -> None:
    """Log the error that is being handled, in a line that counts it as one of the `Troubles`, and *counts* besides.

    It passes at every `LogLevel`, and so does what it counts.
    """
    logger.exception(message, extra={**(fields or {}), **counting({"Troubles": 1, **(counts or {})})})
