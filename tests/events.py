"""The events by which sources deliver what happened."""

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote_plus

from handler.core.again import Again
from handler.core.model import ObjectRef

CREATED, REMOVED = "ObjectCreated:Put", "ObjectRemoved:Delete"


def notification(*refs: ObjectRef, name: str = CREATED) -> dict[str, Any]:
    """Return the notification of S3 that what *name* says happened to *refs*, a record each."""
    return {
        "Records": [
            {
                "eventSource": "aws:s3",
                "eventName": name,
                "s3": {
                    "bucket": {"name": ref.bucket},
                    "object": {"key": _encoded(ref.key), "size": 1, "sequencer": ref.sequencer},
                },
            }
            for ref in refs
        ]
    }


def queued(*bodies: dict[str, Any] | str) -> dict[str, Any]:
    """Return the event by which SQS delivers *bodies*, one a message: m0, m1, ..."""
    return {
        "Records": [
            {
                "eventSource": "aws:sqs",
                "messageId": f"m{number}",
                "body": body if isinstance(body, str) else json.dumps(body),
            }
            for number, body in enumerate(bodies)
        ]
    }


def batch_job(refs: Sequence[ObjectRef]) -> dict[str, Any]:
    """Return the event by which S3 Batch Operations hands over *refs*, a task each: t0, t1, ..."""
    return {
        "invocationSchemaVersion": "2.0",
        "invocationId": "invocation",
        "job": {"id": "job"},
        "tasks": [
            {"taskId": f"t{number}", "s3Bucket": ref.bucket, "s3Key": _encoded(ref.key), "s3VersionId": None}
            for number, ref in enumerate(refs)
        ],
    }


def coming_again(ref: ObjectRef, attempt: int = 1) -> dict[str, Any]:
    """Return what the function sends of *ref*, which comes again."""
    return Again(ref, attempt, "2026-01-01T00:00:00+00:00").document()


def look_up(ref: ObjectRef) -> dict[str, Any]:
    """Return the event by which somebody asks for the matches of *ref*."""
    return {"lookup": {"bucket": ref.bucket, "key": ref.key}}


def _encoded(key: str) -> str:
    return quote_plus(key, safe="/")  # as S3 does it: a+b is "a b"
