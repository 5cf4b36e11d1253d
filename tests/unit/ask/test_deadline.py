"""The deadline of a question on real clients of boto3: what is called later than that does not leave any more."""

import math
from typing import Any

import boto3
import pytest

from handler.ask.problems import Kind
from handler.config import Config
from handler.deadline import RESERVED_S, Deadline, OutOfTime
from handler.wiring import build_asking
from tests.asking import Asker
from tests.deployments import BUCKET, FakeDeployment
from tests.environment import GOOD

NOWHERE = "http://127.0.0.1:9"  # where nobody listens


class Sent(Exception):
    """A request would have left."""


def send(**_: Any) -> None:
    raise Sent


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "t",
        "AWS_SECRET_ACCESS_KEY": "t",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(("now", "expected"), [(100 - RESERVED_S, Sent), (100 - RESERVED_S + 0.01, OutOfTime)])
def test_call_leaves_as_long_as_there_is_time_to_answer(now: float, expected: type[Exception]) -> None:
    deadline = Deadline(clock=lambda: now)
    client = boto3.client("dynamodb")
    deadline.attach(client)
    client.meta.events.register("before-send", send)
    deadline.end = 100

    with pytest.raises(expected):
        client.get_item(TableName="t", Key={"pk": {"S": "a"}})


def test_attempt_after_the_time_is_up_is_none() -> None:
    clock = iter([0, math.inf])
    deadline = Deadline(clock=lambda: next(clock))
    client = boto3.client("s3", endpoint_url=NOWHERE)
    deadline.attach(client)
    deadline.end = 100

    with pytest.raises(OutOfTime):
        client.get_object(Bucket=BUCKET, Key="k")


QUESTIONS: list[tuple[str, str, str, bytes]] = [
    ("POST", "/v1/searches", "", b'{"object": {"bucket": "pictures", "key": "k"}}'),
    ("POST", "/v1/searches", "", b'{"hash": "00ff00ff00ff00ff", "generation": "look1"}'),
    ("GET", "/v1/pictures", "bucket=pictures&key=k", b""),
    ("GET", "/v1/groups", "", b""),
    ("GET", "/v1/decisions", "", b""),
    ("GET", "/v1/decisions", "batch=b", b""),
    ("DELETE", "/v1/decisions", "bucket=a&key=b&other_bucket=a&other_key=c", b""),
    ("GET", "/v1/deletable", "", b""),
]


@pytest.fixture
def late(deployment: FakeDeployment) -> Asker:
    """Who asks what the wiring makes, of tables where nobody listens, when there is no time left to call them."""
    service = build_asking(Config.from_env(GOOD | {"ENDPOINT_URL": NOWHERE}))
    asker = Asker(deployment, lambda: service)
    asker.remaining_ms = 100
    return asker


@pytest.mark.parametrize(("method", "path", "query", "body"), QUESTIONS)
def test_every_route_answers_before_its_time_is_up(
    late: Asker, method: str, path: str, query: str, body: bytes
) -> None:
    answer = late.url(method, path, query, body, "application/json" if body else None)

    assert (answer.status, answer.document["type"]) == (503, Kind.OUT_OF_TIME.type)
