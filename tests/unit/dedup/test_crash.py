"""A delivery that stops anywhere is sent again, and no pair is lost."""

from typing import Any

import pytest

from handler.core.message import Message
from handler.core.model import (
    ObjectRef,
)
from tests.deployments import BUCKET, FakeDeployment
from tests.pictures import jpeg, near_copy, photo

CAT = photo(1)


class Crash(Exception):
    """The function stopped here."""


class Unpublishable:
    """A topic that cannot be reached."""

    def publish(self, _: Message) -> None:
        raise Crash


class Steps:
    """Wraps adapters so that the call after *survived* calls crashes, before or after it takes effect."""

    def __init__(self, survived: int, *, effective: bool) -> None:
        self.left = survived
        self.effective = effective
        self.crashed = False

    def wrap(self, adapter: Any) -> Any:
        steps = self

        class Stepped:
            def __getattr__(self, name: str) -> Any:
                def call(*args: Any, **kwargs: Any) -> Any:
                    steps.left -= 1
                    if steps.crashed or (steps.left < 0 and not steps.effective):
                        steps.crashed = True
                        raise Crash
                    answer = getattr(adapter, name)(*args, **kwargs)
                    if steps.left < 0:
                        steps.crashed = True
                        raise Crash
                    return answer

                return call

        return Stepped()


@pytest.mark.parametrize("effective", [False, True], ids=["before its effect", "after its effect"])
@pytest.mark.parametrize("memory_bytes", [1 << 20, 0], ids=["journal", "buckets"])
def test_crash_at_any_step_then_a_retry_announces_the_pair(memory_bytes: int, *, effective: bool) -> None:
    crashes = 0
    while True:
        deployment = FakeDeployment(memory_bytes=memory_bytes)
        deployment.upload("cat.jpg", jpeg(CAT))
        event = deployment.put("copy.jpg", jpeg(near_copy(CAT)))
        steps = Steps(crashes, effective=effective)
        try:
            deployment.function(steps.wrap).created(event)
        except Crash:
            crashes += 1
        else:
            break
        deployment.function().created(event)

        assert ("copy.jpg", ["cat.jpg"]) in deployment.announced, f"crash at step {crashes}"
        assert [pair.announced for pair in deployment.pairs.items.values()] == [True]

    assert crashes >= 15  # read, 7 writes, ends, tail or probe and holders, get, re-check, note, publish, mark


def test_noted_pair_is_published_by_whoever_finds_it_next(deployment: FakeDeployment) -> None:
    deployment.upload("cat.jpg", jpeg(CAT))
    event = deployment.put("copy.jpg", jpeg(near_copy(CAT)))
    with pytest.raises(Crash):
        deployment.function(lambda adapter: Unpublishable() if adapter is deployment.topic else adapter).created(event)
    assert [pair.announced for pair in deployment.pairs.items.values()] == [False]

    # The original's own event is delivered again, before the copy's is retried.
    original = deployment.catalog.get(deployment.collection, [ObjectRef(BUCKET, "cat.jpg").object_id])
    deployment.function().created(original[0].ref)

    assert deployment.announced == [("cat.jpg", ["copy.jpg"])]
