"""The meter on a real client of boto3, whose requests are answered here instead of by DynamoDB."""

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config

from handler.aws.meter import Meter
from handler.wiring import lean_session

TABLE, KEY = "table", {"pk": {"S": "a"}, "sk": {"S": "b"}}
CALLS: dict[str, Callable[[Any], Any]] = {
    "GetItem": lambda client: client.get_item(TableName=TABLE, Key=KEY),
    "BatchGetItem": lambda client: client.batch_get_item(RequestItems={TABLE: {"Keys": [KEY]}}),
    "Query": lambda client: client.query(
        TableName=TABLE, KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": {"S": "a"}}
    ),
    "PutItem": lambda client: client.put_item(TableName=TABLE, Item=KEY),
    "UpdateItem": lambda client: client.update_item(TableName=TABLE, Key=KEY, UpdateExpression="REMOVE a"),
    "DeleteItem": lambda client: client.delete_item(TableName=TABLE, Key=KEY),
}
READS = ("GetItem", "BatchGetItem", "Query")
NOTHING = {"reads": 0, "writes": 0, "read_units": 0, "write_units": 0}


class Raw:
    """The body of an answer, as urllib3 would stream it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, **_: Any) -> list[bytes]:
        return [self._body]


class DynamoDB:
    """Answers every request of its client with what is set, and keeps what was asked."""

    def __init__(self, session: boto3.Session) -> None:
        self.asked: list[dict[str, Any]] = []
        self.status, self.answer = 200, dict[str, Any]()
        self.client = session.client("dynamodb", config=Config(retries={"total_max_attempts": 1}))
        self.client.meta.events.register("before-send.dynamodb", self._send)

    def _send(self, request: Any, **_: Any) -> Any:
        self.asked.append(json.loads(request.body))
        headers = HTTPHeaders.from_dict({"Content-Type": "application/x-amz-json-1.0"})
        return AWSResponse(request.url, self.status, headers, Raw(json.dumps(self.answer).encode()))


@cache
def session(kind: str) -> boto3.Session:
    return boto3.Session(
        aws_access_key_id="test",
        aws_secret_access_key="test",
        region_name="us-east-1",
        botocore_session=lean_session() if kind == "lean" else None,
    )


@pytest.fixture(params=["boto3", "lean"])
def dynamodb(request: pytest.FixtureRequest) -> DynamoDB:
    """Twice: with botocore's own parser of answers, and with the function's."""
    return DynamoDB(session(request.param))


@pytest.fixture
def meter(dynamodb: DynamoDB) -> Meter:
    meter = Meter()
    meter.attach(dynamodb.client)
    return meter


def consumed(operation: str, *units: float) -> dict[str, Any]:
    """Return what DynamoDB says that a call has consumed: of a batch, by table."""
    by_table = [{"TableName": TABLE, "CapacityUnits": some} for some in units]
    return {"ConsumedCapacity": by_table if operation == "BatchGetItem" else by_table[0]}


@pytest.mark.usefixtures("meter")
@pytest.mark.parametrize("operation", CALLS)
def test_every_call_asks_what_it_consumes(dynamodb: DynamoDB, operation: str) -> None:
    CALLS[operation](dynamodb.client)

    (asked,) = dynamodb.asked
    assert asked["ReturnConsumedCapacity"] == "TOTAL"


@pytest.mark.usefixtures("meter")
def test_call_that_consumes_nothing_is_left_as_it_is(dynamodb: DynamoDB) -> None:
    dynamodb.client.list_tables()

    assert dynamodb.asked == [{}]


@pytest.mark.parametrize("operation", CALLS)
def test_calls_and_units_are_counted_by_kind(dynamodb: DynamoDB, meter: Meter, operation: str) -> None:
    dynamodb.answer = consumed(operation, 2.5)

    for _ in range(3):
        CALLS[operation](dynamodb.client)

    kind = "read" if operation in READS else "write"
    assert meter.take() == NOTHING | {f"{kind}s": 3, f"{kind}_units": 7.5}


def test_units_of_every_table_of_a_batch_are_counted(dynamodb: DynamoDB, meter: Meter) -> None:
    dynamodb.answer = consumed("BatchGetItem", 2.5, 4)

    CALLS["BatchGetItem"](dynamodb.client)

    assert meter.take() == NOTHING | {"reads": 1, "read_units": 6.5}


def test_count_starts_anew_when_it_was_taken(dynamodb: DynamoDB, meter: Meter) -> None:
    dynamodb.answer = consumed("GetItem", 1)
    CALLS["GetItem"](dynamodb.client)

    assert (meter.take()["reads"], meter.take()) == (1, NOTHING)


def test_answer_that_tells_no_consumption_is_counted_as_a_call(dynamodb: DynamoDB, meter: Meter) -> None:
    CALLS["Query"](dynamodb.client)  # an emulator may leave it out

    assert meter.take() == NOTHING | {"reads": 1}


def test_refused_write_is_counted_as_a_call(dynamodb: DynamoDB, meter: Meter) -> None:
    dynamodb.status, dynamodb.answer = 400, {"__type": "ConditionalCheckFailedException", "message": "no"}

    with pytest.raises(dynamodb.client.exceptions.ConditionalCheckFailedException):
        CALLS["PutItem"](dynamodb.client)

    assert meter.take() == NOTHING | {"writes": 1}
