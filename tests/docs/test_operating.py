"""`reference/operating.md` is what the function logs, counts and refuses.

Events that come to every end are handled in this process; what they log and count is the truth. A constant that no
event brings about is found in the source.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from handler import log
from handler.cli.aws_errors import PERMISSIONS
from handler.core.formats import FORMATS
from handler.core.found import Route
from handler.core.journal import Shape
from handler.core.model import Outcome
from tests.alarms import ALARMS, Alarm, short_name
from tests.docs.function import BUCKET, BrokenPictures, Function, HandledEvent, NoPacks
from tests.docs.markdown import REFERENCE, ROOT, code, names, table, tables
from tests.docs.test_configuration import TEMPLATE
from tests.fakes import InMemoryCatalog, InMemoryJournal, InMemoryPacks, InMemoryPictures
from tests.pictures import jpeg, near_copy, photo

PAGE = "operating.md"
PICTURE, COPY = jpeg(photo(1)), jpeg(near_copy(photo(1)))
SOURCE = ROOT / "src" / "handler"
VARIABLES = TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]


def event(kind: str, key: str, sequencer: str | None = "5") -> dict[str, Any]:
    described = {"key": key, "size": 1} | ({"sequencer": sequencer} if sequencer else {})
    record = {"eventName": kind, "s3": {"bucket": {"name": BUCKET}, "object": described}}
    return {"Records": [{"eventSource": "aws:s3"} | record]}


def created(key: str, sequencer: str = "5") -> dict[str, Any]:
    return event("ObjectCreated:Put", key, sequencer)


def backfill(key: str) -> dict[str, Any]:
    return {
        "backfill": {"bucket": BUCKET, "key": key, "job": "1", "began": "2027-01-01T00:00:00+00:00", "tell": "none"}
    }


def look_up(key: str) -> dict[str, Any]:
    return {"lookup": {"bucket": BUCKET, "key": key}}


@pytest.fixture
def everything(function: Callable[..., Function]) -> list[HandledEvent]:
    """What comes of events that come to every end there is."""
    pictures = InMemoryPictures()
    pictures.objects = {(BUCKET, "cat"): PICTURE, (BUCKET, "copy"): COPY, (BUCKET, "text"): b"text"}
    one = function(pictures=pictures)
    events = [created("cat"), created("copy"), created("text"), created("missing"), look_up("cat"), look_up("missing")]
    events += [event("ObjectRemoved:Delete", "cat", "6"), created("cat", "4"), event("ObjectTagging:Put", "cat")]
    events += [event("LifecycleExpiration:Delete", "unknown", None), {"nonsense": 1}]
    events += [{"Records": [{"eventSource": "aws:sqs", "messageId": "m", "body": "nonsense"}]}]
    handled = [one.handle(each) for each in events]
    handled += [one.handle(backfill(key)) for key in ("copy", "text", "missing")]
    backfilled = function(pictures=pictures)
    handled += [backfilled.handle(backfill(key)) for key in ("cat", "copy")]
    handled.append(function(pictures=BrokenPictures()).handle(created("cat")))
    small = function(pictures=pictures, memory_bytes=0)
    handled += [small.handle(each) for each in (created("copy"), look_up("cat"))]
    pictures.objects |= {(BUCKET, f"copy {number}"): COPY for number in range(2)}
    looking = function(pictures=pictures, max_looks=5, max_matches=1)
    events = [*(created(key) for _, key in pictures.objects), look_up("cat")]
    handled += [looking.handle(each) for each in events]
    asking = function(pictures=pictures, lists=("banned",))
    asking.lister().add("banned", asking.listed("cat.jpg", PICTURE))
    handled.append(asking.handle(created("copy")))
    shape = Shape(segment_bytes=1, pack_sizes=(1,))  # every entry fills a pack
    parts = {"pictures": pictures, "journal": InMemoryJournal(shape=shape), "packs": InMemoryPacks(), "shape": shape}
    handled += [function(**parts).handle(each) for each in (created("cat"), created("copy"), look_up("copy"))]
    journal = InMemoryJournal(shape=shape)
    troubled = partial(function, pictures=pictures, packs=NoPacks(), journal=journal, shape=shape)
    catalog = InMemoryCatalog()
    events = [created("cat"), created("copy"), created("copy", "4"), look_up("cat")]
    handled += [troubled(catalog=catalog).handle(each) for each in events]
    first = troubled(catalog=InMemoryCatalog(), lists=("banned",))  # what it indexes comes again, to the same trouble
    first.lister().add("banned", first.listed("cat.jpg", PICTURE))
    journal.lose_an_entry(first.collection, segment=0)
    first.backlogs.begin(first.collection)
    handled += [first.handle(each) for each in (created("cat"), backfill("copy"))]
    coming = [again.document() for again, _ in list(first.again.sent)]
    handled += [first.handle(each) for each in coming]
    looked = partial(function, **parts, catalog=InMemoryCatalog(), max_looks=5, max_matches=1)  # where packs are there
    handled += [looked().handle(created(key)) for _, key in pictures.objects]
    handled += [looked().handle(each) for each in coming]
    return [*handled, *out_of_time(function, coming)]


def out_of_time(function: Callable[..., Function], coming: Sequence[dict[str, Any]]) -> Iterator[HandledEvent]:
    """What comes of events, and of pictures that are *coming* again, in invocations that are about to end."""
    pictures = InMemoryPictures()
    pictures.objects = {(BUCKET, "cat"): PICTURE, (BUCKET, "copy"): COPY, (BUCKET, "text"): b"text"}
    ending = function(pictures=pictures, catalog=InMemoryCatalog())
    events = [created("cat"), created("copy"), created("text"), created("missing"), look_up("cat"), *coming]
    events += [event("ObjectRemoved:Delete", "cat", "6"), created("cat", "4")]
    events += [event("LifecycleExpiration:Delete", "unknown", None)]
    for one in events:
        yield ending.handle(one, remaining_ms=0)
    yield function(pictures=BrokenPictures()).handle(created("cat"), remaining_ms=0)
    warm = function(pictures=pictures, catalog=InMemoryCatalog())
    yield warm.handle(created("cat"))
    yield warm.handle(created("copy"), remaining_ms=0)


# --- the log ---


@pytest.fixture
def fields(everything: list[HandledEvent]) -> dict[str, set[str]]:
    """The messages of the lines that have each field."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for line in (line for handled in everything for line in handled.lines):
        for name in line:
            found[name].add(line["message"])
    return dict(found)


