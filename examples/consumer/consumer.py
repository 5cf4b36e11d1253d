"""Keeps a table of duplicates from the messages of a queue: `python consumer.py QUEUE_URL FILE.sqlite`.

A queue delivers at least once, and Lookalike announces a pair at least once, so messages repeat. Each carries an id
that depends on its pairs alone: here the id and what follows from the message are written in one transaction, so a
message that comes again changes nothing, wherever the last attempt was cut short.
"""

import sqlite3
import sys
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from lookalike_message import Message, Picture, parse

TABLES = """
CREATE TABLE IF NOT EXISTS handled (id TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS duplicates (picture TEXT, of TEXT, kind TEXT, similarity REAL, PRIMARY KEY (picture, of));
"""


def handle(database: sqlite3.Connection, message: Message) -> bool:
    """Write what follows from *message*; False if it was handled before."""
    with database:  # one transaction
        if not database.execute("INSERT OR IGNORE INTO handled VALUES (?)", (message["id"],)).rowcount:
            return False
        for match in message["matches"]:
            row = name(message["picture"]), name(match), match["kind"], match["similarity"]
            database.execute("INSERT OR REPLACE INTO duplicates VALUES (?, ?, ?, ?)", row)
        return True


def name(picture: Picture) -> str:
    """Return the address of an object, or the list and the name of an entry of one, which is no object of S3."""
    where = f"{picture['bucket']}/{picture['key']}"
    return where if picture["bucket"].startswith("list:") else f"s3://{where}"


def receive(sqs: Any, queue_url: str, database: sqlite3.Connection, *, wait_s: int = 20) -> int:
    """Handle one batch of messages; return how many there were. What cannot be read goes to the dead-letter queue."""
    answer = sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=wait_s)
    messages = answer.get("Messages", [])
    for message in messages:
        try:
            read = parse(message["Body"])
            print(read["id"], "handled" if handle(database, read) else "handled before")
        except KeyError as error:
            print(f"message {message['MessageId']}: {error} is missing", file=sys.stderr)
            continue  # as below
        except ValueError as error:
            print(f"message {message['MessageId']}: {error}", file=sys.stderr)
            continue  # it comes again, and after five times the queue moves it
        sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
    return len(messages)


def main() -> None:
    """Receive until interrupted."""
    if len(sys.argv) != 3:
        sys.exit("usage: consumer.py QUEUE_URL FILE.sqlite")
    queue_url, path = sys.argv[1:]
    database = sqlite3.connect(path)
    database.executescript(TABLES)
    sqs = boto3.client("sqs")
    while True:
        receive(sqs, queue_url, database)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
    except (BotoCoreError, ClientError, sqlite3.Error) as error:
        sys.exit(f"consumer.py: {error}")
