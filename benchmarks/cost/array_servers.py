"""A DynamoDB and an S3 that answer from arrays: the cheapest servers there can be.

They run in a process of their own, so that the CPU time measured is the client's alone, and note each request: its
begin and end, its units, the bytes of its answer. Units follow the pricing rules: a strong read costs one unit for
each started 4 KB (a Query: of the sum of its items) and one for an absent key, a write one for each started 1 KB of
the item after it. No emulator does this fast enough for 10 million pictures.
"""

import base64
import json
import math
import multiprocessing
import time
from collections import defaultdict
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from benchmarks.cost.stored_pictures import Members, Size, Stored, as_binary_set, as_members
from handler.core.buckets import MEMBER_BYTES, Bucket
from handler.core.entry import entry_bytes
from handler.core.model import LOWEST_SEQUENCER

READ_UNIT_BYTES = 4096
WRITE_UNIT_BYTES = 1024
KEY_BYTES = 40  # names and values of pk and sk, about
PAGE_BYTES = 1 << 20  # of items that one Query reads
CONTROL = "/-/"  # where the benchmark itself asks
GET_OBJECT = "GetObject"
READS = ("BatchGetItem", "Query", GET_OBJECT)


class Request(NamedTuple):
    """One request as the server saw it."""

    begin: float  # seconds, on the server's clock
    end: float
    kind: str  # the operation
    units: int
    sent: int  # bytes, with headers


class Canned:
    """The servers, with a collection of *size*, for a `with` block that gets their common endpoint."""

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


def start_over(endpoint: str, *, hold_s: float = 0.0) -> list[Request]:
    """Return the requests so far and forget them; hold each later answer for *hold_s*."""
    return [Request(*one) for one in _control(endpoint, {"hold_s": hold_s})]


def forget_writes(endpoint: str) -> None:
    """Forget what was written: only the stored pictures are left."""
    _control(endpoint, {"hold_s": 0.0, "forget": True})


def _control(endpoint: str, wish: dict[str, Any]) -> list[list[Any]]:
    connection = HTTPConnection(urlsplit(endpoint).netloc)
    connection.request("POST", CONTROL, json.dumps(wish))
    noted: list[list[Any]] = json.loads(connection.getresponse().read())
    connection.close()
    return noted


def sequential(requests: list[Request]) -> int:
    """Return how many of *requests* had to follow one another: the longest chain of which each began after the last.

    It tells what waited for what only if answers take longer than a client needs to send what it sends in parallel.
    """
    ends = sorted((one.end, number) for number, one in enumerate(requests))
    depths: dict[int, int] = {}
    deepest = ended = 0
    for number, one in sorted(enumerate(requests), key=lambda each: each[1].begin):
        while ends[ended][0] <= one.begin:
            deepest = max(deepest, depths[ends[ended][1]])
            ended += 1
        depths[number] = deepest + 1
    return max(depths.values(), default=0)


