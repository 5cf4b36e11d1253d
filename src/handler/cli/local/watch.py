"""Waits for what the function does: its log says when an upload was handled, the queue what was announced."""

import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from handler.cli.local.deployment import Deployment
from handler.deliveries import Created, Removed
from handler.events import decode

PATIENCE_S = 60  # without any news; the function's own timeout is as long
PAUSE_S = 0.05  # between two looks that see nothing new


@dataclass(frozen=True, slots=True)
class Handled:
    """The end of one upload, as the function logged it."""

    outcome: str  # or "failed", when every retry failed
    reason: str
    announced: int  # pairs in the message that was published


class Watch:
    """Follows one deployment from its start."""

    def __init__(self, deployment: Deployment) -> None:
        self.handled: dict[str, Handled] = {}  # by key
        self.messages: list[dict[str, Any]] = []  # published to the topic, in order of arrival
        self._messages_due: set[tuple[str, str]] = set()  # by (key, sequencer) of the upload
        self._since_ms = 0
        self._deployment = deployment
        self._sqs, self._logs = deployment.client("sqs"), deployment.client("logs")

    def wait_for(self, keys: Iterable[str]) -> None:
        """Return when all *keys* are handled and their messages are here, or after PATIENCE_S without news."""
        wanted = set(keys)
        while wanted - self.handled.keys() or len(self.messages) < len(self._messages_due):
            if not self.wait_for_news():
                return

    def wait_for_news(self) -> bool:
        """Return True when something has happened, False if nothing did for PATIENCE_S."""
        deadline = time.monotonic() + PATIENCE_S
        while not self._look():
            if time.monotonic() > deadline:
                return False
            time.sleep(PAUSE_S)
        return True

    def _look(self) -> bool:
        """Take in what has happened, and return whether anything has."""
        before = len(self.handled), len(self.messages)
        self._read_log()
        self._read_failures()
        self.receive()
        return before != (len(self.handled), len(self.messages))

    def receive(self) -> None:
        """Take the messages that are in the queue, each once however often it is delivered."""
        for body in _drain(self._sqs, self._deployment.queue_url):
            if body["id"] not in {message["id"] for message in self.messages}:
                self.messages.append(body)

    def _read_log(self) -> None:
        pages = self._logs.get_paginator("filter_log_events").paginate(
            logGroupName=self._deployment.outputs["LogGroupName"], startTime=self._since_ms
        )
        for page in pages:
            for event in page["events"]:
                self._since_ms = max(self._since_ms, event["timestamp"])
                self._note(event["message"])

    def _note(self, text: str) -> None:
        try:
            line = json.loads(text)
        except ValueError:
            return  # the runtime's own START, END and REPORT
        if not isinstance(line, dict) or "key" not in line or line.get("message") == "failed":
            return  # of no object; and a failure that is retried
        announced = line.get("announced", 0)
        self.handled[line["key"]] = Handled(line["message"], line.get("reason", ""), announced)
        if announced:
            self._messages_due.add((line["key"], line.get("sequencer", "")))

    def _read_failures(self) -> None:
        for record in _drain(self._sqs, self._deployment.outputs["FailureQueueUrl"]):
            said = record.get("responsePayload", {}).get("errorMessage", "no message")
            for key in _keys(record.get("requestPayload", {})):
                self.handled[key] = Handled("failed", said, 0)


def _drain(sqs: Any, url: str) -> Iterator[dict[str, Any]]:
    while received := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for one in received:
            yield json.loads(one["Body"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])


def _keys(event: dict[str, Any]) -> Iterator[str]:
    for item in decode(event).items:
        if isinstance(item.action, Created | Removed):
            yield item.action.ref.key
