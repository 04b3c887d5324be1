"""Through a proxy: HTTP forwarded, TLS and WebSockets tunnelled, names left to the proxy."""

import asyncio
from contextlib import asynccontextmanager, suppress

import pytest
from wire_world import (
    Authority,
    answer,
    answering,
    ask,
    led_to,
    names,
    read_request,
    refused,
    saying,
    served,
    target_at,
    what,
    wired,
)

from test_websocket import TEXT, accepting, frame, sending  # isort: skip

KINDS = pytest.mark.parametrize("kind", ["http", "https", "ws", "wss"])


@asynccontextmanager
async def proxied(port, *, seen, status="200 OK"):
    """A proxy that leads everything to one port of ours, whatever name is asked for."""

    async def pipe(reader, writer):
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)

    async def handle(reader, writer):
        head, _ = await read_request(reader)
        seen.append(head)
        if not status.startswith("200"):
            writer.write(answer(b"no", status=status))
            return
        there = await asyncio.open_connection("127.0.0.1", port)
        try:
            if head.startswith("CONNECT "):
                writer.write(b"HTTP/1.1 200 Connection established\r\nX-Proxy: 1\r\n\r\n")
            else:
                there[1].write(head.encode())
            await asyncio.gather(pipe(reader, there[1]), pipe(there[0], writer))
        finally:
            there[1].close()

    async with served(handle) as own:
        yield own


def through(kind, *, userinfo="", status="200 OK", environ=None, host="staging.example", folder=None, **more):
    """Speak to a name that only the proxy knows; gives what came of it, and what the proxy saw."""
    seen = []
    secure = kind in {"https", "wss"}
    authority = Authority(folder) if secure else None
    context = authority.context(host) if authority else None
    handle = accepting(sending(frame(TEXT, "hi"))) if kind.startswith("ws") else answering(answer(b"hi"))

    async def run():
        async with served(handle, context=context) as port, proxied(port, seen=seen, status=status) as own:
            variables = {name: value.format(port=own, me=userinfo) for name, value in environ.items()}
            target = target_at(9, scheme=kind, host=host, ca=authority.bundle if authority else None, **more)
            async with wired(**variables) as wire:
                return await speak(wire, target)

    return asyncio.run(run()), seen


async def speak(wire, target):
    from releasegate.errors import CouldNotLook

    try:
        if target.scheme.startswith("http"):
            got = await wire.fetch(ask(target, "/path"))
            return got.body.decode(), names(got.phases), got
        socket, phases = await wire.open_websocket(target, f"{target.origin}/path", (), 5, max_message=99)
        said = (await socket.receive(5)).data
        socket._connection.abort()
        return said, names(phases), socket
    except CouldNotLook as error:
        return error


VARIABLES = {"http_proxy": "http://{me}127.0.0.1:{port}", "HTTPS_PROXY": "http://{me}127.0.0.1:{port}"}


@KINDS
def test_a_proxy_is_gone_through_and_resolves_the_name(kind, tmp_path):
    (said, phases, got), seen = through(kind, environ=VARIABLES, folder=tmp_path)
    assert said == "hi"
    assert len(seen) == 1
    assert seen[0].startswith("GET http://staging.example:9/path " if kind == "http" else "CONNECT staging.example:9 ")
    assert ("TLS" in phases) == (kind in {"https", "wss"})
    if kind == "https":
        assert not [name for name, _ in got.headers if name == "x-proxy"]
        assert "staging.example" in got.contact.tls


@KINDS
def test_the_proxy_is_told_who_we_are_and_the_target_is_not(kind, tmp_path):
    (said, *_), seen = through(kind, environ=VARIABLES, userinfo="me:s%40cret@", folder=tmp_path)
    assert said == "hi"
    assert "Proxy-Authorization: Basic bWU6c0BjcmV0" in seen[0]


@KINDS
def test_a_proxy_that_says_no_is_blamed_and_not_the_target(kind, tmp_path):
    got, _ = through(
        kind, environ=VARIABLES, userinfo="me:hush@", status="407 Proxy Authentication Required", folder=tmp_path
    )
    if kind == "http":  # it is an answer like any other there
        assert got[2].status == 407
        return
    assert got.trouble.reason == "proxy"
    assert "407" in got.trouble.message
    assert "hush" not in str(got)