class _Tables:
    """What the two tables answer: JSON, and the units consumed. A condition that fails is a KeyError."""

    def __init__(self, size: Size) -> None:
        self.stored = Stored(size)
        self.full = size.segment_rows
        self._members = Members(self.stored)
        self.forget()

    def forget(self) -> None:
        """Forget all that was written."""
        self._appended: defaultdict[tuple[int, int], list[str]] = defaultdict(list)
        self._added: defaultdict[Bucket, list[int]] = defaultdict(list)
        self._holders: dict[str, str] = {}  # pk to sk

    def batch_get(self, request: dict[str, Any]) -> tuple[bytes, int]:
        """Answer for bucket pages; no object is there, so nothing that lies near by chance is a match."""
        ((table, asked),) = request["RequestItems"].items()
        items, units = [], 0
        for key in asked["Keys"]:
            bucket = _bucket(key)
            members = self._in_bucket(bucket) if bucket else np.empty(0, np.uint64)
            units += math.ceil((KEY_BYTES + MEMBER_BYTES * len(members)) / READ_UNIT_BYTES)
            if len(members):
                text = json.dumps(key).encode()[:-1]
                items.append(text + b', "hashes": {"BS": ' + as_binary_set(as_members(members)) + b"}}")
        consumed = json.dumps([{"TableName": table, "CapacityUnits": units}]).encode()
        head = b'{"Responses": {"%s": [' % table.encode()
        return head + b",".join(items) + b']}, "UnprocessedKeys": {}, "ConsumedCapacity": ' + consumed + b"}", units

    def write(self, request: dict[str, Any]) -> tuple[bytes, int]:
        """Take a write, and keep what a search reads again."""
        key = request.get("Key")
        if key is None:
            size = len(json.dumps(request["Item"]))
            self._holders[request["Item"]["pk"]["S"]] = request["Item"]["sk"]["S"]
        elif bucket := _bucket(key):
            self._added[bucket].append(int.from_bytes(_binary(request, ":member"), "big"))
            size = KEY_BYTES + MEMBER_BYTES * len(self._in_bucket(bucket))
        else:
            size = self._append(key, request["ExpressionAttributeValues"][":entry"]["B"])
        units = math.ceil(size / WRITE_UNIT_BYTES)
        consumed = {"TableName": request["TableName"], "CapacityUnits": units}
        return json.dumps({"ConsumedCapacity": consumed}).encode(), units

    def query(self, request: dict[str, Any]) -> tuple[bytes, int]:
        """Answer for the journal, or for the holder of a hash; the stored ones have one whose object is gone."""
        values = request["ExpressionAttributeValues"]
        if ":hash" in values:
            hash = values[":hash"]["S"]
            holder = self._holders.get(hash, f"{LOWEST_SEQUENCER}#{2 * hash.rpartition('#')[2]}")
            return json.dumps({"Items": [{"sk": {"S": holder}}]}).encode(), 1
        pk = values[":pk"]["S"]
        items, size, last = self._segments(pk, request)
        units = max(1, math.ceil(size / READ_UNIT_BYTES))
        rest: dict[str, Any] = {"ConsumedCapacity": {"TableName": request["TableName"], "CapacityUnits": units}}
        if last is not None:
            rest["LastEvaluatedKey"] = {"pk": {"S": pk}, "sk": {"S": last}}
        return b'{"Items": [' + b",".join(items) + b"], " + json.dumps(rest).encode()[1:], units

    def _in_bucket(self, bucket: Bucket) -> NDArray[np.uint64]:
        return np.concatenate([self._members.of(bucket), np.array(self._added.get(bucket, []), np.uint64)])

    def _append(self, key: dict[str, Any], entry: str) -> int:
        shard, number = int(key["pk"]["S"].rpartition("#j")[2]), int(key["sk"]["S"])
        entries = self._count(shard, number)
        if entries >= self.full:
            raise KeyError("full")
        self._appended[shard, number].append(entry)
        return KEY_BYTES + (entries + 1) * entry_bytes(self.stored.size.views)

    def _count(self, shard: int, number: int) -> int:
        rows = self.stored.rows(shard) - number * self.full
        return min(self.full, max(0, rows)) + len(self._appended[shard, number])

    def _segments(self, pk: str, request: dict[str, Any]) -> tuple[list[bytes], int, str | None]:
        """The items of a shard that are asked for, their bytes, and where the page ends if it is cut."""
        shard = int(pk.rpartition("#j")[2])
        values = {name: value["S"] for name, value in request["ExpressionAttributeValues"].items()}
        first = values.get(":from", "0")
        after = request.get("ExclusiveStartKey", {"sk": {"S": ""}})["sk"]["S"]
        number = int(after) + 1 if after else int(first)
        stop = math.ceil(self.stored.rows(shard) / self.full)
        while self._count(shard, stop):
            stop += 1
        numbers = range(number, min(stop, int(values.get(":to", "99999999")) + 1))
        limit = request.get("Limit", stop)
        items, size = [], 0
        if shard == 0 and self.stored.size.shards > 1 and ":to" not in values and ":shards" not in values:
            count = {"pk": {"S": pk}, "sk": {"S": "shards"}, "count": {"N": str(self.stored.size.shards)}}
            items.append(json.dumps(count).encode())
            size += KEY_BYTES
        for one in reversed(numbers) if request.get("ScanIndexForward") is False else numbers:
            if len(items) >= limit:
                break
            if size > PAGE_BYTES:
                return items, size, f"{one - 1:08d}"
            item, bytes_ = self._segment(pk, shard, one)
            items.append(item)
            size += bytes_
        return items, size, None

    def _segment(self, pk: str, shard: int, number: int) -> tuple[bytes, int]:
        rows, appended = self.stored.segment(shard, number), self._appended[shard, number]
        entries = as_binary_set(rows) if len(rows) else b"[]"
        if appended:
            entries = entries[:-1] + (b"," if len(rows) else b"") + json.dumps(appended).encode()[1:]
        item = b'{"pk": {"S": "%s"}, "sk": {"S": "%08d"}, "entries": {"BS": %s}}' % (pk.encode(), number, entries)
        return item, KEY_BYTES + (len(rows) + len(appended)) * entry_bytes(self.stored.size.views)


