"""Containers end with the run that started them, and no others do. A script stands in for Docker."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from handler.cli.local import containers

ENDPOINT = "http://127.0.0.1:4567"
DOCKER = """#!{python}
import json, sys
from pathlib import Path
folder = Path("{folder}")
match sys.argv[1:]:
    case ["ps", "--quiet", "--filter", "label=sam.cli.container.type=lambda"]:
        print(*sorted(path.name for path in folder.iterdir()), sep="\\n")
    case ["inspect", "--format", "{{{{json .Config.Env}}}}", *ids]:
        print(*((folder / one).read_text() for one in ids), sep="\\n")
    case ["rm", "--force", *ids]:
        for one in ids:
            (folder / one).unlink()
"""
PROGRAM = """
import sys
from handler.cli.local import containers
with containers.removed(sys.argv[1]):
    print("in", flush=True)
    input()
"""


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a file for each container that runs: ours, and one for another emulator."""
    folder, programs = tmp_path / "running", tmp_path / "bin"
    folder.mkdir()
    programs.mkdir()
    for name, port in (("ours", 4567), ("other", 45678)):
        (folder / name).write_text(json.dumps(["A=b", f"ENDPOINT_URL=http://host.docker.internal:{port}"]))
    (programs / "docker").write_text(DOCKER.format(python=sys.executable, folder=folder))
    (programs / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    return folder


def names(running: Path) -> list[str]:
    return sorted(path.name for path in running.iterdir())


def test_only_containers_of_the_emulator_are_removed(running: Path) -> None:
    containers.remove(ENDPOINT)

    assert names(running) == ["other"]


def test_containers_end_with_the_block(running: Path) -> None:
    with containers.removed(ENDPOINT):
        assert names(running) == ["other", "ours"]

    assert names(running) == ["other"]


def test_containers_end_with_a_run_that_is_killed(running: Path) -> None:
    with subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", PROGRAM, ENDPOINT], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"in\n"
        process.kill()

    deadline = time.monotonic() + 20
    while names(running) != ["other"]:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_nothing_is_said_where_there_is_no_docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    containers.remove(ENDPOINT)