def test_every_message_of_the_log(fields: dict[str, set[str]]) -> None:
    others = {code(name)[0] for name, *_ in table(PAGE, "The log")}

    assert fields["message"] == {*Outcome, *others} - {
        "parser_does_not_fit"
    }  # a matter of the instance, not of an event


def test_levels_of_the_log(everything: list[HandledEvent]) -> None:
    lines = [line for handled in everything for line in handled.lines]
    levels = {line["message"]: line["level"] for line in lines if "left_ms" not in line}

    documented = {code(name)[0]: code(level)[0] for name, _, level in table(PAGE, "The log")}
    assert documented.pop("parser_does_not_fit") == "WARNING"
    assert {message: levels[message] for message in documented} == documented
    assert {levels[outcome] for outcome in Outcome} == {"INFO"}
    assert {line["level"] for line in lines if "left_ms" in line} == {"ERROR"}


def test_fields_of_the_log_and_the_lines_that_have_them(fields: dict[str, set[str]]) -> None:
    documented: dict[str, set[str]] = {}
    lines: set[str] = set()
    for name, where, _ in tables(PAGE, "The log")[1]:
        if where.startswith("all"):
            lines = fields["message"] - set(code(where))
        elif where != "the same":
            lines = set(code(where))
        documented[code(name)[0]] = lines

    assert documented == fields


def test_routes() -> None:
    (row,) = [row for row in tables(PAGE, "The log")[1] if code(row[0]) == ["route"]]

    assert code(row[2]) == list(Route)


