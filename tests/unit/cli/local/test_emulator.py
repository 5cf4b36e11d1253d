import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from handler.cli.local import emulator
from handler.cli.local.emulator import LocalError
from handler.cli.local.processes import end_group, members


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

        assert members(process.pid) == []


# Runs a command that has to be killed: the order to end it is waited for in vain.
STUBBORN = """
import os, sys
from pathlib import Path
from handler.cli.local import emulator
from handler.cli.stopping import two_signals_end
command = "import os, signal, time; signal.signal(15, signal.SIG_IGN); print(os.getpgid(0), flush=True); time.sleep(60)"
with two_signals_end():
    emulator.run([sys.executable, "-c", command], env=os.environ, cwd=Path(), log=Path(sys.argv[1]))
"""


def test_second_signal_ends_a_command_that_ignores_the_first(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with subprocess.Popen([sys.executable, "-c", STUBBORN, str(log)]) as process:  # noqa: S603 - our own interpreter
        while not (log.is_file() and log.read_text()):
            assert process.poll() is None
            time.sleep(0.02)
        group = int(log.read_text())
        assert len(members(group)) == 2
        os.kill(group, signal.SIGSTOP)  # the guard, which would do the same after a while

        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)

        assert process.wait(10) == 128 + signal.SIGTERM
    deadline = time.monotonic() + 10
    while members(group):  # killed, and gone in a moment
        assert time.monotonic() < deadline
        time.sleep(0.02)
