"""How an entry finds the end of a journal to which many others append at the same moment."""

from collections.abc import Iterator
from itertools import count, pairwise
from typing import Any, ClassVar

from botocore.exceptions import ClientError

from handler.aws.journal import FIRST_WAIT_S, MOST_WAIT_S, DynamoDBJournal
from handler.core.journal import Shape
from handler.core.model import Collection
from tests.fakes import InlineExecutor

COLLECTION = Collection("*", "phash1")
SHAPE = Shape(segment_bytes=120, pack_sizes=(1000,))
ENTRY = bytes(24)
FULL = SHAPE.capacity(COLLECTION, len(ENTRY))


class Contended:
    """A journal whose last segment others fill, *refusals* times, just after its end was read or written to.

    Before they do it has one entry.
    """

    def __init__(self, refusals: int) -> None:
        self._refusals = refusals
        self._end = 0
        self.written: list[int] = []  # the segments that were tried
        self.read = 0

    def query(self, **_: Any) -> dict[str, Any]:
        self.read += 1
        return {"Items": [{"sk": {"S": f"{self._end:08d}"}, "entries": {"BS": [bytes([1]) * 24]}}]}

    def update_item(self, *, Key: dict[str, Any], **_: Any) -> dict[str, Any]:  # noqa: N803  boto3's name
        self.written.append(int(Key["sk"]["S"]))
        if len(self.written) > self._refusals:
            return {}
        self._end = self.written[-1] + 1
        refused: Any = {"Error": {"Code": "ConditionalCheckFailedException", "Message": ""}}
        raise ClientError(refused | {"Item": {"entries": {"BS": [bytes([n]) * 24 for n in range(1, FULL + 1)]}}}, "")


def journal(client: Any, waits: list[float] | None = None) -> DynamoDBJournal:
    sleep = waits.append if waits is not None else lambda _: None
    return DynamoDBJournal(client, "table", executor=InlineExecutor(), shape=SHAPE, sleep=sleep)


def test_who_is_refused_once_goes_on_at_once() -> None:
    table, waits = Contended(refusals=1), list[float]()

    appended = journal(table, waits).append(COLLECTION, ENTRY, {0: 0}, ask=False)

    assert (appended.refused, appended.segment, waits) == (1, 1, [])


def test_who_is_refused_again_waits_and_then_asks_for_the_end() -> None:
    table, waits = Contended(refusals=3), list[float]()

    appended = journal(table, waits).append(COLLECTION, ENTRY, {0: 0}, ask=True)

    assert (appended.refused, appended.segment) == (3, 3)
    assert len(waits) == 2
    assert table.read == 1 + 2


def test_waits_are_spread_up_to_a_limit_that_doubles() -> None:
    refusals, most = 40, [0.0] * 39
    for _ in range(60):
        waits: list[float] = []
        journal(Contended(refusals), waits).append(COLLECTION, ENTRY, {0: 0}, ask=False)
        most = [max(pair) for pair in zip(most, waits, strict=True)]
        limits: Iterator[float] = (min(MOST_WAIT_S, FIRST_WAIT_S * 2**number) for number in count())
        assert all(0 <= wait <= limit for wait, limit in zip(waits, limits, strict=False))
    assert most[0] < FIRST_WAIT_S < most[-1]
    assert all(later > earlier for earlier, later in pairwise(most[:8]))


def test_end_that_is_read_full_is_not_tried() -> None:
    class FullEnd(Contended):
        def query(self, **_: Any) -> dict[str, Any]:
            entries = {"BS": [bytes([number]) * 24 for number in range(1, FULL + 1)]}
            return {"Items": [{"sk": {"S": "00000007"}, "entries": entries}]}

    table = FullEnd(refusals=0)

    appended = journal(table).append(COLLECTION, ENTRY, {}, ask=True)

    assert (appended.segment, table.written) == (8, [8])


def test_shard_is_noted_only_once_the_first_one_is_marked() -> None:
    """Whoever measures the journal in between takes it for begun, and marks nothing."""

    class Noting:
        """An empty table, which keeps what is asked of it."""

        said: ClassVar[list[str]] = []

        def query(self, **_: Any) -> dict[str, Any]:
            return {"Items": []}

        def update_item(self, **arguments: Any) -> dict[str, Any]:
            self.said.append(arguments["UpdateExpression"])
            return {}

    table: Any = Noting()
    journal = DynamoDBJournal(table, "table", executor=InlineExecutor(), shards=2, shape=SHAPE)

    journal.append(COLLECTION, bytes([1]) + bytes(23), {0: 0}, ask=False)

    assert table.said == ["SET marked = :yes", "SET #count = :count", "ADD entries :entries"]