def _binary(request: dict[str, Any], name: str) -> bytes:
    return base64.b64decode(request["ExpressionAttributeValues"][name]["B"])


def _bucket(key: dict[str, Any]) -> Bucket | None:
    kind, _, prefix = key["pk"]["S"].rpartition("#")
    band = kind.rpartition("#")[2]
    return Bucket(int(band[1:]), int(prefix, 16)) if band.startswith("b") else None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64  # of 16 connections at once some would be refused, and tried again a second later


def _serve(parent: Connection, size: Size) -> None:
    server = _Server(("127.0.0.1", 0), _handler(_Tables(size)))
    parent.send(server.server_address[1])
    server.serve_forever()


def _handler(tables: _Tables) -> type[BaseHTTPRequestHandler]:
    operations = {"BatchGetItem": tables.batch_get, "Query": tables.query}
    noted: list[Request] = []
    hold_s = 0.0
    json_type = "application/x-amz-json-1.0"
    refused = json.dumps({"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"}).encode()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            begin = time.perf_counter()
            request = json.loads(self._body())
            if self.path == CONTROL:
                return self._control(request)
            name = self.headers["X-Amz-Target"].partition(".")[2]
            try:
                answer, units = operations.get(name, tables.write)(request)
            except KeyError:
                self._answer(400, json_type, refused, begin, name, 1)
            else:
                self._answer(200, json_type, answer, begin, name, units)
            return None

        def do_GET(self) -> None:
            begin = time.perf_counter()
            shard, number = self.path.partition("?")[0].split("/")[-2:]
            pack = tables.stored.pack(int(shard), int(number))
            missing = b"<Error><Code>NoSuchKey</Code></Error>"
            self._answer(404 if pack is None else 200, "application/xml", pack or missing, begin, GET_OBJECT, 0)

        def _body(self) -> bytes:
            return self.rfile.read(int(self.headers["Content-Length"]))

        def _control(self, request: dict[str, Any]) -> None:
            nonlocal hold_s
            hold_s = request["hold_s"]
            answer = json.dumps(noted).encode()
            self.wfile.write(_message(200, json_type, answer))
            noted.clear()
            if request.get("forget"):
                tables.forget()

        def _answer(self, status: int, kind: str, body: bytes, begin: float, what: str, units: int) -> None:
            time.sleep(hold_s)
            message = _message(status, kind, body)
            noted.append(Request(begin, time.perf_counter(), what, units, len(message)))
            self.wfile.write(message)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: the tables do."""

    return Handler


def _message(status: int, kind: str, body: bytes) -> bytes:
    """Head and body in one piece: a body that is sent after its head waits 40 ms for the head's acknowledgement."""
    return f"HTTP/1.1 {status} -\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
