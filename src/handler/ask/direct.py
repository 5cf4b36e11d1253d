"""Questions by direct invocation: the same routes and answers, without HTTP around them.

Asked as `{"method": "POST", "path": "/v1/searches", "body": {...}}`, or with `query` (an object), `content_type` and
the body in base64 where it is a picture; answered as `{"status": 200, "body": {...}}`.
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from handler.ask.problems import Kind, Problem
from handler.core.fields import Field, WrongField

FIELDS = ("method", "path", "query", "content_type", "body")


def is_direct(event: Mapping[str, Any]) -> bool:
    """Whether *event* is no request to the function's URL."""
    if not isinstance(event, Mapping):
        return True
    context = event.get("requestContext")
    http = context.get("http") if isinstance(context, Mapping) else None
    method = http.get("method") if isinstance(http, Mapping) else None
    return not (isinstance(method, str) and isinstance(event.get("rawPath"), str))


def to_url_event(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return *event* as a function URL would have it. Raises Problem if it asks for nothing."""
    try:
        return _event(Field(event))
    except WrongField as error:
        raise Problem(Kind.WRONG_VALUE, str(error)) from error


def from_url_answer(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer to a direct question: the status, and the document itself."""
    return {"status": answer["statusCode"], "body": json.loads(answer["body"])}


def _event(asked: Field) -> dict[str, Any]:
    if unknown := [name for name in asked.names() if name not in FIELDS]:
        raise Problem(
            Kind.UNKNOWN_FIELD,
            f"the event has {', '.join(map(repr, unknown))}: accepted are {', '.join(FIELDS)}",
            unknown=unknown,
            allowed=list(FIELDS),
        )
    body, given = asked.get("body"), asked.get("content_type")
    in_base64 = body is not None and isinstance(body.value, str)
    content_type = given.text() if given else "application/octet-stream" if in_base64 else "application/json"
    method, path = asked["method"].name().upper(), asked["path"].name()
    query = asked.get("query")
    parameters = {name: _parameter(query[name]) for name in query.names()} if query else {}
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": urlencode(parameters),
        "queryStringParameters": parameters,
        "headers": {"content-type": content_type} if body else {},
        "requestContext": {"stage": "$default", "http": {"method": method, "path": path}},
        "body": None if body is None else body.text() if in_base64 else json.dumps(body.value),
        "isBase64Encoded": in_base64,
    }


def _parameter(given: Field) -> str:
    return given.text() if isinstance(given.value, str) else str(given.whole_number())
