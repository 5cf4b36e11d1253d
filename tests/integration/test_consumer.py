"""The example of a consumer, as it stands in examples/consumer, against the deployed stack."""

import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.integration.conftest import Site
from tests.integration.subscribers import deploy
from tests.pictures import jpeg, near_copy, photo

EXAMPLE = Path(__file__).parents[2] / "examples" / "consumer"
CAT = photo(1)

pytestmark = pytest.mark.emulator


@pytest.fixture
def consumer(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(EXAMPLE))
    monkeypatch.delitem(sys.modules, "consumer", raising=False)
    return __import__("consumer")


@pytest.fixture
def database(consumer: Any) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    connection.executescript(consumer.TABLES)
    yield connection
    connection.close()


@pytest.fixture
def queue_url(site: Site, tmp_path: Path) -> str:
    """The queue of the example's template, deployed."""
    parameters = {"TopicArn": site.deployment.outputs["TopicArn"]}
    return deploy(site.deployment, "consumer", tmp_path, parameters)["QueueUrl"]


def test_consumer_handles_each_message_once(
    site: Site, consumer: Any, database: sqlite3.Connection, queue_url: str
) -> None:
    sqs = site.client("sqs")
    for name, body in (("cat.jpg", jpeg(CAT)), ("near.jpg", jpeg(near_copy(CAT)))):
        site.send(site.put(name, body))
    (message,) = site._messages.of(site.collection.scope, 1)

    consumer.receive(sqs, queue_url, database)
    rows = database.execute("SELECT picture, of, kind FROM duplicates").fetchall()
    again = consumer.handle(database, message)

    where = f"s3://quiet-pictures/{site.folder}"
    assert rows == [(f"{where}/near.jpg", f"{where}/cat.jpg", "near")]
    assert not again
    assert database.execute("SELECT count(*) FROM duplicates").fetchone() == (1,)


@pytest.mark.parametrize("body", ['{"schema": "another/1"}', '{"schema": "lookalike.match/1"}', "no JSON"])
def test_consumer_leaves_what_it_cannot_read_to_the_dead_letter_queue(
    site: Site, consumer: Any, database: sqlite3.Connection, queue_url: str, body: str
) -> None:
    sqs = site.client("sqs")
    sqs.send_message(QueueUrl=queue_url, MessageBody=body)

    received = consumer.receive(sqs, queue_url, database)

    attributes = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["ApproximateNumberOfMessagesNotVisible"])
    assert received == 1
    assert attributes["Attributes"]["ApproximateNumberOfMessagesNotVisible"] == "1"
