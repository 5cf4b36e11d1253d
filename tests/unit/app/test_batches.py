"""Pictures that come again in one batch with uploads take nothing from them, nor from each other; and none is lost."""

import secrets
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from types import SimpleNamespace

import pytest

from handler import app
from handler.core.entry import entry_bytes
from handler.core.generations import GENERATIONS
from handler.core.journal import Backlog, Shape, Tail
from handler.core.model import Collection
from tests.deployments import FakeDeployment
from tests.events import coming_again, notification, queued
from tests.fakes import InMemoryBacklogs, InMemoryJournal
from tests.pictures import jpeg, photo
from tests.unit.app.conftest import Invoke

SMALL = Shape(segment_bytes=1)  # an entry each
SEGMENTS = 300  # of each scope, so that no part of an invocation's time is enough for all of them
UPLOADS, AGAIN = ("a/1.jpg", "b/1.jpg", "c/1.jpg"), ("d/1.jpg", "e/1.jpg")  # a scope each


class Spent:
    """A clock that moves by what is spent on each scope, in seconds."""

    def __init__(self) -> None:
        self.on = Counter[str]()

    def __call__(self) -> float:
        return self.on.total()


class SlowJournal(InMemoryJournal):
    """Whose every segment takes a while to read."""

    def __init__(self, spent: Spent) -> None:
        super().__init__(shape=SMALL, page_segments=1)
        self.spent = spent

    def tail(self, collection: Collection, cursors: Sequence[int]) -> Tail:
        self.spent.on[collection.scope] += 1
        return super().tail(collection, cursors)


class SlowBacklogs(InMemoryBacklogs):
    """Of which every part takes a while to file."""

    def __init__(self, spent: Spent) -> None:
        super().__init__()
        self.spent = spent

    def claim(self, collection: Collection, known: Backlog, segments: int, *, now: int, busy: int) -> Backlog | None:
        self.spent.on[collection.scope] += 1
        return super().claim(collection, known, segments, now=now, busy=busy)


def slow_to_load(spent: Spent) -> FakeDeployment:
    return FakeDeployment(journal=SlowJournal(spent), memory_bytes=64 << 20, monotonic=spent)


def slow_to_file(spent: Spent) -> FakeDeployment:
    return FakeDeployment(
        journal=InMemoryJournal(shape=SMALL), backlogs=SlowBacklogs(spent), memory_bytes=1, monotonic=spent
    )


def spent_on_batch(
    keys: Sequence[str], made: Callable[[Spent], FakeDeployment], invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> tuple[Counter[str], FakeDeployment]:
    """Hand a new instance messages about these objects at once; return what was spent on each scope, and all there is.

    Each scope is so large that no search of it can be whole. Those of AGAIN were stored before.
    """
    spent = Spent()
    monkeypatch.setattr(app, "time", SimpleNamespace(monotonic=spent, perf_counter=time.perf_counter))
    site = made(spent)
    site.generation, site.shape, site.scope_depth = "look1", SMALL, 1
    bodies = {key: jpeg(photo(number, (160, 120))) for number, key in enumerate((*UPLOADS, *AGAIN))}
    known = {key: site.upload(key, bodies[key]).ref for key in AGAIN}
    for key in bodies:
        fill(site, key.partition("/")[0] + "/")
    site.again.sent.clear()
    site.backlogs.noted.clear()
    spent.on.clear()
    messages = [coming_again(known[key]) if key in AGAIN else notification(site.put(key, bodies[key])) for key in keys]

    invocation = invoke(queued(*messages), cache(site.service))

    assert invocation.reply == {"batchItemFailures": []}
    return spent.on, site


def fill(site: FakeDeployment, scope: str) -> None:
    size = entry_bytes(GENERATIONS["look1"].word_count)
    for _ in range(SEGMENTS):
        site.journal.append(Collection(scope, "look1"), secrets.token_bytes(size), {}, ask=True)


@pytest.mark.parametrize("made", [slow_to_load, slow_to_file])
def test_pictures_that_come_again_leave_uploads_of_their_batch_all_their_time(
    made: Callable[[Spent], FakeDeployment], invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone, _ = spent_on_batch(UPLOADS, made, invoke, monkeypatch)

    together, site = spent_on_batch((AGAIN[0], *UPLOADS[:2], AGAIN[1], UPLOADS[2]), made, invoke, monkeypatch)

    assert {scope: together[scope] for scope in ("a/", "b/", "c/")} == alone
    assert 0 < together["d/"] <= together["e/"]  # what one leaves is the other's
    assert together.total() <= 60
    assert Counter(again.ref.key for again, _ in site.again.sent) == Counter((*UPLOADS, *AGAIN))  # all of them go on


def test_picture_that_comes_again_alone_has_nearly_all_of_the_time(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    spent, _ = spent_on_batch(AGAIN[:1], slow_to_load, invoke, monkeypatch)

    assert 45 <= spent["d/"] <= 50
