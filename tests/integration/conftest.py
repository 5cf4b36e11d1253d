"""What an end-to-end test does to a deployment, and what it can see of it."""

import json
import secrets
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from handler.aws.catalog import DynamoDBCatalog, object_key
from handler.cli.local import emulator
from handler.cli.local.deployment import Deployment
from handler.core.generations import DEFAULT_GENERATION
from handler.core.model import Collection, ObjectRef, PictureRecord, object_id
from tests.conftest import Stack
from tests.events import CREATED, REMOVED, notification, queued
from tests.held_lines import until
from tests.integration.subscribers import Guarded
from tests.proxy import Proxy
from tests.schema import valid_message

QUIET_BUCKET = "quiet-pictures"  # nothing is triggered by it: the test sends the events
PATIENCE_S = 60


class Messages:
    """Receives every message of the deployment as it comes, and holds each to the published schema."""

    def __init__(self, deployment: Deployment) -> None:
        self._sqs = deployment.client("sqs")
        self._queue_url = deployment.queue_url
        self._arrived = threading.Condition()
        self._by_scope: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        self._invalid: list[Exception] = []
        self._ended = False
        self._thread = threading.Thread(target=self._receive, daemon=True)

    def __enter__(self) -> "Messages":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended = True
        self._thread.join()
        assert not self._invalid, self._invalid

    def of(self, scope: str, count: int) -> list[dict[str, Any]]:
        """Wait for at least *count* messages of *scope* and return all that came."""
        with self._arrived:
            came = self._arrived.wait_for(lambda: len(self._by_scope[scope]) >= count, timeout=PATIENCE_S)
            assert came, f"{len(self._by_scope[scope])} of {count} messages came within {PATIENCE_S} s"
            return list(self._by_scope[scope])

    def so_far(self, scope: str) -> list[dict[str, Any]]:
        """Return what came for *scope* before this call.

        A marker is sent after all that the function has published, and waited for.
        """
        marker = f"marker-{secrets.token_hex(8)}"
        self._sqs.send_message(QueueUrl=self._queue_url, MessageBody=json.dumps({"scope": marker}))
        self.of(marker, 1)
        return list(self._by_scope[scope])

    def _receive(self) -> None:
        while not self._ended:
            answer = self._sqs.receive_message(QueueUrl=self._queue_url, WaitTimeSeconds=1, MaxNumberOfMessages=10)
            for message in answer.get("Messages", []):
                self._sqs.delete_message(QueueUrl=self._queue_url, ReceiptHandle=message["ReceiptHandle"])
                document = json.loads(message["Body"])
                if not document["scope"].startswith("marker-"):
                    try:
                        valid_message(message["Body"])
                    except Exception as error:
                        self._invalid.append(error)
                with self._arrived:
                    self._by_scope[document["scope"]].append(document)
                    self._arrived.notify_all()


