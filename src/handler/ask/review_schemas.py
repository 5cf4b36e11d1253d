"""The JSON Schemas of reviews: groups, decisions, and what may be deleted."""

from collections.abc import Mapping

from handler.ask.reviews import DECISIONS_SCHEMA, DELETABLE_SCHEMA, GROUPS_SCHEMA, MOST_AT_ONCE, MOST_TEXT
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
    or_null,
    reference,
)
from handler.core.formats import FORMATS
from handler.core.groups import RANKS
from handler.core.model import MatchKind
from handler.core.verdicts import Verdict

SCOPE: Schema = NAME | {"description": "Folders with a slash after each; * is the whole deployment."}
LIMIT: Schema = {"type": "integer", "minimum": 1, "maximum": MOST_AT_ONCE, "description": "Most of one page."}
CURSOR: Schema = NAME | {"description": "Of the answer before: the next page is behind it."}
BATCH: Schema = NAME | {"maxLength": MOST_TEXT, "description": "What names all that was decided at once."}
NUMBER: Schema = {"type": "integer", "minimum": 0}


GROUPS: Mapping[str, Schema] = {
    "scope": SCOPE,
    "limit": LIMIT,
    "cursor": CURSOR,
    "kind": {
        "type": "string",
        "pattern": f"^({'|'.join(MatchKind)})(,({'|'.join(MatchKind)}))*$",
        "description": "Groups alone all of whose others are of one of these kinds, with commas between, each once.",
    },
    "agreement": {
        "type": "string",
        "pattern": r"^(0(\.\d{1,9})?|1(\.0{1,9})?)$",
        "description": "Groups alone all of whose others agree with the best by so much.",
    },
    "best_first": {
        "type": "string",
        "pattern": f"^({'|'.join(RANKS)})(,({'|'.join(RANKS)}))*$",
        "description": "By what the best copy is chosen, with commas between, each once: pixels,compression,oldest.",
    },
}
LISTED: Mapping[str, Schema] = {"scope": SCOPE, "limit": LIMIT, "cursor": CURSOR, "batch": BATCH}
UNDONE: Mapping[str, Schema] = {
    "bucket": NAME | {"description": "Of one object of a pair; with key, other_bucket and other_key."},
    "key": NAME,
    "other_bucket": NAME,
    "other_key": NAME,
    "batch": BATCH | {"description": "Instead of a pair: all that was decided at once."},
    "scope": SCOPE | {"description": "Of the batch."},
}


def review_schemas() -> dict[str, Schema]:
    """Return the schemas by name."""
    named = {"bucket": NAME, "key": NAME}
    verdict: Schema = {"enum": [verdict.value for verdict in Verdict]}
    text = or_null(NAME | {"maxLength": MOST_TEXT})
    said = {
        "objects": list_of(reference("named")) | {"minItems": 2, "maxItems": 2},
        "verdict": verdict,
        "kept": {"anyOf": [reference("named"), {"type": "null"}], "description": "With keep_one: which."},
        "note": text,
    }
    told = {
        "objects": list_of(reference("told")) | {"minItems": 2, "maxItems": 2},
        "verdict": verdict,
        "kept": {"anyOf": [reference("told"), {"type": "null"}]},
        "by": NAME,
        "at": MODIFIED,
        "note": or_null(TEXT),
        "batch": or_null(TEXT),
    }
    return {
        "named": closed(named, list(named)),
        "told": open_ended(named),
        "said": closed(
            {
                "decisions": list_of(closed(said, ["objects", "verdict"])) | {"minItems": 1, "maxItems": MOST_AT_ONCE},
                "by": text | {"description": "Who decided; if it is left out, whoever signed the request."},
                "batch": text | {"description": "What names all of these, so that they can be undone at once."},
            },
            ["decisions"],
        ),
        "decisions": open_ended(
            {"schema": {"const": DECISIONS_SCHEMA}, "decisions": list_of(open_ended(told)), "cursor": or_null(TEXT)}
        ),
        "deletable": open_ended(
            {
                "schema": {"const": DELETABLE_SCHEMA},
                "objects": list_of(open_ended({"object": reference("told"), "kept": reference("told")})),
                "cursor": or_null(TEXT),
            }
        ),
        "groups": open_ended(
            {
                "schema": {"const": GROUPS_SCHEMA},
                "scope": NAME,
                "best_first": list_of({"enum": list(RANKS)}),
                "groups": list_of(open_ended(_group())),
                "waiting": NUMBER | {"description": "Groups that are wanted, on all pages, as the index has them."},
                "cursor": or_null(TEXT),
            }
        ),
    }


def _group() -> dict[str, Schema]:
    kind: Schema = {"enum": [kind.value for kind in MatchKind]}
    copy = {
        "bucket": NAME,
        "key": NAME,
        "version": or_null(TEXT),
        "width": COUNT,
        "height": COUNT,
        "format": {"enum": list(FORMATS)},
        "bytes": NUMBER,
        "modified": or_null(MODIFIED),
    }
    other = {
        "kind": kind,
        "distance": NUMBER,
        "similarity": SHARE,
        "agreement": or_null(SHARE),
        "colours": or_null(SHARE),
        "differs": list_of(reference("box")),
        "differs_in": {"enum": ["best", "other"], "description": "Which of both the boxes are fractions of."},
        "announced": MODIFIED,
    }
    return {
        "kind": kind | {"description": "The least that one of the others has in common with the best."},
        "agreement": or_null(SHARE) | {"description": "The least of theirs; null: nobody looked at one."},
        "best": open_ended(copy),
        "others": list_of(open_ended(copy | other)) | {"minItems": 1},
        "among_others": list_of(list_of(NUMBER)) | {"description": "Pairs of others that were announced, too."},
    }
