"""A DynamoDB that answers bucket reads from memory and takes every write: the cheapest server there can be.

It runs in a process of its own, so that the CPU time measured here is the client's alone. Units follow
the pricing rules: a strong read costs one unit for each started 4 KB and one for an absent key, a write
one for each started 1 KB of the item after it. No emulator does this fast enough for 100,000 hashes.
"""

import base64
import json
import math
import multiprocessing
import random
from collections import defaultdict
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any

from handler.core.buckets import Bucket, buckets, to_member

READ_UNIT_BYTES = 4096
WRITE_UNIT_BYTES = 1024
KEY_BYTES = 40  # names and values of pk and sk, about


class CannedDynamoDB:
    """The server, with *hashes* stored, for a `with` block; or with *crowd* members in every bucket."""

    def __init__(self, hashes: Iterable[int], *, crowd: int = 0) -> None:
        self._hashes, self._crowd = hashes, crowd

    def __enter__(self) -> str:
        here, there = multiprocessing.Pipe()
        self._process = multiprocessing.Process(target=_serve, args=(there, self._hashes, self._crowd), daemon=True)
        self._process.start()
        return f"http://127.0.0.1:{here.recv()}"

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.join()


def _serve(parent: Connection, hashes: Iterable[int], crowd: int) -> None:
    stored: defaultdict[Bucket, list[int]] = defaultdict(list)
    for hash in hashes:
        for bucket in buckets(hash):
            stored[bucket].append(hash)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(stored, crowd))
    parent.send(server.server_address[1])
    server.serve_forever()


def _handler(stored: defaultdict[Bucket, list[int]], crowd: int) -> type[BaseHTTPRequestHandler]:
    def members(key: dict[str, Any]) -> list[int]:
        band, prefix = key["pk"]["S"].split("#")[-2:]
        bucket = Bucket(int(band[1:]), int(prefix, 16))
        if crowd:  # evenly spread, the same at every reading
            shift = 48 - 16 * bucket.band
            rng = random.Random(bucket.band << 16 | bucket.prefix)
            return [rng.getrandbits(64) & ~(0xFFFF << shift) | bucket.prefix << shift for _ in range(crowd)]
        return stored.get(bucket, [])

    def batch_get(request: dict[str, Any]) -> dict[str, Any]:
        ((table, asked),) = request["RequestItems"].items()
        items, units = [], 0
        for key in asked["Keys"]:
            found = members(key)
            units += math.ceil((KEY_BYTES + 8 * len(found)) / READ_UNIT_BYTES)
            if found:
                items.append(key | {"hashes": {"BS": [base64.b64encode(to_member(hash)).decode() for hash in found]}})
        consumed = [{"TableName": table, "CapacityUnits": units}]
        return {"Responses": {table: items}, "UnprocessedKeys": {}, "ConsumedCapacity": consumed}

    def write(request: dict[str, Any]) -> dict[str, Any]:
        key = request.get("Key")
        size = KEY_BYTES + 8 * (1 + len(members(key))) if key else len(json.dumps(request["Item"]))
        units = math.ceil(size / WRITE_UNIT_BYTES)
        return {"ConsumedCapacity": {"TableName": request["TableName"], "CapacityUnits": units}}

    def nobody_has_it(request: dict[str, Any]) -> dict[str, Any]:
        """Answer for the holders of a hash that lies near by chance."""
        return {"Items": [], "Count": 0, "ConsumedCapacity": {"TableName": request["TableName"], "CapacityUnits": 1.0}}

    operations = {"BatchGetItem": batch_get, "UpdateItem": write, "PutItem": write, "Query": nobody_has_it}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer = json.dumps(operations[self.headers["X-Amz-Target"].partition(".")[2]](request)).encode()
            self.send_response_only(200)
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: the tables do."""

    return Handler
