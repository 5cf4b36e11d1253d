import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from handler.cli.progress import PAUSE_S, Lines, progress
from tests.pictures import photo, png
from tests.unit.cli.conftest import on_a_terminal, write


def test_nothing_is_shown_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("hashing", never) as shown:
        shown.advance(1)
        shown.write("result")

    assert capsys.readouterr() == ("result\n", "")


def never() -> int:
    raise AssertionError


def test_without_rich_a_line_comes_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    times: Iterator[float] = iter([0, 1, PAUSE_S, PAUSE_S + 1])
    lines = Lines("hashing", 30, clock=lambda: next(times))

    for _ in range(3):
        lines.advance(10)

    assert capsys.readouterr().err == "hashing: 20 of 30, 4/s, 2 s left\n"


def test_line_has_no_total_that_nobody_knows(capsys: pytest.CaptureFixture[str]) -> None:
    times = iter((0.0, PAUSE_S))

    Lines("taking back", None, clock=lambda: next(times)).advance(100)

    assert capsys.readouterr().err == "taking back: 100, 20/s\n"


WITHOUT_RICH = "import sys; sys.modules['rich'] = None; from handler.cli.main import main; sys.exit(main(sys.argv[1:]))"


@pytest.mark.parametrize(
    ("python", "bar"), [(("-m", "handler.cli.main"), True), (("-c", WITHOUT_RICH), False)], ids=["rich", "without"]
)
def test_terminal_shows_a_bar_if_rich_is_there(tmp_path: Path, python: tuple[str, str], bar: bool) -> None:
    for number in range(4):
        write(tmp_path / f"{number}.png", png(photo(number, (60, 50))))

    status, terminal = on_a_terminal(sys.executable, *python, "hash", str(tmp_path))

    assert status == 0
    assert ("━" in terminal) is bar
    assert all(str(tmp_path / f"{number}.png") in terminal for number in range(4))


def test_complaint_above_the_bar_stays_on_its_line(tmp_path: Path) -> None:
    notes = write(tmp_path / f"{'long ' * 30}.txt", b"no picture")

    _, terminal = on_a_terminal(sys.executable, "-m", "handler.cli.main", "pairs", str(tmp_path))

    assert f"lookalike: {notes}: unsupported: begins with b'no pictu', want one of AVIF, BMP, GIF, HEIC," in terminal
