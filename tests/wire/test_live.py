"""The wire as a whole: what it loads and when, and how httpx sees it."""

import asyncio
import subprocess
import sys
import time

import httpx
import pytest
from wire_world import answer, answering, ask, served, target_at, wired

from releasegate.checks.base import Probe
from releasegate.checks.client import client
from releasegate.errors import CouldNotLook
from releasegate.wire.httpx_transport import WireTransport

HEAVY = {"pycurl", "websockets", "httpx", "certifi", "cryptography"}


def test_the_wire_loads_nothing_heavy_until_it_is_used():
    code = "import sys, releasegate.wire.live; print(*(name for name in sys.modules))"
    loaded = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )
    assert "releasegate.wire.live" in loaded
    assert not HEAVY & loaded


def test_a_request_loads_only_what_speaks_http():
    code = """
import asyncio, sys, time
from releasegate.config.model import Target
from releasegate.checks.base import Probe
from releasegate.errors import CouldNotLook
from releasegate.wire.live import LiveWire
from releasegate.wire.types import HttpRequest
async def run():
    wire = LiveWire(environ={}, clock=time.monotonic)
    target = Target(name="a", url="", scheme="http", host="127.0.0.1", port=1)
    try:
        await wire.fetch(HttpRequest(target=target, method="GET", url="http://127.0.0.1:1/"))
    except CouldNotLook as error:
        print(*sys.modules)
    await wire.aclose()
asyncio.run(run())
"""
    loaded = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )
    assert HEAVY & loaded == {"pycurl"}


def test_closing_a_wire_that_was_not_used_is_no_error():
    async def run():
        async with wired():
            return True

    assert asyncio.run(run())


def by_httpx(use, *answers):
    seen = []

    async def run():
        async with served(answering(*answers, seen=seen)) as port, wired() as wire:
            target = target_at(port)
            async with httpx.AsyncClient(
                transport=WireTransport(wire, {"api": target}), base_url=target.origin
            ) as client:
                return await use(client)

    return asyncio.run(run()), seen


def test_httpx_speaks_over_the_wire():
    import gzip

    async def use(client):
        return await client.post("/orders", json={"a": 1}, headers={"X-A": "1"}, params={"q": "x y"})

    packed = answer(
        gzip.compress(b'{"id": 7}'), "Content-Encoding: gzip", "Content-Type: application/json", "X-B: 2", "X-B: 3"
    )
    got, seen = by_httpx(use, packed)
    assert (got.status_code, got.json(), got.headers.get_list("x-b")) == (200, {"id": 7}, ["2", "3"])
    head, body = seen[0]
    assert head.startswith("POST /orders?q=x")
    assert body == b'{"a":1}'
    assert "X-A: 1" in head or "x-a: 1" in head
    assert "application/json" in head
    assert [phase.name for phase in got.extensions["phases"]][-1] == "transfer"
    assert got.extensions["contact"].address == "127.0.0.1"


def test_httpx_follows_redirects_to_declared_origins_only():
    async def use(client):
        with pytest.raises(httpx.UnsupportedProtocol, match="no declared target"):
            await client.get("/", follow_redirects=True)
        return (await client.get("/there", follow_redirects=True)).status_code

    away = answer(b"", "Location: http://169.254.169.254/latest", status="302 Found")
    assert by_httpx(use, away, answer(b"", "Location: /here", status="302 Found"), answer())[0] == 200


def test_httpx_sees_trouble_as_every_kind_does():
    async def use(client):
        with pytest.raises(CouldNotLook):
            await client.get("/", timeout=0.1)
        return True

    async def run():
        async def silent(reader, _writer):
            await reader.read(1)
            await asyncio.sleep(30)

        async with served(silent) as port, wired() as wire:
            transport = WireTransport(wire, {"api": target_at(port)})
            async with httpx.AsyncClient(transport=transport, base_url=f"http://127.0.0.1:{port}") as client:
                return await use(client)

    assert asyncio.run(run())


def test_a_wire_serves_http_tcp_and_many_targets_at_once():
    async def run():
        async with served(answering(answer(b"one"))) as one, served(answering(answer(b"two"))) as two, wired() as wire:
            first, second = target_at(one), target_at(two, name="other")
            got = await asyncio.gather(*(wire.fetch(ask(target)) for target in (first, second) * 10))
            contact, _ = await wire.connect_tcp(target_at(one, scheme="tcp"), 5)
            return [answered.body for answered in got], contact.address

    assert asyncio.run(run()) == ([b"one", b"two"] * 10, "127.0.0.1")


def test_a_kinds_own_client_records_and_traces_what_it_asks():
    seen = []

    async def run():
        async with served(answering(answer(b"[1]"), seen=seen)) as port, wired() as wire:
            target = target_at(port)
            probe = Probe(
                scope={"nonce": "4bf92f3577b34da6a3ce929d0e0e4736"}, targets={"api": target}, wire=wire, credentials=None, clock=time.monotonic,
                sleep=asyncio.sleep, began=0.0,
            )  # fmt: skip
            async with client(probe) as http:
                got = await http.get(f"{target.origin}/list")
            return got.json(), probe

    got, probe = asyncio.run(run())
    assert got == [1]
    assert [phase.name for phase in probe.phases][-1] == "transfer"
    assert [contact.address for contact in probe.contacts] == ["127.0.0.1"]
    assert "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000001-01" in seen[0][0]
    assert probe.trace == "4bf92f3577b34da6a3ce929d0e0e4736"
