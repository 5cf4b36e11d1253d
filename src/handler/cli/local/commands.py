"""`lookalike local`: the whole of it on this machine, without an AWS account and without Docker."""

import argparse
import json
import signal
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from rich.console import Console

from handler.cli.local import demo, deployment, emulator, invoke, stack
from handler.cli.local.emulator import LocalError

END = ".venv/bin/lookalike local down"
EXIT_INTERRUPTED = 130
REPORT_WIDTH = 120  # of a table in a log


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Register the `local` command with its four verbs."""
    parser = subparsers.add_parser(
        "local",
        help="run everything on this machine, without AWS",
        description="Run the real template in an emulator on loopback: no AWS account, and none of yours is touched.",
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

    up = verbs.add_parser("up", help="start the emulator with the deployed stack and leave it running")
    up.add_argument("--json", action="store_true", help="print one JSON object")
    up.add_argument("--port", type=int, help="of the emulator; default: a free one")
    up.add_argument(
        "--docker",
        action="store_true",
        help="let containers reach it too, and write .lookalike/env.json for `sam local invoke --env-vars`",
    )
    up.set_defaults(run=_guarded(_up))

    down = verbs.add_parser("down", help="end what `local up` has started")
    down.set_defaults(run=_guarded(_down))

    shown = verbs.add_parser("demo", help="upload pictures and print what was announced")
    shown.add_argument("photos", nargs="?", type=Path, metavar="PHOTOS", help="a folder; default: built-in pictures")
    shown.set_defaults(run=_guarded(_demo))

    invoked = verbs.add_parser("invoke", help="run `sam local invoke` (needs Docker) against an emulator")
    invoked.add_argument("event", type=Path, metavar="EVENT", help="a file of events/")
    invoked.set_defaults(run=_guarded(_invoke))


def _up(arguments: argparse.Namespace) -> int:
    root = stack.project_root()
    with stack.lock(
        stack.work_folder(root) / "deployment.lock"
    ):  # of two at once, the second finds the first's deployment
        found = deployment.running(root) or _start(root, port=arguments.port, docker=arguments.docker)
    if arguments.port is not None and not found.endpoint.endswith(f":{arguments.port}"):
        raise LocalError(f"already running at {found.endpoint}, not at port {arguments.port}: {END} first")
    if arguments.docker and not _variables_file(root).exists():
        raise LocalError(f"already running at {found.endpoint}, where containers cannot reach it: {END} first")
    if arguments.json:
        print(json.dumps(found.describe()))
        return 0
    print(f"# endpoint {found.endpoint}; end it with: {END}")
    print("unset", *emulator.STRAY_VARIABLES)
    for name, value in found.environment.items():
        print(f"export {name}={value}")
    for name, value in {**found.outputs, "NoticesQueueUrl": found.queue_url}.items():
        print(f"# {name:18} {value}")
    return 0


def _start(root: Path, *, port: int | None, docker: bool) -> deployment.Deployment:
    gateway = invoke.docker_gateway(root) if docker else None
    with Console(stderr=True).status("setting up") as status:
        started = deployment.start(root, port=port, container_gateway=gateway, progress=status.update)
    deployment.save(root, started)
    _variables_file(root).unlink(missing_ok=True)
    if docker:
        _variables_file(root).write_text(json.dumps(invoke.variables_in_docker(started), indent=2))
    started.emulator.leave_running()
    return started


def _variables_file(root: Path) -> Path:
    return stack.work_folder(root) / "env.json"


def _down(_arguments: argparse.Namespace) -> int:
    root = stack.project_root()
    if found := deployment.running(root):
        found.stop()
        print(f"ended {found.endpoint}")
    else:
        print("nothing is running")
    deployment.forget(root)
    return 0


def _demo(arguments: argparse.Namespace) -> int:
    return demo.run(stack.project_root(), arguments.photos, _console())


def _invoke(arguments: argparse.Namespace) -> int:
    return invoke.run(stack.project_root(), arguments.event, _console())


def _console() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=REPORT_WIDTH)


def _guarded(verb: Callable[[argparse.Namespace], int]) -> Callable[[argparse.Namespace], int]:
    """Make *verb* end in order on every signal that asks for it, and report what a person can mend in one line."""

    def run(arguments: argparse.Namespace) -> int:
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _interrupt)
        try:
            return verb(arguments)
        except LocalError as error:
            Console(stderr=True).print(f"lookalike: {error}", markup=False, highlight=False, soft_wrap=True)
            return 1
        except KeyboardInterrupt:
            Console(stderr=True).print("lookalike: interrupted; everything that was started has ended")
            return EXIT_INTERRUPTED

    return run


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
