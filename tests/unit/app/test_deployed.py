"""The handler as Lambda calls it, with the service that its environment configures."""

import sys
from collections.abc import Iterator
from typing import Any

import pytest

from handler import app, log, wiring
from handler.core.model import ObjectRef
from handler.deliveries import ItemsFailed
from tests.asking import Context
from tests.environment import GOOD
from tests.events import notification

CONTEXT: Any = Context()
TEST_EVENT = {"Event": "s3:TestEvent"}  # asks for nothing, so nothing is called


@pytest.fixture(autouse=True)
def container(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A new container: nothing is configured, and no service was made yet."""
    for name in GOOD:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    wiring.service.cache_clear()
    yield
    wiring.service.cache_clear()


def configure(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    for name, value in (GOOD | variables).items():
        monkeypatch.setenv(name, value)


def test_bad_environment_fails_each_event_and_names_every_variable(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    configure(monkeypatch, RADIUS="ten", BUCKET_TABLE="")
    monkeypatch.setattr(log.logger.registered_handler, "stream", sys.stdout)

    for _ in range(2):
        with pytest.raises(ItemsFailed, match=r"BUCKET_TABLE is missing; RADIUS is 'ten', want an integer"):
            app.lambda_handler(notification(ObjectRef("pictures", "a.jpg")), CONTEXT)
        assert '"Troubles":1' in capsys.readouterr().out


def test_service_is_made_once_for_the_life_of_a_container(monkeypatch: pytest.MonkeyPatch) -> None:
    configure(monkeypatch)
    assert app.lambda_handler(TEST_EVENT, CONTEXT) == {"outcomes": ["ignored"]}

    configure(monkeypatch, RADIUS="ten")

    assert app.lambda_handler(TEST_EVENT, CONTEXT) == {"outcomes": ["ignored"]}
    assert wiring.service.cache_info().misses == 1


def test_second_generation_is_written_where_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    configure(monkeypatch)
    alone = wiring.service()
    wiring.service.cache_clear()
    configure(monkeypatch, ALSO_GENERATION="phash1")
    moving = wiring.service()

    assert alone.shadow is None
    assert moving.shadow is not None
    assert moving.shadow._settings.generation == "phash1"
