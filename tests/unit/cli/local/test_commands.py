import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from handler.cli.local.commands import VERBS

PACKAGE = Path(__file__).parents[4] / "src" / "handler"


@pytest.mark.parametrize("verb", VERBS)
def test_outside_a_checkout_one_line_says_what_to_do(tmp_path: Path, verb: str) -> None:
    shutil.copytree(PACKAGE, tmp_path / "site" / "handler", ignore=shutil.ignore_patterns("__pycache__"))
    arguments = [verb, "x.json"] if verb == "invoke" else [verb]

    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "handler.cli.main", "local", *arguments],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "lookalike: local needs a checkout of the project, and this folder is not in one: "
        "clone the project, run make setup in it, and use its .venv/bin/lookalike\n"
    )
