"""A deployment and somebody who asks it."""

from io import StringIO

import pytest

from handler import log
from tests.asking import Asker
from tests.deployments import FakeDeployment


@pytest.fixture
def deployment() -> FakeDeployment:
    return FakeDeployment(generation="look1", max_looks=5)


@pytest.fixture
def ask(deployment: FakeDeployment) -> Asker:
    return Asker(deployment)


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> StringIO:
    """What the function logs from now on."""
    written = StringIO()
    monkeypatch.setattr(log.logger.registered_handler, "stream", written)
    return written
