import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from handler.cli.errors import CommandError
from handler.cli.parallel import INLINE_FILES, core_count, in_order, in_threads
from tests.pictures import photo, png
from tests.unit.cli.conftest import hash_of, in_a_process, write

pytestmark = pytest.mark.thorough


def test_many_files_come_out_in_order_from_several_processes(tmp_path: Path) -> None:
    bodies = [png(photo(seed, (60 + 40 * (seed % 5), 50))) for seed in range(40)]
    for number, body in enumerate(bodies):
        write(tmp_path / f"{number:02}.png", body)
    write(tmp_path / "17.png", b"not a picture")

    done = in_a_process("hash", "--json", tmp_path)

    reports = [json.loads(line) for line in done.stdout.splitlines()]
    expected = [None if number == 17 else hash_of(body) for number, body in enumerate(bodies)]
    assert [report["hash"] for report in reports] == expected
    assert [Path(report["path"]).stem for report in reports] == [f"{number:02}" for number in range(40)]
    assert (done.returncode, done.stderr) == (1, b"")


def test_reader_that_stops_early_is_no_error(tmp_path: Path) -> None:
    for number in range(30):
        write(tmp_path / f"{number}.png", png(photo(number, (40, 30))))
    command = [sys.executable, "-m", "handler.cli.main", "hash", str(tmp_path)]

    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:  # noqa: S603
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        errors = process.stderr.read()

    assert errors == b""


def test_killed_process_is_one_line_with_its_cure() -> None:
    with pytest.raises(CommandError, match="probably out of memory: lower --max-pixels"):
        list(in_order(die, map(str, range(INLINE_FILES + 2))))


def die(_path: str) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_threads_yield_in_order_and_ask_for_no_more_than_is_due() -> None:
    asked = list[int]()

    def work() -> Iterator[Iterator[int]]:
        for number in range(100):
            asked.append(number)
            yield iter((number, -number))

    results = in_threads(work())

    assert [next(results) for _ in range(3)] == [0, 0, 1]
    assert len(asked) <= core_count() + 2
    assert list(results)[-2:] == [99, -99]


def test_failure_in_a_thread_reaches_who_asked() -> None:
    def failing() -> Iterator[int]:
        yield 1
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        list(in_threads([iter([0]), failing()]))
