"""The OpenAPI document: served, published, and true."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from handler.ask.app import ROUTES
from handler.ask.description import description
from handler.ask.problems import Kind
from handler.ask.questions import OBJECT_FIELDS, OPTIONS
from tests.asking import Asker, described
from tests.schema import SCHEMA

MESSAGE: dict[str, Any] = json.loads(SCHEMA.read_text())
SCHEMAS = description()["components"]["schemas"]


def without_words(schema: Any) -> Any:
    """*schema* without what is for people, and with references by their last name."""
    match schema:
        case dict():
            kept = {name: without_words(one) for name, one in schema.items() if name != "description"}
            return {name: one.rpartition("/")[2] if name == "$ref" else one for name, one in kept.items()}
        case list():
            return [without_words(one) for one in schema]
        case _:
            return schema


def test_published_document_is_that_of_the_code() -> None:
    assert described() == json.loads(json.dumps(description())), (
        "write it again: .venv/bin/python -m tests.unit.ask.test_description"
    )


def test_document_is_served(ask: Asker) -> None:
    assert ask.url("GET", "/v1/openapi.json").document == described()


def test_every_route_is_described() -> None:
    paths = {path: {method.upper() for method in methods} for path, methods in description()["paths"].items()}

    assert paths == {path: set(methods) for path, methods in ROUTES.items()}


def test_every_parameter_is_described() -> None:
    paths = description()["paths"]

    parameters = [one["name"] for one in paths["/v1/searches"]["post"]["parameters"]]
    assert sorted(parameters) == sorted(OPTIONS)
    assert [one["name"] for one in paths["/v1/pictures"]["get"]["parameters"]] == list(OBJECT_FIELDS)
    assert SCHEMAS["objectSearch"]["properties"].keys() == {"object", *OPTIONS}


def test_every_kind_of_problem_that_a_path_can_have_is_described() -> None:
    operations = [one for methods in description()["paths"].values() for one in methods.values()]
    told = {
        kind
        for operation in operations
        for response in operation["responses"].values()
        for content in response["content"].values()
        for kind in content["schema"].get("properties", {}).get("type", {}).get("enum", ())
    }

    # Where there is no path, or no such method, there is nothing to describe.
    assert told == {kind.type for kind in Kind} - {Kind.NO_SUCH_ROUTE.type, Kind.WRONG_METHOD.type}


@pytest.mark.parametrize("name", SCHEMAS)
def test_schemas_are_json_schemas(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])


def test_match_is_what_a_message_has() -> None:
    match = MESSAGE["properties"]["matches"]["items"]
    picture = MESSAGE["$defs"]["picture"]
    (ours,) = SCHEMAS["match"]["allOf"]

    assert without_words(SCHEMAS["match"]["properties"]) == without_words(match["properties"])
    assert set(SCHEMAS["match"]["required"]) == set(match["required"])
    formats = {"format": {"enum": [*sorted(picture["properties"]["format"]["enum"][:-1]), None]}}
    assert without_words(ours["properties"]) == without_words(picture["properties"]) | formats
    assert set(ours["required"]) == set(picture["required"])


if __name__ == "__main__":
    from tests.asking import DESCRIPTION

    DESCRIPTION.write_text(json.dumps(description(), indent=2) + "\n")
