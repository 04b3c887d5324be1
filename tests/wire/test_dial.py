"""TCP: connecting to a vetted address, and telling why not. What WebSockets connect with too."""

import asyncio
import socket

import pytest
from wire_world import led_to, names, refused, saying, served, target_at, what, wired

from releasegate.wire import dial as dialing


def connected(handle=None, *, host="127.0.0.1", timeout_s=5.0, **more):
    async def run():
        async with served(handle or saying()) as port, wired() as wire:
            return await wire.connect_tcp(target_at(port, scheme="tcp", host=host, **more), timeout_s)

    return asyncio.run(run())


def failed(target, timeout_s=3.0, *, scheme="tcp"):
    async def run():
        async with wired() as wire:
            if scheme == "tcp":
                return await refused(wire.connect_tcp(target, timeout_s))
            return await refused(wire.open_websocket(target, f"{target.origin}/", (), timeout_s, max_message=9))

    return asyncio.run(run())


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_connection_has_its_peer_and_its_phases(host):
    contact, phases = connected(host=host)
    assert (contact.host, contact.target) == (host, "api")
    assert contact.address in {"127.0.0.1", "::1"}
    assert names(phases) == ["name", "connect"]
    assert all(phase.duration_s >= 0 for phase in phases)


def test_ipv6_is_spoken():
    async def run():
        async with served(saying(), host="::1") as port, wired() as wire:
            return await wire.connect_tcp(target_at(port, scheme="tcp", host="::1"), 5)

    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no ::1")
    assert asyncio.run(run())[0].address == "::1"


def test_nobody_listening_is_refused():
    error = failed(target_at(1, scheme="tcp"))
    assert what(error) == ("connect", "refused")
    assert names(error.phases) == ["name", "connect"]


def test_a_name_that_nobody_knows_is_told():
    error = failed(target_at(1, scheme="tcp", host="nobody.invalid"))
    assert error.trouble.phase == "name"
    assert error.trouble.reason in {"dns", "timeout"}  # a resolver that cannot be reached does not answer


@pytest.mark.parametrize("host", ["a..b", "x" * 64 + ".example"])
def test_a_name_that_is_none_is_told(host):
    assert what(failed(target_at(1, scheme="tcp", host=host))) == ("name", "dns")


@pytest.mark.parametrize("scheme", ["tcp", "ws"])
@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.1", "::1", "fd00::1", "169.254.169.254", "::ffff:169.254.169.254"]
)
def test_a_name_that_leads_inside_is_not_contacted(monkeypatch, address, scheme):
    led_to(monkeypatch, (address, 80))
    error = failed(target_at(80, scheme=scheme, host="staging.example"), scheme=scheme)
    assert what(error) == ("connect", "not allowed")


@pytest.mark.parametrize("scheme", ["tcp", "ws"])
def test_metadata_is_not_contacted_even_with_leave(monkeypatch, scheme):
    led_to(monkeypatch, ("169.254.169.254", 80), ("fe80::1", 80))
    error = failed(target_at(80, scheme=scheme, host="staging.example", private=True), scheme=scheme)
    assert what(error) == ("connect", "not allowed")
    assert "never contacted" in error.trouble.message


def test_the_vetted_address_is_the_one_connected_to(monkeypatch):
    async def run():
        async with served(saying()) as port, wired() as wire:
            led_to(monkeypatch, ("169.254.169.254", port), ("127.0.0.1", port))
            return await wire.connect_tcp(target_at(port, scheme="tcp", host="staging.example", private=True), 5)

    assert asyncio.run(run())[0].address == "127.0.0.1"


def test_the_next_address_is_tried_when_one_is_refused_or_silent(monkeypatch):
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    fillers = [socket.socket() for _ in range(3)]
    for filler in fillers:
        filler.setblocking(False)
        filler.connect_ex(listener.getsockname())

    async def run():
        async with served(saying()) as port, wired() as wire:
            led_to(monkeypatch, ("127.0.0.9", 1), listener.getsockname(), ("127.0.0.1", port))
            return await wire.connect_tcp(target_at(port, scheme="tcp", host="staging.example", private=True), 0.6)

    try:
        contact, phases = asyncio.run(run())
    finally:
        for sock in (listener, *fillers):
            sock.close()
    assert contact.address == "127.0.0.1"
    assert phases[-1].duration_s == pytest.approx(0.3, abs=0.15)


def test_a_connect_that_is_not_answered_times_out_in_its_phase(monkeypatch):
    async def never(*_):
        await asyncio.sleep(30)

    monkeypatch.setattr(dialing, "_open", never)
    error = failed(target_at(1, scheme="tcp"), 0.1)
    assert what(error) == ("connect", "timeout")
    assert "0.1 s" in error.trouble.message
