"""The deployments that these tests run on: over fakes."""

import pytest

from tests.deployments import FakeDeployment


@pytest.fixture(params=[1 << 20, 0], ids=["journal", "buckets"])
def deployment(request: pytest.FixtureRequest) -> FakeDeployment:
    """Twice: with instances that remember the journal, and with such as have to probe the buckets."""
    return FakeDeployment(memory_bytes=request.param)


@pytest.fixture
def with_views(deployment: FakeDeployment) -> FakeDeployment:
    """The same, with the generation that has several views."""
    deployment.generation = "look1"
    return deployment
