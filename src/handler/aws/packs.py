"""The stack's private bucket: packs, each with the entries of PACK_SEGMENTS full segments of one journal.

A pack is made of segments that never change again, in a fixed order, so everybody who writes it writes the same bytes:
it needs no lock, and any reader that misses one may make it. Its name is `{collection}/{shard}/{number}`, where the
collection is 16 bytes of BLAKE2b over the table's name, scope and generation: a scope may be as long as a key of S3,
and a table that was restored under another name must not meet packs of entries that it does not have.
"""

import hashlib
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from handler.core.journal import PacksUnavailable
from handler.core.model import Collection

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class S3Packs:
    """The packs of all collections of one deployment, whose journals are in *table*."""

    def __init__(self, client: "S3Client", bucket: str, table: str) -> None:
        self._client = client
        self._bucket = bucket
        self._table = table

    def get(self, collection: Collection, shard: int, number: int) -> bytes | None:
        """Return the pack, or None if nobody has written it. Raises PacksUnavailable."""
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=self._name(collection, shard, number))
            with answer["Body"] as body:
                return body.read()
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                return None
            raise PacksUnavailable(f"pack of {collection} cannot be read: {error}") from error
        except BotoCoreError as error:
            raise PacksUnavailable(f"pack of {collection} cannot be read: {error}") from error

    def put(self, collection: Collection, shard: int, number: int, pack: bytes) -> None:
        """Store the pack; one that is there is replaced, by the same bytes. Raises PacksUnavailable."""
        try:
            self._client.put_object(Bucket=self._bucket, Key=self._name(collection, shard, number), Body=pack)
        except (BotoCoreError, ClientError) as error:
            raise PacksUnavailable(f"pack of {collection} cannot be stored: {error}") from error

    def _name(self, collection: Collection, shard: int, number: int) -> str:
        digest = hashlib.blake2b(f"{self._table}#{collection}".encode(), digest_size=16).hexdigest()
        return f"{digest}/{shard}/{number:08d}"
