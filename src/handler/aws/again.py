"""The pictures that come again, by the queue that events wait in."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from handler.core.again import Again

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class SQSAgain:
    """Sends to one queue, which hands each message to the function after its delay."""

    def __init__(self, client: Callable[[], "SQSClient"], url: str) -> None:
        """Take what makes the *client*: hardly an instance needs it, and making it takes time."""
        self._client = client
        self._url = url

    def send(self, again: Again, delay_s: int) -> None:
        """Have the picture come again after so many seconds, at most 900; return once that is accepted."""
        body = json.dumps(again.document(), separators=(",", ":"))  # ASCII alone: SQS refuses some characters
        self._client().send_message(QueueUrl=self._url, MessageBody=body, DelaySeconds=delay_s)
