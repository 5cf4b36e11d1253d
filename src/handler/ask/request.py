"""One request to the function's URL, as far as an answer depends on it."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from handler.ask.problems import Kind, Problem
from handler.ask.questions import WantedSearch, search_of_document, search_of_file

JSON = "application/json"
BYTES = "application/octet-stream"
UNKNOWN = "unknown"
MAX_BODY_BYTES = 4_500_000  # in base64, and with what Lambda wraps around it, less than its 6 MB


@dataclass(frozen=True, slots=True)
class Request:
    """What came in."""

    query: str
    content_type: str  # without parameters, in lower case
    body: bytes
    caller: str  # as IAM names it, where that is known

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> "Request":
        """Return the request in an *event* of a function URL. Raises Problem if it has no body that may be read."""
        headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
        content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        return cls(event.get("rawQueryString") or "", content_type, _body(event), _caller(event))

    def search(self) -> WantedSearch:
        """Return the search that is asked for: by a JSON document, or for a picture file. Raises Problem."""
        if self.content_type == JSON:
            return search_of_document(self.body, self.query)
        if self.content_type == BYTES or self.content_type.startswith("image/"):
            return search_of_file(self.body, self.query)
        raise Problem(
            Kind.WRONG_CONTENT_TYPE,
            f"the body is {self.content_type or 'of no type'}: want {JSON}, or a picture as image/* or {BYTES}",
        )


def _caller(event: Mapping[str, Any]) -> str:
    iam = (event["requestContext"].get("authorizer") or {}).get("iam") or {}
    return str(iam.get("userArn") or UNKNOWN)


def _body(event: Mapping[str, Any]) -> bytes:
    body = event.get("body") or ""
    try:
        content = base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else body.encode()
    except (binascii.Error, ValueError) as error:
        cure = "want a picture file in base64, or a JSON document that is no string"
        raise Problem(Kind.WRONG_VALUE, f"the body is a string that cannot be read ({error}): {cure}") from error
    if len(content) > MAX_BODY_BYTES:
        raise Problem(
            Kind.TOO_LARGE,
            f"the body has {len(content)} bytes, over {MAX_BODY_BYTES} (Lambda takes 6 MB, base64 included): "
            "put the picture into a bucket and name the object instead",
            limit_bytes=MAX_BODY_BYTES,
        )
    return content
