"""The stack's private bucket: packs, each with the entries of 128, 1024 or 8192 full segments of one journal.

A pack is made of segments that never change again, in a fixed order, so everybody who writes it writes the same bytes:
it needs no lock, and any reader that misses one may make it. Its name is `{collection}/{shard}/{size}-{number}`, where
the collection is 16 bytes of BLAKE2b over the table's name, scope and generation: a scope may be as long as a key of
S3, and a table that was restored under another name must not meet packs of entries that it does not have. The names of
packs of 1024 segments have no size, since there were no others at first.
"""

import hashlib
from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from handler.aws.bodies import get_whole
from handler.core.journal import PacksUnavailable, Span
from handler.core.model import Collection

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

UNNAMED_SIZE = 1024  # segments


class S3Packs:
    """The packs of all collections of one deployment, whose journals are in *table*."""

    def __init__(self, client: "S3Client", bucket: str, table: str) -> None:
        self._client = client
        self._bucket = bucket
        self._table = table

    def get(self, collection: Collection, span: Span) -> bytes | None:
        """Return the pack, or None if nobody has written it. Raises PacksUnavailable."""
        try:
            return get_whole(self._client, Bucket=self._bucket, Key=self._name(collection, span))[1]
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                return None
            raise PacksUnavailable(f"pack of {collection} cannot be read: {error}") from error
        except BotoCoreError as error:
            raise PacksUnavailable(f"pack of {collection} cannot be read: {error}") from error

    def put(self, collection: Collection, span: Span, pack: bytes) -> None:
        """Store the pack; one that is there is replaced, by the same bytes. Raises PacksUnavailable."""
        try:
            self._client.put_object(Bucket=self._bucket, Key=self._name(collection, span), Body=pack)
        except (BotoCoreError, ClientError) as error:
            raise PacksUnavailable(f"pack of {collection} cannot be stored: {error}") from error

    def missing(self, collection: Collection, spans: Sequence[Span]) -> list[Span]:
        """Return those of *spans*, which are in order, of which there is no pack. Errors are botocore's.

        One request for each size of each shard, and a thousand packs: names are listed, no pack is read.
        """
        return [
            one
            for _, alike in groupby(spans, lambda span: (span.shard, span.size))
            for one in self._unlisted(collection, list(alike))
        ]

    def _unlisted(self, collection: Collection, spans: Sequence[Span]) -> list[Span]:
        """Return those of *spans*, which are of one shard and size, that S3 does not list."""
        names = [self._name(collection, span) for span in spans]
        before = f"{names[0][:-1]}{chr(ord(names[0][-1]) - 1)}"  # sorts before the first, and behind all before it
        prefix = f"{names[0].rpartition('/')[0]}/"
        found = set[str]()
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=prefix, StartAfter=before
        )
        for page in pages:
            found.update(one["Key"] for one in page.get("Contents", []))
            if max(found, default="") >= names[-1]:
                break
        return [span for span, name in zip(spans, names, strict=True) if name not in found]

    def _name(self, collection: Collection, span: Span) -> str:
        digest = hashlib.blake2b(f"{self._table}#{collection}".encode(), digest_size=16).hexdigest()
        size = "" if span.size == UNNAMED_SIZE else f"{span.size}-"
        return f"{digest}/{span.shard}/{size}{span.number:08d}"
