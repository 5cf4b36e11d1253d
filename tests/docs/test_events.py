"""`reference/events.md` is what the function does with the samples, and what it answers."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from handler.core.again import Again
from handler.core.model import Outcome
from handler.deliveries import Action, Created, Ignored, LookUp, Removed
from handler.events import decode
from tests.docs.function import BUCKET, BrokenPictures, Function
from tests.docs.markdown import REFERENCE, ROOT, blocks, code, names, table
from tests.pictures import jpeg, near_copy, photo

PAGE = "events.md"
EVENTS = ROOT / "events"
PICTURE, COPY = jpeg(photo(1)), jpeg(near_copy(photo(1)))
ACCEPTED = table(PAGE, "Accepted shapes")
EXAMPLES = [json.loads(block.text) for block in blocks(REFERENCE / PAGE) if block.language == "json"]
HAPPENS = {
    "the object is indexed": Created,
    "each task's object is indexed": Created,
    "the object is no longer": Removed,
    "it is ignored": Ignored,
    "the object is searched for once more": Again,
    "the object's matches are returned": LookUp,
}
REPLIES = {
    "#outcomes": {"outcomes"},
    "#failed-messages": {"batchItemFailures"},
    "#task-results": {"invocationSchemaVersion", "treatMissingKeysAs", "invocationId", "results"},
    "#look-ups": {
        *("schema", "outcome", "reason", "scope", "generation", "radius", "confirmed"),
        *("picture", "matches", "truncated", "complete"),
    },
}


def sample(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((EVENTS / name).read_text())
    return event


@pytest.fixture
def full(function: Callable[..., Function]) -> Function:
    """A function whose bucket has every object that a sample names."""
    made = function()
    for path in EVENTS.iterdir():
        for item in decode(sample(path.name)).items:
            if isinstance(item.action, Created | LookUp):
                made.pictures.objects[item.action.ref.bucket, item.action.ref.key] = PICTURE
    return made


def test_samples() -> None:
    assert sorted(names(ACCEPTED)) == sorted(path.name for path in EVENTS.iterdir())


@pytest.mark.parametrize("row", ACCEPTED, ids=names(ACCEPTED))
def test_what_happens_and_what_the_reply_is(row: tuple[str, ...], full: Function) -> None:
    name, _, happens, reply = row

    actions: list[Action] = [item.action for item in decode(sample(code(name)[0])).items]
    handled = full.handle(sample(code(name)[0]))

    (documented,) = [keys for link, keys in REPLIES.items() if link in reply]
    assert set(handled.reply) == documented
    for start, kind in HAPPENS.items():
        if happens.startswith(start):
            assert {type(action) for action in actions} == {kind}
    if not happens.startswith(tuple(HAPPENS)):
        assert "handled" in happens


@pytest.mark.parametrize("name", ["s3-object-created.json", "sqs-s3-object-created.json", "batch-operations-1.0.json"])
def test_examples_of_replies(name: str, full: Function) -> None:
    assert full.handle(sample(name)).reply in EXAMPLES


@pytest.mark.parametrize("name", ["lookup.json", "backfill.json"])
def test_examples_of_events(name: str) -> None:
    assert sample(name) in EXAMPLES


def test_answer_to_a_look_up(full: Function) -> None:
    full.pictures.objects[BUCKET, "uploads/copy.jpg"] = COPY
    full.handle(sample("s3-object-created.json"))

    found = full.handle({"lookup": {"bucket": BUCKET, "key": "uploads/copy.jpg"}}).reply
    missing = full.handle({"lookup": {"bucket": BUCKET, "key": "nothing.jpg"}}).reply

    documented = table(PAGE, "Look-ups")
    assert names(documented) == list(found)
    values = {name: code(what) for (name, what) in zip(names(documented), (row[1] for row in documented), strict=True)}
    assert values["schema"] == [found["schema"]]
    assert set(values["outcome"][:3]) == {found["outcome"], Outcome.REJECTED, Outcome.GONE}
    assert list(missing) == list(found)


def test_result_codes_of_tasks(full: Function, function: Callable[..., Function]) -> None:
    def result(key: str, function: Function) -> str:
        event = sample("batch-operations-1.0.json")
        event["tasks"][0]["s3Key"] = key
        (answer,) = function.handle(event).reply["results"]
        return str(answer["resultCode"])

    full.pictures.objects[BUCKET, "text"] = b"text"
    usual = {"archive/cat+on+a+sofa.jpg": "Succeeded", "text": "PermanentFailure", "none": "PermanentFailure"}
    found = {key: result(key, full) for key in usual}
    failing = result("cat", function(pictures=BrokenPictures()))

    assert found == usual
    assert set(names(table(PAGE, "Task results"))) == {*usual.values(), failing}
