"""A proxy between the deployed function and the emulator, which can make the function fail or wait at its calls."""

import contextlib
import http.client
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import urlsplit

# A client error that botocore does not try again: the invocation ends at this step, as in a crash.
CRASH = b'<Error><Code>InjectedCrash</Code><Message>{"__type": "InjectedCrash"}</Message></Error>'


class Proxy:
    """Forwards every request; `crash_at(n)` makes the n-th later one fail, before or after it takes effect.

    `hold(word)` keeps those waiting whose path has the word, until it is let go.
    """

    def __init__(self) -> None:
        self.target = ""
        self._lock, self._let_go = threading.Lock(), threading.Condition()
        self._held = set[str]()
        self._arrived = dict[str, float]()
        self._until_crash: int | None = None
        self._effective = False
        self.crashed = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "Proxy":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def crash_at(self, call: int, *, effective: bool) -> None:
        """Let *call* requests pass, then fail one: with its effect, or without."""
        with self._lock:
            self._until_crash, self._effective = call, effective
            self.crashed.clear()

    def hold(self, word: str) -> None:
        """Keep all requests waiting whose path has *word*."""
        with self._let_go:
            self._held.add(word)
            self._arrived.pop(word, None)

    def held_since(self, word: str) -> float:
        """Wait for the first request that has to wait for *word*; return when it came, by `time.monotonic`."""
        with self._let_go:
            assert self._let_go.wait_for(lambda: word in self._arrived, timeout=60)
            return self._arrived[word]

    def let_go(self, word: str) -> None:
        """Forward those that wait for *word*."""
        with self._let_go:
            self._held.discard(word)
            self._let_go.notify_all()

    def calm(self) -> None:
        """Fail nothing any more, and keep nothing waiting."""
        with self._lock:
            self._until_crash = None
        with self._let_go:
            self._held.clear()
            self._let_go.notify_all()

    def _wait(self, path: str) -> None:
        with self._let_go:
            for word in self._held:
                if word in path:
                    self._arrived.setdefault(word, time.monotonic())
            self._let_go.notify_all()
            self._let_go.wait_for(lambda: not any(word in path for word in self._held))

    def _crashes_now(self) -> bool:
        with self._lock:
            if self._until_crash is None:
                return False
            self._until_crash -= 1
            if self._until_crash >= 0:
                return False
            self._until_crash = None
            self.crashed.set()
            return True

    def _handler(self) -> Callable[..., BaseHTTPRequestHandler]:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _forward(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                proxy._wait(self.path)
                crash = proxy._crashes_now()
                if not crash or proxy._effective:
                    target = urlsplit(proxy.target)
                    connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=30)
                    try:
                        connection.request(self.command, self.path, body, dict(self.headers.items()))
                        answer = connection.getresponse()
                        content = answer.read()
                    finally:
                        connection.close()
                    if not crash:
                        self._answer(answer.status, answer.getheaders(), content)
                        return
                self._answer(400, [("Content-Type", "application/xml")], CRASH)

            def _answer(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
                self.send_response_only(status)
                length = str(len(content))
                for name, value in headers:
                    if name.lower() == "content-length":
                        length = value if self.command == "HEAD" else length
                    elif name.lower() not in ("transfer-encoding", "connection"):
                        self.send_header(name, value)
                self.send_header("Content-Length", length)
                self.end_headers()
                if self.command != "HEAD":
                    with contextlib.suppress(ConnectionError):  # whoever was kept waiting may have gone
                        self.wfile.write(content)

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _forward  # noqa: N815  names that http.server calls

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing: pytest shows what matters."""

        return Handler
