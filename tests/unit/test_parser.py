"""The parser is held to botocore's own, answer by answer."""

import json
from typing import Any

import botocore.session
import pytest
from botocore.awsrequest import HeadersDict
from botocore.parsers import ResponseParserFactory
from hypothesis import given
from hypothesis import strategies as st

from handler.aws.parser import LeanParserFactory, install

MODEL = botocore.session.Session().get_service_model("dynamodb")
LEAN = LeanParserFactory(ResponseParserFactory())
VALUES = st.one_of(
    st.fixed_dictionaries({"S": st.text()}),
    st.fixed_dictionaries({"N": st.integers().map(str)}),
    st.fixed_dictionaries({"BOOL": st.booleans()}),
    st.fixed_dictionaries({"B": st.sampled_from(["", "AA==", "AAE=", "AAEC"])}),
    st.fixed_dictionaries({"BS": st.lists(st.sampled_from(["AA==", "/+8=", "AAECAwQFBgc="]), min_size=1)}),
)
ITEMS = st.lists(st.dictionaries(st.sampled_from(["pk", "sk", "hashes", "entries", "count"]), VALUES), max_size=4)


def response(document: Any, status: int = 200, content_type: str = "application/x-amz-json-1.0") -> dict[str, Any]:
    headers = HeadersDict({"Content-Type": content_type, "x-amzn-RequestId": "R1"})
    return {"status_code": status, "headers": headers, "body": json.dumps(document).encode()}


def both(answer: dict[str, Any], operation: str) -> tuple[Any, Any]:
    """Return what the lean parser and botocore's own make of *answer*."""
    shape: Any = MODEL.operation_model(operation).output_shape
    ours, theirs = (factory.create_parser("json") for factory in (LEAN, ResponseParserFactory()))
    return ours.parse(answer, shape), theirs.parse(answer, shape)


@given(ITEMS)
def test_items_are_what_botocore_makes_of_them(items: list[dict[str, Any]]) -> None:
    consumed = {"TableName": "t", "CapacityUnits": 1.5}
    last = {"pk": {"S": "a"}, "sk": {"S": "b"}}
    query = {"Items": items, "Count": len(items), "ConsumedCapacity": consumed, "LastEvaluatedKey": last}
    batch = {"Responses": {"t": items}, "UnprocessedKeys": {"t": {"Keys": [last]}}, "ConsumedCapacity": [consumed]}

    for answer, operation in ((query, "Query"), (batch, "BatchGetItem")):
        ours, theirs = both(response(answer), operation)
        assert ours == theirs


def test_empty_answer_and_errors_are_what_botocore_makes_of_them() -> None:
    error = {"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException", "message": "no"}
    empty = response({}) | {"body": b""}
    for answer in (response({}), response(error, status=400), response({}, status=500), empty):
        ours, theirs = both(answer, "UpdateItem")
        assert ours == theirs


def test_other_services_are_left_to_botocore() -> None:
    theirs = type(ResponseParserFactory().create_parser("query"))

    assert type(LEAN.create_parser("query")) is theirs


@pytest.mark.parametrize("attribute", ["pk", "hashes"])
def test_no_attribute_is_taken_for_a_type(attribute: str) -> None:
    ours, _ = both(response({"Item": {attribute: {"S": "B"}}}), "GetItem")

    assert ours["Item"] == {attribute: {"S": "B"}}


def test_parser_is_installed_where_it_fits() -> None:
    session = botocore.session.Session()

    assert install(session)
    assert isinstance(session.get_component("response_parser_factory"), LeanParserFactory)


class Changed(ResponseParserFactory):
    """The factory of a botocore that parses otherwise, or in which something has gone."""

    def create_parser(self, protocol_name: str) -> Any:
        parser = super().create_parser(protocol_name)

        class Otherwise:
            def parse(self, response: Any, shape: Any) -> Any:
                return {**parser.parse(response, shape), "Items": []}

        return Otherwise()


class Gone:
    """A slot without what it had."""


@pytest.mark.parametrize("other", [Changed, Gone])
def test_botocore_that_changed_parses_everything_itself(other: type) -> None:
    session, own = botocore.session.Session(), other()
    session.register_component("response_parser_factory", own)

    assert not install(session)
    assert session.get_component("response_parser_factory") is own
