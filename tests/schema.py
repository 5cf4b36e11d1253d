"""The published JSON Schema, as a check that every test may put a message through."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

SCHEMA = Path(__file__).parents[1] / "docs" / "match-1.schema.json"


@cache
def _validator() -> Draft202012Validator:
    schema = json.loads(SCHEMA.read_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def valid_message(body: str) -> dict[str, Any]:
    """Return the document in *body*; raise ValidationError if it is not what the schema promises."""
    document: dict[str, Any] = json.loads(body)
    _validator().validate(document)
    return document
