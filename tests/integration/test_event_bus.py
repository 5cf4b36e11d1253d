"""The event bus of examples/: deployed, its pipe's definition checked, and its messages carried as AWS documents it."""

import json
from typing import Any

import pytest

from tests.integration.pipes import Pipe, transformed
from tests.integration.subscribers import Guarded, message

MATCH = {"bucket": "elsewhere", "key": "gespeichert ü <$.body> \"\\.jpg", "version": None}  # fmt: skip
RECORD = {"messageId": "1", "body": '{"a": {"b": [1, "é"]}}', "eventSource": "aws:sqs"}


@pytest.mark.parametrize(
    ("template", "body", "expected"),
    [
        ("<$.body>", RECORD["body"], {"a": {"b": [1, "é"]}}),
        ('{"inner": <$.body.a.b>, "id": <$.messageId>}', RECORD["body"], {"inner": [1, "é"], "id": "1"}),
        ("<$.body>", "no JSON", "no JSON"),
        ("<$.body>", '{"key": "<$.messageId>"}', {"key": "<$.messageId>"}),
    ],
)
def test_template_is_filled_in(template: str, body: str, expected: Any) -> None:
    assert json.loads(transformed(template, RECORD | {"body": body})) == expected


@pytest.fixture(scope="module")
def deployed(guarded: Guarded) -> dict[str, str]:
    return guarded.deploy("eventbridge")


@pytest.fixture(scope="module")
def pipe(guarded: Guarded, deployed: dict[str, str]) -> Pipe:
    return Pipe(guarded, "eventbridge", deployed["Stack"])


@pytest.mark.emulator
def test_pipe_is_one_that_its_api_takes(pipe: Pipe) -> None:
    assert pipe.mistakes() == ""


@pytest.mark.emulator
def test_rule_of_the_bus_gets_the_message_as_detail(guarded: Guarded, deployed: dict[str, str], pipe: Pipe) -> None:
    events, seen, bus = guarded.client("events"), guarded.make_queue("events"), deployed["BusName"]
    pattern = {"source": ["lookalike"], "detail": {"matches": {"kind": ["exact"]}}}
    events.put_rule(Name="exact", EventBusName=bus, EventPattern=json.dumps(pattern))
    events.put_targets(Rule="exact", EventBusName=bus, Targets=[{"Id": "seen", "Arn": guarded.arn(seen)}])
    wanted, other = message(MATCH, MATCH, kind="exact"), message(MATCH, MATCH, kind="near")

    for one in (other, wanted):
        guarded.publish(one)
    pipe.carry(2)

    (event,) = [json.loads(body) for body in guarded.receive(seen)]
    assert (event["source"], event["detail-type"], event["detail"]) == ("lookalike", "lookalike.match/1", wanted)
