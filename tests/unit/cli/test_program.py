"""Commands that a screen names can be pasted, however the program was called."""

import ast
import re
from pathlib import Path

import pytest

from handler.cli.main import COMMANDS
from handler.cli.program import ours
from tests.conftest import ROOT

NAMED = re.compile(rf"\blookalike ({'|'.join(COMMANDS)}) (-|s3:)")  # with an argument: it is to be pasted
SCREENS = [path for path in (ROOT / "src/handler/cli").rglob("*.py") if path.parent.name != "local"]


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program in a folder with a space, which no shell looks into."""
    program = tmp_path / "my env" / "lookalike"
    program.parent.mkdir()
    program.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return program


@pytest.mark.parametrize("called", ["my env/lookalike", "{}/my env/lookalike"])
def test_program_that_no_shell_finds_is_named_by_the_path_that_was_typed(
    installed: Path, monkeypatch: pytest.MonkeyPatch, called: str
) -> None:
    typed = called.format(installed.parents[1])
    monkeypatch.setattr("sys.argv", [typed, "status"])

    assert ours("failures") == f"'{typed}' failures"


def test_program_that_a_shell_finds_is_named_by_its_name(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(installed.parent))
    monkeypatch.setattr("sys.argv", [str(installed), "status"])

    assert ours("failures") == "lookalike failures"


def test_another_one_of_that_name_is_not_taken_for_it(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = installed.parents[1] / "lookalike"
    other.touch(mode=0o755)
    monkeypatch.setattr("sys.argv", [str(installed), "status"])

    assert ours("failures") == f"'{installed}' failures"


def test_stack_of_another_name_is_named_last() -> None:
    assert ours("redrive --cause timeout", "my-pictures") == "lookalike redrive --cause timeout --stack my-pictures"
    assert ours("redrive --cause timeout", "lookalike") == "lookalike redrive --cause timeout"


def test_no_screen_spells_a_command_out() -> None:
    """Texts of help are left out: they are about the program, whoever calls it."""
    spelled = [
        f"{path.name}:{node.lineno}"
        for path in SCREENS
        for made in ast.walk(ast.parse(path.read_text()))
        if isinstance(made, ast.FunctionDef) and not made.name.startswith("configure")
        for statement in made.body[bool(ast.get_docstring(made)) :]
        for node in ast.walk(statement)
        if isinstance(node, ast.Constant | ast.JoinedStr) and NAMED.search(ast.unparse(node))
    ]  # fmt: skip

    assert spelled == []
