"""Runs the commands of a page as a reader would: from top to bottom, in one shell.

In a `console` block a line that begins with `$ ` is a command, which goes on after a backslash; the other lines are
what it prints: `...` stands for anything in a line, and alone on a line for any lines. `sh` and `bash` blocks are
commands, `python` and `javascript` blocks programs, of which only success is expected. A comment on the line before the
fence may say more.
"""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.docs.markdown import CodeBlock

PROMPT = "$ "
ANYTHING = "..."
RETURN = "\r"
INTERPRETERS = {"python": ".venv/bin/python -", "javascript": "node --input-type=module -"}
RUN = ("console", "sh", "bash", *INTERPRETERS)  # languages of blocks that are run, unless they say why not
SHOWN = ("text", "json", "yaml", "mermaid")  # and of those that are looked at
TIMEOUT_S = 240  # for a page; on an idle machine none takes a tenth of it

_NOT_RUN = re.compile(r"<!-- not run: (.+) -->")
_RUN_BY = re.compile(r"<!-- run by: (\S+) -->")
_EXITS_WITH = re.compile(r"<!-- exits with: (\d+(?: or \d+)*) -->")
_MARK = "\x1e"  # the record separator: no command prints it


@dataclass(frozen=True, slots=True)
class ShellCommand:
    """One command, and what should come of it."""

    block: CodeBlock
    text: str
    printed: tuple[str, ...] | None = None  # None: whatever
    statuses: tuple[int, ...] = (0,)


class Wrong(Exception):
    """A command did something else than the page says."""


def reason_not_to_run(block: CodeBlock) -> str | None:
    """Return why *block* is not run, if it says so."""
    found = _NOT_RUN.fullmatch(block.before)
    return found[1] if found else None


def other_runner(block: CodeBlock) -> str | None:
    """Return the file that runs the commands of *block*, if it names one."""
    found = _RUN_BY.fullmatch(block.before)
    return found[1] if found else None


def is_run(block: CodeBlock) -> bool:
    """Return whether `run` is to run *block*."""
    return block.language in RUN and reason_not_to_run(block) is None and other_runner(block) is None


def commands(block: CodeBlock) -> list[ShellCommand]:
    """Return what is to be run of *block*, in its order."""
    found = _EXITS_WITH.fullmatch(block.before)
    statuses = tuple(map(int, found[1].split(" or "))) if found else (0,)
    match block.language:
        case "console":
            return [ShellCommand(block, text, printed, statuses) for text, printed in _typed(block)]
        case "python":
            return [
                ShellCommand(
                    block, f".venv/bin/python - <<'END_OF_PROGRAM'\n{block.text}\nEND_OF_PROGRAM", None, statuses
                )
            ]
        case "javascript":
            program = f"node --input-type=module - <<'END_OF_PROGRAM'\n{block.text}\nEND_OF_PROGRAM"
            return [ShellCommand(block, program, None, statuses)]
    return [ShellCommand(block, block.text, None, statuses)]


def run(wanted: Sequence[ShellCommand], folder: Path, env: Mapping[str, str]) -> None:
    """Run the commands in *folder*; raise Wrong at the first that does something else than its page says."""
    output = _output(_script(wanted), folder, env)
    ended = re.split(rf"{_MARK}(\d+)\n", output)
    for command, said, status in zip(wanted, map(_seen, ended[::2]), [*ended[1::2], None], strict=False):
        where = f"{command.block}: {command.text}"
        if status is None:
            raise Wrong(f"{where}\nnever ended, and printed:\n{said}")
        if int(status) not in command.statuses:
            wanted_statuses = " or ".join(map(str, command.statuses))
            raise Wrong(f"{where}\nended with {status}, want {wanted_statuses}, and printed:\n{said}")
        if command.printed is not None and not _fits(said, command.printed):
            raise Wrong(f"{where}\nprinted:\n{said}want:\n" + "\n".join(command.printed))


def _typed(block: CodeBlock) -> Iterator[tuple[str, tuple[str, ...] | None]]:
    """Yield each command of a console block, and the lines that follow it."""
    text, printed, unfinished = "", list[str](), False
    for line in block.text.splitlines():
        if unfinished:
            text += f"\n{line}"
        elif line.startswith(PROMPT):
            if text:
                yield text, tuple(printed) or None
            text, printed = line.removeprefix(PROMPT), []
        else:
            printed.append(line)
            continue
        unfinished = line.endswith("\\")
    yield text, tuple(printed) or None


def _script(wanted: Sequence[ShellCommand]) -> str:
    """The commands as one script, which tells the status of each and ends at the first that is wrong."""
    lines = ["exec 2>&1"]
    for command in wanted:
        as_wanted = " || ".join(f"[ $status = {status} ]" for status in command.statuses)
        lines += [command.text, f"status=$?; printf '{_MARK}%d\\n' $status; {as_wanted} || exit"]
    return "\n".join(lines)


def _output(script: str, folder: Path, env: Mapping[str, str]) -> str:
    shell = shutil.which("bash") or "sh"
    with subprocess.Popen(  # noqa: S603  what our own pages say
        [shell, "-c", script],
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        try:
            output, _ = process.communicate(timeout=TIMEOUT_S)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    return output.decode(errors="replace")


def _fits(said: str, printed: Sequence[str]) -> bool:
    pattern = "".join(
        "(?:.*\n)*?" if line.strip() == ANYTHING else ".*?".join(map(_spaced, line.split(ANYTHING))) + "\n"
        for line in printed
    )
    return re.fullmatch(pattern, said) is not None


def _seen(output: str) -> str:
    """What a terminal shows: what follows a carriage return overwrites what came before it."""
    lines = output.removesuffix("\n").split("\n") if output else []
    return "".join(f"{line.rstrip().rpartition(RETURN)[2]}\n" for line in lines)


def _spaced(text: str) -> str:
    """The pattern of *text*, with as many blanks as there are."""
    return r"\s+".join(map(re.escape, re.split(r" +", text.rstrip())))