# --- metrics ---


def test_metrics_and_their_units(everything: list[HandledEvent]) -> None:
    counted = {name: unit for handled in everything for name, unit in handled.metrics.items()}

    assert {code(name)[0]: unit for name, unit, _ in table(PAGE, "Metrics")} == counted


def test_messages_that_no_event_above_brings_about() -> None:
    """Whatever is named outright in the source is on the page, or on that of the function that answers questions."""
    calls = [node for path in sources() for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    named = {
        (call.func.attr, call.args[0].value)
        for call in calls
        if isinstance(call.func, ast.Attribute) and call.args and isinstance(call.args[0], ast.Constant)
    }
    messages = {name for function, name in named if function in ("debug", "info", "warning", "error", "exception")}

    asking = "asking.md"
    (asked,) = [code(row[2]) for row in table(asking, "What is logged") if code(row[0]) == ["message"]]
    assert messages - {*Outcome, *names(table(PAGE, "The log")), *asked} == set()


def test_namespace_and_dimension() -> None:
    text = (REFERENCE / PAGE).read_text()

    assert f"namespace `{log.NAMESPACE}`" in text
    assert VARIABLES["POWERTOOLS_SERVICE_NAME"] == {"Ref": "AWS::StackName"}
    assert "dimension `service` = the stack's name" in text


# --- outcomes and reasons ---


def test_outcomes() -> None:
    assert names(table(PAGE, "Outcomes")) == list(Outcome)


def test_codes_of_rejections() -> None:
    assert set(names(table(PAGE, "Reasons of a rejection"))) == set(codes_of_rejections())


def test_accepted_formats() -> None:
    text = (REFERENCE / PAGE).read_text()
    (paragraph,) = [one for one in text.split("\n\n") if one.startswith("Accepted formats:")]

    assert [name for name in FORMATS if name.lower() not in paragraph.lower()] == []


def sources() -> Iterator[Path]:
    """The modules of the function, without the command line."""
    return (path for path in SOURCE.rglob("*.py") if "cli" not in path.relative_to(SOURCE).parts)


def codes_of_rejections() -> Iterator[str]:
    """Every first argument of PictureRejected; and where that is computed, what may be assigned to `code`."""
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(func=ast.Name("PictureRejected"), args=[ast.Constant(str(name)), *_]):
                    yield name
                case ast.Assign(targets=[ast.Name("code" | "_CODES")], value=value):
                    constants = [str(one.value) for one in ast.walk(value) if isinstance(one, ast.Constant)]
                    yield from (name for name in constants if re.fullmatch("[a-z_]+", name))


# --- failures ---


def test_permissions_that_redrive_needs() -> None:
    assert names(tables(PAGE, "Failures")[1]) == list(PERMISSIONS.values())


# --- alarms ---


def test_alarms_with_their_metrics_and_pages() -> None:
    documented = {code(name)[0]: (set(code(metric)), page) for name, metric, _, page in table(PAGE, "Alarms")}

    alarms = {}
    for logical_id, described in ALARMS.items():
        properties = described["Properties"]
        name = properties["AlarmName"]["Fn::Sub"].removeprefix("${AWS::StackName}-")
        page = re.search(r"docs/runbook/([a-z-]+)\.md", properties["AlarmDescription"])
        assert page
        metrics = {metric.name for metric in Alarm(logical_id).metrics.values()}
        alarms[name] = (metrics, f"[{page[1]}](../runbook/{page[1]}.md)")
    assert documented == alarms


def test_every_alarm_was_seen_to_begin_and_to_end() -> None:
    """By a cause and a cure, in the test that the page names."""
    test = (ROOT / "tests" / "integration" / "test_alarms.py").read_text()
    begun, ended = (
        {name for call in re.findall(rf"night\.{verb}\(([^)]*)\)", test) for name in re.findall('"([a-z-]+)"', call)}
        for verb in ("fires", "clears")
    )

    assert begun == ended == {short_name(one) for one in ALARMS} == set(names(table(PAGE, "How each was seen")))
