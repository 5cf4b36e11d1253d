"""Every alarm watches a metric that there is, says what it means, and begins and ends where it should."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from handler import log
from handler.cli.troubles import AMISS_KINDS
from handler.core.again import MAX_DELAY_S
from tests.alarms import ALARMS, AWS_METRICS, RESOURCES, TEMPLATE, Alarm, Metric, Point
from tests.docs.drill import SYMPTOMS
from tests.docs.markdown import ROOT, names, table

RUNBOOK = ROOT / "docs" / "runbook"
OF_TROUBLES = {page for page, *_ in AMISS_KINDS.values()} - {"question-errors"}  # which is an alarm's of its own
PAGES = sorted(path for path in RUNBOOK.glob("*.md") if path.stem != "index")
MINUTE, HOUR = 60.0, 3600.0
NOW = 1_000_000.0


def watched() -> Iterator[Any]:
    for name in ALARMS:
        for metric in Alarm(name).metrics.values():
            yield pytest.param(metric, id=f"{name}-{metric.name}")


@pytest.mark.parametrize("metric", list(watched()))
def test_alarm_watches_a_metric_that_there_is_under_the_dimensions_that_it_has(metric: Metric) -> None:
    """Those of ours are on the page that `tests/docs` holds to what the code counts."""
    if metric.namespace == log.NAMESPACE:
        assert (metric.dimension, metric.of) == ("service", "AWS::StackName")
        assert metric.name in names(table("operating.md", "Metrics"))
    else:
        kinds = AWS_METRICS[metric.namespace]
        assert metric.name in kinds[metric.dimension, RESOURCES[metric.of]["Type"]]


@pytest.mark.parametrize("name", ALARMS)
def test_alarm_says_what_it_means_and_names_its_page(name: str) -> None:
    properties = ALARMS[name]["Properties"]
    suffix = properties["AlarmName"]["Fn::Sub"].removeprefix("${AWS::StackName}-")

    page = re.fullmatch(r".{40,}\. What to do is in docs/runbook/([a-z-]+)\.md", properties["AlarmDescription"])

    assert page
    assert f"`{suffix}`" in (RUNBOOK / f"{page[1]}.md").read_text()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_page_of_the_runbook_answers_five_questions(path: Path) -> None:
    assert re.findall("^## (.+)$", path.read_text(), re.MULTILINE) == [
        "What it means",
        "How to look",
        "What to do",
        "How to know that it is over",
        "What it cost",
    ]


def test_index_of_the_runbook_names_every_page() -> None:
    named = re.findall(r"^\|.*\]\(([a-z-]+\.md)\) \|$", (RUNBOOK / "index.md").read_text(), re.MULTILINE)

    assert sorted(named) == sorted(path.name for path in PAGES)


def test_every_page_of_the_runbook_is_of_an_alarm_or_of_what_is_seen() -> None:
    described = " ".join(one["Properties"]["AlarmDescription"] for one in ALARMS.values())

    pages = {path.stem for path in PAGES if f"docs/runbook/{path.name}" not in described}

    assert pages == {*SYMPTOMS, *OF_TROUBLES}


def test_page_of_the_alarm_of_several_kinds_leads_to_each_of_them() -> None:
    hub = (RUNBOOK / "troubles.md").read_text()

    for page in OF_TROUBLES | {"question-errors"}:
        assert f"]({page}.md)" in hub
        assert "(troubles.md)" in (RUNBOOK / f"{page}.md").read_text()


def test_every_page_of_what_is_seen_is_followed() -> None:
    tests = (ROOT / "tests" / "docs" / "test_runbook.py").read_text()

    assert sorted(re.findall(r'follow\("([a-z-]+)"\)', tests)) == sorted(SYMPTOMS)


def test_begin_and_end_of_each_alarm_are_told() -> None:
    for one in ALARMS.values():
        properties = one["Properties"]

        assert properties["AlarmActions"] == properties["OKActions"]
        assert "AlarmTopic" in str(properties["AlarmActions"])


def test_topic_of_alarms_lets_cloudwatch_publish() -> None:
    """Which it may not by the key `alias/aws/sns`."""
    allow, _ = RESOURCES["AlarmTopicPolicy"]["Properties"]["PolicyDocument"]["Statement"]

    assert "KmsMasterKeyId" not in RESOURCES["AlarmTopic"]["Properties"]
    assert (allow["Principal"], allow["Action"]) == ({"Service": "cloudwatch.amazonaws.com"}, "sns:Publish")


# --- how alarms of AWS's metrics are judged ---


def series(alarm: Alarm, *values: float, apart_s: float = 5 * MINUTE, of: str = "value") -> list[Point]:
    """Points of one metric, the last of them at NOW."""
    metric = alarm.metrics[of]
    return [Point(metric, NOW - index * apart_s, value) for index, value in enumerate(reversed(values))]


SPECIFIED = {
    "FailureQueueAlarm": ([1], [0]),
    "FunctionErrorsAlarm": ([1, 0, 1], [0, 1, 0]),
    "TroublesAlarm": ([1, 2, 0], [1, 0, 0]),
    "QuestionErrorsAlarm": ([1, 1], [1]),
    "FailuresLostAlarm": ([1], [0]),
    "BusEventsLostAlarm": ([1], [0]),
    "DeliveriesAlarm": ([1], [0]),
    "ThrottlesAlarm": ([1, 9, 1], [9, 0, 9]),
    "QueueAgeAlarm": ([3600, 3900, 4200], [0, 3900, 4200]),
    "QuietDayAlarm": ([0], [1]),
    "ReadCostAlarm": ([1] * 100, [1] * 99),
}


@pytest.mark.parametrize("name", SPECIFIED)
def test_alarm_of_one_metric_begins_and_ends(name: str) -> None:
    alarm, (bad, good) = Alarm(name), SPECIFIED[name]

    apart_s = MINUTE / 2 if name == "ReadCostAlarm" else 5 * MINUTE
    assert alarm.state(series(alarm, *bad, apart_s=apart_s), NOW) == "ALARM"
    assert alarm.state(series(alarm, *good, apart_s=apart_s), NOW) == "OK"


def test_all_alarms_are_specified() -> None:
    assert ALARMS.keys() - SPECIFIED.keys() == {"RejectedAlarm"}


@pytest.mark.parametrize("name", sorted(ALARMS.keys() - {"QuietDayAlarm"}))
def test_idle_stack_is_not_in_alarm(name: str) -> None:
    assert Alarm(name).state([], NOW) == "OK"


def test_day_without_any_event_is_an_alarm_for_whoever_wants_one() -> None:
    assert Alarm("QuietDayAlarm").state([], NOW) == "ALARM"
    assert ALARMS["QuietDayAlarm"]["Condition"] == "HasAlarmOfQuietDay"
    assert TEMPLATE["Parameters"]["AlarmQuietDay"]["Default"] == "off"


@pytest.mark.parametrize(
    ("rejected", "uploads", "state"),
    [(5, 25, "OK"), (6, 25, "ALARM"), (20, 20, "ALARM"), (19, 19, "OK"), (None, 100, "OK")],
)
def test_share_of_rejected_pictures(rejected: int | None, uploads: int, state: str) -> None:
    alarm = Alarm("RejectedAlarm")
    points = [
        *(series(alarm, rejected, of="rejected") if rejected is not None else []),
        *series(alarm, uploads, of="uploads"),
    ]

    assert alarm.state(points, NOW) == state
    assert alarm.state(points, NOW + HOUR) == "OK"


def test_uploads_are_what_is_put_into_the_table_of_objects() -> None:
    """By DynamoDB's own count, which costs nothing; `tests/contract` holds what is put."""
    alarm = Alarm("RejectedAlarm")
    ((metric, stat),) = [one for one in alarm.statistics() if one[0].namespace == "AWS/DynamoDB"]

    assert (metric.of, stat) == ("PictureTable", "SampleCount")
    assert dict(metric.dimensions)["Operation"] == "PutItem"


def test_queues_do_not_stand_for_each_other() -> None:
    failed = Alarm("FailureQueueAlarm")
    others = replace(failed.metrics["value"], dimensions=(("QueueName", "IntakeQueue"),), of="IntakeQueue")

    assert failed.state([Point(others, NOW, 100_000)], NOW) == "OK"


def test_what_waits_for_its_time_is_not_late() -> None:
    assert Alarm("QueueAgeAlarm").threshold > MAX_DELAY_S  # SQS may count it among what a message has waited


def test_thresholds_are_those_of_the_site() -> None:
    assert Alarm("QueueAgeAlarm", AlarmQueueAge=60).threshold == 60
