"""AWS in trouble: a server that stands for its services and fails first, and real clients and adapters on it."""

import json
import socket
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import boto3
from botocore.config import Config as ClientConfig

from handler.aws.again import SQSAgain
from handler.aws.buckets import DynamoDBBuckets
from handler.aws.catalog import DynamoDBCatalog
from handler.aws.journal import DynamoDBJournal
from handler.aws.packs import S3Packs
from handler.aws.retries import Retries
from handler.aws.s3 import S3Pictures
from handler.aws.sns import SNSTopic
from handler.core.model import Limits
from handler.wiring import CLIENT, lean_session

BODY = b"the body of an object"
FAILURES = 8  # of each request before it succeeds: more than botocore tries


class Answer(NamedTuple):
    """What the server sends; *cut*: so many bytes of the body, and then it hangs up."""

    status: int = 200
    body: bytes = b""
    kind: str = "application/x-amz-json-1.0"
    cut: int | None = None


class Trouble(NamedTuple):
    """How the service fails: by an error, by hanging up (both None), or by silence."""

    dynamodb: str | None = None  # the code
    xml: str | None = None
    status: int = 400
    is_silent: bool = False
    failures: int = FAILURES


TROUBLES = {
    "throttled": Trouble("ProvisionedThroughputExceededException", "SlowDown", 503),
    "throttled otherwise": Trouble("ThrottlingException", "Throttling"),
    "too many requests": Trouble("RequestLimitExceeded", "TooManyRequestsException", 429),
    "too much at once": Trouble("LimitExceededException", "Throttling"),
    "an error of the service": Trouble("InternalServerError", "InternalError", 500),
    "unavailable": Trouble("ServiceUnavailable", "ServiceUnavailable", 503),
    "cut connections": Trouble(),
    "no answer in time": Trouble(is_silent=True, failures=1),
}


class Server:
    """DynamoDB, S3 and SNS at once; each request fails as often as its trouble says, then it succeeds."""

    def __init__(self) -> None:
        self.seen: Counter[tuple[str, str, bytes]] = Counter()  # by method, path and body
        self.trouble: Trouble | None = None
        self.answer: Callable[[str, bytes, int], Answer | None] = lambda *_: None  # instead of the usual one
        self.lock, self.over = threading.Lock(), threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def reset(self) -> None:
        """Forget what was asked, and be well."""
        self.seen.clear()
        self.trouble, self.answer = None, lambda *_: None

    def stop(self) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            target = self.headers.get("X-Amz-Target", "")
            with server.lock:
                server.seen[self.command, self.path + target, body] += 1
                number, trouble = server.seen[self.command, self.path + target, body], server.trouble
            operation = target.rpartition(".")[2] or ("List" if "list-type=2" in self.path else self.command)
            if trouble is not None and number <= trouble.failures:
                self._fail(trouble, is_dynamodb=bool(target))
            else:
                self._send(server.answer(operation, body, number) or _usual(operation, body))

        do_GET = do_PUT = do_POST = do_HEAD = _serve  # noqa: N815  the names that http.server asks for

        def _fail(self, trouble: Trouble, *, is_dynamodb: bool) -> None:
            if trouble.dynamodb is None or trouble.xml is None:
                if trouble.is_silent:
                    server.over.wait(2)
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
            elif is_dynamodb:
                self._send(Answer(trouble.status, json.dumps({"__type": f"x#{trouble.dynamodb}"}).encode()))
            else:
                error = f"<Error><Code>{trouble.xml}</Code></Error>"
                sns = f"<ErrorResponse>{error}</ErrorResponse>"
                # The answer to a HEAD has no body, hence no code.
                status = 503 if self.command == "HEAD" and trouble.xml == "Throttling" else trouble.status
                self._send(Answer(status, (sns if self.command == "POST" else error).encode(), "text/xml"))

        def _send(self, answer: Answer) -> None:
            head = (
                f"HTTP/1.1 {answer.status} -\r\nContent-Type: {answer.kind}\r\nContent-Length: {len(answer.body)}\r\n"
                'ETag: "e"\r\nLast-Modified: Fri, 27 Nov 2026 00:00:00 GMT\r\n\r\n'
            )
            body = answer.body[: answer.cut] if self.command != "HEAD" else b""
            self.wfile.write(head.encode() + body)  # at once: what comes later waits for an acknowledgement
            self.close_connection = answer.cut is not None

        def log_message(self, format: str, *args: object) -> None:
            """Log nothing."""

    return Handler


