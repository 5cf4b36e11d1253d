"""`lookalike bill`: what a month costs, printed. How it adds up is tested where it is held to what was measured."""

import json
import re

import pytest

from handler.cli.main import main
from handler.core import prices
from handler.core.bill import COUNTS, Month, bill, total

MILLION = ["bill", "--pictures", "100000", "--uploads", "1000000"]


def test_each_item_and_the_sum_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(MILLION) == 0

    printed = capsys.readouterr().out
    items = bill(Month(100_000, 1_000_000))
    lines = printed.splitlines()
    assert [line.partition("  ")[0] for line in lines[1:]][: len(items)] == [f"{i.service}: {i.what}" for i in items]
    assert f"{total(items):,.2f}" in next(line for line in lines if line.startswith("in all"))
    assert f"read on {prices.READ_ON}" in printed


def test_counts_are_printed_with_the_command_that_measures_them(capsys: pytest.CaptureFixture[str]) -> None:
    main([*MILLION, "--counts"])

    printed = capsys.readouterr().out
    assert re.search(rf"{COUNTS.closer_ms:g} +CPU ms +python -m benchmarks counts", printed)
    assert re.search(rf"{COUNTS.get_ms:g} +ms +assumed", printed)


@pytest.mark.parametrize(
    ("option", "month"),
    [
        (["--megapixels", "12"], Month(100_000, 1_000_000, megapixels=12)),
        (["--matches", "0.5"], Month(100_000, 1_000_000, matches=0.5)),
        (["--questions", "1000"], Month(100_000, 1_000_000, questions=1000)),
        (["--memory", "1024"], Month(100_000, 1_000_000, memory_mb=1024)),
        (["--architecture", "arm64"], Month(100_000, 1_000_000, architecture="arm64")),
        (["--key-bytes", "900"], Month(100_000, 1_000_000, key_bytes=900)),
    ],
)
def test_every_option_changes_the_bill(option: list[str], month: Month, capsys: pytest.CaptureFixture[str]) -> None:
    main([*MILLION, *option, "--json"])

    dollars = json.loads(capsys.readouterr().out)["dollars"]
    assert dollars == pytest.approx(total(bill(month)), abs=1e-4)
    assert dollars != pytest.approx(total(bill(Month(100_000, 1_000_000))), abs=1e-4)


@pytest.mark.parametrize("wrong", [["--pictures", "-1"], ["--matches", "many"], ["--memory", "0"]])
def test_wrong_number_is_named(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*MILLION, *wrong])

    assert ended.value.code == 2
    assert wrong[1] in capsys.readouterr().err
