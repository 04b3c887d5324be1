"""A hub in, GitHub's API on a port of 127.0.0.1 out, until the `with` ends. It answers below / and below /api/v3.

A server of the standard library, since it must do what a framework forbids: cut a connection without an answer.
"""

import json
import socket
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, urlsplit

from releasegate.demo.hub.exchange import Place, Request
from releasegate.demo.hub.hub import Hub
from releasegate.demo.hub.respond import Cut, Delivery, answer

ENTERPRISE = "/api/v3"
IDLE_S, MOST_BODY, PIECES = 30.0, 4_000_000, 10


class HubServer:
    """Serves a hub. Requests are answered one at a time, so that the state is never torn; waiting is side by side."""

    def __init__(self, hub: Hub, *, port: int = 0, clock: Callable[[], float] = time.time) -> None:
        self.hub = hub
        self._clock = clock
        self._turn = threading.Lock()
        self._open: set[socket.socket] = set()
        self._closing = threading.Event()
        served = self

        class Handler(_Handler):
            server_of = served

        self._server = _Listener(("127.0.0.1", port), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        """For GITHUB_API_URL; with /api/v3 behind it, an Enterprise Server's."""
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End at once: whoever is still being answered is cut off."""
        self._closing.set()
        self._server.shutdown()
        with self._turn:
            for connection in self._open:
                _cut(connection)
        self._thread.join()
        self._server.server_close()

    def answer(self, request: Request) -> Delivery:
        with self._turn:
            return answer(request, self.hub, self._clock())

    def keep(self, connection: socket.socket, *, is_open: bool) -> None:
        """Remember a connection while it is open, so that the end can find it."""
        with self._turn:
            (self._open.add if is_open else self._open.discard)(connection)
            if is_open and self._closing.is_set():
                _cut(connection)

    def pause(self, seconds: float) -> bool:
        """Wait, unless the end comes first; say whether it did."""
        return seconds > 0 and self._closing.wait(seconds)


def _cut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the other side was first


class _Listener(ThreadingHTTPServer):
    daemon_threads = False  # its end waits for theirs
    request_queue_size = 128


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    server_of: HubServer
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "github.com", ""
    disable_nagle_algorithm = True
    timeout = IDLE_S

    def setup(self) -> None:
        super().setup()
        self.server_of.keep(self.connection, is_open=True)

    def finish(self) -> None:
        self.server_of.keep(self.connection, is_open=False)
        super().finish()

    def handle(self) -> None:
        """Serve until the client leaves, however it does."""
        try:
            super().handle()
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing: the hub has its own log."""

    def _serve(self) -> None:
        said = self.headers.get("content-length") or "0"
        length = int(said) if said.isascii() and said.isdigit() else MOST_BODY + 1
        if length > MOST_BODY or "transfer-encoding" in self.headers:
            self.send_error(413)
            return
        target = urlsplit(self.path)
        enterprise = target.path.startswith(f"{ENTERPRISE}/")
        web = self.server_of.url
        delivery = self.server_of.answer(Request(
            method=self.command, path=target.path.removeprefix(ENTERPRISE) if enterprise else target.path,
            query=dict(parse_qsl(target.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()}, body=self.rfile.read(length),
            at=Place(web + ENTERPRISE if enterprise else web, web),
        ))  # fmt: skip
        self._deliver(delivery)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _serve  # noqa: N815 - the library's names

    def _deliver(self, delivery: Delivery) -> None:
        """Send an answer as it is to travel."""
        if self.server_of.pause(delivery.delay_s) or delivery.cut is Cut.BEFORE:
            self._leave()
            return
        response = delivery.response
        body = b"" if response.payload is None else json.dumps(response.payload).encode()
        self.send_response(response.status)
        if body:
            self.send_header("content-type", "application/json; charset=utf-8")
        if response.status not in (204, 304):
            self.send_header("content-length", str(len(body)))
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if delivery.cut is Cut.WITHIN:
            self.wfile.write(body[: len(body) // 2])
            self._leave()
            return
        self._write(body, delivery.body_s)

    def _write(self, body: bytes, seconds: float) -> None:
        size = len(body) if seconds <= 0 else max(1, -(-len(body) // PIECES))
        for start in range(0, len(body), size or 1):
            if self.server_of.pause(seconds / PIECES):
                self._leave()
                return
            self.wfile.write(body[start : start + size])

    def _leave(self) -> None:
        self.close_connection = True
        _cut(self.connection)
