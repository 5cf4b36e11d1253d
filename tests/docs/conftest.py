"""The function, whole and in this process."""

import sys
from collections.abc import Callable
from typing import Any

import pytest

from handler import log
from tests.docs.function import Function


@pytest.fixture
def function(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Function]:
    """Make a function with what is given to it; its log is read from standard output."""
    for handler in log.logger.handlers:
        monkeypatch.setattr(handler, "stream", sys.stdout)

    def made(**parts: Any) -> Function:
        function = Function(generation="look1", **parts)
        function.output = lambda: capsys.readouterr().out
        return function

    return made
