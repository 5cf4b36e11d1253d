"""What JSON Schemas are put together from."""

from collections.abc import Mapping, Sequence
from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
NAME: Schema = {"type": "string", "minLength": 1}
SHARE: Schema = {"type": "number", "minimum": 0, "maximum": 1}
COUNT: Schema = {"type": "integer", "minimum": 1}
MODIFIED: Schema = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"}


def reference(name: str) -> Schema:
    """Return what stands for the schema of that *name*."""
    return {"$ref": f"#/components/schemas/{name}"}


def optional(described: Mapping[str, Schema]) -> dict[str, Schema]:
    """Return the same, of which each may be null: as if it were left out."""
    return {name: or_null(one) for name, one in described.items()}


def or_null(schema: Schema) -> Schema:
    """Return the same, or null."""
    if "enum" in schema:
        return schema | {"enum": [*schema["enum"], None]}
    return schema | {"type": [schema["type"], "null"]} if isinstance(schema["type"], str) else schema


def list_of(items: Schema) -> Schema:
    """Return the schema of a list of these."""
    return {"type": "array", "items": items}


def closed(described: Mapping[str, Schema], required: Sequence[str]) -> Schema:
    """Return the schema of an object that has no other fields."""
    return {
        "type": "object",
        "required": list(required),
        "properties": dict(described),
        "additionalProperties": False,
    }


def open_ended(described: Mapping[str, Schema]) -> Schema:
    """Return the schema of an object that has all of these, and may have more some day."""
    return {"type": "object", "required": list(described), "properties": dict(described)}
