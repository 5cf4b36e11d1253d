"""BucketTable: which hashes share a 16-bit prefix.

| item | pk | sk | attributes |
| page | `{scope}#{generation}#b{band}#{prefix, 4 hex digits}` | page number, 4 digits | `hashes`: Binary Set |

Page 0 also carries `last`, the number of the last page, once there are more. Members are only ever
added: a stale member is harmless, since no live object answers for it; a missing one is a lost pair.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from handler.aws.batch import pieces, read_strongly
from handler.core.buckets import Bucket, members_within, probes, to_member
from handler.core.found import Candidates, NearHash
from handler.core.model import Collection

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PAGE_MEMBERS = 450  # 8 bytes each, 3.6 KB: one strong read unit covers 4 KB, scopes of up to 400 bytes included


class DynamoDBBuckets:
    """The buckets of all collections of one deployment."""

    def __init__(
        self, client: "DynamoDBClient", table: str, *, executor: Executor, page_members: int = PAGE_MEMBERS
    ) -> None:
        self._client = client
        self._table = table
        self._executor = executor
        self._page_members = page_members

    def add(self, collection: Collection, bucket: Bucket, hash: int, *, crowded: bool) -> bool:
        """Make *hash* a member of *bucket*; once this returns every later `candidates` sees it.

        Where the bucket is likely to be *crowded*, its pages are read first: a write that the full first page refuses
        costs several times as much. Returns whether it has several pages.
        """
        if not crowded and self._add_to_page(collection, bucket, 0, hash):
            return False
        pages = self._pages(collection, [bucket])
        if any(to_member(hash) in page["hashes"]["BS"] for page in pages if "hashes" in page):
            return len(pages) > 1  # a million copies of one picture are one member, on whatever page
        page = max([0, *(_last(page) for page in pages)])
        while not self._add_to_page(collection, bucket, page, hash):
            last = self._last_page(collection, bucket)
            if last > page:
                page = last
            else:
                page += 1
                # A page is noted before anything is in it, so no reader can miss a member.
                self._note_page(collection, bucket, page)
        return page > 0

    def candidates(self, collection: Collection, hashes: Sequence[int], radius: int) -> Candidates:
        """Return every stored hash within *radius* bits of one of *hashes*, nearest first, by consistent reads."""
        wanted = dict.fromkeys(probe for hash in hashes for probe in probes(hash, radius))
        pages = self._pages(collection, wanted)
        members = (member for page in pages for member in page.get("hashes", {"BS": []})["BS"])
        return Candidates(
            nearest_first=tuple(NearHash(*near) for near in members_within(members, hashes, radius)),
            probes=len(wanted),
        )

    def _pages(self, collection: Collection, wanted: Iterable[Bucket]) -> list[dict[str, Any]]:
        """Return all pages of the buckets: the first page of each says how many there are."""
        first = self._read([_key(collection, bucket, 0) for bucket in wanted])
        further = [
            {"pk": page["pk"], "sk": {"S": _page_name(number)}}
            for page in first
            for number in range(1, _last(page) + 1)
        ]
        return first + self._read(further)

    def _read(self, keys: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        def read(piece: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
            return read_strongly(self._client, self._table, piece)

        answers: Iterator[list[dict[str, Any]]] = self._executor.map(read, pieces(keys))
        return [item for answer in answers for item in answer]

    def _add_to_page(self, collection: Collection, bucket: Bucket, page: int, hash: int) -> bool:
        """Add the member unless the page is full; False if it is. A member that is there may be added again."""
        member = to_member(hash)
        try:
            self._client.update_item(
                TableName=self._table,
                Key=_key(collection, bucket, page),
                UpdateExpression="ADD hashes :members",
                ConditionExpression="attribute_not_exists(hashes) OR size(hashes) < :full OR contains(hashes, :member)",
                ExpressionAttributeValues={
                    ":members": {"BS": [member]},
                    ":member": {"B": member},
                    ":full": {"N": str(self._page_members)},
                },
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return False
            raise
        return True

    def _last_page(self, collection: Collection, bucket: Bucket) -> int:
        answer = self._client.get_item(
            TableName=self._table,
            Key=_key(collection, bucket, 0),
            ConsistentRead=True,
            ProjectionExpression="#last",
            ExpressionAttributeNames={"#last": "last"},
        )
        return _last(answer.get("Item", {}))

    def _note_page(self, collection: Collection, bucket: Bucket, page: int) -> None:
        try:
            self._client.update_item(
                TableName=self._table,
                Key=_key(collection, bucket, 0),
                UpdateExpression="SET #last = :page",
                ConditionExpression="attribute_not_exists(#last) OR #last < :page",
                ExpressionAttributeNames={"#last": "last"},
                ExpressionAttributeValues={":page": {"N": str(page)}},
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise  # failed: another writer has noted this page or a later one


def _key(collection: Collection, bucket: Bucket, page: int) -> dict[str, dict[str, str]]:
    return {"pk": {"S": f"{collection}#b{bucket.band}#{bucket.prefix:04x}"}, "sk": {"S": _page_name(page)}}


def _last(first_page: Mapping[str, Any]) -> int:
    """Return the number of the last page, by what stands on the first; 0 by what stands on another."""
    return int(first_page.get("last", {"N": "0"})["N"])


def _page_name(page: int) -> str:
    return f"{page:04d}"
