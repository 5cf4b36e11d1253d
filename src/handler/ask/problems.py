"""What is wrong with a request, as RFC 9457 has it: `application/problem+json`."""

from enum import Enum
from typing import Any

CONTENT_TYPE = "application/problem+json"
PREFIX = "urn:lookalike:problem:"


class Kind(Enum):
    """Each kind of problem, with its status; the names are stable, so programs may rely on them."""

    UNKNOWN_FIELD = ("unknown-field", 400, "a field or parameter is not known")
    WRONG_VALUE = ("wrong-value", 400, "a field or parameter is missing, or has a value that it cannot have")
    NOT_JSON = ("not-json", 400, "the body is not JSON")
    ANSWER_TOO_LARGE = ("answer-too-large", 400, "the answer is larger than a function may give")
    READ_DENIED = ("read-denied", 403, "the function may not read the object")
    NO_SUCH_ROUTE = ("no-such-route", 404, "there is nothing at this path")
    NO_SUCH_OBJECT = ("no-such-object", 404, "the object does not exist")
    WRONG_METHOD = ("wrong-method", 405, "the path does not take this method")
    CHANGED = ("changed", 409, "an object has another content by now than what was shown")
    TOO_LARGE = ("too-large", 413, "the request is too large")
    WRONG_CONTENT_TYPE = ("wrong-content-type", 415, "the body is of a type that is not taken")
    PICTURE_REJECTED = ("picture-rejected", 422, "the picture cannot be used")
    FAILED = ("failed", 500, "something failed here")
    BUSY = ("busy", 503, "AWS did not answer the function, or not yet")
    OUT_OF_TIME = ("out-of-time", 503, "there was no answer in time")

    def __init__(self, slug: str, status: int, title: str) -> None:
        self.type = PREFIX + slug
        self.status = status
        self.title = title


class Problem(Exception):
    """The request cannot be answered; *detail* says why, and what to do about it."""

    def __init__(self, kind: Kind, detail: str, *, allow: str | None = None, **further: Any) -> None:
        super().__init__(detail)
        self.kind = kind
        self.allow = allow  # the methods that the path takes
        self.further = further  # members of the document, for programs

    @property
    def document(self) -> dict[str, Any]:
        """The problem document."""
        kind = self.kind
        return {"type": kind.type, "title": kind.title, "status": kind.status, "detail": str(self)} | self.further
