"""Send what an index has missed of a bucket by its intake queue: catch_up.py BUCKET PICTURE_TABLE QUEUE_URL.

Objects that the table does not know, or knows as they were before, are sent as created, and objects that it knows and
that are gone as removed. It remembers a line for each object of the table: half a gigabyte a million.
"""

import json
import sys
from collections.abc import Iterator
from itertools import islice
from typing import Any
from urllib.parse import quote_plus

import boto3

from handler.aws.catalog import record_in
from handler.core.model import Outcome

BATCH = 10  # messages that SQS takes at once


def main(bucket: str, table: str, queue_url: str) -> None:
    """Compare bucket and table, send what differs, and print how much that was."""
    sqs, sent = boto3.client("sqs"), {"ObjectCreated": 0, "ObjectRemoved": 0}
    records = missed(bucket, table)
    while some := list(islice(records, BATCH)):
        bodies = [json.dumps({"Records": [record]}) for record in some]
        entries = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)]
        answer = sqs.send_message_batch(QueueUrl=queue_url, Entries=entries)
        if answer.get("Failed"):
            sys.exit(f"SQS did not take {answer['Failed']}: run this again")
        for record in some:
            sent[record["eventName"].partition(":")[0]] += 1
    sys.stdout.write(f"{sent['ObjectCreated']} created, {sent['ObjectRemoved']} removed\n")


def missed(bucket: str, table: str) -> Iterator[dict[str, Any]]:
    """Yield what S3 would have sent of all that the table has missed."""
    known = known_of(bucket, table)
    for page in boto3.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for found in page.get("Contents", []):
            sequencer, alive, etag = known.pop(found["Key"], ("", False, ""))
            if not alive:
                yield record(bucket, "ObjectCreated:Put", found["Key"])
            elif etag != found["ETag"].strip('"'):
                # Just after what the table knows, so that it wins over that and over nothing that came since.
                yield record(bucket, "ObjectCreated:Put", found["Key"], sequencer[:-1] + "1")
    for key, (_, alive, _) in known.items():
        if alive:
            yield record(bucket, "ObjectRemoved:Delete", key)


def known_of(bucket: str, table: str) -> dict[str, tuple[str, bool, str]]:
    """Return of each object of *bucket* in the table its sequencer, whether it is there, and its ETag."""
    pages = (
        boto3.client("dynamodb")
        .get_paginator("scan")
        .paginate(
            TableName=table,
            FilterExpression="sk = :object AND b = :bucket",
            ProjectionExpression="b, k, s, v, g, o, e",  # all that an object item has but what was computed
            ExpressionAttributeValues={":object": {"S": "object"}, ":bucket": {"S": bucket}},
            ConsistentRead=True,
        )
    )
    records = (record_in(item) for page in pages for item in page["Items"])
    return {
        one.ref.key: (one.ref.sequencer, one.outcome not in (Outcome.REMOVED, Outcome.GONE), one.etag or "")
        for one in records
    }


def record(bucket: str, name: str, key: str, sequencer: str | None = None) -> dict[str, Any]:
    """Return the record of an S3 notification."""
    described = {"key": quote_plus(key, safe="/")} | ({"sequencer": sequencer} if sequencer else {})
    return {"eventSource": "aws:s3", "eventName": name, "s3": {"bucket": {"name": bucket}, "object": described}}


if __name__ == "__main__":
    main(*sys.argv[1:])