@KINDS
def test_a_proxy_that_is_not_there_is_told(kind):
    async def run():
        async with wired(all_proxy="http://me:hush@127.0.0.1:1") as wire:
            return await speak(wire, target_at(9, scheme=kind, host="staging.example"))

    error = asyncio.run(run())
    assert what(error) == ("connect", "refused")
    assert "hush" not in str(error)


@KINDS
def test_a_proxy_that_cannot_be_read_is_told_without_showing_it(kind):
    async def run():
        async with wired(all_proxy="http://me:hush@:port") as wire:
            return await speak(wire, target_at(9, scheme=kind, host="staging.example"))

    error = asyncio.run(run())
    assert what(error) == ("connect", "proxy")
    assert "all_proxy" in error.trouble.message
    assert "hush" not in str(error)


@KINDS
@pytest.mark.parametrize(
    "host", ["169.254.169.254", "100.100.100.200", "fe80::1", "::ffff:169.254.169.254", "2852039166"]
)
def test_a_proxy_is_not_asked_for_metadata(kind, host, tmp_path):
    error, seen = through(kind, environ=VARIABLES, host=host, private=True, folder=tmp_path)
    assert what(error) == ("connect", "not allowed")
    assert not seen


@KINDS
def test_no_proxy_is_honoured(kind):
    seen = []

    async def run():
        async with (
            proxied(1, seen=seen) as own,
            wired(ALL_PROXY=f"http://127.0.0.1:{own}", no_proxy="other, 127.0.0.0/8") as wire,
        ):
            return await speak(wire, target_at(1, scheme=kind))

    assert what(asyncio.run(run())) == ("connect", "refused")
    assert not seen


def test_the_processs_own_environment_is_not_read(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")

    async def run():
        async with served(answering(answer())) as port, wired() as wire:
            return (await wire.fetch(ask(target_at(port)))).status

    assert asyncio.run(run()) == 200


def test_targets_with_and_without_a_proxy_do_not_share_handles_settings():
    seen = []

    async def run():
        async with (
            served(answering(answer())) as port,
            proxied(port, seen=seen) as own,
            wired(http_proxy=f"http://127.0.0.1:{own}", no_proxy="127.0.0.1") as wire,
        ):
            near, far = target_at(port), target_at(9, host="staging.example", name="far")
            return [(await wire.fetch(ask(one))).status for one in (near, far, near, far)]

    assert asyncio.run(run()) == [200] * 4
    assert all("staging.example" in head for head in seen)
    assert seen


def test_a_websocket_through_another_kind_of_proxy_is_told():
    async def run():
        async with wired(all_proxy="socks5://127.0.0.1:1") as wire:
            return await speak(wire, target_at(9, scheme="ws", host="staging.example"))

    assert what(asyncio.run(run())) == ("connect", "proxy")


def test_a_proxy_that_does_not_speak_is_told_in_time():
    async def run():
        async with served(saying(end="wait")) as own, wired(all_proxy=f"http://127.0.0.1:{own}") as wire:
            target = target_at(9, scheme="ws", host="staging.example")
            return await refused(wire.open_websocket(target, f"{target.origin}/", (), 0.2, max_message=9))

    assert what(asyncio.run(run())) == ("proxy", "timeout")


@pytest.mark.parametrize(
    ("leads_to", "asked"), [("127.0.0.1", b"\x05\x01\x00\x01\x7f\x00\x00\x01\x00\x09"), ("169.254.169.254", None)]
)
def test_a_socks_proxy_is_given_an_address_only_after_it_was_vetted(monkeypatch, leads_to, asked):
    seen = []

    async def socks(reader, writer):
        await reader.readexactly((await reader.readexactly(2))[1])
        writer.write(b"\x05\x00")
        seen.append(await reader.readexactly(10))
        writer.write(b"\x05\x02\x00\x01" + bytes(6))

    async def run():
        led_to(monkeypatch, (leads_to, 9))
        async with served(socks) as own, wired(all_proxy=f"socks5://127.0.0.1:{own}") as wire:
            return await refused(wire.fetch(ask(target_at(9, host="staging.example", private=True))))

    error = asyncio.run(run())
    assert seen == ([asked] if asked else [])
    assert what(error) == (("connect", "proxy") if asked else ("connect", "not allowed"))
