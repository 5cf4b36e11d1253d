"""`lookalike local up`: a deployment that goes on running."""

import argparse
import json
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

from handler.cli.local import deployment, docker, emulator, leftovers, parameters, stack
from handler.cli.local.console import steps
from handler.cli.local.emulator import LocalError
from handler.cli.output import complain

DOWN = ".venv/bin/lookalike local down"
TAKE = ('take these variables into a shell with: eval "$(.venv/bin/lookalike local up)"',)
IGNORED = (
    "clients that ignore AWS_ENDPOINT_URL ask AWS itself (AWS CLI 1 does so for SQS): "
    'give them --endpoint-url "$AWS_ENDPOINT_URL"'
)


def run(root: Path, options: argparse.Namespace) -> int:
    """Start a deployment unless one is running, and print how to reach it; return the exit status."""
    asked = parameters.given(root, options)
    # Of two at once, the second finds the deployment of the first.
    with stack.lock(deployment.lock_file(root), deployment.BUSY):
        found = _running(root) or _start(root, options, asked)
    _check(root, found, options, asked)
    if options.json:
        print(json.dumps(found.describe()))
        return 0
    print("\n".join(shell_lines(found)))
    for line in (f"running at {found.endpoint}; stop it with {DOWN}", *(TAKE if sys.stdout.isatty() else ()), IGNORED):
        complain(line)
    return 0


def _check(root: Path, found: deployment.Deployment, options: argparse.Namespace, asked: Mapping[str, str]) -> None:
    """Raise LocalError if what is running is not what was asked for."""
    again = f"run {DOWN} first, which removes its data"
    running = f"already running at {found.endpoint}"
    if options.port is not None and not found.endpoint.endswith(f":{options.port}"):
        raise LocalError(f"{running}, not at port {options.port}: {again}")
    if options.docker and not _variables_file(root).exists():
        raise LocalError(f"{running}, where containers cannot reach it: {again}")
    has = parameters.defaults(root) | dict(found.parameters)
    if other := [f"{name}={has[name]}, not {value}" for name, value in asked.items() if has[name] != value]:
        raise LocalError(f"{running} with {'; '.join(other)}: {again}")


def _running(root: Path) -> deployment.Deployment | None:
    """The deployment that is running, if any; what others have left is removed."""
    found = deployment.noted(root)
    if left := leftovers.remove(root, but=found.emulator.folder if found else None).left:
        complain(leftovers.complaint(left))
    if found is None or emulator.answers(found.endpoint):
        return found
    if found.emulator.lives():
        raise LocalError(
            f"{found.endpoint} is running (process {found.emulator.pid}) but does not answer: "
            f"wait if it is busy, or end it with {DOWN}"
        )
    found.stop()
    return None


def _start(root: Path, options: argparse.Namespace, asked: Mapping[str, str]) -> deployment.Deployment:
    gateway = docker.gateway(root) if options.docker else None
    with steps() as step:
        started = deployment.start(root, port=options.port, parameters=asked, container_gateway=gateway, progress=step)
    deployment.save(root, started)
    _variables_file(root).unlink(missing_ok=True)
    if options.docker:
        _variables_file(root).write_text(json.dumps(docker.variables(started), indent=2))
    started.emulator.leave_running()
    return started


def shell_lines(found: deployment.Deployment) -> list[str]:
    """Return what a shell may evaluate in order to reach the deployment and what is in it."""
    variables = found.environment | found.variables
    return [
        " ".join(("unset", *emulator.STRAY_VARIABLES)),
        *(f"export {name}={shlex.quote(value)}" for name, value in variables.items()),
    ]


def _variables_file(root: Path) -> Path:
    return stack.work_folder(root) / "env.json"
