"""`reference/message-and-tables.md` is what the message's schema says and what the adapters write."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from handler.aws.backlogs import DynamoDBBacklogs
from handler.aws.buckets import DynamoDBBuckets
from handler.aws.catalog import DynamoDBCatalog, object_key
from handler.aws.journal import DynamoDBJournal
from handler.aws.packs import S3Packs
from handler.aws.pairs import DynamoDBPairs
from handler.aws.verdicts import DynamoDBVerdicts
from handler.core.buckets import Bucket
from handler.core.filed import Filed
from handler.core.generations import GENERATIONS
from handler.core.journal import Shape, Span
from handler.core.matches import Likeness, Match, NotedPair, Pair
from handler.core.message import MAX_BODY_BYTES, compose
from handler.core.model import Collection, Fingerprint, MatchKind, ObjectRef, Outcome, PictureRecord
from handler.core.sequencers import LOWEST_SEQUENCER
from handler.core.verdicts import Decision, NamedObject, Subject, Verdict
from handler.core.windows import TURNS
from tests.docs.markdown import ROOT, code, names, table, tables
from tests.fakes import InlineExecutor

PAGE = "message-and-tables.md"
SCHEMA: dict[str, Any] = json.loads((ROOT / "docs" / "match-1.schema.json").read_text())
COLLECTION = Collection("hotels/astoria/", "look1")
HASH = 0x0F0F_0000_FFFF_1234
HEX = "[0-9a-f]"
AT = "2026-01-01T00:00:00+00:00"


def record(key: str = "a.jpg", **attributes: Any) -> PictureRecord:
    """A picture about which all is known that can be."""
    views = len(GENERATIONS["look1"].view_names)
    computed = Fingerprint(
        hash=HASH,
        generation="look1",
        width=3,
        height=2,
        format="GIF",
        further=(HASH,) * (views - 1),
        checks=(bytes(32),) * views,
        quality=1.0,
        flat=True,
        taken="2026-05-01T10:11:12",
        frames=2,
        notes=("something was ignored",),
        bare=True,
    )
    known: dict[str, Any] = {
        "reason": "why",
        "fingerprint": computed,
        "etag": "e0",
        "digest": "d0",
        "bytes": 9,
        "modified": "2026",
        "job": "1",
    }
    return PictureRecord(ObjectRef("pictures", key, version="v"), "look1", Outcome.INDEXED, **known | attributes)


# --- the message ---


def json_type(field: dict[str, Any]) -> str:
    if "$ref" in field:
        return "object"
    if "type" not in field:
        return "string or null" if None in field.get("enum", ()) else "string"  # a constant, or one of several
    kinds = field["type"]
    return " or ".join(kinds) if isinstance(kinds, list) else kinds


@pytest.mark.parametrize(
    ("heading", "described"),
    [
        ("The message", SCHEMA["properties"]),
        ("Picture", SCHEMA["$defs"]["picture"]["properties"]),
        ("Matches", SCHEMA["properties"]["matches"]["items"]["properties"]),
    ],
)
def test_fields_of_the_message(heading: str, described: dict[str, Any]) -> None:
    documented = {code(name)[0]: kind for name, kind, _ in table(PAGE, heading)}

    assert documented == {name: json_type(field) for name, field in described.items()}


def test_formats_that_a_message_may_name() -> None:
    (row,) = [row for row in table(PAGE, "Picture") if code(row[0]) == ["format"]]

    assert code(row[2]) == SCHEMA["$defs"]["picture"]["properties"]["format"]["enum"][:-1]  # without null


def test_names_of_views() -> None:
    stored, asking = tables(PAGE, "Views")
    generation = GENERATIONS["look1"]

    assert tuple(name for row in stored for name in code(row[0])) == generation.view_names
    assert [name for row in asking for name in code(row[0]) if name not in generation.asking_names] == []


def test_every_way_to_turn_a_picture_is_told() -> None:
    assert [int(row[0]) for row in table(PAGE, "Orientations")] == list(TURNS)


KINDS_OF_ATTRIBUTES: dict[type, str] = {str: "String", float: "Number", tuple: "String.Array"}


def test_attributes_for_filter_policies() -> None:
    matches = [Match(record("b.jpg"), Likeness(MatchKind.NEAR, 1, agreement=0.97), list="banned")]
    message = compose(COLLECTION, record(), matches, radius=12, truncated=False)

    documented = {code(name)[0]: kind for name, kind, _ in table(PAGE, "Attributes for filter policies")}

    assert documented == {name: KINDS_OF_ATTRIBUTES[type(value)] for name, value in message.attributes.items()}
    assert MAX_BODY_BYTES <= 256 * 1024


# --- the tables ---


class RecordingClient:
    """Keeps the items that adapters write, as DynamoDB would have them afterwards; there is nothing to read.

    The first page of a bucket is full.
    """

    def __init__(self) -> None:
        self.items: list[dict[str, Any]] = []

    def put_item(self, *, Item: dict[str, Any], **_: Any) -> dict[str, Any]:  # noqa: N803  boto3's name
        self.items.append(Item)
        return {}

    def update_item(self, *, Key: dict[str, Any], UpdateExpression: str = "", **options: Any) -> dict[str, Any]:  # noqa: N803
        if not UpdateExpression:
            self.items.append(Key)
            return {}
        if UpdateExpression.startswith("ADD hashes") and Key["sk"]["S"] == "0000":
            raise ClientError({"Error": {"Code": "ConditionalCheckFailedException"}}, "UpdateItem")
        names, values = options.get("ExpressionAttributeNames", {}), options["ExpressionAttributeValues"]
        found = re.findall(r"(?:SET|ADD|,) ?(#?\w+)(?: =)? (?:if_not_exists\(\w+, )?(:\w+)", UpdateExpression)
        assert found, UpdateExpression
        earlier = [item for item in self.items if (item["pk"], item["sk"]) == (Key["pk"], Key["sk"])]
        item = (earlier[-1] if earlier else {}) | Key | {names.get(name, name): values[value] for name, value in found}
        self.items.append(item)
        return {"Attributes": item}

    def get_item(self, **_: Any) -> dict[str, Any]:
        return {}

    def batch_get_item(self, **_: Any) -> dict[str, Any]:
        return {"Responses": {}}

    def query(self, **_: Any) -> dict[str, Any]:
        return {"Items": []}


@pytest.fixture
def written() -> dict[str, list[dict[str, Any]]]:
    """The items that the adapters have written, by table."""
    client: Any
    pictures, buckets = RecordingClient(), RecordingClient()
    client = pictures
    catalog = DynamoDBCatalog(client, "PictureTable")
    catalog.put(COLLECTION, record())
    catalog.bury(COLLECTION, record().ref)
    catalog.add_holder(COLLECTION, HASH, record().ref)
    catalog.add_entry_holder(COLLECTION, HASH, record().ref.object_id)
    pair = Pair.of(record(), record("b.jpg", digest="e0"))
    pairs = DynamoDBPairs(client, "PictureTable")
    pairs.note_pair(COLLECTION, pair, NotedPair(Likeness(MatchKind.NEAR, 1, 0.97, 1.0), finder=pair.first))
    pairs.file_quiet(COLLECTION, Filed.of(record(), record("b.jpg", digest="e0"), Likeness(MatchKind.NEAR, 1), AT))
    pairs.mark_announced(COLLECTION, Filed.of(record(), record("b.jpg", digest="e0"), Likeness(MatchKind.NEAR, 1), AT))
    both = (NamedObject("b", "a"), NamedObject("b", "b"))
    said = Decision(Subject("d0", "e0"), Verdict.KEEP_ONE, both, "me", AT, "d0")
    verdicts = DynamoDBVerdicts(client, "PictureTable")
    verdicts.put(COLLECTION.scope, replace(said, note="why", batch="1"))
    verdicts.note_batch(COLLECTION.scope, "1", AT, [said.subject])
    client = buckets
    index = DynamoDBBuckets(client, "BucketTable", executor=InlineExecutor())
    index.add(COLLECTION, Bucket(3, 0xABCD), HASH, crowded=False)
    backlogs = DynamoDBBacklogs(client, "BucketTable")
    backlogs.claim(COLLECTION, backlogs.begin(COLLECTION), 1, now=0, busy=60)
    journal = DynamoDBJournal(client, "BucketTable", executor=InlineExecutor(), shards=2)
    journal.append(COLLECTION, bytes([1]) + bytes(23), {}, ask=False)
    return {"PictureTable": pictures.items, "BucketTable": buckets.items}


def kind_of(item: dict[str, Any]) -> str:
    """Which item it is: the letter before its number, hash or id in the partition key, and whether it is a note."""
    mark = re.sub(rf"^{re.escape(COLLECTION.scope)}(?:#look1)?#(.).*", r"\1", item["pk"]["S"])
    if item["sk"]["S"].startswith("#"):
        return "late"
    return "subjects" if "subjects" in item else "shards" if item["sk"]["S"] == "shards" else mark


def pattern(documented: str) -> re.Pattern[str]:
    """What a key of the form that the page tells looks like for the record above."""
    object_id = re.escape(record().ref.object_id)
    other_id = re.escape(record("b.jpg").ref.object_id)
    known = {
        "scope": re.escape(COLLECTION.scope),
        "generation": COLLECTION.generation,
        "shard": "[0-3]",
        "band": "3",
        "prefix, 4 hex digits": "abcd",
        "page, 4 digits": r"\d{4}",
        "number, 8 digits": r"\d{8}",
        "size": r"\d+",
        "hash": f"{HASH:016x}",
        "sequencer": LOWEST_SEQUENCER,
        "object id": f"(?:{object_id}|{other_id})",
        "other object id": f"(?:{object_id}|{other_id})",
        "content": "[de]0",
        "other content": "[de]0",
        "subject": "d0",
        "other subject": "e0",
        "digest": f"{HEX}{{32}}",
        "when": re.escape(AT),
    }
    parts = re.split(r"\{([^}]+)\}", documented)
    return re.compile("".join(known[part] if at % 2 else re.escape(part) for at, part in enumerate(parts)))


KINDS = {
    "journal segment": "j",
    "number of shards": "shards",
    "bucket page": "b",
    "backlog": "f",
    "object": "o",
    "holder of a hash": "h",
    "holder that was [filed late](../protocol.md#filing-late)": "late",
    "pair": "p",
    "verdict": "v",
    "page of a batch": "subjects",
}


def test_items_keys_and_attributes_of_both_tables(written: dict[str, list[dict[str, Any]]]) -> None:
    rows = table(PAGE, "Items")

    assert [kind for _, kind, *_ in rows] == list(KINDS)
    for where, kind, pk, sk, attributes in rows:
        items = [item for item in written[where] if kind_of(item) == KINDS[kind]]
        assert items, kind
        for item in items:
            assert pattern(code(pk)[0]).fullmatch(item["pk"]["S"]), (kind, item)
            assert pattern(code(sk)[0]).fullmatch(item["sk"]["S"]), (kind, item)
        if kind != "object":
            assert {name for item in items for name in item} - {"pk", "sk"} == set(code(attributes)), kind
    assert sum(len(items) for items in written.values()) == sum(
        kind_of(item) in KINDS.values() for items in written.values() for item in items
    )


TYPES = {"String": "S", "Number": "N", "Binary": "B", "Boolean": "BOOL", "Binary Set": "BS", "Map": "M", "List": "L"}


def types(items: list[dict[str, Any]]) -> dict[str, str]:
    return {name: next(iter(value)) for item in items for name, value in item.items() if name not in ("pk", "sk")}


def test_attributes_of_an_object_item(written: dict[str, list[dict[str, Any]]]) -> None:
    documented = {code(name)[0]: TYPES[kind] for name, kind, _ in table(PAGE, "Object items")}

    key = object_key(COLLECTION, record().ref.object_id)
    assert documented == types([item for item in written["PictureTable"] if item["pk"] == key["pk"]])


def test_attributes_of_all_other_items(written: dict[str, list[dict[str, Any]]]) -> None:
    documented = {name: TYPES[kind] for names, kind, _ in tables(PAGE, "Items")[1] for name in code(names)}

    others = [item for items in written.values() for item in items if kind_of(item) != KINDS["object"]]
    assert documented == types(others)


def test_outcomes_that_an_object_item_has() -> None:
    (row,) = [row for row in table(PAGE, "Object items") if code(row[0]) == ["o"]]

    assert set(code(row[2])) == set(Outcome) - {Outcome.STALE, Outcome.IGNORED}


def test_name_of_a_pack() -> None:
    named: list[str] = []

    class Client:
        def put_object(self, *, Key: str, **_: Any) -> None:  # noqa: N803  boto3's name
            named.append(Key)

    client: Any = Client()
    for size in Shape().pack_sizes:
        S3Packs(client, "packs", "BucketTable").put(COLLECTION, Span(0, 7 * size, size), b"")

    sized, unsized = (pattern(documented) for documented in names(table(PAGE, "The packs bucket")))
    assert [bool(sized.fullmatch(name)) for name in named] == [True, False, True]
    assert [bool(unsized.fullmatch(name)) for name in named] == [False, True, False]
