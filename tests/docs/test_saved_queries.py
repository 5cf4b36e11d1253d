"""Saved queries and the dashboard, over what the function logs and counts, and what the template names."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from handler import log
from tests import insights
from tests.alarms import AWS_METRICS, RESOURCES
from tests.docs.function import BUCKET, BrokenPictures, Function, HandledEvent
from tests.docs.markdown import code, names, table, tables
from tests.events import notification
from tests.fakes import InMemoryPictures
from tests.pictures import jpeg, near_copy, photo

PAGE = "operating.md"
Row = dict[str, Any]
QUERIES: dict[str, str] = {
    one["Properties"]["Name"]["Fn::Sub"].removeprefix("${AWS::StackName}/"): one["Properties"]["QueryString"]
    for one in RESOURCES.values()
    if one["Type"] == "AWS::Logs::QueryDefinition"
}
_TEMPLATE, _VARIABLES = RESOURCES["OverviewDashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
TABLES = {"${Buckets}": "BucketTable", "${Pictures}": "PictureTable"}
WIDGETS: list[Row] = json.loads(_TEMPLATE)["widgets"]
OF_LOG = {one["properties"]["title"]: one["properties"]["query"] for one in WIDGETS if one["type"] == "log"}
FIELDS = {code(row[0])[0] for row in tables(PAGE, "The log")[1]} | {"@timestamp"}


@pytest.fixture
def lines(function: Callable[..., Function]) -> list[Row]:
    """What is logged of a day: a picture and its copy, what is no picture, and failures."""
    bodies = {"cats/1.jpg": jpeg(photo(1)), "cats/2.jpg": jpeg(near_copy(photo(1))), "texts/1": b"text", "texts/2": b""}
    pictures = InMemoryPictures()
    pictures.objects = {(BUCKET, key): body for key, body in bodies.items()}
    one, broken = function(pictures=pictures), function(pictures=BrokenPictures())
    handled: list[HandledEvent] = [broken.handle(_created(broken, "cats/1.jpg"))]
    handled += [one.handle(_created(one, key)) for key in bodies]
    return [line for each in handled for line in each.lines]


def _created(there: Function, key: str) -> Row:
    event = notification(there.event(key))
    event["Records"][0]["s3"]["bucket"]["name"] = BUCKET
    return event


def test_queries_are_on_the_page() -> None:
    assert names(table(PAGE, "Saved queries")) == list(QUERIES)


@pytest.mark.parametrize("query", [*QUERIES.values(), *OF_LOG.values()], ids=[*QUERIES, *OF_LOG])
def test_query_names_fields_that_lines_have(query: str) -> None:
    named = insights.named(query)

    assert named
    assert named - FIELDS == set()


def test_what_failed_and_why(lines: list[Row]) -> None:
    slow = {"level": "ERROR", "message": "indexed", "key": "cats/2.jpg", "left_ms": 100}  # nothing failed there

    (row,) = insights.run(QUERIES["what failed and why"], [*lines, slow])

    assert (row["key"], row["action"], row["exception_name"]) == ("cats/1.jpg", "created", "ConnectionError")
    assert "no answer about cats/1.jpg" in row["exception"]


def test_story_of_one_object(lines: list[Row]) -> None:
    query = QUERIES["the story of one object"].replace("put the key here", "cats/1.jpg")

    assert [row["message"] for row in insights.run(query, lines)] == ["failed", "indexed"]


def test_slowest_steps(lines: list[Row]) -> None:
    rows = insights.run(QUERIES["slowest steps"], lines)

    assert {row["message"]: row["lines"] for row in rows if row["message"] == "rejected"} == {"rejected": 2}
    assert all(row["all"] >= (row["read"] or 0) for row in rows)
    assert [row["all"] for row in rows] == sorted((row["all"] for row in rows), reverse=True)


def test_rejections_by_reason_and_prefix(lines: list[Row]) -> None:
    rows = insights.run(QUERIES["rejections by reason and prefix"], lines)

    assert sorted((row["code"], row["prefix"], row["pictures"]) for row in rows) == [
        ("empty", "texts", 1),
        ("unsupported", "texts", 1),
    ]


def test_who_was_told_of_what(lines: list[Row]) -> None:
    (row,) = insights.run(QUERIES["who was told of what"], lines)

    assert (row["bucket"], row["key"], row["kind"], row["announced"]) == (BUCKET, "cats/2.jpg", "near", 1)


# --- the dashboard ---


def test_widgets_of_the_log_have_something_to_show(lines: list[Row]) -> None:
    assert insights.run(OF_LOG["Notices by kind"], lines) == [{"kind": "near", "notices": 1, "pairs": 1}]
    assert insights.run(OF_LOG["Failures by cause"], lines) == [{"exception_name": "ConnectionError", "failures": 1}]
    (troubles,) = insights.run(OF_LOG["Troubles, by the hour"], lines)
    assert troubles == {"failed": 1, "partial": 0, "without_packs": 0, "slow": 0}
    outcomes = {row["message"]: row for row in insights.run(OF_LOG["Outcomes, and their matches"], lines)}
    assert {message: row["lines"] for message, row in outcomes.items()} == {"failed": 1, "indexed": 2, "rejected": 2}
    assert outcomes["indexed"]["matches"] == 1
    (steps,) = insights.run(OF_LOG["Latency by step, ms"], lines)
    assert None not in [steps[name] for name in ("read", "decode", "write", "search")]


def test_widgets_show_metrics_that_there_are() -> None:
    seen = set()
    for widget in WIDGETS:
        for namespace, name, *dimensions in series(widget["properties"]):
            pairs = dict(zip(dimensions[::2], dimensions[1::2], strict=True))
            if namespace == log.NAMESPACE:
                assert pairs == {"service": "${AWS::StackName}"}
                seen.add(name)
                continue
            value = next(one for one in pairs.values() if "$" in one)
            of = TABLES.get(value) or re.split(r"[{}.]", value)[1]
            assert name in AWS_METRICS[namespace][", ".join(sorted(pairs)), RESOURCES[of]["Type"]]
    assert seen == set(names(table(PAGE, "Metrics"))) - {"ListMatches"}  # which a table has, by outcome


def series(properties: Row) -> list[list[str]]:
    """Namespace, name, dimensions and their values of each line of a widget that is no expression."""
    lines = [metric for metric in properties.get("metrics", ()) if isinstance(metric[0], str)]
    return [[part for part in line if isinstance(part, str)] for line in lines]


def test_expressions_are_of_lines_of_their_widget() -> None:
    (expression,) = [
        (metric[0]["expression"], {line[-1].get("id") for line in one["properties"]["metrics"]})
        for one in WIDGETS
        for metric in one["properties"].get("metrics", ())
        if isinstance(metric[0], dict)
    ]

    assert set(re.findall(r"[a-z]+", expression[0])) <= expression[1]


def test_tables_of_the_dashboard_are_those_of_the_stack() -> None:
    for variable, name in TABLES.items():
        assert _VARIABLES[variable.strip("${}")] == {"Fn::If": ["MakesTables", {"Ref": name}, {"Ref": f"{name}Name"}]}


def test_widgets_fill_a_grid_of_24_columns_without_overlap() -> None:
    taken = [
        (one["x"] + across, one["y"] + down)
        for one in WIDGETS
        for across in range(one["width"])
        for down in range(one["height"])
    ]

    assert len(taken) == len(set(taken)) == 24 * (max(down for _, down in taken) + 1)
