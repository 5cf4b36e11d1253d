"""What AWS answers, asked all at once; what nobody will say is noted, and the rest goes on."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from operator import attrgetter
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from handler.aws.error_names import DENIED
from handler.cli.errors import CommandError
from handler.cli.facts import Unknown
from handler.cli.output import one_line

T = TypeVar("T")

PERMISSIONS = {  # by operation
    "DescribeStacks": "cloudformation:DescribeStacks",
    "ListStackResources": "cloudformation:ListStackResources",
    "GetFunctionConfiguration": "lambda:GetFunctionConfiguration",
    "GetFunctionConcurrency": "lambda:GetFunctionConcurrency",
    "SimulatePrincipalPolicy": "iam:SimulatePrincipalPolicy",
    "ListEventSourceMappings": "lambda:ListEventSourceMappings",
    "DescribeTable": "dynamodb:DescribeTable",
    "Query": "dynamodb:Query",
    "HeadBucket": "s3:ListBucket",
    "ListObjectsV2": "s3:ListBucket",
    "GetBucketNotificationConfiguration": "s3:GetBucketNotification",
    "ListRuleNamesByTarget": "events:ListRuleNamesByTarget",
    "DescribeRule": "events:DescribeRule",
    "GetQueueAttributes": "sqs:GetQueueAttributes",
    "ReceiveMessage": "sqs:ReceiveMessage",
    "ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "FilterLogEvents": "logs:FilterLogEvents",
    "GetTopicAttributes": "sns:GetTopicAttributes",
    "DescribeAlarms": "cloudwatch:DescribeAlarms",
    "GetMetricData": "cloudwatch:GetMetricData",
}


class Answers:
    """The answers to questions that *pool* asks."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self._pool = pool
        self._asked = list[Future[Any]]()
        self._unknown: dict[str, Unknown] = {}

    def ask(self, what: str, read: Callable[[], T | None]) -> "Future[T | None]":
        """Have *read* find out *what* is so; the answer is None if nobody says."""
        future: Future[T | None] = self._pool.submit(lambda: self.told(what, read))
        self._asked.append(future)
        return future

    def wait(self, patience_s: float) -> tuple[int, int]:
        """Wait for the answers for so long; return how many there are, and how many were asked for."""
        return len(wait(self._asked, patience_s).done), len(self._asked)

    def told(self, what: str, read: Callable[[], T | None]) -> T | None:
        """Return what *read* returns; None, and a note, if AWS does not say *what* is so."""
        try:
            return read()
        except ClientError as error:
            operation = error.operation_name
            if str(error.response["Error"]["Code"]) in DENIED:
                self.note(Unknown(what, "you may not ask", PERMISSIONS.get(operation, operation)))
            else:
                self.note(Unknown(what, one_line(error)))
        except (BotoCoreError, CommandError) as error:  # or the stack is of another version
            self.note(Unknown(what, one_line(error)))
        return None

    def note(self, unknown: Unknown) -> None:
        """Note what nobody said; once."""
        self._unknown[unknown.what] = unknown

    @property
    def unknown(self) -> tuple[Unknown, ...]:
        """What nobody said so far, by name."""
        return tuple(sorted(self._unknown.values(), key=attrgetter("what")))


def known(asked: "Sequence[Future[T | None]]") -> tuple[T, ...]:
    """Return what was told."""
    return tuple(found for one in asked if (found := one.result()) is not None)
