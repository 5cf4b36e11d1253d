"""The OpenAPI 3.1 description of all that may be asked: it is served, and a copy of it is in `docs/reference/`."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from handler.ask.problems import CONTENT_TYPE, Kind
from handler.ask.request import BYTES, JSON, MAX_BODY_BYTES
from handler.ask.review_schemas import GROUPS, LISTED, UNDONE
from handler.ask.schemas import NAMED, OPTIONS, problem, schemas
from handler.ask.shapes import reference
from handler.core.lists import BARE_RADIUS

ANYWHERE = (  # whatever is asked
    Kind.UNKNOWN_FIELD,
    Kind.WRONG_VALUE,
    Kind.ANSWER_TOO_LARGE,
    Kind.TOO_LARGE,
    Kind.FAILED,
    Kind.BUSY,
    Kind.OUT_OF_TIME,
)
OF_A_PICTURE = (Kind.READ_DENIED, Kind.NO_SUCH_OBJECT, Kind.PICTURE_REJECTED)
RETRY_AFTER = {
    "Retry-After": {"description": "With busy: seconds until asking again is worth it.", "schema": {"type": "integer"}}
}
ABOUT = f"""\
Ask a deployment of Lookalike which stored pictures show the same as another one, or what is known of an object, and
decide about what it announced. Nothing is announced, and nothing stored but verdicts. Requests are signed (AWS
Signature Version 4, service lambda); without a signature, or the right to call, AWS answers 403 itself. A request has
at most {MAX_BODY_BYTES} bytes. Every error is a problem document (RFC 9457), which says what to do. Fields may be
added to answers within a version: ignore those you do not know."""


def description() -> dict[str, Any]:
    """Return the document."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Lookalike", "version": "1", "description": ABOUT, "license": {"name": "MIT"}},
        "servers": [{"url": "/", "description": "The stack's output AskUrl"}],
        "security": [{"signature": []}],
        "paths": {
            "/v1/searches": {"post": _searches()},
            "/v1/pictures": {"get": _pictures()},
            "/v1/groups": {"get": _groups()},
            "/v1/decisions": {"get": _decisions(), "put": _decide(), "delete": _undo()},
            "/v1/deletable": {"get": _deletable()},
            "/v1/openapi.json": {"get": _description()},
        },
        "components": {
            "schemas": schemas(),
            "securitySchemes": {
                "signature": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": "AWS Signature Version 4, service lambda",
                }
            },
        },
    }


def _searches() -> dict[str, Any]:
    file = {"schema": {"type": "string", "contentMediaType": BYTES}}
    document = {"oneOf": [reference("objectSearch"), reference("hashSearch")]}
    return {
        "operationId": "search",
        "summary": "Find the stored pictures that show the same as a file, an object, or what had a hash",
        "description": "Of a file, options are in the query; of a JSON document, which names an object or a hash, they "
        "are in it, and the query is empty. A scope is needed of a file and a hash where ScopeDepth is not 0. A hash "
        f"has neither check bits nor pixels: it is searched within {BARE_RADIUS} bits unless a radius is given, and "
        "nothing confirms its matches.",
        "parameters": _parameters(OPTIONS, required=()),
        "requestBody": {"required": True, "content": {JSON: {"schema": document}, "image/*": file, BYTES: file}},
        "responses": _responses("answer", (*ANYWHERE, *OF_A_PICTURE, Kind.NOT_JSON, Kind.WRONG_CONTENT_TYPE)),
    }


def _pictures() -> dict[str, Any]:
    return {
        "operationId": "show",
        "summary": "Tell what is known of an object",
        "description": "By the index; and by the object itself where the index does not know it as it is now.",
        "parameters": _parameters(NAMED, required=("bucket", "key")),
        "responses": _responses("known", (*ANYWHERE, *OF_A_PICTURE)),
    }


def _groups() -> dict[str, Any]:
    return {
        "operationId": "groups",
        "summary": "List the groups of announced pairs that wait for a verdict",
        "description": "Each is a best copy and what matches it, in the order of the best copies. What was decided, or "
        "is gone, is left out.",
        "parameters": _parameters(GROUPS, required=()),
        "responses": _responses("groups", ANYWHERE),
    }


def _decisions() -> dict[str, Any]:
    return {
        "operationId": "decisions",
        "summary": "List what people decided, the newest first",
        "parameters": _parameters(LISTED, required=()),
        "responses": _responses("decisions", ANYWHERE),
    }


def _decide() -> dict[str, Any]:
    return {
        "operationId": "decide",
        "summary": "Say that two pictures are different, or which to keep: they are not told of each other again",
        "description": "By content (SHA-256), in their scope; of equal files by object. Safe to repeat: the same "
        "verdict again changes nothing, and another one takes its place. All are checked before one is stored.",
        "requestBody": {"required": True, "content": {JSON: {"schema": reference("said")}}},
        "responses": _responses("decisions", (*ANYWHERE, Kind.NOT_JSON, Kind.NO_SUCH_OBJECT, Kind.CHANGED)),
    }


def _undo() -> dict[str, Any]:
    return {
        "operationId": "undo",
        "summary": "Take back what was decided of a pair, or at once",
        "description": "The answer has what was taken back; the pairs wait for a verdict again, unless an earlier one "
        "stands again. Of a batch it is a part, and a cursor until all is done.",
        "parameters": _parameters(UNDONE, required=()),
        "responses": _responses("decisions", (*ANYWHERE, Kind.NO_SUCH_OBJECT)),
    }


def _deletable() -> dict[str, Any]:
    return {
        "operationId": "deletable",
        "summary": "List the objects that were decided not to be kept, each with the one that is",
        "description": "Those alone that are still what was decided about, while something stays that shows the same. "
        "Nothing here deletes them.",
        "parameters": _parameters({name: LISTED[name] for name in ("scope", "limit", "cursor")}, required=()),
        "responses": _responses("deletable", ANYWHERE),
    }


def _description() -> dict[str, Any]:
    described = {"type": "object", "required": ["openapi", "info", "paths"]}
    return {
        "operationId": "describe",
        "summary": "Return this document",
        "responses": _answered(described) | _problems(ANYWHERE),
    }


def _parameters(described: Mapping[str, dict[str, Any]], required: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "query", "required": name in required, "schema": schema} | _written(schema)
        for name, schema in described.items()
    ]


def _written(schema: Mapping[str, Any]) -> dict[str, Any]:
    """How a list is written in a query: with commas between, in one parameter."""
    return {"style": "form", "explode": False} if schema.get("type") == "array" else {}


def _responses(name: str, kinds: Sequence[Kind]) -> dict[str, Any]:
    return _answered(reference(name)) | _problems(kinds)


def _answered(schema: dict[str, Any]) -> dict[str, Any]:
    return {"200": {"description": "The answer", "content": {JSON: {"schema": schema}}}}


def _problems(kinds: Sequence[Kind]) -> dict[str, Any]:
    by_status: defaultdict[int, list[Kind]] = defaultdict(list)
    for kind in kinds:
        by_status[kind.status].append(kind)
    return {
        str(status): {
            "description": "; or ".join(kind.title for kind in some),
            "content": {CONTENT_TYPE: {"schema": problem(some)}},
        }
        | ({"headers": RETRY_AFTER} if Kind.BUSY in some else {})
        for status, some in sorted(by_status.items())
    }
