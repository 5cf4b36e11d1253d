"""Failed events in a file: what is taken out of the failure queue is in there first, and can be sent again from it."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from handler.cli.errors import USAGE_ERROR, CommandError
from handler.cli.failed_events import Failure, examined
from handler.cli.failure_queue import FailureQueue
from handler.cli.output import printable
from handler.cli.redriving import Advance, Chosen

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef


@dataclass(slots=True)
class Saved:
    """What was written, and what became of it in the queue."""

    count: int = 0
    discarded: int = 0
    left: list[str] = field(default_factory=list)  # ids of what SQS did not delete


def created(path: Path) -> TextIO:
    """Return a new file. Raises CommandError if there is one of that name, or none can be made."""
    try:
        return path.open("x", encoding="utf-8")
    except FileExistsError as error:
        raise CommandError(
            f"{printable(str(path))} is there already: give --save another name", status=USAGE_ERROR
        ) from error
    except OSError as error:
        said = f"cannot write {printable(str(path))}: {error.strerror or error}"
        raise CommandError(said, status=USAGE_ERROR) from error


def copy(queue: FailureQueue, choice: Chosen, file: TextIO, saved: Saved, advance: Advance) -> None:
    """Write each message of *choice* to *file*, a line of JSON each, and leave the queue as it is."""
    for _ in _written(queue, choice, file, saved, advance):
        pass


def move(queue: FailureQueue, choice: Chosen, file: TextIO, saved: Saved, advance: Advance) -> None:
    """Do that, and delete from the queue what is safely in the file."""
    for ids in _written(queue, choice, file, saved, advance):
        left = queue.delete(ids)
        saved.left += left
        saved.discarded += len(ids) - len(left)


def load(path: Path) -> Iterator[Failure]:
    """Yield what is in a file that was saved. Raises CommandError if it cannot be read, or is another."""
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                yield _read(line, f"{printable(str(path))}:{number}")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"cannot read {printable(str(path))}: {error}", status=USAGE_ERROR) from error


def _written(queue: FailureQueue, choice: Chosen, file: TextIO, saved: Saved, advance: Advance) -> Iterator[list[str]]:
    """Write what is meant of each batch, and yield its ids once the disk has them."""
    for batch in queue.batches():
        ids = list[str]()
        for message in batch:
            failure = choice.explained.get(message["MessageId"]) or examined(message)
            if choice.wanted.takes(failure):
                file.write(json.dumps(_document(message, failure), separators=(",", ":")) + "\n")
                ids.append(failure.message_id)
        file.flush()
        os.fsync(file.fileno())
        saved.count += len(ids)
        if ids:
            yield ids
        advance(len(batch))


def _document(message: "MessageTypeDef", failure: Failure) -> dict[str, Any]:
    return {
        "message_id": failure.message_id,
        "when": failure.when,
        "cause": failure.cause.name,
        "condition": failure.condition,
        "error_type": failure.error_type,
        "error": failure.error,
        "objects": list(failure.objects),
        "sent_ms": int(message["Attributes"]["SentTimestamp"]),
        "attributes": {name: one.get("StringValue", "") for name, one in message.get("MessageAttributes", {}).items()},
        "body": message["Body"],
    }


def _read(line: str, where: str) -> Failure:
    try:
        said = json.loads(line)
        message: MessageTypeDef = {
            "MessageId": said["message_id"],
            "Body": said["body"],
            "Attributes": {"SentTimestamp": str(int(said["sent_ms"]))},
            "MessageAttributes": {
                str(name): {"DataType": "String", "StringValue": str(text)} for name, text in said["attributes"].items()
            },
        }
        condition, error_type, error = (str(said[name]) for name in ("condition", "error_type", "error"))
    except (ValueError, KeyError, TypeError, AttributeError) as wrong:
        raise CommandError(f"{where} is no line that failures --save wrote", status=USAGE_ERROR) from wrong
    # The log may have told more than the message does.
    return replace(examined(message), condition=condition, error_type=error_type, error=error)
