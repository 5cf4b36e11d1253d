"""The deployments that these tests run on: over fakes."""

import pytest

from handler.core.model import Content, ObjectGone, ObjectRef
from tests.deployments import FakeDeployment
from tests.fakes import InMemoryPictures


class GoneOnceItWasRead(InMemoryPictures):
    """A bucket in which the picture *key* is deleted once it was read."""

    def __init__(self, key: str) -> None:
        super().__init__()
        self._key = key

    def read(self, ref: ObjectRef) -> Content:
        content = super().read(ref)
        if ref.key == self._key:
            self.errors[ref.key] = ObjectGone("it was deleted meanwhile")
        return content


@pytest.fixture(params=[1 << 20, 0], ids=["journal", "buckets"])
def deployment(request: pytest.FixtureRequest) -> FakeDeployment:
    """Twice: with instances that remember the journal, and with such as have to probe the buckets."""
    return FakeDeployment(memory_bytes=request.param)


@pytest.fixture
def with_views(deployment: FakeDeployment) -> FakeDeployment:
    """The same, with the generation that has several views."""
    deployment.generation = "look1"
    return deployment
