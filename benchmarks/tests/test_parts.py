import subprocess
import sys

import pytest

from benchmarks.__main__ import PARTS as BENCHMARKS
from training.__main__ import PARTS as TRAINING
from training.parts import Groups, main

NEEDS = {"comparing": "faiss"}  # of the group bench


def names(groups: Groups) -> list[str]:
    return [name for group in groups.values() for name in group]


@pytest.mark.parametrize(
    ("groups", "name"), [(groups, name) for groups in (BENCHMARKS, TRAINING) for name in names(groups)]
)
def test_each_part_says_what_it_does(groups: Groups, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip(NEEDS.get(name, "numpy"))

    with pytest.raises(SystemExit) as ended:
        main("python -m parts", "", groups, [name, "--help"])

    assert ended.value.code == 0
    usage, what, *_ = capsys.readouterr().out.split("\n\n")
    assert usage.startswith(f"usage: python -m parts {name} ")
    assert what.endswith(".")


@pytest.mark.parametrize("groups", [BENCHMARKS, TRAINING])
def test_without_a_part_all_are_listed(groups: Groups, capsys: pytest.CaptureFixture[str]) -> None:
    status = main("python -m parts", "", groups, [])

    assert status == 0
    listed = capsys.readouterr().out
    assert all(f"\n  {name} " in listed for name in names(groups))


def test_only_the_part_asked_for_is_imported() -> None:
    script = """
import sys
from benchmarks.__main__ import PARTS
from training.parts import main
try:
    main("x", "", PARTS, ["bands", "--help"])
except SystemExit:
    print(*(part.module for group in PARTS.values() for part in group.values() if part.module in sys.modules))
"""
    call = [sys.executable, "-c", script]

    ran = subprocess.run(call, capture_output=True, text=True, check=True)  # noqa: S603

    assert ran.stdout.splitlines()[-1] == "benchmarks.quality.bands"


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        (["search", "--stored", "1x"], "bad sizes '1x'"),
        (["uploads", "--rate", "0.1", "--seconds", "1"], "0.1 a second for 1 s is 0 uploads"),
        (["contention", "--seconds", "none"], "'none' is not a positive whole number"),
        (["nothing"], "invalid choice: 'nothing'"),
    ],
)
def test_bad_arguments_are_reported_in_one_line(
    arguments: list[str], wrong: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main("python -m benchmarks", "", BENCHMARKS, arguments)

    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert wrong in error
    assert error.count("\n") == 1
