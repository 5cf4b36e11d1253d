"""`lookalike review` as a process: it asks the deployed function, and reads pictures from S3."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import NamedTuple

import httpx2
import pytest

from handler.cli.local import emulator
from tests.conftest import Stack
from tests.pictures import jpeg, photo

pytestmark = pytest.mark.emulator
SCOPE = "reviewed/"
PATIENCE_S = 60


class Running(NamedTuple):
    process: subprocess.Popen[str]
    address: str


@pytest.fixture
def running(stack: Stack) -> Iterator[Running]:
    bucket, s3 = stack.deployment.outputs["PicturesBucket"], stack.client("s3")
    for key in ("a.jpg", "b.jpg"):
        s3.put_object(Bucket=bucket, Key=SCOPE + key, Body=jpeg(photo(77)))
    words = ["review", "--no-browser", "--scope", SCOPE, "--function", stack.deployment.outputs["AskFunctionName"]]
    environment = emulator.environment(stack.deployment.endpoint, os.environ)
    command = [sys.executable, "-m", "handler.cli.main", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:  # noqa: S603 - our own
        assert process.stdout
        yield Running(process, process.stdout.readline().removeprefix("the page is at ").strip())
        process.kill()


def test_group_is_seen_and_decided_and_ctrl_c_ends_it(running: Running) -> None:
    origin = running.address.partition("/?")[0]
    with httpx2.Client(base_url=origin, headers={"Origin": origin}, timeout=PATIENCE_S) as browser:
        assert browser.get("/").status_code == 403
        browser.get(running.address)
        until = time.monotonic() + PATIENCE_S
        while not (names := re.findall(r'<article id="g-(\w+)"', (text := browser.get("/").text))):
            assert time.monotonic() < until, text

        (source, *_) = re.findall(r'src="(/thumbnail[^"]+)"', text)
        shown = browser.get(source.replace("&amp;", "&"))
        decided = browser.post(f"/groups/{names[0]}", data={"kept": "0"})

        assert (shown.status_code, shown.content[:2]) == (200, b"\xff\xd8")
        assert "1 decision" in decided.text
        assert (
            browser.get("/export/to-delete.sh", params={"scope": SCOPE}).text.count(
                "aws s3api delete-object --if-match "
            )
            == 1
        )
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(PATIENCE_S) == 130
