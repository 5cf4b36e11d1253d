"""Failed events, and a queue in memory that they wait in."""

import json
from collections import Counter
from io import StringIO
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

EVENTS = Path(__file__).parents[3] / "events"
RECORD = json.loads((EVENTS / "failed-event.json").read_text())
START_MS = 1_793_401_200_000  # the queue's clock below
DATE = "Fri, 30 Oct 2026 23:00:00 GMT"


class TypedIn(StringIO):
    """Standard input of somebody who types."""

    def isatty(self) -> bool:
        return True


class SessionOf:
    """A session of boto3's with these clients, by service."""

    region_name = "eu-west-1"

    def __init__(self, **clients: Any) -> None:
        self._clients = clients

    def client(self, service: str, **_: Any) -> Any:
        return self._clients[service]


class InMemoryQueue:
    """What an SQS client does with one queue: a message that was received is out of sight for some time."""

    def __init__(self, *bodies: str) -> None:
        self.messages: dict[str, dict[str, Any]] = {}
        self.hidden_until: dict[str, float] = {}
        self.now_s = 0.0
        self.delivered_twice = False  # every message comes once more, at once
        self.stuck: set[str] = set()  # that cannot be deleted
        self.deliveries: Counter[str] = Counter()
        for body in bodies:
            self.send(body)

    def send(self, body: str, *, sent_ms: int = START_MS - 60_000, attributes: dict[str, str] | None = None) -> None:
        message_id = f"m{len(self.messages)}"
        said = {name: {"DataType": "String", "StringValue": text} for name, text in (attributes or {}).items()}
        self.messages[message_id] = {
            "MessageId": message_id, "Body": body, "sent_ms": sent_ms, "MessageAttributes": said
        }  # fmt: skip

    @property
    def visible(self) -> list[str]:
        return [message_id for message_id in self.messages if self.hidden_until.get(message_id, 0) <= self.now_s]

    def get_queue_attributes(self, **_: Any) -> dict[str, Any]:
        return {
            "Attributes": {
                "ApproximateNumberOfMessages": str(len(self.visible)),
                "ApproximateNumberOfMessagesNotVisible": str(len(self.messages) - len(self.visible)),
            },
            "ResponseMetadata": {"HTTPHeaders": {"date": DATE}},
        }

    def receive_message(self, **options: Any) -> dict[str, Any]:
        chosen = self.visible[: options["MaxNumberOfMessages"]]
        for one in chosen:
            self.deliveries[one] += 1
            if not self.delivered_twice or self.deliveries[one] > 1:
                self.hidden_until[one] = self.now_s + options["VisibilityTimeout"]
        return {"Messages": [self._delivery(one) for one in chosen]} if chosen else {}

    def _delivery(self, message_id: str) -> dict[str, Any]:
        message = self.messages[message_id]
        return {
            "MessageId": message_id,
            "Body": message["Body"],
            "ReceiptHandle": message_id,
            "Attributes": {"SentTimestamp": str(message["sent_ms"])},
        } | ({"MessageAttributes": message["MessageAttributes"]} if message["MessageAttributes"] else {})

    def delete_message_batch(self, **options: Any) -> dict[str, Any]:
        entries = options["Entries"]
        assert 1 <= len(entries) <= 10
        failed = [entry for entry in entries if entry["ReceiptHandle"] in self.stuck]
        for entry in [entry for entry in entries if entry not in failed]:
            if not self.delivered_twice or self.deliveries[entry["ReceiptHandle"]] > 1:
                self.messages.pop(entry["ReceiptHandle"], None)
        return {"Failed": [{"Id": entry["Id"], "Code": "InternalError"} for entry in failed]}

    def change_message_visibility_batch(self, **options: Any) -> dict[str, Any]:
        entries = options["Entries"]
        assert 1 <= len(entries) <= 10
        for entry in entries:
            self.hidden_until[entry["ReceiptHandle"]] = self.now_s + entry["VisibilityTimeout"]
        return {}


def record(
    key: str,
    *,
    bucket: str = "amzn-s3-demo-bucket",
    error: str | None = None,
    error_type: str = "ItemsFailed",
    condition: str = "RetriesExhausted",
    when: str | None = None,
) -> str:
    """Return the record of a failed upload of *key*."""
    copy = json.loads(json.dumps(RECORD))
    described = copy["requestPayload"]["Records"][0]["s3"]
    described["object"]["key"], described["bucket"]["name"] = key, bucket
    copy["requestContext"]["condition"] = condition
    if error is not None:
        copy["responsePayload"] = {"errorMessage": error, "errorType": error_type}
    if when is not None:
        copy["timestamp"] = when
    return json.dumps(copy)


def failed_again(payload: bytes) -> str:
    """Return the record of an event that was sent as *payload*, and failed."""
    return json.dumps(RECORD | {"requestPayload": json.loads(payload)})


def message(body: str) -> Any:
    return {"MessageId": "m", "Body": body, "Attributes": {"SentTimestamp": str(START_MS)}}


def key_of(payload: bytes) -> str:
    event = json.loads(payload)
    return str(event.get("requestPayload", event)["Records"][0]["s3"]["object"]["key"])


def client_error(code: str, operation: str, text: str = "because") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": text}}, operation)
