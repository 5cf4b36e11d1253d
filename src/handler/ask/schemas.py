"""The JSON Schemas of what is asked and answered, as the description has them.

Those of pictures and matches are those of `docs/match-1.schema.json`, but for what is not known of a picture that is in
no bucket; a test holds them to it.
"""

from collections.abc import Mapping, Sequence

from handler.answers import LOOKED_UP
from handler.answers import SCHEMA as SEARCH_SCHEMA
from handler.ask.known import INDEX, OBJECT
from handler.ask.known import SCHEMA as PICTURE_SCHEMA
from handler.ask.problems import Kind
from handler.ask.questions import BUCKET, HASH, HASH_OPTIONS, MAX_LIMIT
from handler.ask.review_schemas import review_schemas
from handler.ask.shapes import (
    COUNT,
    MODIFIED,
    NAME,
    SHARE,
    TEXT,
    Schema,
    closed,
    list_of,
    open_ended,
    optional,
    or_null,
    reference,
)
from handler.core.buckets import MAX_RADIUS
from handler.core.formats import FORMATS
from handler.core.generations import GENERATIONS
from handler.core.model import EFFORTS, LIST_NAME, MAX_LISTS, ORIENTATIONS, TELLS, MatchKind, Outcome
from handler.core.phash import similarity

HEX: Schema = {"type": "string", "pattern": f"^{HASH}$"}
RADIUS: Schema = {"type": "integer", "minimum": 0, "maximum": MAX_RADIUS}
GENERATION: Schema = {"enum": list(GENERATIONS)}
OF_A_BARE_HASH = {"width", "height", "format", "bytes", "modified", "etag", "sha256"}  # is not known

OPTIONS: Mapping[str, Schema] = {
    "scope": NAME | {"description": "Where to search: folders with a slash after each; * is the whole deployment."},
    "lists": list_of({"type": "string", "pattern": f"^{LIST_NAME}$"})
    | {
        "maxItems": MAX_LISTS,
        "description": "Which lists to compare with as well, if not the deployment's Lists; empty: none. In a query "
        "they have commas between.",
    },
    "radius": RADIUS | {"description": "Bits within which to search, if not the deployment's Radius."},
    "limit": {
        "type": "integer",
        "minimum": 1,
        "maximum": MAX_LIMIT,
        "description": "Most matches, if not the deployment's MaxMatches.",
    },
    "orientations": {"enum": list(ORIENTATIONS), "description": "Mirrored pictures, or turned ones as well."},
    "effort": {"enum": list(EFFORTS), "description": "By how many windows of the picture to search."},
    "tell": {"enum": list(TELLS), "description": "The least kind of match that is wanted."},
}
NAMED: Mapping[str, Schema] = {
    "bucket": {"type": "string", "pattern": f"^{BUCKET}$"},
    "key": NAME | {"description": "As it is in S3, not encoded."},
    "version": NAME | {"description": "Of the object, in a versioned bucket; the current one if it is left out."},
}


def schemas() -> dict[str, Schema]:
    """Return the schemas by name, as `#/components/schemas` has them."""
    return {
        "objectSearch": closed({"object": reference("object"), **optional(OPTIONS)}, ["object"]),
        "hashSearch": closed(
            {
                "hash": HEX | {"description": "Of a whole picture: nothing confirms what it meets."},
                "generation": GENERATION | {"description": "That of the hash, and of this deployment."},
                **optional({name: OPTIONS[name] for name in HASH_OPTIONS}),
            },
            ["hash", "generation"],
        ),
        "object": closed({**NAMED, "version": or_null(NAMED["version"])}, ["bucket", "key"]),
        "answer": open_ended(_answer()),
        "asked": {"description": "The picture that asked; null: not known."} | open_ended(_picture(asked=True)),
        "match": {"allOf": [open_ended(_picture(asked=False))]} | open_ended(_match()),
        "box": open_ended(dict.fromkeys(("top", "bottom", "left", "right"), SHARE)),
        "known": open_ended(_known()),
        "problem": problem(list(Kind)),
        **review_schemas(),
    }


def problem(kinds: Sequence[Kind]) -> Schema:
    """Return the schema of the problem documents of these *kinds*."""
    described: dict[str, Schema] = {
        "type": {"enum": [kind.type for kind in kinds]},
        "title": NAME,
        "status": {"enum": sorted({kind.status for kind in kinds})},
        "detail": TEXT | {"description": "What was wrong with this request, and what to do about it."},
    }
    further: dict[str, Schema] = {
        "unknown": list_of(TEXT) | {"description": "With unknown-field: what is not known."},
        "allowed": list_of(TEXT) | {"description": "With unknown-field: what would be."},
        "code": NAME | {"description": "With picture-rejected: the reason's code."},
        "limit_bytes": COUNT | {"description": "With too-large: the limit."},
        "missing": list_of(reference("told")) | {"description": "With no-such-object, of a decision: which."},
        "changed": list_of(reference("told"))
        | {"description": "With changed: which, the sha256 that was shown, and the one of now."},
    }
    return {"type": "object", "required": list(described), "properties": described | further}


