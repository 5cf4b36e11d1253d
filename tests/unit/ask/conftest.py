"""A deployment and somebody who asks it."""

import pytest

from handler.ask import app
from tests.asking import Asker
from tests.deployments import FakeDeployment


@pytest.fixture
def deployment() -> FakeDeployment:
    return FakeDeployment(generation="look1", max_looks=5)


@pytest.fixture(autouse=True)
def namespace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.metrics.provider, "namespace", "Lookalike")  # what the template sets


@pytest.fixture
def ask(deployment: FakeDeployment) -> Asker:
    return Asker(deployment)
