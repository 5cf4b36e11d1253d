import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from handler.cli.local import emulator
from handler.cli.local.emulator import LocalError
from handler.cli.local.processes import end_group


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


def test_processes_get_none_of_the_users_aws_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ACCESS_KEY_ID", "AWS_ENDPOINT_URL_S3", "SAM_CLI_CONFIG"):
        monkeypatch.setenv(name, "the user's")

    env = emulator.environment("http://127.0.0.1:4566")

    assert "the user's" not in env.values()
    assert env["AWS_ACCESS_KEY_ID"] == "test"
    assert env["AWS_CONFIG_FILE"] == env["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull
    assert (env["AWS_EC2_METADATA_DISABLED"], env["SAM_CLI_TELEMETRY"]) == ("true", "0")


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

        end_group(process.pid, process)

        with pytest.raises(ProcessLookupError):
            os.killpg(process.pid, 0)
