"""Local runs reach this machine only, whatever the user has configured."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from handler.cli.local import deployment, emulator
from handler.cli.local.emulator import Emulator, LocalError


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://s3.eu-west-1.amazonaws.com",
        "http://10.0.0.7:4566",
        "http://127.0.0.1.example.com:4566",
        "http://user@example.com",
        "https://127.0.0.1:4566",
        "127.0.0.1:4566",
        "",
    ],
)
def test_refuses_every_endpoint_but_loopback(endpoint: str) -> None:
    with pytest.raises(LocalError, match="not a loopback address"):
        emulator.environment(endpoint)


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:4566", "http://localhost:4566", "http://[::1]:4566"])
def test_accepts_loopback(endpoint: str) -> None:
    assert emulator.environment(endpoint)["AWS_ENDPOINT_URL"] == endpoint


def test_processes_get_nothing_of_the_users_aws_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ACCESS_KEY_ID", "AWS_ENDPOINT_URL_S3", "SAM_CLI_CONFIG"):
        monkeypatch.setenv(name, "the user's")

    env = emulator.environment("http://127.0.0.1:4566")

    assert "the user's" not in env.values()
    assert env["AWS_ACCESS_KEY_ID"] == "test"
    assert env["AWS_CONFIG_FILE"] == env["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull
    assert (env["AWS_EC2_METADATA_DISABLED"], env["SAM_CLI_TELEMETRY"]) == ("true", "0")


def test_clients_ignore_the_users_aws_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "the-users")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "https://s3.example.com")
    found = deployment.Deployment(Emulator("http://127.0.0.1:4566", 0, Path("unused")), {}, "")

    client = found.client("s3")

    assert (client.meta.endpoint_url, client.meta.region_name) == ("http://127.0.0.1:4566", "us-east-1")


def test_taken_port_is_one_line_with_its_cure(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        with pytest.raises(LocalError, match=f"port {port} cannot be used .* --port") as caught:
            emulator.start(tmp_path, port=port)

    assert "\n" not in str(caught.value)


def test_ending_a_group_ends_the_children_too() -> None:
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'print(1, flush=True); input()'])"
    process = subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"1\n"

        emulator.end_group(process.pid, process)

        with pytest.raises(ProcessLookupError):
            os.killpg(process.pid, 0)


def test_a_note_of_a_deployment_that_has_ended_is_ignored(tmp_path: Path) -> None:
    gone = deployment.Deployment(Emulator("http://127.0.0.1:9", 1, tmp_path / "none"), {"TopicArn": "arn"}, "url")
    deployment.save(tmp_path, gone)

    assert deployment.running(tmp_path) is None


def test_what_was_started_ends_with_its_starter_however_that_ends(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    command = [sys.executable, "-c", "print('up', flush=True); import time; time.sleep(60)"]
    guarded = subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "handler.cli.local.guard", str(folder), *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    with guarded:
        assert guarded.stdin is not None
        assert guarded.stdout is not None
        assert guarded.stdout.readline() == b"up\n"

        guarded.stdin.close()  # what the system does for a starter that was killed

        guarded.wait(10)
    assert not folder.exists()
    with pytest.raises(ProcessLookupError):
        os.killpg(guarded.pid, 0)
