"""Moves the later of two exact duplicates to a quarantine bucket: a Lambda function that SNS invokes.

Why never both of two are moved, however messages cross, repeat or come late:

- *Later* is the same for whoever asks: both messages of a pair name the same facts (`later` below).
- Nothing is moved unless the other is, at that moment, the current object of its key, and the one that the message is
  about: version, ETag and time. One that was overwritten, uploaded again, hidden or moved counts as gone.
- The template lets one instance run at a time, so nobody moves the other between the check and the move.

Nothing is deleted before its copy was read back and has the SHA-256 of the message.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import boto3
from botocore.exceptions import ClientError

MOST_TAGS = 10  # that S3 keeps for an object
GONE = ("404", "NoSuchKey", "NoSuchVersion")


def lambda_handler(event: dict[str, Any], _context: object) -> None:
    """Handle the messages of SNS in *event*; what fails is invoked again, and lands in the failure queue in the end."""
    s3 = boto3.client("s3")
    for record in event["Records"]:
        for line in handle(s3, json.loads(record["Sns"]["Message"])):
            print(json.dumps(line))


def handle(s3: Any, message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Move what is to be moved; yield a line for the log for each exact match."""
    picture = message["picture"]
    for match in message["matches"]:
        if match.get("list"):
            continue  # of a list a fingerprint is kept, and no object that could stay
        if match["kind"] == "exact" and match["sha256"] == picture["sha256"]:
            stays, moves = sorted((picture, match), key=age)
            outcome = move(s3, moves, stays)
            yield {"outcome": outcome, "message": message["id"], "moves": name(moves), "stays": name(stays)}


def age(picture: dict[str, Any]) -> tuple[datetime, str, str]:
    """Sorts the earlier first. S3 tells whole seconds, so the names decide between two of one second."""
    return datetime.fromisoformat(picture["modified"]), picture["bucket"], picture["key"]


def name(picture: dict[str, Any]) -> str:
    """Return the object as people write it, for the log."""
    return f"s3://{picture['bucket']}/{picture['key']}" + (f"?{picture['version']}" if picture["version"] else "")


def move(s3: Any, picture: dict[str, Any], other: dict[str, Any]) -> str:
    """Move *picture* if it and *other* are there; return what came of it. Doing it again changes nothing."""
    if {picture["bucket"], other["bucket"]} != {os.environ["PICTURES_BUCKET"]}:
        return "left: not both are in the bucket that this function looks after"
    if not is_the_one(head(s3, address(other)), other):  # without a version: what readers get now
        return "left: the other is not there any more"
    if not is_the_one(head(s3, version(picture)), picture):
        return "left: it is not there any more"
    copy(s3, picture, other)
    if not is_the_one(head(s3, address(other)), other):
        return "copied, but left: the other went meanwhile"
    remove(s3, picture)
    return "moved"


def address(picture: dict[str, Any]) -> dict[str, str]:
    """Return the object as boto3 takes it, whatever its version."""
    return {"Bucket": picture["bucket"], "Key": picture["key"]}


def version(picture: dict[str, Any]) -> dict[str, str]:
    """The same, and the version that was compared, in a versioned bucket."""
    return address(picture) | ({"VersionId": picture["version"]} if picture["version"] else {})


def head(s3: Any, which: dict[str, str]) -> dict[str, Any] | None:
    """Return what S3 says of the object; None if it is gone. No right to see it is an error, not an absence."""
    try:
        found: dict[str, Any] = s3.head_object(**which)
    except ClientError as error:
        if error.response["Error"]["Code"] in GONE:
            return None
        raise
    return found


def is_the_one(found: dict[str, Any] | None, picture: dict[str, Any]) -> bool:
    """Whether what S3 has is the very object that the message is about, not one that took its place."""
    return (
        found is not None
        and found["ETag"].strip('"') == picture["etag"]
        and found["ContentLength"] == picture["bytes"]
        and int(found["LastModified"].timestamp()) == int(datetime.fromisoformat(picture["modified"]).timestamp())
        and picture["version"] in (None, found.get("VersionId"))
    )


def copy(s3: Any, picture: dict[str, Any], other: dict[str, Any]) -> None:
    """Copy the picture to the quarantine with its metadata and tags, read the copy back, and raise if it differs."""
    tags = {tag["Key"]: tag["Value"] for tag in s3.get_object_tagging(**version(picture))["TagSet"]}
    if len(tags) < MOST_TAGS:
        tags["lookalike:duplicate-of"] = object_id(other["bucket"], other["key"])
    where = {"Bucket": os.environ["QUARANTINE_BUCKET"], "Key": f"{picture['bucket']}/{picture['key']}"}
    made = s3.copy_object(
        **where,
        CopySource=version(picture),
        CopySourceIfMatch=picture["etag"],
        TaggingDirective="REPLACE",
        Tagging=urlencode(tags),
    )
    digest = hashlib.sha256()
    for piece in s3.get_object(**where, VersionId=made["VersionId"])["Body"].iter_chunks(1 << 20):
        digest.update(piece)
    if digest.hexdigest() != picture["sha256"]:
        raise RuntimeError(f"the copy of {name(picture)} has other bytes than were compared: nothing was deleted")


def remove(s3: Any, picture: dict[str, Any]) -> None:
    """Delete the picture that was copied, and nothing that was put in its place meanwhile."""
    try:
        if is_the_one(head(s3, address(picture)), picture):
            # In a versioned bucket this only hides the key, lest an earlier version come to light by what follows.
            s3.delete_object(**address(picture), IfMatch=picture["etag"])
    except ClientError as error:
        if error.response["Error"]["Code"] not in (*GONE, "PreconditionFailed"):
            raise
    if picture["version"]:
        s3.delete_object(**version(picture))


def object_id(bucket: str, key: str) -> str:
    """Return Lookalike's id of an object: 16 bytes of BLAKE2b over bucket and key, each with its length before it."""
    parts = [part.encode() for part in (bucket, key)]
    return hashlib.blake2b(b"".join(len(part).to_bytes(4, "big") + part for part in parts), digest_size=16).hexdigest()