class Site:
    """One test's folder in the deployment: its pictures are compared with nobody else's."""

    def __init__(self, stack: Stack, messages: Messages) -> None:
        self.deployment, self.proxy, self._messages = stack.deployment, stack.proxy, messages
        self.folder = secrets.token_hex(6)
        self.collection = Collection(f"{self.folder}/", DEFAULT_GENERATION)
        self.client = stack.client
        self.s3 = stack.client("s3")
        self._lambda = stack.client("lambda")
        self._dynamodb = stack.client("dynamodb")
        self._logs = stack.client("logs")
        self._catalog = DynamoDBCatalog(self._dynamodb, self.deployment.outputs["PictureTableName"])
        self._clock = 0
        self._since_ms = int(time.time() * 1000)  # this machine's clock is that of the log

    # --- through S3's own events ---

    def upload(self, name: str, body: bytes) -> None:
        self.s3.put_object(Bucket=self.deployment.bucket, Key=f"{self.folder}/{name}", Body=body)

    def delete(self, name: str) -> None:
        self.s3.delete_object(Bucket=self.deployment.bucket, Key=f"{self.folder}/{name}")

    def wait_for_lines(self, name: str, count: int = 1) -> list[dict[str, Any]]:
        """Wait until the function has logged *count* lines about the object: it is done with as many events."""
        found: list[dict[str, Any]] = self._wait(
            lambda: lines if len(lines := self.lines(name)) >= count else None, f"{count} lines about {name}"
        )
        return found

    def lines(self, name: str) -> list[dict[str, Any]]:
        """Return the function's lines about the object."""
        lines = [json.loads(line) for line in self.logged(f'"{self.folder}"') if line.startswith('{"level"')]
        return [line for line in lines if line.get("key") == f"{self.folder}/{name}"]

    def logged(self, pattern: str = "") -> list[str]:
        """Return what the function has logged since this test began, and what of it fits CloudWatch's *pattern*.

        All tests share one log; to read it from its beginning takes longer with every test that has run.
        """
        found: list[str] = []
        more: dict[str, str] = {}
        while True:
            page = self._logs.filter_log_events(
                logGroupName=self.deployment.outputs["LogGroupName"],
                startTime=self._since_ms,
                filterPattern=pattern,
                **more,
            )
            found += [event["message"] for event in page["events"]]
            if "nextToken" not in page:
                return found
            more = {"nextToken": page["nextToken"]}

    # --- with events that the test sends, in any order and as often as it likes ---

    def put(self, name: str, body: bytes) -> dict[str, Any]:
        """Store an object where nothing listens; return the notification that S3 would send."""
        key = f"{self.folder}/{name}"
        self.s3.put_object(Bucket=QUIET_BUCKET, Key=key, Body=body)
        return self.event(CREATED, name)

    def remove(self, name: str) -> dict[str, Any]:
        self.s3.delete_object(Bucket=QUIET_BUCKET, Key=f"{self.folder}/{name}")
        return self.event(REMOVED, name)

    def event(self, kind: str, name: str) -> dict[str, Any]:
        self._clock += 1
        ref = ObjectRef(QUIET_BUCKET, f"{self.folder}/{name}", f"{self._clock:016X}")
        return notification(ref, name=kind)

    def send(self, event: dict[str, Any]) -> dict[str, Any]:
        """Invoke the function with *event*, to its end; raise FunctionFailed if it failed."""
        answer = self._lambda.invoke(FunctionName=self.deployment.outputs["FunctionName"], Payload=json.dumps(event))
        payload: dict[str, Any] = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            raise FunctionFailed(payload.get("errorMessage"))
        return payload

    def send_by_queue(self, event: dict[str, Any]) -> bool:
        """Send *event* in an SQS message; whether it went well.

        A failure is part of the reply then. After a raised one the emulator starts the function anew, in seconds.
        """
        return self.send(queued(event)) == {"batchItemFailures": []}

    # --- what there is to see ---

    def messages(self, count: int) -> list[tuple[str, list[str]]]:
        """Wait for *count* messages; return (picture, its matches) of all that came, without the folder."""
        return self._names(self._messages.of(self.collection.scope, count))

    def documents(self, count: int) -> list[dict[str, Any]]:
        """Wait for *count* messages; return all that came, whole."""
        return self._messages.of(self.collection.scope, count)

    def messages_so_far(self) -> list[tuple[str, list[str]]]:
        """The same, without waiting for more than is on its way."""
        return self._names(self._messages.so_far(self.collection.scope))

    def record(self, name: str, bucket: str = QUIET_BUCKET) -> PictureRecord | None:
        found = self._catalog.get(self.collection, [object_id(bucket, f"{self.folder}/{name}")])
        return found[0] if found else None

    def wait_for_record(self, name: str, bucket: str = QUIET_BUCKET) -> PictureRecord:
        """Wait until the index knows the object."""
        found: PictureRecord = self._wait(lambda: self.record(name, bucket), f"a record of {name}")
        return found

    def pairs(self, *names: str, bucket: str = QUIET_BUCKET) -> list[dict[str, Any]]:
        """Return the pair items of which one of the objects *names* is the first."""
        items: list[dict[str, Any]] = []
        for name in names:
            pk = object_key(self.collection, object_id(bucket, f"{self.folder}/{name}"))["pk"]["S"].replace(
                "#o#", "#p#"
            )
            answer = self._dynamodb.query(
                TableName=self.deployment.outputs["PictureTableName"],
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues={":pk": {"S": pk}},
                ConsistentRead=True,
            )
            items += answer["Items"]
        return items

    def _names(self, documents: list[dict[str, Any]]) -> list[tuple[str, list[str]]]:
        def name(picture: dict[str, Any]) -> str:
            return str(picture["key"]).removeprefix(f"{self.folder}/")

        return [(name(one["picture"]), [name(match) for match in one["matches"]]) for one in documents]

    def _wait(self, look: Callable[[], Any], what: str) -> Any:
        return until(look, what, self.deployment, PATIENCE_S)


class FunctionFailed(Exception):
    """The invocation ended in an error."""


@pytest.fixture(scope="session")
def messages(stack: Stack) -> Iterator[Messages]:
    stack.client("s3").create_bucket(Bucket=QUIET_BUCKET)
    with Messages(stack.deployment) as receiving:
        yield receiving


@pytest.fixture
def site(stack: Stack, messages: Messages) -> Site:
    return Site(stack, messages)


@pytest.fixture
def proxy(stack: Stack) -> Iterator[Proxy]:
    yield stack.proxy
    stack.proxy.calm()


@pytest.fixture(scope="session")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """An emulator of its own that enforces rights, as that of the stack does not."""
    scratch = tmp_path_factory.mktemp("guarded")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTH", "true")
        running = emulator.start(scratch)
    try:
        yield Guarded(running, scratch)
    finally:
        running.stop()
