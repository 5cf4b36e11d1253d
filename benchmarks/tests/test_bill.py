"""A month's bill, which the documents tell as it is computed."""

import re
from pathlib import Path

import pytest

from benchmarks.cost.bill import METRICS, STORED, UPLOADS, bill

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("page", ["README.md", "docs/measurements.md"])
def test_documents_tell_the_bill(page: str) -> None:
    text = (ROOT / page).read_text()

    for uploads in UPLOADS:
        dollars = [f"{sum(bill(uploads, stored).values()):.2f}" for stored in STORED]
        assert f"| {uploads:,} | {' | '.join(dollars)} |" in text


def test_documents_tell_what_it_consists_of() -> None:
    text = (ROOT / "docs" / "measurements.md").read_text()

    months = [bill(uploads, STORED[1]) for uploads in UPLOADS]

    for name in months[0]:
        assert f"| {name} | {' | '.join(f'{month[name]:.2f}' for month in months)} |" in text


def test_documents_tell_the_bill_with_fewer_strangers() -> None:
    text = (ROOT / "docs" / "measurements.md").read_text()
    told = re.search(r"([\d.]+) becomes ([\d.]+)\s+\(`--strangers ([\d.e-]+)`\)", text)

    assert told
    assert told[1] == f"{sum(bill(UPLOADS[2], STORED[1]).values()):.2f}"
    assert told[2] == f"{sum(bill(UPLOADS[2], STORED[1], strangers=float(told[3])).values()):.2f}"


def test_every_metric_that_the_reference_lists_is_paid_for() -> None:
    _, _, below = (ROOT / "docs" / "reference" / "operating.md").read_text().partition("## Metrics")
    rows = re.findall(r"^\| `\w+` \| (?:Count|Milliseconds) \|.*", below.partition("\n## ")[0], re.MULTILINE)

    assert len([row for row in rows if "not counted where" not in row]) == METRICS  # the rest cost those who use them
    for page in ("README.md", "docs/measurements.md"):
        assert re.search(rf"\b{METRICS} (?:custom |\[)?metrics", (ROOT / page).read_text())


def test_without_uploads_only_what_is_kept_costs() -> None:
    paid = {name for name, dollars in bill(0, 1000).items() if dollars}

    assert paid == {"DynamoDB: storage and backup", "CloudWatch: metrics"}


def test_every_further_upload_costs_the_same() -> None:
    def dollars(uploads: int) -> float:
        return sum(bill(uploads, 1000).values())

    assert dollars(3_000_000) - dollars(2_000_000) == pytest.approx(dollars(2_000_000) - dollars(1_000_000))
