"""How the browser that the command starts is let in."""

import os
import re
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import pytest
from starlette.testclient import TestClient

from handler.cli.review.guard import ENTRANCE
from handler.cli.review.invitation import Invitation
from handler.cli.review.session import Session
from tests.deployments import FakeDeployment
from tests.unit.cli.review.conftest import ORIGIN, PORT, TOKEN, reading

FROM_A_FILE = {"Origin": "null"}


@pytest.fixture
def invitation() -> Invitation:
    return Invitation()


@pytest.fixture
def client(session: Session, deployment: FakeDeployment, invitation: Invitation) -> TestClient:
    return reading(session, deployment, invitation)


def test_code_is_exchanged_once_for_the_cookie(client: TestClient, invitation: Invitation) -> None:
    first = client.post("/open", data={"code": invitation.code}, headers=FROM_A_FILE)

    assert (first.status_code, first.text) == (200, ENTRANCE)  # a redirect would come without the cookie
    cookie = first.headers["set-cookie"]
    assert cookie.startswith(f"lookalike-review-{PORT}=")
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
    assert client.get("/").status_code == 200
    again = client.post("/open", data={"code": invitation.code}, headers=FROM_A_FILE)
    assert (again.status_code, "set-cookie" in again.headers) == (403, False)


@pytest.mark.parametrize("form", [{}, {"code": ""}, {"code": "another"}, {"code": TOKEN}, {"code": "x" * 200_000}])
def test_other_codes_open_nothing_and_leave_it_as_it_is(
    client: TestClient, invitation: Invitation, form: dict[str, str]
) -> None:
    refused = client.post("/open", data=form, headers=FROM_A_FILE)

    assert (refused.status_code, "set-cookie" in refused.headers) == (403, False)
    assert client.post("/open", data={"code": invitation.code}, headers=FROM_A_FILE).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", f"evil.example:{PORT}"])
def test_code_is_taken_under_our_own_name_alone(client: TestClient, invitation: Invitation, host: str) -> None:
    refused = client.post("/open", data={"code": invitation.code}, headers=FROM_A_FILE | {"Host": host})

    assert (refused.status_code, "set-cookie" in refused.headers) == (403, False)


def test_code_in_an_address_opens_nothing(client: TestClient, invitation: Invitation) -> None:
    assert client.get("/open", params={"code": invitation.code}).status_code == 403


def test_file_is_of_its_owner_alone_and_gone_once_it_was_used(client: TestClient, invitation: Invitation) -> None:
    with invitation.written(ORIGIN) as file:
        modes = [stat.S_IMODE(path.stat().st_mode) for path in (file, file.parent)]
        assert modes == [0o600, 0o700]
        assert invitation.code in file.read_text()

        client.post("/open", data={"code": invitation.code}, headers=FROM_A_FILE)

        assert not file.exists()
    assert not file.parent.exists()


class Started(NamedTuple):
    """A command that has started a browser."""

    process: subprocess.Popen[str]
    address: str  # that it has printed
    arguments: str  # of the browser


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Started]:
    """`lookalike review`, whose browser tells what it was started with."""
    told, browser = tmp_path / "told", tmp_path / "browser"
    os.mkfifo(told)
    browser.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$*\" > '{told}'\n")
    browser.chmod(0o700)
    fakes = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "test")
    environment = os.environ | fakes | {"BROWSER": f"{browser} %s", "AWS_DEFAULT_REGION": "eu-west-1"}
    command = [sys.executable, "-m", "handler.cli.main", "review", "--function", "f"]
    with subprocess.Popen(  # noqa: S603 - our own
        command, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        yield Started(process, process.stdout.readline().split()[-1], told.read_text())
        process.kill()


def test_token_is_in_no_list_of_processes(started: Started) -> None:
    token = started.address.partition("token=")[2]
    file = Path(unquote(urlsplit(started.arguments.strip()).path))
    found = re.search('name="code" value="([^"]+)"', file.read_text())

    assert len(token) > 40
    assert found
    assert token not in started.arguments + file.read_text()
    assert found[1] not in started.arguments


def test_file_of_a_browser_that_never_came_goes_with_the_command(started: Started) -> None:
    file = Path(unquote(urlsplit(started.arguments.strip()).path))
    assert file.exists()

    started.process.send_signal(signal.SIGTERM)

    assert started.process.wait(30) == 128 + signal.SIGTERM
    assert not file.parent.exists()
