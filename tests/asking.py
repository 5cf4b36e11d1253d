"""Questions to the function that answers them, in this process; each answer is held to the published description."""

import base64
import json
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from functools import cache
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any, NamedTuple

from jsonschema import Draft202012Validator

from handler.ask import app
from handler.ask.problems import CONTENT_TYPE
from handler.wiring import AskService
from tests.deployments import FakeDeployment

DESCRIPTION = Path(__file__).parents[1] / "docs" / "reference" / "openapi.json"


class Context(NamedTuple):
    """What Lambda says of an invocation."""

    remaining_ms: int = 60_000
    aws_request_id: str = "8476a536-e9f4-11e8-9739-2dfe598c3fcd"  # as long as Lambda's

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_ms


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: Mapping[str, Any]
    document: Any


@cache
def described() -> dict[str, Any]:
    """The description as it is in the documents."""
    document: dict[str, Any] = json.loads(DESCRIPTION.read_text())
    return document


@cache
def validator(where: str) -> Draft202012Validator:
    """What holds a document to the schema at *where* in the description."""
    return Draft202012Validator({**described(), "$ref": f"#/{where}"})


def check(method: str, path: str, answer: Answer) -> None:
    """Raise if the description does not tell of such an answer."""
    operation = described()["paths"].get(path, {}).get(method.lower())
    if operation is None:
        validator("components/schemas/problem").validate(answer.document)
        return
    (kind,) = operation["responses"][str(answer.status)]["content"]
    assert answer.headers["Content-Type"] == kind
    escaped = path.replace("/", "~1"), kind.replace("/", "~1")
    where = f"paths/{escaped[0]}/{method.lower()}/responses/{answer.status}/content/{escaped[1]}/schema"
    validator(where).validate(answer.document)
    assert (kind == CONTENT_TYPE) == (answer.status >= 400)


class AskedSession:
    """A session of boto3 whose every function is one that answers questions, and whose buckets are a deployment's."""

    region_name = "eu-west-1"

    def __init__(self, asker: "Asker") -> None:
        self._asker = asker

    def client(self, *_: object, **__: object) -> "AskedSession":
        return self

    def invoke(self, *, Payload: bytes, **_: object) -> dict[str, Any]:  # noqa: N803 - boto3's name
        with redirect_stdout(StringIO()):  # its metrics are printed, where Lambda reads them
            answer = self._asker.direct(json.loads(Payload))
        return {"Payload": BytesIO(json.dumps(answer).encode())}


class Asker:
    """Asks one deployment by URL, and as whoever invokes the function directly."""

    def __init__(self, deployment: FakeDeployment, asking: Callable[[], AskService] | None = None) -> None:
        self._asking = asking or deployment.asking
        self.remaining_ms = 60_000

    def raw(self, event: Any) -> Any:
        """Hand *event* to the function as it is."""
        context: Any = Context(self.remaining_ms)
        return app.handle(event, context, self._asking)

    def url(
        self, method: str, path: str, query: str = "", body: bytes = b"", content_type: str | None = None
    ) -> Answer:
        """Ask as a request to the function's URL does."""
        headers = {"content-type": content_type} if content_type else {}
        replied = self.raw(url_event(method, path, query, body, headers))
        answer = Answer(replied["statusCode"], replied["headers"], json.loads(replied["body"]))
        check(method, path, answer)
        return answer

    def file(self, body: bytes, query: str = "", content_type: str = "image/jpeg") -> Answer:
        return self.url("POST", "/v1/searches", query, body, content_type)

    def document(self, document: Any, query: str = "") -> Answer:
        return self.url("POST", "/v1/searches", query, json.dumps(document).encode(), "application/json")

    def picture(self, query: str) -> Answer:
        return self.url("GET", "/v1/pictures", query)

    def direct(self, event: Any) -> Any:
        return self.raw(event)


def url_event(method: str, path: str, query: str, body: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
    """The event that a function URL makes of a request: it takes JSON for text and all else for bytes."""
    text = headers.get("content-type", "").startswith(("application/json", "text/"))
    event = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": dict(headers),
        "requestContext": {"stage": "$default", "http": {"method": method, "path": path}},
        "isBase64Encoded": bool(body) and not text,
    }
    return event | ({"body": body.decode() if text else base64.b64encode(body).decode()} if body else {})