def _answer() -> dict[str, Schema]:
    return {
        "schema": {"const": SEARCH_SCHEMA},
        "outcome": {"const": LOOKED_UP},
        "reason": {"type": "null"},
        "scope": NAME | {"description": "Where the picture was compared."},
        "generation": GENERATION,
        "radius": RADIUS | {"description": "Bits within which pictures were looked for."},
        "confirmed": {"type": "boolean", "description": "False: a bare hash asked, so matches are candidates."},
        "picture": reference("asked"),
        "matches": list_of(reference("match"))
        | {"maxItems": MAX_LIMIT * (1 + MAX_LISTS), "description": "Those of lists first."},
        "truncated": {"type": "boolean", "description": "There are, or may be, more matches."},
        "complete": {"type": "boolean", "description": "False: not all was compared, for want of memory or time."},
    }


def _picture(*, asked: bool) -> dict[str, Schema]:
    """What a message says of a picture; of the one that *asked* some of it may not be known, and of a bare hash."""
    described: dict[str, Schema] = {
        "bucket": NAME,
        "key": NAME,
        "version": or_null(TEXT),
        "sequencer": {"type": "string", "pattern": "^[0-9A-F]{32}$"},
        "hash": HEX,
        "width": COUNT | {"description": "Pixels, as stored in the file."},
        "height": COUNT,
        "format": {"enum": list(FORMATS)},
        "bytes": COUNT,
        "modified": MODIFIED,
        "etag": TEXT,
        "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
    }
    may_be_null = described.keys() - {"hash"} if asked else OF_A_BARE_HASH
    return {name: or_null(one) if name in may_be_null else one for name, one in described.items()}


def _match() -> dict[str, Schema]:
    return {
        "distance": RADIUS | {"description": "Bits that differ."},
        "similarity": {"type": "number", "minimum": similarity(MAX_RADIUS), "maximum": 1},
        "kind": {"enum": [kind.value for kind in MatchKind]},
        "agreement": or_null(SHARE) | {"description": "Of the pixels; null: nobody looked."},
        "colours": or_null(SHARE),
        "differs": or_null(list_of(reference("box"))),
        "taken_apart_s": {"type": ["number", "null"], "minimum": 0},
        "orientation": {"type": "integer", "minimum": 1, "maximum": 8},
        "views": list_of({"type": "string", "pattern": "^[a-z][a-z0-9_ -]*$"}) | {"minItems": 2, "maxItems": 2},
        "list": or_null({"type": "string", "pattern": f"^{LIST_NAME}$"}) | {"description": "Of which it is an entry."},
        "unconfirmed": {"type": "boolean", "description": "Nothing but a bare hash on a list speaks for it."},
    }


def _known() -> dict[str, Schema]:
    """What is known of an object: null where it was rejected, or the file does not say."""
    picture = _picture(asked=True) | {"bucket": NAME, "key": NAME, "hash": or_null(HEX)}
    return {
        "schema": {"const": PICTURE_SCHEMA},
        "scope": NAME,
        "generation": GENERATION,
        "from": {"enum": [INDEX, OBJECT], "description": f"{OBJECT}: the index does not know it as it is now."},
        "outcome": {
            "enum": [Outcome.INDEXED.value, Outcome.REJECTED.value, None],
            "description": f"Of its latest event; null: it is known from the {OBJECT} alone.",
        },
        "reason": or_null(TEXT) | {"description": "Of a rejection: a code, a colon, and what was wrong."},
        **picture,
        "views": {"type": ["object", "null"], "additionalProperties": HEX, "description": "The hash of each view."},
        "quality": {"type": ["number", "null"], "description": "How much content it has; below 1 nearly none."},
        "flat": {"type": ["boolean", "null"], "description": "True: it is compared byte for byte only."},
        "taken": or_null(TEXT) | {"description": "By the camera's clock: ISO 8601."},
        "frames": {"type": ["integer", "null"], "minimum": 1},
        "notes": or_null(list_of(TEXT)) | {"description": "What was ignored in the file."},
        "phash": or_null(HEX) | {"description": "What other software calls pHash, whatever the generation."},
        "phash_from": {"enum": [INDEX, OBJECT, None]},
    }
