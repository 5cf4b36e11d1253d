"""The intake queue of a deployed stack, as whoever sends to it sees it."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from handler.cli.errors import CommandError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

COUNTS: "tuple[QueueAttributeNameType, ...]" = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)
ROUNDS, FIRST_PAUSE_S = 8, 0.25  # for what SQS does not take at once: half a minute in all


class IntakeQueue:
    """Sends documents to one queue."""

    def __init__(self, client: "SQSClient", url: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client, self._url, self._sleep = client, url, sleep

    def send(self, documents: Sequence[Mapping[str, Any]]) -> None:
        """Send up to ten *documents*, and return once every one is accepted. Raises CommandError if one never is."""
        pending: list[SendMessageBatchRequestEntryTypeDef] = [
            {"Id": str(number), "MessageBody": json.dumps(one, separators=(",", ":"))}
            for number, one in enumerate(documents)
        ]
        for attempt in range(ROUNDS):
            if attempt:
                self._sleep(FIRST_PAUSE_S * 2 ** (attempt - 1))
            answer = self._client.send_message_batch(QueueUrl=self._url, Entries=pending)
            refused = {one["Id"]: one for one in answer.get("Failed", [])}
            pending = [entry for entry in pending if entry["Id"] in refused]
            if not pending:
                return
        why = refused[pending[0]["Id"]]
        raise CommandError(f"the queue does not take messages ({why['Code']}): run the same again to go on")

    def now(self) -> datetime:
        """Return the time by SQS's own clock: a whole second, not in the future."""
        answer = self._client.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])
        return parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"]).astimezone(UTC)

    def waiting(self) -> int:
        """Return about how many messages are not done with, of pictures that come again, too.

        SQS's counts lag behind by up to a minute.
        """
        answer = self._client.get_queue_attributes(QueueUrl=self._url, AttributeNames=COUNTS)
        return sum(int(answer["Attributes"][name]) for name in COUNTS)
