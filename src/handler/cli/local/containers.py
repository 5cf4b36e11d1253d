"""The containers that sam starts, which belong to Docker: no signal to sam's processes reaches them.

As a program, `python -m handler.cli.local.containers ENDPOINT`, it ends them once standard input closes.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

HOST = "host.docker.internal"  # this machine, seen from a container
SAMS = "label=sam.cli.container.type=lambda"
LOOKS = 5  # one may appear a moment after sam has ended
PAUSE_S = 0.5


def endpoint_inside(endpoint: str) -> str:
    """Return how a container reaches the emulator at *endpoint*."""
    return f"http://{HOST}:{urlsplit(endpoint).port}"


def remove(endpoint: str) -> None:
    """End and remove the containers whose function asks the emulator at *endpoint*; no error if there is no Docker."""
    if ids := _of(endpoint):
        _docker("rm", "--force", *ids)


@contextmanager
def removed(endpoint: str) -> Iterator[None]:
    """End with the block, however that ends, the containers whose function asks the emulator at *endpoint*."""
    with subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "handler.cli.local.containers", endpoint],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # it outlives this process for a moment, if need be
    ):
        try:
            yield
        finally:
            remove(endpoint)


def main(endpoint: str) -> int:
    """Wait until whoever started this has ended, and do what is left to do."""
    sys.stdin.buffer.read()
    for _ in range(LOOKS):
        remove(endpoint)
        if os.getppid() == STARTER:  # which has seen to it
            break
        time.sleep(PAUSE_S)
    return 0


def _of(endpoint: str) -> list[str]:
    wanted, ids = f"ENDPOINT_URL={endpoint_inside(endpoint)}", _docker("ps", "--quiet", "--filter", SAMS).split()
    described = _docker("inspect", "--format", "{{json .Config.Env}}", *ids).splitlines() if ids else []
    found = list[str]()
    for one, line in zip(ids, described, strict=False):
        with suppress(ValueError):
            found += [one] * (wanted in json.loads(line))
    return found


def _docker(*words: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - our own words
            ["docker", *words],  # noqa: S607 - wherever the user has it
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return ""
    return done.stdout


STARTER = os.getppid()

if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
