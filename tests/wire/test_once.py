"""A request is sent once: never again on libcurl's own account, and never into a connection that is known to be dead."""

import asyncio
import select
import socket

import pytest
from wire_world import answer, answering, ask, led_to, names, read_request, refused, served, target_at, what, wired

from releasegate.wire.curl import CurlWire
from releasegate.wire.drive import EpollDrive, LoopDrive
from releasegate.wire.names import Names

DRIVES = [
    LoopDrive,
    pytest.param(EpollDrive, marks=pytest.mark.skipif(not hasattr(select, "epoll"), reason="no epoll")),
]


def dying(seen, *, reset=False, stop_listening=None):
    """A handler that answers a connection's first request, and takes the second one to die with it."""

    async def handle(reader, writer):
        for number in range(2):
            head, _ = await read_request(reader)
            if not head:
                return
            seen.append(head.split(" ")[0])
            if number == 1:
                break
            writer.write(answer())
        if stop_listening is not None:
            stop_listening[0].close()
        if reset:
            sock = writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            writer.transport.abort()

    return handle


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(("reset", "reason"), [(False, "closed"), (True, "reset")])
def test_a_request_that_died_with_its_connection_is_trouble_and_not_sent_again(method, reset, reason):
    seen = []
    more = {"body": b"{}"} if method == "POST" else {}

    async def run():
        async with served(dying(seen, reset=reset)) as port, wired() as wire:
            target = target_at(port)
            await wire.fetch(ask(target, method=method, **more))
            error = await refused(wire.fetch(ask(target, method=method, **more)))
            return error, (await wire.fetch(ask(target, method=method, **more))).status

    error, status = asyncio.run(run())
    assert error.reused
    assert seen == [method] * 3
    assert what(error) == ("first byte", reason)
    assert names(error.phases) == ["first byte"]
    assert (error.contact.address, error.contact.bytes_received) == ("127.0.0.1", 0)
    assert error.contact.bytes_sent > 0
    assert status == 200


@pytest.mark.parametrize("fresh", [True, False])
def test_a_request_that_died_on_a_new_connection_is_not_said_to_have_met_a_used_one(fresh):
    async def handle(reader, _writer):
        await read_request(reader)

    async def run():
        async with served(handle) as port, wired() as wire:
            return await refused(wire.fetch(ask(target_at(port), fresh=fresh)))

    error = asyncio.run(run())
    assert what(error) == ("first byte", "closed")
    assert not error.reused


def test_a_server_that_died_with_the_request_is_not_called_unreached():
    seen, listener = [], []

    async def run():
        server = await asyncio.start_server(dying_once, "127.0.0.1", 0)
        listener.append(server)
        async with wired() as wire:
            target = target_at(server.sockets[0].getsockname()[1])
            await wire.fetch(ask(target))
            return await refused(wire.fetch(ask(target, method="POST", body=b"{}")))

    async def dying_once(reader, writer):
        await dying(seen, stop_listening=listener)(reader, writer)
        writer.close()

    assert what(asyncio.run(run())) == ("first byte", "closed")
    assert seen == ["GET", "POST"]


@pytest.mark.parametrize("drive", DRIVES)
@pytest.mark.parametrize("late", [b"", answer(b"not asked for")], ids=["closed", "an answer to nothing"])
def test_a_connection_that_did_not_lie_still_is_not_used_again(drive, late):
    seen = []

    async def handle(reader, writer):
        await read_request(reader)
        seen.append("a connection")
        writer.write(answer(b"asked for"))
        await writer.drain()
        await asyncio.sleep(0.01)
        if late:
            writer.write(late)
            await read_request(reader)

    async def run():
        async with served(handle) as port:
            wire = CurlWire({}, Names())
            wire.drive = drive(asyncio.get_running_loop())
            try:
                bodies = []
                for _ in range(4):
                    bodies.append((await wire.fetch(ask(target_at(port)))).body)
                    await asyncio.sleep(0.05)
                return bodies
            finally:
                await wire.aclose()

    assert asyncio.run(run()) == [b"asked for"] * 4
    assert len(seen) == 4


@pytest.mark.parametrize("drive", DRIVES)
def test_a_connection_that_lay_still_is_used_again(drive):
    seen = []

    async def handle(reader, writer):
        seen.append("a connection")
        await answering(answer())(reader, writer)

    async def run():
        async with served(handle) as port:
            wire = CurlWire({}, Names())
            wire.drive = drive(asyncio.get_running_loop())
            try:
                for _ in range(3):
                    await wire.fetch(ask(target_at(port)))
                    await asyncio.sleep(0.02)
            finally:
                await wire.aclose()

    asyncio.run(run())
    assert len(seen) == 1


def test_a_fresh_request_has_a_connection_that_nobody_else_has():
    ports = []

    async def handle(reader, writer):
        while (await read_request(reader))[0]:
            ports.append(writer.get_extra_info("peername")[1])
            writer.write(answer())

    async def run():
        async with served(handle) as port, wired() as wire:
            for fresh in (True, False, True, False):
                await wire.fetch(ask(target_at(port), fresh=fresh))

    asyncio.run(run())
    apart, first, another, second = ports
    assert first == second
    assert len({first, apart, another}) == 3


def has_ipv6():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no ::1")
def test_a_request_goes_over_the_family_that_it_names(monkeypatch):
    async def run():
        async with (
            served(answering(answer(b"four"))) as port,
            served(answering(answer(b"six")), host="::1", port=port),
            wired() as wire,
        ):
            led_to(monkeypatch, ("::1", port), ("127.0.0.1", port))
            target = target_at(port, host="staging.example", private=True)
            got = [await wire.fetch(ask(target, family=family)) for family in (None, 4, 6, 4, None, 6)]
            return [(one.body, one.contact.address) for one in got]

    four, six = (b"four", "127.0.0.1"), (b"six", "::1")
    anything, *chosen, again, last = asyncio.run(run())
    assert chosen == [four, six, four]
    assert last == six
    assert anything == again


@pytest.mark.parametrize(("host", "family"), [("127.0.0.1", 6), ("staging.example", 6), ("::1", 4)])
def test_a_family_that_is_not_there_is_told_and_nothing_is_sent(monkeypatch, host, family):
    led_to(monkeypatch, ("127.0.0.1", 1))

    async def run():
        async with wired() as wire:
            return await refused(wire.fetch(ask(target_at(1, host=host, private=True), family=family)))

    error = asyncio.run(run())
    assert what(error) == ("connect", "unreachable")
    assert f"no IPv{family} address" in error.trouble.message


def test_a_family_is_not_asked_of_a_proxy():
    async def run():
        async with wired(http_proxy="http://127.0.0.1:1") as wire:
            return await refused(wire.fetch(ask(target_at(1, host="staging.example"), family=4)))

    assert what(asyncio.run(run())) == ("connect", "not allowed")
