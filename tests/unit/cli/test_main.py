import argparse
import os
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from handler.cli.errors import STATUSES
from handler.cli.main import COMMANDS, main, parser

IMPORTED = """
import contextlib, sys
from handler.cli.main import main
with contextlib.suppress(SystemExit):
    main(sys.argv[1:])
print(*sorted(sys.modules), file=sys.stderr)
"""


def imported_by(*arguments: str) -> set[str]:
    """Return the modules that were imported once a process of its own has run `lookalike` with *arguments*."""
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", IMPORTED, *arguments], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stderr.split())


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_and_version_import_no_command(option: str) -> None:
    imported = imported_by(option)

    assert not imported & {command.module for command in COMMANDS.values()}
    assert not imported & {"numpy", "PIL", "boto3", "rich"}


@pytest.mark.thorough
@pytest.mark.parametrize("name", COMMANDS)
def test_only_the_chosen_command_is_imported(name: str) -> None:
    imported = imported_by(name, "--help")

    assert imported & {command.module for command in COMMANDS.values()} == {COMMANDS[name].module}
    assert not imported & {"rich", "scipy"}


@pytest.mark.parametrize("name", ["hash", "pairs", "compare"])
def test_commands_about_files_do_not_import_boto3(name: str) -> None:
    assert not imported_by(name, "--help") & {"boto3", "botocore"}


@pytest.mark.skipif(sys.platform != "linux", reason="counts threads as Linux shows them")
@pytest.mark.parametrize("name", ["hash", "pairs", "compare"])
def test_numpy_starts_no_threads(name: str) -> None:
    """It would start one for every core: set the variable that asks for more, and more there are."""
    count = 'import os, sys; print(len(os.listdir("/proc/self/task")), "numpy" in sys.modules, file=sys.stderr)'

    def threads(environment: dict[str, str]) -> str:
        done = subprocess.run(  # noqa: S603 - our own interpreter
            [sys.executable, "-c", f"{IMPORTED}\n{count}", name, "--help"],
            capture_output=True, text=True, check=True, timeout=60, env=environment,
        )  # fmt: skip
        return done.stderr.splitlines()[-1]

    unset = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    assert threads(unset) == "1 True"
    assert threads(unset | {"OPENBLAS_NUM_THREADS": "2"}) == f"{min(2, os.cpu_count() or 1)} True"


def test_help_lists_every_command_with_its_summary(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])

    lines = [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines()]
    assert ended.value.code == 0
    for name, command in COMMANDS.items():
        assert [name, command.summary] in lines


def helps() -> Iterator[argparse.ArgumentParser]:
    """Yield the parser of the whole, of each command and of each of its verbs."""
    waiting = [parser(COMMANDS)]
    while waiting:
        one = waiting.pop()
        yield one
        waiting += [added for action in choices(one) for added in action.choices.values()]


def choices(one: argparse.ArgumentParser) -> list["argparse._SubParsersAction[argparse.ArgumentParser]"]:
    return [action for action in one._actions if isinstance(action, argparse._SubParsersAction)]


@pytest.mark.parametrize("one", list(helps()), ids=lambda one: one.prog)
def test_help_has_no_name_in_braces_that_was_to_be_filled_in(one: argparse.ArgumentParser) -> None:
    assert re.search(r"{[A-Z_]+}|{\w+\(|%\(", one.format_help()) is None


@pytest.mark.parametrize("one", [one for one in helps() if not choices(one)], ids=lambda one: one.prog)
def test_help_has_defaults_exit_statuses_and_an_example(one: argparse.ArgumentParser) -> None:
    valued = [action for action in one._actions if action.option_strings and action.nargs != 0]

    assert all("(default: " in str(action.help) for action in valued)
    assert one.description
    assert "\nexit status:\n  0  " in f"\n{one.epilog}"
    assert "lookalike" in str(one.epilog).partition("example")[2]
    assert STATUSES in str(one.epilog)
    assert all(len(line) <= 80 for line in f"{one.description}\n{one.epilog}".splitlines())


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [(["hash"], "the following arguments are required: PATH"), (["hahs", "x"], "invalid choice: 'hahs'"),
     (["hash", "--generation", "phash0", "x"], "invalid choice: 'phash0'"),
     (["hash", "--max-pixels", "0", "x"], "'0' is not a positive whole number"), ([], "COMMAND"),
     (["local"], "VERB"), (["local", "up", "--port", "65536"], "'65536' is not a port number")]
)  # fmt: skip
def test_wrong_usage_is_one_line_and_status_2(
    capsys: pytest.CaptureFixture[str], arguments: list[str], complaint: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    message = capsys.readouterr().err
    assert ended.value.code == 2
    assert message.startswith("lookalike: ")
    assert complaint in message
    assert message.count("\n") == 1


def test_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])

    assert ended.value.code == 0
    assert capsys.readouterr().out == "lookalike 0.1.0\n"
