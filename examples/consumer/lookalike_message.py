"""The message that Lookalike publishes, as Python types: `docs/match-1.schema.json` is the same for programs.

Copy this file beside your consumer. Fields may be added within version 1; ignore the ones that you do not know.
"""

import json
from typing import Literal, TypedDict, cast

SCHEMA = "lookalike.match/1"


class Picture(TypedDict):
    """An object of a bucket, and what is known of the picture in it."""

    bucket: str
    key: str  # as it is in S3, not encoded
    version: str | None  # in a versioned bucket
    sequencer: str  # orders the events of one key
    hash: str  # 16 hex digits
    width: int | None  # pixels; None, like the others that may be, of a bare hash on a list alone
    height: int | None
    format: str | None
    bytes: int | None
    modified: str | None  # ISO 8601: when the object was stored, or the entry put on its list
    etag: str | None  # None of an entry of a list that was no object
    sha256: str | None


class Box(TypedDict):
    """A part of a picture, in fractions of it: 0 is its top or left edge."""

    top: float
    bottom: float
    left: float
    right: float


class Match(Picture):
    """A stored picture that shows the same thing."""

    distance: int  # bits, 0 to 16
    similarity: float  # 1 - distance / 64
    kind: Literal["exact", "near", "altered", "alike"]
    agreement: float | None  # of the pixels, 0 to 1; None if nobody looked
    colours: float | None  # likewise
    differs: list[Box] | None  # where, in the uploaded picture; None if it is known for the match only
    taken_apart_s: float | None  # seconds between both captures; None if one of the files does not say
    orientation: int  # how the picture has to be turned to look like the match, as EXIF numbers it
    views: list[str]  # which view of the picture met which of the match
    list: str | None  # of which it is an entry; None of a picture of the scope
    unconfirmed: bool  # nothing but a bare hash speaks for it: one on a list, or an imported one


class Message(TypedDict):
    """One picture, and what it matches, the best first."""

    schema: Literal["lookalike.match/1"]
    id: str  # the same for the same pairs: drop the ones that you have seen
    correlation_id: str  # the same in every line of the log about this upload
    scope: str
    generation: str
    origin: Literal["upload", "backfill"]
    radius: int
    picture: Picture
    matches: list[Match]
    truncated: bool  # there are, or may be, more matches than these
    complete: bool  # False: crops were not looked for, since the function's memory is too small for it


def parse(body: str) -> Message:
    """Return the message in *body*. Raises ValueError if it is not JSON, or of another schema."""
    document = json.loads(body)
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != SCHEMA:
        raise ValueError(f"schema is {schema!r}, want {SCHEMA!r}")
    return cast(Message, document)
