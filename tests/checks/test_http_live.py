"""The kind over the real wire, against a server on the loopback."""

import asyncio
import json
import threading
import time
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from http_world import NONCE, read, unmet
from live_world import sampled

from releasegate.checks.http import KIND
from releasegate.config.model import Target
from releasegate.model import Outcome


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        said = {
            "method": self.command,
            "path": self.path,
            "body": body.decode(),
            "headers": {name.lower(): value for name, value in self.headers.items()},
        }
        self.server.seen.append(said)
        status, headers, reply = self.server.behave(said)
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        data = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            with suppress(ConnectionError):  # who asked may not have waited
                self.wfile.write(data)

    do_GET = answer  # noqa: N815 - http.server has these names
    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer  # noqa: N815

    def log_message(self, *args):
        pass


@contextmanager
def served(behave):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.seen, server.behave = [], behave
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def target(name, port):
    return Target(name=name, url=f"http://127.0.0.1:{port}", scheme="http", host="127.0.0.1", port=port)


def live(config, *servers, port=None):
    """Take one sample over the real wire."""
    ports = [port] if port else [server.server_port for server in servers]
    targets = {name: target(name, port) for name, port in zip(("api", "auth"), ports, strict=False)}
    return asyncio.run(sampled(KIND, read(config), targets))


def echo(said):
    return 200, [("Content-Type", "application/json")], said


@pytest.mark.parametrize("method", ["get", "head", "post", "put", "patch", "delete", "options"])
def test_every_method_arrives_as_itself(method):
    with served(echo) as server:
        assert live({method: "api:/x", "expect": {"status": 200}}, server).met
        assert server.seen[0]["method"] == method.upper()


def test_what_the_config_says_arrives():
    config = {
        "post": "api:/a b/x",
        "query": {"q": ["ä", 1]},
        "headers": {"X-A": "1"},
        "json": {"n": "{{nonce}}"},
        "as": "gate-user",
        "expect": {
            "status": 200,
            "headers": {"content-type": "application/json"},
            "json": {"$.path": "/a%20b/x?q=%C3%A4&q=1", "$.headers.authorization": "Bearer gate-user"},
            "latency": "5s",
        },
    }
    with served(echo) as server:
        one = live(config, server)
    assert one.met, unmet(one)
    (said,) = server.seen
    assert json.loads(said["body"]) == {"n": NONCE}
    assert said["headers"]["content-type"] == "application/json"
    assert said["headers"]["x-a"] == "1"
    assert said["headers"]["user-agent"].startswith("releasegate/")
    assert one.contact[0].bytes_received > 0
    assert one.contact[0].address == "127.0.0.1"
    assert {"request", "first byte"} <= {phase.name for phase in one.phases}


def test_a_flow_with_cookies_captures_and_finally():
    def behave(said):
        if said["method"] == "POST":
            return 201, [("Set-Cookie", "sid=s1; Path=/; HttpOnly")], {"id": 42}
        if said["headers"].get("cookie") != "sid=s1":
            return 401, [], {}
        return (204, [], b"") if said["method"] == "DELETE" else (200, [], {"id": 42})

    config = {
        "steps": [
            {"name": "create", "post": "api:/o", "json": {}, "expect": {"status": 201}, "capture": {"id": "$.id"}},
            {"name": "read", "get": "api:/o/{{id}}", "expect": {"status": 200, "json": {"$.id": "{{id}}"}}},
        ],
        "finally": [{"delete": "api:/o/{{id}}"}],
    }
    with served(behave) as server:
        one = live(config, server)
    assert one.met, unmet(one)
    assert one.leaked == 0, one.notes
    assert [said["method"] + said["path"] for said in server.seen] == ["POST/o", "GET/o/42", "DELETE/o/42"]


def test_a_redirect_to_another_target_leaves_credentials_and_cookies_behind():
    with served(echo) as auth:
        here = f"http://127.0.0.1:{auth.server_port}/in"
        with served(lambda _: (302, [("Location", here), ("Set-Cookie", "sid=1; Path=/")], b"")) as api:
            config = {"get": "api:/x", "follow": 2, "as": "gate-user", "expect": {"status": 200}}
            assert live(config, api, auth).met
    assert "authorization" in api.seen[0]["headers"]
    assert not {"authorization", "cookie"} & auth.seen[0]["headers"].keys()


def test_a_poll_follows_states_to_their_end():
    states = iter(["pending", "running", "running", "done"])
    config = {
        "get": "api:/o",
        "poll": {"every": "10ms", "within": "5s"},
        "states": {"at": "$.state", "order": ["pending", "running", "done"]},
        "expect": {"status": 200},
    }
    with served(lambda _: (200, [], {"state": next(states)})) as server:
        one = live(config, server)
    assert one.met, unmet(one)
    assert [moment.name for moment in one.timeline] == ["pending", "running", "done"]


def test_nobody_there_is_trouble():
    with served(echo) as server:
        port = server.server_port
    one = live({"get": "api:/x", "expect": {"status": 200}}, port=port)
    assert one.outcome is Outcome.TROUBLE
    assert one.signature == "http connect refused"


def test_an_answer_that_does_not_come_is_a_timeout():
    def slow(said):
        time.sleep(0.4)
        return echo(said)

    with served(slow) as server:
        one = live({"get": "api:/x", "timeout": "100ms", "expect": {"status": 200}}, server)
    assert one.outcome is Outcome.TROUBLE
    assert one.trouble.reason == "timeout"
    assert one.duration_s < 0.35


def closing(times):
    """Serve a socket that closes the first connections without a byte."""
    import socket

    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        for index in range(times + 1):
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                if index == times:
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    return listener, listener.getsockname()[1]


def test_a_connection_closed_without_a_byte_is_asked_once_more():
    listener, port = closing(1)
    with listener:
        one = live({"get": "api:/x", "expect": {"status": 200}}, port=port)
    assert one.met, one.trouble
    assert one.retries == 1
