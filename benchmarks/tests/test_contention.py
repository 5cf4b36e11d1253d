import argparse

import pytest

from benchmarks.load import contention


@pytest.mark.slow
def test_uploads_that_fill_packs_are_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    contention.run(argparse.Namespace(seconds=2))

    assert capsys.readouterr().out.count("│") >= 4 * 10  # a row for each case
