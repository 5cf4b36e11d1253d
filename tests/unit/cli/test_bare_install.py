"""The command line as `pip install .` gives it: without the extras, and without the packages for development."""

import json
import os
import re
import subprocess
import sys
from functools import cache
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest

from handler.cli.main import COMMANDS
from tests.pictures import photo, png
from tests.unit.cli.conftest import write

pytestmark = pytest.mark.thorough

HIDING = """
import sys
hidden = set(sys.argv.pop(1).split(","))

class Bare:
    def __init__(self, finder):
        self.finder = finder
    def find_spec(self, name, path=None, target=None):
        return None if name.partition(".")[0] in hidden else self.finder.find_spec(name, path, target)
    def __getattr__(self, name):
        return getattr(self.finder, name)

sys.meta_path[:] = map(Bare, sys.meta_path)
"""
PROGRAM = f"""{HIDING}
from handler.cli.main import main
sys.exit(main(sys.argv[1:]))
"""
# One process for all: what is hidden stays so, whatever a command before has imported.
HELP = f"""{HIDING}
import contextlib, io, json
from handler.cli.main import COMMANDS, main
said = {{}}
for name in COMMANDS:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = main([name, "--help"])
        except SystemExit as ended:
            status = ended.code
    said[name] = status, err.getvalue(), out.getvalue().split("\\n")[0]
print(json.dumps(said))
"""


def bare(*arguments: str | Path, folder: Path, program: str = PROGRAM) -> subprocess.CompletedProcess[str]:
    """Run `lookalike` in *folder*, where nothing of AWS is configured and only what it requires can be imported."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {"AWS_CONFIG_FILE": os.devnull, "AWS_EC2_METADATA_DISABLED": "true"}
    command = [sys.executable, "-c", program, ",".join(sorted(others())), *map(str, arguments)]
    return subprocess.run(  # noqa: S603 - our own interpreter
        command, capture_output=True, text=True, cwd=folder, env=environment, timeout=60, check=False
    )


@cache
def others() -> set[str]:
    """Return what can be imported here, and could not be after `pip install .`."""
    wanted, seen = ["lookalike"], set[str]()
    while wanted:
        name = wanted.pop()
        if name not in seen:
            seen.add(name)
            wanted += [normal(one) for one in requires(name) or () if "extra ==" not in one]
    return {module for module, found in packages_distributions().items() if not seen & set(map(normal, found))}


def normal(requirement: str) -> str:
    """Return the name in *requirement*, as package indexes compare names."""
    found = re.match(r"[\w.-]+", requirement)
    assert found
    return re.sub(r"[-_.]+", "-", found[0]).lower()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.png", "b.png"):
        write(tmp_path / name, png(photo(1)))
    return tmp_path


def test_what_is_hidden_is_what_other_groups_and_extras_bring() -> None:
    assert others() >= {"rich", "pillow_heif", "ministack", "pytest"}
    assert not others() & {"handler", "boto3", "botocore", "numpy", "PIL", "aws_lambda_powertools"}


@pytest.mark.parametrize(
    ("arguments", "status", "printed"),
    [
        ("--version", 0, "lookalike "),
        ("--help", 0, "commands:"),
        ("hash .", 0, "  ./b.png"),
        ("pairs .", 0, "2 pictures, 1 group, "),
        ("pairs --json .", 0, '"kind": "exact"'),
        ("compare --plot plot.png a.png b.png", 0, "kind         exact"),
        ("find a.png", 2, "no AWS region: set AWS_DEFAULT_REGION"),
        ("show s3://b/k", 2, "no AWS region: set AWS_DEFAULT_REGION"),
        ("review", 2, "review needs packages that are not installed (jinja2, starlette, uvicorn): pip install"),
        ("groups", 2, "no AWS region: set AWS_DEFAULT_REGION"),
        ("redrive --yes", 1, "no AWS region: set AWS_DEFAULT_REGION"),
        ("local up", 1, "local needs packages that are not installed (hypercorn, ministack, rich, "),
    ],
)
def test_commands_work_without_extras(folder: Path, arguments: str, status: int, printed: str) -> None:
    done = bare(*arguments.split(), folder=folder)

    assert (done.returncode, "Traceback" in done.stderr) == (status, False), done.stderr
    assert printed in done.stdout + done.stderr
    assert status == 0 or done.stderr.count("\n") == 1


def test_help_of_every_command_works_without_extras(folder: Path) -> None:
    done = bare(folder=folder, program=HELP)

    assert (done.returncode, done.stderr) == (0, "")
    said = json.loads(done.stdout)
    assert {name: (status, error) for name, (status, error, _) in said.items()} == dict.fromkeys(COMMANDS, (0, ""))
    assert [name for name, (*_, first) in said.items() if not first.startswith(f"usage: lookalike {name} ")] == []
