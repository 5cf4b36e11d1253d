"""The function, whole and in this process."""

import sys
from collections.abc import Callable
from typing import Any

import pytest

from handler import app
from tests.docs.function import Function


@pytest.fixture
def function(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Function]:
    """Make a function with what is given to it; its log is read from standard output."""
    for handler in app.logger.handlers:
        monkeypatch.setattr(handler, "stream", sys.stdout)
    monkeypatch.setattr(app.metrics.provider, "namespace", "Lookalike")  # the template's variables are not set here

    def made(**parts: Any) -> Function:
        function = Function(generation="look1", **parts)
        function.output = lambda: capsys.readouterr().out
        return function

    return made
