"""The whole handler in this process: an event in; its reply, log lines and metrics out."""

import io
import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

import pytest

from handler import app, log
from handler.aws.meter import Meter
from handler.wiring import Service
from tests.asking import Context

REQUEST_ID = Context().aws_request_id
CONSUMED = {"reads": 2, "writes": 7, "read_units": 3.5, "write_units": 9.0}


class Invoked(NamedTuple):
    """What came of one event."""

    reply: Any  # None if an error was raised
    error: Exception | None
    lines: list[dict[str, Any]]  # of the log
    metrics: Mapping[str, list[float]]
    units: Mapping[str, str]  # of the metrics
    sizes: list[int]  # bytes of all that was written, a line each

    @property
    def line(self) -> dict[str, Any]:
        """The only line of the log."""
        (line,) = self.lines
        return line


class Invoke(Protocol):
    """Hands the event to the handler."""

    def __call__(
        self, event: dict[str, Any], service: Callable[[], Service], *, remaining_ms: int = ...
    ) -> Invoked: ...


class FixedMeter(Meter):
    """Says of every item that it has consumed the same."""

    def take(self) -> dict[str, float]:
        return dict(CONSUMED)


@pytest.fixture
def invoke(monkeypatch: pytest.MonkeyPatch) -> Invoke:

    def invoke(event: dict[str, Any], service: Callable[[], Service], *, remaining_ms: int = 60_000) -> Invoked:
        out, reply, error = io.StringIO(), None, None
        monkeypatch.setattr(log.logger.registered_handler, "stream", out)
        try:
            context: Any = Context(remaining_ms)
            reply = app.handle(event, context, service)
        except Exception as raised:
            error = raised
        written = out.getvalue().splitlines()
        documents = [json.loads(line) for line in written]
        metrics, units = _parsed([one for one in documents if "_aws" in one])
        return Invoked(
            reply,
            error,
            documents,
            metrics,
            units,
            [*map(len, map(str.encode, written))],
        )

    return invoke


def _parsed(documents: list[dict[str, Any]]) -> tuple[dict[str, list[float]], dict[str, str]]:
    """Return values and unit of every metric of *documents*, as CloudWatch reads them."""
    values: defaultdict[str, list[float]] = defaultdict(list)
    units: dict[str, str] = {}
    for document in documents:
        (directive,) = document["_aws"]["CloudWatchMetrics"]
        assert (directive["Namespace"], directive["Dimensions"]) == ("Lookalike", [["service"]])
        assert document["service"]
        for metric in directive["Metrics"]:
            values[metric["Name"]].append(document[metric["Name"]])
            units[metric["Name"]] = metric["Unit"]
    return dict(values), units