def _usual(operation: str, body: bytes) -> Answer:
    """The shortest answer that is one."""
    if operation == "List":
        return Answer(body=b"<ListBucketResult></ListBucketResult>", kind="text/xml")
    if operation == "POST":
        return Answer(body=b"<PublishResponse><PublishResult/></PublishResponse>", kind="text/xml")
    if operation in ("GET", "PUT", "HEAD"):
        return Answer(body=BODY if operation == "GET" else b"", kind="image/jpeg")
    asked: dict[str, Any] = json.loads(body)
    answers: dict[str, Any] = {"Query": {"Items": [], "Count": 0}, "BatchGetItem": {"Responses": {}}}
    if asked.get("ReturnValues") == "ALL_NEW":
        values = asked["ExpressionAttributeValues"]
        answers["UpdateItem"] = {"Attributes": {name[1:]: value for name, value in values.items()}}
    return Answer(body=json.dumps(answers.get(operation, {})).encode())


class Clock:
    """Stands still, until it is told to tick with each look at it."""

    now = ticks = 0.0

    def __call__(self) -> float:
        self.now += self.ticks
        return self.now


def _at_once(_: float, __: float) -> float:
    return 0.0


class Cloud:
    """The server, and the adapters on clients like the function's, which wait less for an answer."""

    def __init__(self, executor: ThreadPoolExecutor) -> None:
        self.server, self.clock = Server(), Clock()
        self.retries = Retries(clock=self.clock, between=_at_once)
        self._executor = executor
        session = boto3.Session(
            aws_access_key_id="test",
            aws_secret_access_key="test",
            region_name="us-east-1",
            botocore_session=lean_session(),
        )
        config = CLIENT.merge(ClientConfig(proxies={}, s3={"addressing_style": "path"}, read_timeout=0.2))
        self._make: Any = partial(session.client, endpoint_url=self.server.endpoint, config=config)
        self._clients = {service: self._make(service) for service in ("dynamodb", "s3", "sns", "sqs")}
        for client in self._clients.values():
            self.retries.attach(client)

    def reset(self) -> None:
        """Forget what was, and have time."""
        self.server.reset()
        self.clock.now = self.clock.ticks = 0.0
        self.retries.begin(3600.0)

    def shared_client(self, service: str, share: float) -> Any:
        """Return a client of its own, whose calls are made again for that share of the time."""
        client = self._make(service)
        self.retries.attach(client, share=share)
        return client

    def client(self, service: str) -> Any:
        """Return the client of *service* that adapters get."""
        return self._clients[service]

    def adapter(self, kind: type) -> Any:
        """Return a new one."""
        service = {S3Packs: "s3", S3Pictures: "s3", SNSTopic: "sns"}.get(kind, "dynamodb")
        if kind is SQSAgain:
            return SQSAgain(lambda: self._clients["sqs"], self.server.endpoint + "/1/queue")
        further: dict[type, tuple[Any, ...]] = {
            S3Packs: ("packs", "table"),
            S3Pictures: (Limits(),),
            SNSTopic: ("arn:aws:sns:us-east-1:1:topic",),
        }
        options: dict[type, dict[str, Any]] = {
            DynamoDBBuckets: {"executor": self._executor},
            DynamoDBJournal: {"executor": self._executor, "shards": 2},
            DynamoDBCatalog: {"clock": lambda: 0.0},
        }
        return kind(self._clients[service], *further.get(kind, ("table",)), **options.get(kind, {}))
