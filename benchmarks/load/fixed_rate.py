"""Uploads at a fixed rate, whatever becomes of them, and the messages that they lead to."""

import json
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from benchmarks.load.no_op import Target
from handler.cli.local.deployment import Deployment

UPLOADERS = 32  # uploads on their way at once; one takes 5 ms
SILENCE_S = 60  # after the last upload, without any message: then no other is expected

Advance = Callable[[int], None]  # answered so far


@dataclass(slots=True)
class Run:
    """What became of the uploads to one target. All times are in seconds since the first one was due."""

    target: str
    due: dict[str, float]  # by key
    answered: dict[str, float] = field(default_factory=dict)  # when the first message was in the queue
    repeated: int = 0  # further messages of the same upload
    refused: list[str] = field(default_factory=list)  # uploads that S3 did not take, and why
    failure_queue: int = 0  # events that failed for good
    late_s: float = 0.0  # the most by which an upload began after it was due

    @property
    def missing(self) -> int:
        """Uploads without a message."""
        return len(self.due.keys() - self.answered.keys())

    @property
    def latencies_ms(self) -> list[float]:
        """From when an upload was due until its message was in the queue, sorted."""
        return sorted((self.answered[key] - due) * 1000 for key, due in self.due.items() if key in self.answered)

    def percentile_ms(self, percent: int) -> float:
        """Return the latency that *percent* of the answered uploads did not exceed."""
        sorted_ms = self.latencies_ms
        return sorted_ms[max(0, -(-len(sorted_ms) * percent // 100) - 1)] if sorted_ms else float("nan")

    @property
    def median_ms(self) -> float:
        """The median latency."""
        return statistics.median(self.latencies_ms) if self.answered else float("nan")

    def backlog(self, at_s: float) -> int:
        """Return how many uploads had been due before that moment and were not answered."""
        return sum(due < at_s for due in self.due.values()) - sum(came <= at_s for came in self.answered.values())

    @property
    def peak_backlog(self) -> int:
        """The largest backlog that an upload found when it fell due."""
        return max(map(self.backlog, self.due.values()))

    @property
    def end_s(self) -> float:
        """When the last upload was due."""
        return max(self.due.values())

    @property
    def throughput(self) -> float:
        """Messages a second, from the first upload to the last message."""
        return len(self.answered) / max(self.answered.values()) if self.answered else 0.0


def upload_all(
    deployment: Deployment, target: Target, pictures: Sequence[bytes], *, rate: float, advance: Advance
) -> Run:
    """Upload *pictures* to *target* at *rate* a second, and wait for a message of each."""
    due = {f"load/{number:06}.jpg": number / rate for number in range(len(pictures))}
    run = Run(target.name, due)
    s3, sqs = deployment.client("s3"), deployment.client("sqs")
    stop = threading.Event()
    began = time.time() + 0.2  # the wall clock: the queue notes by it when a message came

    def upload(key: str, body: bytes) -> None:
        if stop.wait(max(0.0, began + due[key] - time.time())):
            return
        run.late_s = max(run.late_s, time.time() - began - due[key])
        try:
            s3.put_object(Bucket=target.bucket, Key=key, Body=body)
        except (BotoCoreError, ClientError) as error:
            run.refused.append(f"{key}: {error}")

    pool = ThreadPoolExecutor(UPLOADERS)
    try:
        for key, body in zip(due, pictures, strict=True):
            pool.submit(upload, key, body)
        _receive(sqs, target.queue_url, run, began, advance)
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)
    run.failure_queue = depth(sqs, target.failures_url)
    return run


def _receive(sqs: Any, url: str, run: Run, began: float, advance: Advance) -> None:
    silent_at = began + run.end_s + SILENCE_S
    while len(run.answered) + len(run.refused) < len(run.due) and time.time() < silent_at:
        for key, sent_s in receive(sqs, url):
            if key in run.answered:
                run.repeated += 1
            elif key in run.due:
                run.answered[key] = sent_s - began
            silent_at = max(silent_at, time.time() + SILENCE_S)
        advance(len(run.answered))


def receive(sqs: Any, url: str) -> list[tuple[str, float]]:
    """Take messages from the queue: the key of each, and when it came into the queue."""
    answer = sqs.receive_message(
        QueueUrl=url, WaitTimeSeconds=1, MaxNumberOfMessages=10, MessageSystemAttributeNames=["SentTimestamp"]
    )
    messages = answer.get("Messages", [])
    if messages:
        handles = [{"Id": str(number), "ReceiptHandle": one["ReceiptHandle"]} for number, one in enumerate(messages)]
        sqs.delete_message_batch(QueueUrl=url, Entries=handles)
    return [
        (json.loads(one["Body"])["picture"]["key"], int(one["Attributes"]["SentTimestamp"]) / 1000) for one in messages
    ]


def depth(sqs: Any, url: str) -> int:
    """Return how many messages are in the queue."""
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return int(attributes["ApproximateNumberOfMessages"]) + int(attributes["ApproximateNumberOfMessagesNotVisible"])
