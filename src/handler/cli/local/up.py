"""`lookalike local up`: a deployment that goes on running."""

import argparse
import json
from pathlib import Path

from rich.console import Console

from handler.cli.local import deployment, docker, emulator, leftovers, stack
from handler.cli.local.emulator import LocalError
from handler.cli.output import complain

DOWN = ".venv/bin/lookalike local down"


def run(root: Path, options: argparse.Namespace) -> int:
    """Start a deployment unless one is running, and print how to reach it; return the exit status."""
    # Of two at once, the second finds the deployment of the first.
    with stack.lock(deployment.lock_file(root), deployment.BUSY):
        found = _running(root) or _start(root, options)
    if options.port is not None and not found.endpoint.endswith(f":{options.port}"):
        raise LocalError(f"already running at {found.endpoint}, not at port {options.port}: run {DOWN} first")
    if options.docker and not _variables_file(root).exists():
        raise LocalError(f"already running at {found.endpoint}, where containers cannot reach it: run {DOWN} first")
    print(json.dumps(found.describe()) if options.json else "\n".join(shell_lines(found)))
    return 0


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


def _start(root: Path, options: argparse.Namespace) -> deployment.Deployment:
    gateway = docker.gateway(root) if options.docker else None
    with Console(stderr=True).status("setting up") as status:
        started = deployment.start(root, port=options.port, container_gateway=gateway, progress=status.update)
    deployment.save(root, started)
    _variables_file(root).unlink(missing_ok=True)
    if options.docker:
        _variables_file(root).write_text(json.dumps(docker.variables(started), indent=2))
    started.emulator.leave_running()
    return started


def shell_lines(found: deployment.Deployment) -> list[str]:
    """Return what a shell may evaluate in order to reach the deployment; the rest is comments."""
    return [
        f"# endpoint {found.endpoint}; stop it with: {DOWN}",
        " ".join(("unset", *emulator.STRAY_VARIABLES)),
        *(f"export {name}={value}" for name, value in found.environment.items()),
        *(f"# {name:18} {value}" for name, value in {**found.outputs, "MessagesQueueUrl": found.queue_url}.items()),
    ]


def _variables_file(root: Path) -> Path:
    return stack.work_folder(root) / "env.json"
