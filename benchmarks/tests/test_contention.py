import argparse

import pytest

from benchmarks.load import contention


@pytest.mark.slow
def test_each_case_is_a_row_though_packs_are_made(capsys: pytest.CaptureFixture[str]) -> None:
    contention.run(argparse.Namespace(seconds=2))

    assert capsys.readouterr().out.count("│") >= 4 * 10  # a row for each case
