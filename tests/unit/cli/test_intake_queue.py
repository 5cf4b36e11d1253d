import json
from typing import Any

import pytest

from handler.cli.errors import CommandError
from handler.cli.intake_queue import IntakeQueue


class SQS:
    """A queue that refuses what is among *refused*, once for each time that it is there."""

    def __init__(self, *refused: str, waiting: str = "0") -> None:
        self._refused, self._waiting = list(refused), waiting
        self.taken = list[str]()

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803  boto3's names
        assert QueueUrl == "url"
        failed = []
        for entry in Entries:
            key = json.loads(entry["MessageBody"])["key"]
            if key in self._refused:
                self._refused.remove(key)
                failed.append({"Id": entry["Id"], "Code": "InternalError", "SenderFault": False})
            else:
                self.taken.append(key)
        return {"Failed": failed}

    def get_queue_attributes(self, *, QueueUrl: str, AttributeNames: tuple[str, ...]) -> dict[str, Any]:  # noqa: N803
        assert QueueUrl == "url"
        return {"Attributes": dict.fromkeys(AttributeNames, self._waiting)}


def test_what_the_queue_refuses_is_sent_again_and_nothing_else() -> None:
    client: Any = SQS("b", "b", "c")
    pauses = list[float]()

    IntakeQueue(client, "url", sleep=pauses.append).send([{"key": key} for key in "abcd"])

    assert client.taken == ["a", "d", "c", "b"]
    assert pauses == [0.25, 0.5]


def test_queue_that_never_takes_a_message_is_an_error() -> None:
    client: Any = SQS(*"b" * 100)

    with pytest.raises(CommandError, match="does not take messages"):
        IntakeQueue(client, "url", sleep=lambda _: None).send([{"key": "b"}])


def test_what_waits_for_its_time_is_not_done_with_either() -> None:
    client: Any = SQS(waiting="3")

    assert IntakeQueue(client, "url").waiting() == 9  # visible, not visible and delayed
