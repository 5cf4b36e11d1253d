"""The failure queue: what waits in it, each event once, and nothing lost."""

import math
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from handler.cli.output import complain, one_line

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType
    from mypy_boto3_sqs.type_defs import (
        ChangeMessageVisibilityBatchRequestEntryTypeDef,
        DeleteMessageBatchRequestEntryTypeDef,
        MessageTypeDef,
    )

VISIBLE: "QueueAttributeNameType" = "ApproximateNumberOfMessages"
HIDDEN: "QueueAttributeNameType" = "ApproximateNumberOfMessagesNotVisible"
BATCH = 10  # messages; the most that SQS gives and takes at once
# Nobody else sees a message that was received for so long; if this process is killed, it is visible again after that.
# Many times longer than a batch takes, and for what is held until all others were seen, longer by what those take.
HOLD_S, LOOK_S, MOST_HOLD_S = 30, 0.05, 12 * 3600 - 60
MOST_HELD = 100_000  # SQS gives no more than 120,000 that are not handed back
HELD = "held by somebody else, or by a run that was killed"  # what is said of messages that are out of sight
LATE_BATCHES = 10  # in a row without a message that was there at the start: then no other can be expected


class FailureQueue:
    """The messages that were in the queue at the start; as a context manager it hands back what is not deleted."""

    def __init__(self, client: "SQSClient", url: str, *, hold_s: int = HOLD_S, each_s: float = LOOK_S) -> None:
        """Ask the queue how much waits, and for the time: what fails again must not be taken for waiting.

        A message is held for *hold_s*, and *each_s* longer for each one that waits.
        """
        self._client, self._url = client, url
        answer = client.get_queue_attributes(QueueUrl=url, AttributeNames=[VISIBLE, HIDDEN])
        self.about = int(answer["Attributes"][VISIBLE])
        self.elsewhere = int(answer["Attributes"][HIDDEN])  # held by others, or by a run that was killed
        self.hold_s = min(MOST_HOLD_S, hold_s + math.ceil(self.about * each_s))
        # SQS's own clock, since SentTimestamp is by it; it tells whole seconds, so take the end of this one.
        self.began = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"]).astimezone(UTC)
        self._start_ms = int(self.began.timestamp() * 1000) + 1000
        self._held: dict[str, str] = {}  # message id: latest receipt handle
        self._deleted: set[str] = set()

    def batches(self) -> Iterator[list["MessageTypeDef"]]:
        """Yield the messages, each once however often SQS delivers it."""
        late = stale = 0
        while late < LATE_BATCHES and stale <= LATE_BATCHES + len(self._held) // BATCH and len(self._held) < MOST_HELD:
            answer = self._client.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=BATCH,
                VisibilityTimeout=self.hold_s,
                WaitTimeSeconds=1,  # asks all of SQS's servers; without it an answer may be empty by chance
                MessageSystemAttributeNames=["SentTimestamp"],
                MessageAttributeNames=["ERROR_CODE", "ERROR_MESSAGE"],  # EventBridge's
            )
            received = {message["MessageId"]: message for message in answer.get("Messages", [])}
            if not received:
                return
            new = [message for one, message in received.items() if one not in self._held and one not in self._deleted]
            batch = [message for message in new if int(message["Attributes"]["SentTimestamp"]) < self._start_ms]
            self._held |= {message_id: message["ReceiptHandle"] for message_id, message in received.items()}
            self.delete([message_id for message_id in received if message_id in self._deleted])
            late = late + 1 if new and not batch else 0
            stale = 0 if new else stale + 1
            if batch:
                yield batch

    def delete(self, message_ids: Sequence[str]) -> list[str]:
        """Delete held messages; return those that SQS failed to delete. They come again, and repeat safely."""
        failed = list[str]()
        for some in _chunks(message_ids):
            entries: list[DeleteMessageBatchRequestEntryTypeDef] = [
                {"Id": str(number), "ReceiptHandle": self._held.pop(one)} for number, one in enumerate(some)
            ]
            self._deleted.update(some)
            answer = self._client.delete_message_batch(QueueUrl=self._url, Entries=entries)
            failed += [some[int(one["Id"])] for one in answer.get("Failed", [])]
        return failed

    def hand_back(self, but: Collection[str] = ()) -> None:
        """Make what is held visible again, as if it had not been received; all *but* these."""
        back = [message_id for message_id in self._held if message_id not in but]
        if len(back) <= BATCH:
            self._show(back)
            return
        with ThreadPoolExecutor(BATCH) as pool:
            for _ in pool.map(self._show, _chunks(back)):
                pass

    def _show(self, some: Sequence[str]) -> None:
        """Make up to BATCH messages visible."""
        entries: list[ChangeMessageVisibilityBatchRequestEntryTypeDef] = [
            {"Id": str(number), "ReceiptHandle": self._held.pop(one), "VisibilityTimeout": 0}
            for number, one in enumerate(some)
        ]
        if entries:
            self._client.change_message_visibility_batch(QueueUrl=self._url, Entries=entries)

    def __enter__(self) -> "FailureQueue":
        """Return the queue itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Hand back what is held; if that fails, it is visible again after a while all the same."""
        try:
            self.hand_back()
        except (BotoCoreError, ClientError) as problem:
            said = one_line(problem)
            complain(f"could not hand back what was kept ({said}): it is in the queue again in {self.hold_s} s")


def _chunks(everything: Sequence[str]) -> Iterator[Sequence[str]]:
    return (everything[start : start + BATCH] for start in range(0, len(everything), BATCH))
