"""The whole function in this process, over fakes: what it answers, logs and counts."""

import json
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, NamedTuple

from handler import app
from handler.core.journal import PacksUnavailable
from handler.core.model import Content, ObjectRef
from handler.wiring import Service
from tests.asking import Context
from tests.deployments import FakeDeployment
from tests.fakes import InMemoryPacks, InMemoryPictures

BUCKET = "amzn-s3-demo-bucket"  # of the samples in events/


class NoPacks(InMemoryPacks):
    """A packs bucket that cannot be reached."""

    def get(self, *_: object) -> bytes | None:
        raise PacksUnavailable("no answer")

    def put(self, *_: object) -> None:
        raise PacksUnavailable("no answer")


class BrokenPictures(InMemoryPictures):
    """A bucket that cannot be reached."""

    def read(self, ref: ObjectRef) -> Content:
        raise ConnectionError(f"no answer about {ref.key}")


class HandledEvent(NamedTuple):
    """What came of one event."""

    reply: Any  # None if it raised
    lines: list[dict[str, Any]]
    metrics: dict[str, str]  # the unit of each that was counted


class Function(FakeDeployment):
    """A deployment with one instance, which handles events."""

    output: Callable[[], str]  # on standard output, since it was last asked for

    @cached_property
    def instance(self) -> Service:
        """The instance, to which all reads are dear: so that lines have what they may have."""
        return self.service()._replace(usual_read_units=-1)

    def handle(self, event: Mapping[str, Any], *, remaining_ms: int = 60_000) -> HandledEvent:
        """Handle *event*; what it says on standard output is the log, with the metrics in it."""
        self.output()
        context: Any = Context(remaining_ms)
        try:
            reply = app.handle(event, context, lambda: self.instance)
        except Exception:
            reply = None
        documents = [json.loads(line) for line in self.output().splitlines()]
        metrics = {
            metric["Name"]: metric["Unit"]
            for document in documents
            for directive in document.get("_aws", {}).get("CloudWatchMetrics", ())
            for metric in directive["Metrics"]
        }
        return HandledEvent(reply, [document for document in documents if "message" in document], metrics)
