"""`lookalike local up` as people run it: what a shell has of it, and what is left when it is ended early."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from handler.cli.local import emulator, stack
from handler.cli.local.processes import marked, members, read_note
from tests.conftest import ROOT

pytestmark = pytest.mark.emulator

PATIENCE_S = 60
COMMAND = (sys.executable, "-m", "handler.cli.main", "local")
TEST = "LOOKALIKE_TEST"  # in the environment of all that a test starts


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Path]:
    """A checkout with nothing running, in which the function is built already."""
    built = stack.build_for_emulator(ROOT).parent
    for name in ("template.yaml", "layers", "src", ".venv", ".venv-sam"):
        (tmp_path / name).symlink_to(ROOT / name)
    (stack.work_folder(tmp_path) / built.name).symlink_to(built)
    yield tmp_path
    down(tmp_path)
    assert living(tmp_path) == []


def environment(checkout: Path) -> dict[str, str]:
    return emulator.environment(stack.NO_ENDPOINT, {TEST: str(checkout)})


def living(checkout: Path) -> list[int]:
    """The processes that the test has started, whoever their parents are by now."""
    found = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
    return [pid for pid in found if marked(pid, checkout, TEST)]


def down(checkout: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own interpreter
        [*COMMAND, "down"], cwd=checkout, env=environment(checkout), capture_output=True, text=True, check=False
    )


def wait_until(true: Callable[[], bool]) -> None:
    """Other processes cannot be waited for, so look again and again."""
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def sam_runs(checkout: Path) -> bool:
    """Whether `sam deploy` has begun, in the group of its guard."""
    notes = [read_note(folder) for folder in (checkout / ".lookalike" / stack.SAM_FOLDERS).glob("deploy-*")]
    return any(note and len(note.members() or []) > 1 for note in notes)


@pytest.fixture
def deploying(checkout: Path) -> Iterator[subprocess.Popen[str]]:
    """A `local up` whose sam deploys."""
    with subprocess.Popen(  # noqa: S603 - our own interpreter
        [*COMMAND, "up"],
        cwd=checkout,
        env=environment(checkout),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        wait_until(lambda: sam_runs(checkout))
        yield process
        process.kill()


def left(checkout: Path) -> list[str]:
    work = checkout / ".lookalike"
    return [
        str(path.relative_to(work))
        for kind in (stack.RUN_FOLDERS, stack.SAM_FOLDERS)
        for path in (work / kind).glob("*")
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="looks at processes as Linux shows them")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_nothing_outlives_two_signals(checkout: Path, deploying: subprocess.Popen[str], number: signal.Signals) -> None:
    deploying.send_signal(number)
    while deploying.poll() is None:  # two of a kind that come at once are one
        deploying.send_signal(number)
        time.sleep(0.1)

    wait_until(lambda: living(checkout) == [])
    assert deploying.returncode == 128 + number
    assert down(checkout).returncode == 0
    assert left(checkout) == []


@pytest.mark.skipif(sys.platform != "linux", reason="looks at processes as Linux shows them")
def test_killed_up_takes_all_along_and_leaves_nothing(checkout: Path, deploying: subprocess.Popen[str]) -> None:
    deploying.kill()

    wait_until(lambda: living(checkout) == [])
    assert down(checkout).stdout == "nothing is running\n"
    assert left(checkout) == []


@pytest.mark.skipif(sys.platform != "linux", reason="looks at processes as Linux shows them")
def test_what_outlives_its_guards_is_ended_by_down(checkout: Path, deploying: subprocess.Popen[str]) -> None:
    notes = [read_note(folder) for kind in ("run", "sam") for folder in (checkout / ".lookalike" / kind).glob("*")]
    deploying.send_signal(signal.SIGSTOP)  # or it would see to what it misses
    for note in notes:
        assert note is not None
        assert note.leader is not None
        os.kill(note.leader.pid, signal.SIGKILL)
    deploying.kill()
    deploying.wait()
    assert living(checkout) != []

    done = down(checkout)

    assert (done.returncode, done.stdout.count("stopped what an interrupted run had left in ")) == (0, 2)
    assert living(checkout) == []
    assert left(checkout) == []


def test_shell_has_all_variables_of_a_deployment_with_other_parameters(checkout: Path) -> None:
    up = f"{sys.executable} -m handler.cli.main local up --parameter ScopeDepth=2"
    ask = """
import boto3, os
function = boto3.client("lambda").get_function_configuration(FunctionName=os.environ["LOOKALIKE_FUNCTION_NAME"])
print(function["Environment"]["Variables"]["SCOPE_DEPTH"])
boto3.client("s3").put_object(Bucket=os.environ["LOOKALIKE_PICTURES_BUCKET"], Key="a", Body=b"")
print(boto3.client("sqs").get_queue_attributes(QueueUrl=os.environ["LOOKALIKE_MESSAGES_QUEUE_URL"])["ResponseMetadata"]
      ["HTTPStatusCode"])
"""
    script = f"""eval "$({up})" && {sys.executable} -c '{ask}' && {up} --json"""

    done = subprocess.run(  # noqa: S603
        ["sh", "-c", script],  # noqa: S607
        cwd=checkout,
        env=environment(checkout),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    depth, status, described = done.stdout.splitlines()
    assert (depth, status, json.loads(described)["parameters"]) == ("2", "200", {"ScopeDepth": "2"})
    assert "lookalike: building the layer and the function ...\n" in done.stderr
    assert "lookalike: running at http://127.0.0.1:" in done.stderr
    emulators = json.loads(described)["pid"]
    os.killpg(emulators, signal.SIGSTOP)

    ended = down(checkout)

    assert (ended.returncode, ended.stdout) == (0, f"stopped {json.loads(described)['endpoint']}\n")
    assert members(emulators) == []
