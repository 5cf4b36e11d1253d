"""The document that whoever asks gets: a picture and its matches, each as a message has it."""

from typing import Any

from handler.core.asker import NO_OBJECT
from handler.core.message import describe, describe_match
from handler.core.model import PictureRecord
from handler.report import Report

SCHEMA = "lookalike.search/1"
LOOKED_UP = "looked_up"  # in place of an outcome: nothing was done


def answer(report: Report, *, confirmed: bool = True) -> dict[str, Any]:
    """Return the answer to a look-up; *confirmed* says whether more than hashes was compared."""
    record, collection = report.record, report.collection
    found = record is not None and record.hash is not None
    return {
        "schema": SCHEMA,
        "outcome": LOOKED_UP if found else report.outcome.value,
        "reason": record.reason if record else None,
        "scope": collection.scope if collection else None,
        "generation": collection.generation if collection else None,
        "radius": report.radius,
        "confirmed": confirmed,
        "picture": _describe(record) if found and record else None,
        "matches": [describe_match(match) for match in report.matches],
        "truncated": report.truncated,
        "complete": not report.lacks,
    }


def _describe(record: PictureRecord) -> dict[str, Any]:
    """The picture; what is not known of one that is in no bucket is null."""
    described = describe(record)
    if record.ref != NO_OBJECT:
        return described
    known = {name: described[name] or None for name in ("width", "height", "format")}
    return described | known | dict.fromkeys(("bucket", "key", "sequencer"))
