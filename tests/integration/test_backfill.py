"""Pictures that were in a bucket before, in families, indexed by a command that is killed again and again."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import Site
from tests.integration.test_fleet import SIZES, family, near

pytestmark = pytest.mark.emulator

PATIENCE_S = 3000


@dataclass
class KilledCommand:
    """`lookalike backfill` of one bucket, whose state and report are files."""

    site: Site
    bucket: str
    folder: Path

    @property
    def state(self) -> dict[str, Any]:
        """What the command has saved; nothing before that."""
        for path in (self.folder / "state").glob("*.json"):
            found: dict[str, Any] = json.loads(path.read_text())
            return found
        return {}

    @property
    def report(self) -> Path:
        return self.folder / "groups.jsonl"

    def start(self, *options: str) -> subprocess.Popen[str]:
        where = f"s3://{self.bucket}/{self.site.folder}/"
        words = ["backfill", where, "--rate", "20", "--state", str(self.folder / "state"), *options]
        return subprocess.Popen(  # noqa: S603 - our own interpreter
            [sys.executable, "-m", "handler.cli.main", *words],
            env=os.environ | self.site.deployment.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def kill_at(self, name: str, count: int, *options: str) -> None:
        """Run the command until it has *sent* or *followed* so many objects, and kill it."""
        process, deadline = self.start(*options), time.monotonic() + PATIENCE_S
        while self.state.get(name, -1) < count:
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.communicate()


@pytest.fixture
def command(site: Site, tmp_path: Path) -> KilledCommand:
    bucket = f"archive-{site.folder}"
    site.s3.create_bucket(Bucket=bucket)
    return KilledCommand(site, bucket, tmp_path)


def stored(command: KilledCommand, count: int) -> dict[str, bytes]:
    """Put *count* pictures into the bucket, in families, with no event that says so."""
    bodies: dict[str, bytes] = {}
    for number, size in enumerate(cycle(SIZES)):
        some = family(number, min(size, count - len(bodies)))
        bodies |= {f"{number}-{member}.png": body for member, body in enumerate(some)}
        if len(bodies) == count:
            break
    for name, body in bodies.items():
        command.site.s3.put_object(Bucket=command.bucket, Key=f"{command.site.folder}/{name}", Body=body)
    return bodies


def reported(command: KilledCommand) -> Counter[frozenset[str]]:
    """How often each pair is in the report, by names without the folder."""
    found = Counter[frozenset[str]]()
    for line in command.report.read_text().splitlines():
        group = json.loads(line)
        names = [Path(one["key"]).name for one in (group["best"], *group["others"])]
        found.update(frozenset(names[place] for place in pair) for pair in group["pairs"])
    return found


@pytest.mark.parametrize(
    ("count", "kills"),
    [
        (60, [("sent", 10), ("sent", 30), ("sent", 60)]),
        pytest.param(1000, [("sent", 300), ("followed", 300), ("followed", 700)], marks=pytest.mark.slow),
    ],
)
def test_every_pair_is_in_the_report_once_whenever_the_command_is_killed(
    command: KilledCommand, count: int, kills: list[tuple[str, int]]
) -> None:
    bodies = stored(command, count)
    options = ("--tell", "report", "--report", str(command.report), "--json")

    for name, reached in kills:
        command.kill_at(name, reached, *options)
    last = command.start(*options)
    out, err = last.communicate(timeout=PATIENCE_S)

    assert last.returncode == 0, err
    told = json.loads(out)
    assert (told["sent"], told["outcomes"]) == (count, {"indexed": count})
    assert reported(command) == Counter(dict.fromkeys(near(bodies, command.site), 1))
    assert command.site.messages_so_far() == []
    assert command.state == {}


def test_what_events_told_of_is_known_and_what_is_no_picture_is_named(command: KilledCommand) -> None:
    body = next(iter(stored(command, 2).values()))
    command.site.s3.put_object(Bucket=command.bucket, Key=f"{command.site.folder}/notes.txt", Body=b"no picture")
    command.site.s3.put_object(Bucket=command.bucket, Key=f"{command.site.folder}/folder/", Body=b"")
    first = command.start("--json").communicate(timeout=PATIENCE_S)
    command.site.upload("copy.png", body)
    (line,) = command.site.wait_for_lines("copy.png")

    assert json.loads(first[0])["outcomes"] == {"indexed": 2, "rejected: unsupported": 1}
    assert line["announced"] == 1  # whoever uploads is told of what the job has indexed
    assert [document["origin"] for document in command.site.documents(1)] == ["upload"]
