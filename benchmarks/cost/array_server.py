"""Serves the tables and the packs of a large collection, in a process of its own, and notes each request.

So the CPU time measured is the client's alone. No emulator is fast enough for 10 million pictures.
"""

import json
import multiprocessing
import time
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from benchmarks.cost.array_tables import ArrayTables, Refused
from benchmarks.cost.request_log import GET_OBJECT, LoggedRequest
from benchmarks.cost.stored_pictures import Size
from handler.aws.packs import UNNAMED_SIZE
from handler.core.journal import Span

CONTROL = "/-/"  # where the benchmark itself asks
JSON_TYPE = "application/x-amz-json-1.0"
REFUSED = b'{"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException", "Item": %s}'
NO_PACK = b"<Error><Code>NoSuchKey</Code></Error>"


class ArrayServer:
    """The server, with a collection of *size*, for a `with` block that gets its endpoint, for DynamoDB and for S3."""

    def __init__(self, size: Size) -> None:
        self._size = size

    def __enter__(self) -> str:
        spawn = multiprocessing.get_context("spawn")
        here, there = spawn.Pipe()
        self._process = spawn.Process(target=_serve, args=(there, self._size), daemon=True)
        self._process.start()
        there.close()
        return f"http://127.0.0.1:{here.recv()}"

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.join()


def start_over(endpoint: str, *, hold_s: float = 0.0) -> list[LoggedRequest]:
    """Return the requests so far and forget them; hold each later answer for *hold_s*."""
    return [LoggedRequest(*one) for one in _control(endpoint, {"hold_s": hold_s})]


def forget_writes(endpoint: str) -> None:
    """Forget what was written: only the stored pictures are left."""
    _control(endpoint, {"hold_s": 0.0, "forget": True})


def _control(endpoint: str, wish: dict[str, Any]) -> list[list[Any]]:
    connection = HTTPConnection(urlsplit(endpoint).netloc)
    connection.request("POST", CONTROL, json.dumps(wish))
    noted: list[list[Any]] = json.loads(connection.getresponse().read())
    connection.close()
    return noted


def _serve(parent: Connection, size: Size) -> None:
    server = _Server(ArrayTables(size))
    parent.send(server.server_address[1])
    server.serve_forever()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64  # of 16 connections at once some would be refused, and tried again a second later

    def __init__(self, tables: ArrayTables) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.tables = tables
        self.noted: list[LoggedRequest] = []
        self.hold_s = 0.0


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        begin = time.perf_counter()
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == CONTROL:
            return self._control(request)
        name = self.headers["X-Amz-Target"].partition(".")[2]
        tables = self.server.tables
        operation = {
            "BatchGetItem": tables.batch_get,
            "Query": tables.query,
            "GetItem": tables.get,
        }.get(name, tables.write)
        try:
            answer, units = operation(request)
        except Refused as refused:
            self._answer(_message(400, JSON_TYPE, REFUSED % refused.item), begin, name, 1)
        else:
            self._answer(_message(200, JSON_TYPE, answer), begin, name, units)
        return None

    def do_GET(self) -> None:
        begin = time.perf_counter()
        shard, name = self.path.partition("?")[0].split("/")[-2:]
        size, _, number = name.rpartition("-")
        segments = int(size or UNNAMED_SIZE)
        pack = self.server.tables.stored.pack(Span(int(shard), int(number) * segments, segments))
        message = _message(404 if pack is None else 200, "application/xml", pack or NO_PACK)
        self._answer(message, begin, GET_OBJECT, 0)

    def _control(self, request: dict[str, Any]) -> None:
        self.server.hold_s = request["hold_s"]
        self.wfile.write(_message(200, JSON_TYPE, json.dumps(self.server.noted).encode()))
        self.server.noted.clear()
        if request.get("forget"):
            self.server.tables.forget()

    def _answer(self, message: bytes, begin: float, kind: str, units: int) -> None:
        time.sleep(self.server.hold_s)
        self.server.noted.append(LoggedRequest(begin, time.perf_counter(), kind, units, len(message)))
        self.wfile.write(message)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: requests are noted."""


def _message(status: int, kind: str, body: bytes) -> bytes:
    """Return head and body in one piece: a body sent after its head waits 40 ms for the head to be acknowledged."""
    return f"HTTP/1.1 {status} -\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
