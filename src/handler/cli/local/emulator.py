"""The embedded AWS: one process on loopback, and environments from which nothing else can be reached."""

import contextlib
import ipaddress
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from handler.cli.errors import CommandError
from handler.cli.local import guard, processes
from handler.cli.local.processes import end_group
from handler.cli.stopping import adopt, ends_with_us, release

REGION = "us-east-1"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
# What may stand in a shell and would lead an SDK elsewhere although the variables below are set.
STRAY_VARIABLES = (
    *(
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
        "AWS_PROFILE",
        "AWS_DEFAULT_PROFILE",
        "AWS_SESSION_TOKEN",
        "AWS_ROLE_ARN",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
    ),
    *(f"AWS_ENDPOINT_URL_{service}" for service in ("S3", "DYNAMODB", "SNS", "SQS", "LAMBDA", "CLOUDFORMATION", "STS")),
)
START_TIMEOUT_S = 60
LOOKS = 3  # at one that does not answer at once, of two seconds each: it may be busy


class LocalError(CommandError):
    """What keeps a local run from going on, and what to do about it."""


def require_loopback(endpoint: str) -> str:
    """Return *endpoint*; raise LocalError unless it is plain HTTP to this machine."""
    parts = urlsplit(endpoint)
    host = parts.hostname or ""
    with contextlib.suppress(ValueError):
        if parts.scheme == "http" and (host == "localhost" or ipaddress.ip_address(host).is_loopback):
            return endpoint
    raise LocalError(
        f"{endpoint!r} is not a loopback address, and local runs stay on this machine: want http://127.0.0.1:PORT"
    )


def aws_variables(endpoint: str) -> dict[str, str]:
    """Return all that an AWS SDK needs in order to reach *endpoint* and nothing else."""
    return CREDENTIALS | {
        "AWS_ENDPOINT_URL": require_loopback(endpoint),
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }


def environment(endpoint: str, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return this process's environment with everything of AWS and SAM replaced by *aws_variables*."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SAM_", "BOTO", "LAMBDA_"))
    }
    return kept | {"SAM_CLI_TELEMETRY": "0"} | aws_variables(endpoint) | dict(extra or {})


class Emulator:
    """One running emulator: the leader of a process group, and the folder that goes with it."""

    def __init__(self, endpoint: str, pid: int, folder: Path, process: subprocess.Popen[bytes] | None = None) -> None:
        """Its log and temporary files are in *folder*; *process* is missing if another process started it."""
        self.endpoint, self.pid, self.folder, self._process = endpoint, pid, folder, process

    def alive(self) -> bool:
        """Whether it answers at its endpoint."""
        return _healthy(self.endpoint)

    def lives(self) -> bool:
        """Whether its processes are there, answering or not; also if they may be somebody else's."""
        noted = processes.read_note(self.folder)
        return noted is not None and noted.members() != []

    def leave_running(self) -> None:
        """Let it outlive this process; without this it ends with this process, however that ends."""
        if self._process is not None and self._process.stdin is not None:
            processes.write_note(self.folder, self.pid, None)
            self._process.stdin.write(guard.STAY)
            self._process.stdin.flush()
            release(self.pid)

    def stop(self) -> list[int]:
        """End the emulator with all its children and remove its folder; no error if it has ended already.

        Return the processes that could not be ended, or be told from others: their folder stays.
        """
        if self._process is not None:
            left = end_group(self.pid, self._process)
            release(self.pid)
            if self._process.stdin is not None:
                self._process.stdin.close()
        else:
            noted = processes.read_note(self.folder)
            unknown = [self.pid] if self.alive() else []  # what nothing is noted of may be anybody's
            left = noted.end() if noted else unknown
        if not left:
            shutil.rmtree(self.folder, ignore_errors=True)
        return left


def start(folder: Path, *, port: int | None = None, container_gateway: str | None = None) -> Emulator:
    """Start an emulator whose files are in *folder* and return when it answers.

    It listens on 127.0.0.1, and on *container_gateway* (the host's address on Docker's bridge) where
    containers have to reach it. Raises LocalError if *port* is taken or it does not start.
    """
    port = _checked(port) if port is not None else _free_port()
    folder = folder / str(port)
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "tmp").mkdir(parents=True)
    processes.write_note(folder, None, os.getpid())
    endpoint = f"http://127.0.0.1:{port}"
    variables = {
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_REGION": REGION,
        "LAMBDA_ASYNC_RETRY_BASE_SECONDS": "0.2",
        "LOG_LEVEL": "WARNING",
        processes.MARK: str(folder),
        "TMPDIR": str(folder / "tmp"),
        "S3_DATA_DIR": str(folder / "s3"),
        "STATE_DIR": str(folder / "state"),
        "PYTHONDONTWRITEBYTECODE": "1",  # nothing is left behind in what was deployed
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
    }
    binds = [f"127.0.0.1:{port}"] + ([f"{container_gateway}:{port}"] if container_gateway else [])
    serve = [sys.executable, "-m", "hypercorn", "ministack.app:app"]
    command = [*serve, *(part for bind in binds for part in ("--bind", bind))]
    log = folder / "emulator.log"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and fixed words
            [sys.executable, "-m", "handler.cli.local.guard", str(folder), *command],
            cwd=folder,
            env=environment(endpoint, variables),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    adopt(process.pid)
    emulator = Emulator(endpoint, process.pid, folder, process)
    try:
        processes.write_note(folder, process.pid, os.getpid())
        _wait_until(emulator.alive, process, log)
    except BaseException:
        emulator.stop()
        raise
    return emulator


def run(
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    log: Path,
    stdout: Path | None = None,
    scratch: Path | None = None,
) -> tuple[int, str]:
    """Run *command* to its end; return its exit status and what it wrote to stdout.

    Everything goes into *log*, but stdout into a file of its own where *stdout* names one. The command
    has a process group of its own, which ends with us however we end; the folder *scratch* is noted as the
    group's, and removed then (or else *log*).
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    variables = dict(env) | ({processes.MARK: str(scratch)} if scratch else {})
    with log.open("wb") as said, (stdout or log).open("wb" if stdout else "ab") as output:
        process = subprocess.Popen(  # noqa: S603 - commands are built here, arguments are never a shell's
            [sys.executable, "-m", "handler.cli.local.guard", str(scratch or log), *command],
            cwd=cwd,
            env=variables,
            stdin=subprocess.PIPE,
            stdout=output if stdout else said,
            stderr=said,
            start_new_session=True,
        )
        with ends_with_us(process.pid), process:
            try:
                if scratch:
                    processes.write_note(scratch, process.pid, os.getpid())
                status = process.wait()
            finally:
                end_group(process.pid, process)
    return status, (stdout or log).read_text(errors="replace")


def _wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            tail = (log.read_text(errors="replace").strip().splitlines() or ["no output"])[-1]
            what = f"does not answer after {START_TIMEOUT_S} s" if process.poll() is None else "ended at once"
            raise LocalError(f"the emulator {what}; its last words: {tail}")
        time.sleep(0.05)


def answers(endpoint: str) -> bool:
    """Return whether an emulator answers at *endpoint*, if not at once."""
    return any(_healthy(endpoint) for _ in range(LOOKS))


def _healthy(endpoint: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # loopback is never behind a proxy
    try:
        with opener.open(f"{require_loopback(endpoint)}/_ministack/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _checked(port: int) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            raise LocalError(f"port {port} cannot be used ({error}): give another, or leave out --port") from error
    return port


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
