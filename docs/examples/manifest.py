"""Print the manifest of an S3 Batch Operations job for all objects of a bucket: manifest.py BUCKET [PREFIX]."""

import csv
import sys
from urllib.parse import quote

import boto3


def main(bucket: str, prefix: str = "") -> None:
    """Write a line for each object: the bucket, and the key encoded as the job wants it."""
    lines = csv.writer(sys.stdout, lineterminator="\n")
    for page in boto3.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        lines.writerows((bucket, quote(found["Key"])) for found in page.get("Contents", []))


if __name__ == "__main__":
    main(*sys.argv[1:])
