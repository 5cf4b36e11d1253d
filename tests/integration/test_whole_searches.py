"""A search that cannot be whole now is made whole later; one that can never be says so."""

import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from handler.core.entry import entry_bytes
from handler.core.generations import GENERATIONS
from handler.core.journal import Shape
from tests.conftest import Stack
from tests.integration.conftest import Site
from tests.pictures import jpeg, near_copy, photo

pytestmark = pytest.mark.emulator

CAT = photo(1, (320, 240))
CORNER = CAT.crop((0, 0, CAT.width * 9 // 10, CAT.height * 9 // 10))  # what no bucket brings together with it
SEGMENTS = Shape().pack_sizes[0] + 1  # so many begin a journal with one pack


class JournalWithAGap:
    """The journal of one folder, as if many pictures were there: a pack can be made once an entry is where it lacks."""

    def __init__(self, site: Site) -> None:
        self._dynamodb = site.client("dynamodb")
        self._table = site.deployment.outputs["BucketTableName"]
        self._pk = {"S": f"{site.collection}#j0"}
        size = entry_bytes(GENERATIONS[site.collection.generation].word_count)
        self._full = [secrets.token_bytes(size) for _ in range(Shape().capacity(site.collection, size))]

    def make(self) -> None:
        for number in range(SEGMENTS):
            entries = [secrets.token_bytes(8) + entry[8:] for entry in self._full]
            self._put(number, entries[:-1] if number == 5 else entries)

    def mend(self) -> None:
        self._put(5, self._full)

    def _put(self, number: int, entries: list[bytes]) -> None:
        item: dict[str, Any] = {"pk": self._pk, "sk": {"S": f"{number:08d}"}, "entries": {"BS": entries}}
        self._dynamodb.put_item(TableName=self._table, Item=item)


def test_crop_that_cannot_be_compared_now_is_told_when_it_comes_again(site: Site) -> None:
    journal = JournalWithAGap(site)
    journal.make()
    site.upload("cat.jpg", jpeg(CAT))
    site.upload("corner.jpg", jpeg(CORNER))
    firsts = [site.wait_for_lines(name)[0] for name in ("cat.jpg", "corner.jpg")]
    assert [(line["message"], line["route"], line["complete"]) for line in firsts] == [("indexed", "probed", False)] * 2
    assert all(8 <= line["again_s"] <= 15 and line["lacks"].startswith("now: packs: ") for line in firsts)
    assert site.messages_so_far() == []

    journal.mend()
    pairs = {frozenset((picture, *matches)) for picture, matches in site.messages(1)}

    assert pairs == {frozenset(("cat.jpg", "corner.jpg"))}
    lines = [line for name in ("cat.jpg", "corner.jpg") for line in site.wait_for_lines(name, 2)[1:]]
    assert {line["message"] for line in lines} == {"came_again"}
    assert {line.get("complete", True) for line in lines} >= {True}
    # Nothing is stored again: one of them notes the pair and marks it.
    assert all(line["write_units"] <= 4 * line["matches"] for line in lines)


@pytest.fixture
def no_memory(stack: Stack) -> Iterator[None]:
    """Leave the function no memory for journals."""
    functions, name = stack.client("lambda"), stack.deployment.outputs["FunctionName"]
    before = functions.get_function_configuration(FunctionName=name)["Environment"]
    variables = before["Variables"] | {"JOURNAL_MEMORY": "0"}
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
    yield
    functions.update_function_configuration(FunctionName=name, Environment=before)


@pytest.mark.usefixtures("no_memory")
def test_scope_beyond_the_memory_says_so(site: Site) -> None:
    site.send(site.put("cat.jpg", jpeg(CAT)))

    site.send(site.put("copy.jpg", jpeg(near_copy(CAT))))

    (document,) = site.documents(1)
    (line,) = site.wait_for_lines("copy.jpg")
    assert document["complete"] is False
    assert (line["complete"], line["lacks"], line.get("again_s")) == (False, "memory: JournalMemory is 0", None)
