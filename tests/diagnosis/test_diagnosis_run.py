"""A whole run against servers of this machine: what a dependency that refuses does to the report, and what it does not."""

import json
import socket
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from releasegate.cli.main import main
from releasegate.errors import EXIT_UNSTABLE

CONFIG = """\
version: 1
targets:
  api: {{url: "http://127.0.0.1:{api}"}}
  cache: {{url: "tcp://127.0.0.1:{cache}"}}
suites:
  shop:
    checks:
      orders:
        samples: single
        diagnose: stores.cache
        http: {{get: "api:/orders", expect: {{status: 200}}}}
  stores:
    checks:
      cache: {{tcp: {{connect: cache, expect: {{latency: {{warn: 5s}}}}}}}}
"""


class Unavailable(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@contextmanager
def serving():
    """Serve an API that is unavailable; give its port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Unavailable)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()


@contextmanager
def port(*, listening):
    """Give a port of our own that takes connections, or refuses them."""
    with socket.socket() as own:
        own.bind(("127.0.0.1", 0))
        if listening:
            own.listen(64)
        yield own.getsockname()[1]


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    def go(*arguments, listening):
        with serving() as api, port(listening=listening) as cache:
            (tmp_path / "releasegate.yml").write_text(CONFIG.format(api=api, cache=cache))
            with pytest.raises(SystemExit) as left:
                main(["run", "--quiet", "--sha", "4f2a91c0" * 5, *arguments])
        evidence = json.loads((tmp_path / ".releasegate/evidence.json").read_text())
        return left.value.code, capsys.readouterr().out, evidence

    return go


def test_a_store_that_refuses_is_told_once_with_what_it_explains(run):
    code, out, evidence = run(listening=False)
    assert code == EXIT_UNSTABLE
    assert evidence["verdict"]["reasons"][0] == "stores.cache is down (tcp connect refused): it explains shop.orders"
    assert [check["label"] for check in evidence["checks"]] == ["FAILED", "FAILED"]
    steps = out.partition("What to do next\n")[2]
    assert " 1. stores.cache: look at it first, it explains 1 other check:" in steps
    assert " 2." not in steps


def test_a_store_that_was_left_out_is_read_and_not_judged(run):
    code, out, evidence = run("--check", "shop.orders", listening=False)
    assert code == EXIT_UNSTABLE
    assert [check["id"] for check in evidence["checks"]] == ["shop.orders"]
    assert "stores.cache was down when it was read (tcp connect refused): it explains shop.orders" in out
    assert [len(sample["diagnosis"]) for sample in evidence["checks"][0]["samples"]] == [1, 1]


def test_a_store_that_is_well_is_told_as_it_is_and_explains_nothing(run):
    code, out, evidence = run(listening=True)
    assert code == EXIT_UNSTABLE
    assert evidence["verdict"]["reasons"] == ["FAILED: shop.orders"]
    assert {check["id"]: check["label"] for check in evidence["checks"]} == {
        "shop.orders": "FAILED",
        "stores.cache": "PASSED",
    }
    assert "  beside    stores.cache: " in out
    assert "likely" not in out
