"""The JSON Schemas of reviews: groups, decisions, and what may be deleted."""

from collections.abc import Mapping

from handler.ask.review_answers import DECISIONS_SCHEMA, DELETABLE_SCHEMA, GROUPS_SCHEMA
from handler.ask.reviews import MOST_AT_ONCE, MOST_TEXT, SHA256, SUBJECT
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
from handler.core.model import LIST_NAME, MatchKind
from handler.core.verdicts import Verdict

SCOPE: Schema = NAME | {"description": "Folders with a slash after each; * is the whole deployment."}
LIMIT: Schema = {"type": "integer", "minimum": 1, "maximum": MOST_AT_ONCE, "description": "Most of one page."}
CURSOR: Schema = NAME | {"description": "Of the answer before: the next page is behind it."}
BATCH: Schema = NAME | {"maxLength": MOST_TEXT, "description": "What names all that was decided at once."}
NUMBER: Schema = {"type": "integer", "minimum": 0}
NAMED: dict[str, Schema] = {"bucket": NAME, "key": NAME}
SHOWN: Schema = {
    "type": "string",
    "pattern": f"^{SHA256}$",
    "description": "Of what was shown: refused if that was overwritten.",
}
STORED: dict[str, Schema] = {
    "version": or_null(TEXT),
    "etag": or_null(TEXT) | {"description": "Without quotes: as If-Match takes it within quotes."},
    "sha256": or_null({"type": "string", "pattern": f"^{SHA256}$"}),
}
OF_SUBJECT: Schema = {"type": "string", "pattern": f"^({SUBJECT})$"}
VERDICT: Schema = {"enum": [verdict.value for verdict in Verdict]}


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
    "list": NAME
    | {
        "pattern": f"^{LIST_NAME}$",
        "description": "What matches this list, instead of what matches each other; of the scope, if it is given.",
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
    "subject": OF_SUBJECT | {"description": "Instead of objects: as a decision has it; with other_subject."},
    "other_subject": OF_SUBJECT,
    "batch": BATCH | {"description": "Instead of a pair: some of what was decided at once; go on by the cursor."},
    "cursor": CURSOR,
    "scope": SCOPE | {"description": "Of the batch or the subject."},
}


def review_schemas() -> dict[str, Schema]:
    """Return the schemas by name."""
    return {
        "named": closed(NAMED, list(NAMED)),
        "shown": closed(NAMED | {"sha256": or_null(SHOWN)}, list(NAMED)),
        "told": open_ended(NAMED),
        "stored": open_ended(NAMED | STORED),
        "said": _said(),
        "decisions": open_ended(
            {
                "schema": {"const": DECISIONS_SCHEMA},
                "decisions": list_of(open_ended(_decision())),
                "cursor": or_null(TEXT),
            }
        ),
        "deletable": open_ended(
            {
                "schema": {"const": DELETABLE_SCHEMA},
                "objects": list_of(open_ended({"object": reference("stored"), "kept": reference("stored")})),
                "contradicted": list_of(reference("told")) | {"description": "Nothing would be left of these."},
                "cursor": or_null(TEXT),
            }
        ),
        "groups": open_ended(
            {
                "schema": {"const": GROUPS_SCHEMA},
                "scope": NAME,
                "list": or_null(NAME),
                "lists": list_of(NAME) | {"description": "Those that uploads are compared with."},
                "best_first": list_of({"enum": list(RANKS)}),
                "groups": list_of(open_ended(_group())),
                "waiting": NUMBER | {"description": "Groups that are wanted, on all pages, as the index has them."},
                "cursor": or_null(TEXT),
            }
        ),
    }


def _said() -> Schema:
    text = or_null(NAME | {"maxLength": MOST_TEXT})
    one = {
        "objects": list_of(reference("shown")) | {"minItems": 2, "maxItems": 2},
        "verdict": VERDICT,
        "kept": {"anyOf": [reference("named"), {"type": "null"}], "description": "With keep_one: which."},
        "note": text,
    }
    return closed(
        {
            "decisions": list_of(closed(one, ["objects", "verdict"])) | {"minItems": 1, "maxItems": MOST_AT_ONCE},
            "by": text | {"description": "Who decided; if it is left out, whoever signed the request."},
            "batch": text | {"description": "What names all of these, so that they can be undone at once."},
        },
        ["decisions"],
    )


def _decision() -> dict[str, Schema]:
    return {
        "objects": list_of(reference("told")) | {"minItems": 2, "maxItems": 2},
        "subject": list_of(OF_SUBJECT)
        | {"minItems": 2, "maxItems": 2, "description": "What is decided about: two contents, or objects if equal."},
        "verdict": VERDICT,
        "kept": {"anyOf": [reference("told"), {"type": "null"}]},
        "by": NAME,
        "at": MODIFIED,
        "note": or_null(TEXT),
        "batch": or_null(TEXT),
    }


def _group() -> dict[str, Schema]:
    kind: Schema = {"enum": [kind.value for kind in MatchKind]}
    copy = {
        "bucket": NAME,
        "key": NAME,
        **STORED,
        "width": or_null(COUNT) | {"description": "Null of a bare hash, on a list or imported."},
        "height": or_null(COUNT),
        "format": or_null({"enum": list(FORMATS)}),
        "bytes": or_null(NUMBER),
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
        "unconfirmed": {"type": "boolean", "description": "Of a bare hash of a list: nothing confirms it."},
    }
    return {
        "kind": kind | {"description": "The least that one of the others has in common with the best."},
        "agreement": or_null(SHARE) | {"description": "The least of theirs; null: nobody looked at one."},
        "best": open_ended(copy),
        "others": list_of(open_ended(copy | other)) | {"minItems": 1},
        "among_others": list_of(list_of(NUMBER)) | {"description": "Pairs of others that were announced, too."},
        "more": NUMBER | {"description": "Further others, which are told once those before them are decided about."},
    }
