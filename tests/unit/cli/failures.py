"""Failed events, and a queue in memory that they wait in."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

EVENTS = Path(__file__).parents[3] / "events"
RECORD = json.loads((EVENTS / "failed-event.json").read_text())
START_MS = 1_793_401_200_000  # the queue's clock below
DATE = "Fri, 30 Oct 2026 23:00:00 GMT"


class InMemoryQueue:
    """What an SQS client does with one queue: a message that was received is out of sight until it is handed back."""

    def __init__(self, *bodies: str) -> None:
        self.messages: dict[str, dict[str, Any]] = {}
        self.hidden: set[str] = set()
        self.delivered_twice = False  # every message comes once more, at once
        self.stuck: set[str] = set()  # that cannot be deleted
        self.deliveries: Counter[str] = Counter()
        for body in bodies:
            self.send(body)

    def send(self, body: str, *, sent_ms: int = START_MS - 60_000) -> None:
        message_id = f"m{len(self.messages)}"
        self.messages[message_id] = {"MessageId": message_id, "Body": body, "sent_ms": sent_ms}

    @property
    def visible(self) -> list[str]:
        return [message_id for message_id in self.messages if message_id not in self.hidden]

    def get_queue_attributes(self, **_: Any) -> dict[str, Any]:
        return {
            "Attributes": {"ApproximateNumberOfMessages": str(len(self.visible))},
            "ResponseMetadata": {"HTTPHeaders": {"date": DATE}},
        }

    def receive_message(self, **options: Any) -> dict[str, Any]:
        chosen = self.visible[: options["MaxNumberOfMessages"]]
        for one in chosen:
            self.deliveries[one] += 1
            if not self.delivered_twice or self.deliveries[one] > 1:
                self.hidden.add(one)
        return {"Messages": [self._delivery(one) for one in chosen]} if chosen else {}

    def _delivery(self, message_id: str) -> dict[str, Any]:
        message = self.messages[message_id]
        return {
            "MessageId": message_id,
            "Body": message["Body"],
            "ReceiptHandle": message_id,
            "Attributes": {"SentTimestamp": str(message["sent_ms"])},
        }

    def delete_message_batch(self, **options: Any) -> dict[str, Any]:
        entries = options["Entries"]
        assert 1 <= len(entries) <= 10
        failed = [entry for entry in entries if entry["ReceiptHandle"] in self.stuck]
        for entry in [entry for entry in entries if entry not in failed]:
            if not self.delivered_twice or self.deliveries[entry["ReceiptHandle"]] > 1:
                self.messages.pop(entry["ReceiptHandle"], None)
        return {"Failed": [{"Id": entry["Id"], "Code": "InternalError"} for entry in failed]}

    def change_message_visibility_batch(self, **options: Any) -> None:
        entries = options["Entries"]
        assert 1 <= len(entries) <= 10
        assert {entry["VisibilityTimeout"] for entry in entries} == {0}
        self.hidden -= {entry["ReceiptHandle"] for entry in entries}


def record(key: str) -> str:
    """Return the record of a failed upload of *key*."""
    copy = json.loads(json.dumps(RECORD))
    copy["requestPayload"]["Records"][0]["s3"]["object"]["key"] = key
    return json.dumps(copy)


def message(body: str) -> Any:
    return {"MessageId": "m", "Body": body, "Attributes": {"SentTimestamp": str(START_MS)}}


def key_of(payload: bytes) -> str:
    return str(json.loads(payload)["Records"][0]["s3"]["object"]["key"])


def client_error(code: str, operation: str, text: str = "because") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": text}}, operation)
