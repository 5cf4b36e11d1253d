"""A search that cannot be whole now is made whole later; one that can never be says so."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from handler.aws.backlogs import DynamoDBBacklogs
from handler.core.entry import entry_bytes
from handler.core.generations import GENERATIONS
from handler.core.journal import Backlog, Shape
from tests.conftest import Stack
from tests.integration.conftest import Site
from tests.pictures import jpeg, near_copy, photo

pytestmark = pytest.mark.emulator

CAT = photo(1, (320, 240))
CORNER = CAT.crop((0, 0, CAT.width * 9 // 10, CAT.height * 9 // 10))  # what no bucket brings together with it
SEGMENTS = Shape().pack_sizes[0] + 1  # so many begin a journal with one pack


class LongJournal:
    """The journal of one folder, as if many pictures were there."""

    def __init__(self, site: Site) -> None:
        self._dynamodb = site.client("dynamodb")
        self._table = site.deployment.outputs["BucketTableName"]
        self._pk = {"S": f"{site.collection}#j0"}
        size = entry_bytes(GENERATIONS[site.collection.generation].word_count)
        self._full = [secrets.token_bytes(size) for _ in range(Shape().capacity(site.collection, size))]

    def make(self, segments: int = SEGMENTS, *, lacking: int | None = None) -> None:
        """Fill *segments*, beside what there is; of one an entry is *lacking*, so that no pack can be made."""
        for number in range(segments):
            entries = [secrets.token_bytes(8) + entry[8:] for entry in self._full]
            there = self._entries(number)
            self._put(number, entries[:-1] if number == lacking else [*there, *entries[len(there) :]])

    def mend(self, lacking: int) -> None:
        self._put(lacking, self._full)

    def _entries(self, number: int) -> list[bytes]:
        key = {"pk": self._pk, "sk": {"S": f"{number:08d}"}}
        item = self._dynamodb.get_item(TableName=self._table, Key=key).get("Item", {})
        return list(item["entries"]["BS"]) if item else []

    def _put(self, number: int, entries: list[bytes]) -> None:
        item: dict[str, Any] = {"pk": self._pk, "sk": {"S": f"{number:08d}"}, "entries": {"BS": entries}}
        self._dynamodb.put_item(TableName=self._table, Item=item)


def test_crop_that_cannot_be_compared_now_is_told_when_it_comes_again(site: Site) -> None:
    journal = LongJournal(site)
    journal.make(lacking=5)
    site.upload("cat.jpg", jpeg(CAT))
    site.upload("corner.jpg", jpeg(CORNER))
    firsts = [site.wait_for_lines(name)[0] for name in ("cat.jpg", "corner.jpg")]
    assert [(line["message"], line["route"], line["complete"]) for line in firsts] == [("indexed", "loaded", False)] * 2
    assert all(8 <= line["again_s"] <= 15 and line["lacks"].startswith("now: journal: ") for line in firsts)
    assert site.messages_so_far() == []

    journal.mend(5)
    pairs = {frozenset((picture, *matches)) for picture, matches in site.messages(1)}

    assert pairs == {frozenset(("cat.jpg", "corner.jpg"))}
    lines = [line for name in ("cat.jpg", "corner.jpg") for line in site.wait_for_lines(name, 2)[1:]]
    assert {line["message"] for line in lines} == {"came_again"}
    assert {line.get("complete", True) for line in lines} >= {True}
    # Nothing is stored again: one of them notes the pair and marks it.
    assert all(line["write_units"] <= 4 * line["matches"] for line in lines)


@contextmanager
def new_instances(stack: Stack, **variables: str) -> Iterator[None]:
    """Have new instances of the function handle what comes, whose environment has *variables*."""
    functions, name = stack.client("lambda"), stack.deployment.outputs["FunctionName"]
    before = functions.get_function_configuration(FunctionName=name)["Environment"]
    environment = {"Variables": before["Variables"] | variables}
    functions.update_function_configuration(FunctionName=name, Environment=environment)
    try:
        yield
    finally:
        functions.update_function_configuration(FunctionName=name, Environment=before)


@contextmanager
def no_packs(site: Site) -> Iterator[None]:
    """Delete the packs bucket, and make it again."""
    bucket = site.deployment.outputs["PacksBucketName"]
    for packs in site.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for one in packs.get("Contents", []):
            site.s3.delete_object(Bucket=bucket, Key=one["Key"])
    site.s3.delete_bucket(Bucket=bucket)
    try:
        yield
    finally:
        site.s3.create_bucket(Bucket=bucket)


def test_new_instance_searches_without_the_packs_bucket(site: Site, stack: Stack) -> None:
    site.send(site.put("cat.jpg", jpeg(CAT)))
    LongJournal(site).make()

    with no_packs(site), new_instances(stack, NEW="1"):
        site.send(site.put("corner.jpg", jpeg(CORNER)))
        (line,) = site.wait_for_lines("corner.jpg")

    assert site.messages(1) == [("corner.jpg", ["cat.jpg"])]
    assert (line["route"], line.get("packs", 0), line.get("complete", True)) == ("loaded", 0, True)
    assert "NoSuchBucket" in line["trouble"]


def test_pictures_that_were_there_are_filed_and_found_where_memory_is_lowered(site: Site, stack: Stack) -> None:
    LongJournal(site).make(segments=20)
    site.send(site.put("cat.jpg", jpeg(CAT)))
    assert backlog(site) is None

    with new_instances(stack, JOURNAL_MEMORY="0"):
        site.send(site.put("copy.jpg", jpeg(near_copy(CAT))))
        (first,) = site.wait_for_lines("copy.jpg")
        messages = site.messages(1)
        (again,) = site.wait_for_lines("copy.jpg", 2)[1:]

    assert first["lacks"].startswith("filing: 16 of 21 segments in the buckets yet; JournalMemory is 0")
    assert (first["matches"], 8 <= first["again_s"] <= 15) == (0, True)
    assert messages == [("copy.jpg", ["cat.jpg"])]
    assert (again["message"], again["lacks"]) == ("came_again", "memory: JournalMemory is 0")
    assert backlog(site) == Backlog(filed=21, segments=21, busy=0)


def test_scope_that_is_filed_from_its_first_picture_is_probed(site: Site, stack: Stack) -> None:
    with new_instances(stack, BUCKETS_FROM="0"):
        site.send(site.put("cat.jpg", jpeg(CAT)))
    assert backlog(site) == Backlog(filed=1, segments=1, busy=0)

    with new_instances(stack, JOURNAL_MEMORY="0"):
        site.send(site.put("copy.jpg", jpeg(near_copy(CAT))))

    (line,) = site.wait_for_lines("copy.jpg")
    assert (line["route"], line["lacks"]) == ("probed", "memory: JournalMemory is 0")
    assert site.messages(1) == [("copy.jpg", ["cat.jpg"])]


def backlog(site: Site) -> Backlog | None:
    """What of the site's pictures is not in the buckets."""
    return DynamoDBBacklogs(site.client("dynamodb"), site.deployment.outputs["BucketTableName"]).get(site.collection)


def test_scope_beyond_the_memory_says_so(site: Site, stack: Stack) -> None:
    with new_instances(stack, JOURNAL_MEMORY="0"):
        site.send(site.put("cat.jpg", jpeg(CAT)))

        site.send(site.put("copy.jpg", jpeg(near_copy(CAT))))

    (document,) = site.documents(1)
    (line,) = site.wait_for_lines("copy.jpg")
    assert document["complete"] is False
    assert (line["complete"], line["lacks"], line.get("again_s")) == (False, "memory: JournalMemory is 0", None)
