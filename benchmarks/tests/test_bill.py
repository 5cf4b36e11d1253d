"""A month's bill, which the documents tell as it is computed."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from samtranslator.yaml_helper import yaml_parse

from benchmarks.__main__ import PARTS
from benchmarks.cost.bill import MEMORIES_MB, STORED, UPLOADS, by_processor, in_all, named
from benchmarks.cost.items import (
    buckets_bytes,
    buckets_units,
    item_bytes,
    object_item,
    stored_bytes,
    write_units,
)
from benchmarks.cost.packs import load, making
from handler.core import prices
from handler.core.bill import (
    ALARMS,
    ASSUMED,
    COUNTS,
    POLLED_QUEUES,
    TESTED,
    Month,
    bill,
    described,
    total,
    waiting_ms,
)
from handler.core.journal import Shape

ROOT = Path(__file__).parents[2]
RESOURCES = yaml_parse((ROOT / "template.yaml").read_text())["Resources"]
MEASUREMENTS = (ROOT / "docs" / "measurements.md").read_text()


def dollars(month: Month) -> float:
    return total(bill(month))


# --- what the documents say ---


@pytest.mark.parametrize("page", ["README.md", "docs/measurements.md"])
def test_documents_tell_the_bill(page: str) -> None:
    text = (ROOT / page).read_text()

    for uploads in UPLOADS:
        assert f"| {uploads:,} | {' | '.join(in_all(uploads))} |" in text


def test_documents_tell_what_it_consists_of() -> None:
    months = [bill(Month(STORED[1], uploads)) for uploads in UPLOADS]

    for lines in zip(*months, strict=True):
        assert f"| {named(lines[0])} | {' | '.join(f'{item.dollars:.2f}' for item in lines)} |" in MEASUREMENTS


def test_decisions_reckon_with_that_bill() -> None:
    text = (ROOT / "docs" / "decisions.md").read_text()

    assert f"by `lookalike bill`: {dollars(Month(STORED[1], UPLOADS[2])):.2f}." in text


def test_documents_tell_the_bill_by_memory_and_processor() -> None:
    for memory_mb in MEMORIES_MB:
        assert f"| {memory_mb:,} | {' | '.join(by_processor(memory_mb))} |" in MEASUREMENTS


def test_documents_tell_the_bill_with_more_strangers() -> None:
    told = re.search(r"([\d.]+) becomes ([\d.]+)\s+\(`--strangers ([\d.e-]+)`\)", MEASUREMENTS)

    assert told
    month = Month(STORED[1], UPLOADS[2])
    more = bill(month, replace(COUNTS, strangers=float(told[3])))
    assert (told[1], told[2]) == (f"{dollars(month):.2f}", f"{total(more):.2f}")


# --- what is paid for ---


def test_alarms_of_the_template_are_paid_for_by_the_metrics_that_they_watch() -> None:
    """But for those that a parameter adds."""
    alarms = [one for one in RESOURCES.values() if one["Type"] == "AWS::CloudWatch::Alarm"]
    usual = [one["Properties"] for one in alarms if one["Condition"] in ("HasAlarms", "HasAlarmsByMath")]

    assert sum(sum("MetricStat" in metric for metric in one.get("Metrics", ())) or 1 for one in usual) == ALARMS


def test_queues_that_lambda_polls_are_paid_for() -> None:
    """Those that a parameter may add apart."""
    always = [one for one in RESOURCES.values() if "Condition" not in one]
    sources = [event for one in always for event in one["Properties"].get("Events", {}).values()]
    mappings = sum(one["Type"] == "AWS::Lambda::EventSourceMapping" for one in always)

    assert mappings + sum(source["Type"] == "SQS" for source in sources) == POLLED_QUEUES


def test_each_count_is_measured_by_a_benchmark_or_said_not_to_be() -> None:
    parts = {name for group in PARTS.values() for name in group}

    assert {by for *_, by in described()} <= {*parts, ASSUMED, TESTED}


def test_bytes_and_units_are_those_of_the_items() -> None:
    own = item_bytes(object_item(key_bytes=0))

    assert COUNTS.object_bytes == own
    assert own + COUNTS.other_bytes == pytest.approx(stored_bytes(key_bytes=0), rel=0.01)
    assert COUNTS.buckets_bytes == pytest.approx(buckets_bytes(STORED[2]), rel=0.01)
    assert write_units() <= COUNTS.write_units < write_units() + 1
    assert COUNTS.buckets_units == buckets_units(STORED[2])


def test_buckets_are_paid_for_and_so_is_the_tail_where_there_are_buckets() -> None:
    below, above = (
        {named(item): item.quantity for item in bill(Month(int(pictures), 1000))}
        for pictures in (COUNTS.buckets_from - 1, COUNTS.buckets_from)
    )
    assert (below["DynamoDB: writes: buckets"], above["DynamoDB: writes: buckets"]) == (0, 5000)
    more = above["DynamoDB: reads: journal"] - below["DynamoDB: reads: journal"]
    assert more == pytest.approx(1000 * COUNTS.tail_units, rel=0.01)


@pytest.mark.parametrize(
    ("month", "counts", "waited"),
    [
        (Month(0, 1), {"windows_ms": 0.0}, 20 + 2 * 12),  # nothing is computed meanwhile
        (Month(0, 1), {"windows_ms": 10.0}, 20 + 2 * 12 - 10),
        (Month(0, 1), {"windows_ms": 40.0}, 20),
        (Month(0, 1, memory_mb=1769 // 2), {"windows_ms": 10.0}, 20 + 2 * 12 - 20),  # which takes longer then
        (Month(0, 1, matches=9.0), {"windows_ms": 40.0}, 20 + 8 + 20),  # a read, and a look, whichever are more
    ],
)
def test_upload_waits_for_what_nothing_is_computed_beside(
    month: Month, counts: dict[str, float], waited: float
) -> None:
    assert waiting_ms(month, replace(COUNTS, **counts)) == pytest.approx(waited, abs=0.1)


def test_packs_of_all_sizes_are_made_and_loaded_as_their_benchmark_counts() -> None:
    stored, uploads = 1_000_000, 1_000_000
    lines = {named(item): item.dollars for item in bill(Month(stored, uploads))}

    one = load(stored, Shape())
    started = COUNTS.starts * prices.reading(read_units=one.most_units // 2, s3_gets=one.gets)
    tails = uploads * COUNTS.tail_units * prices.READ_UNIT  # there are buckets
    paid = lines["S3: packs, written"] + lines["S3: packs, read"] + lines["DynamoDB: reads: journal"]
    assert paid == pytest.approx(making(Shape()) + started + tails)


# --- how it adds up ---


def test_without_uploads_only_what_is_kept_watched_and_polled_costs() -> None:
    paid = {named(item) for item in bill(Month(1_000_000, 0)) if item.dollars}

    assert paid == {"DynamoDB: storage", "DynamoDB: recovery", "S3: packs, kept", "CloudWatch: alarms", "SQS: polling"}


def test_every_further_upload_costs_the_same() -> None:
    costs = [dollars(Month(1000, millions * 1_000_000)) for millions in (1, 2, 3)]

    assert costs[2] - costs[1] == pytest.approx(costs[1] - costs[0])


def test_key_of_more_than_a_write_unit_holds_costs_a_unit_more() -> None:
    short, long = (bill(Month(1000, 1_000_000, key_bytes=size))[0].quantity for size in (125, 126))

    assert long - short == pytest.approx(1_000_000)


def test_waiting_costs_less_with_less_memory_and_computing_as_much() -> None:
    large, small = (
        {item.what: item.dollars for item in bill(Month(1000, 1_000_000, memory_mb=memory_mb))}
        for memory_mb in (1769, 1024)
    )

    assert small["computing"] == pytest.approx(large["computing"])
    # Less than by the memory alone: what is computed beside the writes takes longer.
    assert small["waiting"] < large["waiting"] * 1024 / 1769


def test_matches_are_looked_at_noted_and_told() -> None:
    without, within = ({named(item): item for item in bill(Month(1000, 100, matches=one))} for one in (0.0, 3.0))

    more = {name for name, item in within.items() if item.dollars > without[name].dollars}
    assert more == {
        "DynamoDB: writes: pairs",
        "DynamoDB: reads: matches",
        "S3: looks",
        "Lambda: computing",
        "Lambda: waiting",
        "SNS: messages",
    }
    assert within["SNS: messages"].quantity == 100
