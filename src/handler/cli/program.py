"""The commands of ours that a screen names: whoever reads one can paste it as it stands."""

import shlex
import shutil
import sys
from pathlib import Path

from handler.cli.stacks import STACK

NAME = "lookalike"


def ours(words: str, stack: str = STACK) -> str:
    """Return the command line that runs `lookalike` with *words*, about *stack*; its options come last."""
    return f"{_program()} {words}" + ("" if stack == STACK else f" --stack {shlex.quote(stack)}")


def _program() -> str:
    """Return what a shell has to be told to run this program again: its name if it finds it by that, else its path."""
    called = Path(sys.argv[0])
    if called.stem != NAME:  # a test, or a module that Python was told to run
        return NAME
    found = shutil.which(NAME)
    if found and Path(found).resolve() == called.resolve():
        return NAME
    return shlex.quote(str(called))
