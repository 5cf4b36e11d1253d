"""Denies reading what was tagged as banned: `python deny_reading.py BUCKET ROLE_ARN...`, the roles that still may.

A bucket has one policy: the statement is added to those that are there, in place of an earlier one of its name. Name
the role of Lookalike's function, the role of `block_banned.py`, and that of your moderators.
"""

import json
import re
import sys
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

SID = "BannedIsNotRead"
PRINCIPAL = r"arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/.+"


def statement(bucket: str, readers: list[str]) -> dict[str, Any]:
    """Return what denies everybody but *readers* to read, and so to copy, what has the tag."""
    return {
        "Sid": SID,
        "Effect": "Deny",
        "Principal": "*",
        "Action": ["s3:GetObject", "s3:GetObjectVersion"],
        "Resource": f"arn:aws:s3:::{bucket}/*",
        "Condition": {
            "StringEquals": {"s3:ExistingObjectTag/lookalike:blocked": "banned"},
            **({"ArnNotEquals": {"aws:PrincipalArn": readers}} if readers else {}),
        },
    }


def policy_of(s3: Any, bucket: str) -> dict[str, Any]:
    """Return the bucket's policy; one without statements if it has none."""
    try:
        found: dict[str, Any] = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchBucketPolicy":
            raise
        return {"Version": "2012-10-17", "Statement": []}
    return found


def deny(s3: Any, bucket: str, readers: list[str]) -> None:
    """Add the statement to the bucket's policy."""
    policy = policy_of(s3, bucket)
    others = [one for one in policy["Statement"] if one.get("Sid") != SID]
    s3.put_bucket_policy(
        Bucket=bucket, Policy=json.dumps(policy | {"Statement": [*others, statement(bucket, readers)]})
    )


def main(bucket: str = "", *readers: str) -> None:
    """Deny, and say so. Without a reader not even Lookalike could read what it compares, so one is needed."""
    if not readers:
        sys.exit("usage: deny_reading.py BUCKET ROLE_ARN...")
    for reader in readers:
        if not re.fullmatch(PRINCIPAL, reader):
            sys.exit(f"deny_reading.py: {reader!r} is not the ARN of a role or user: nothing was changed")
    try:
        deny(boto3.client("s3"), bucket, list(readers))
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"deny_reading.py: {bucket}: {error}")
    print(f"{bucket}: what is tagged lookalike:blocked=banned is read by {', '.join(readers)} alone")


if __name__ == "__main__":
    main(*sys.argv[1:])
