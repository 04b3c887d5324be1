"""The relay passes on what is said, late on the way back, and ends when one of its ends does."""

import asyncio
import socket
import time

import pytest

from releasegate.demo.ports import CannotBind, bind
from releasegate.demo.relay import relay

DELAY_S = 0.15


def relayed(talk, answer, *, delay_s=0.0):
    """Run `talk(port)` against a relay before a server that runs `answer(reader, writer)`."""

    async def run():
        async with asyncio.timeout(10):
            served = asyncio.Queue()

            async def serve(reader, writer):
                await answer(reader, writer)
                writer.close()
                served.put_nowait(None)

            server = await asyncio.start_server(serve, "127.0.0.1", 0)
            origin = server.sockets[0].getsockname()
            bound = bind(["relay"], 0)["relay"]
            bound.listen()
            relaying = asyncio.create_task(relay(bound, lambda: asyncio.open_connection(*origin), delay_s=delay_s))
            try:
                said = await talk(bound.getsockname()[1])
                await served.get()
                return said
            finally:
                server.close()
                relaying.cancel()
                await asyncio.gather(relaying, return_exceptions=True)

    return asyncio.run(run())


async def echo(reader, writer):
    while piece := await reader.read(1000):
        writer.write(piece)
        await writer.drain()


async def ask(port, *words):
    """Say words one after the other, each once the one before was answered; give how long each answer took."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    took = []
    for word in words:
        began = time.monotonic()
        writer.write(word)
        assert await reader.readexactly(len(word)) == word
        took.append(time.monotonic() - began)
    writer.close()
    await writer.wait_closed()
    return took


def test_what_is_said_and_answered_is_passed_on_unchanged():
    relayed(lambda port: ask(port, b"one", b"two", bytes(range(256)) * 4000), echo)


def test_each_answer_is_late_by_the_delay():
    took = relayed(lambda port: ask(port, b"one", b"two"), echo, delay_s=DELAY_S)
    assert all(DELAY_S <= one < 2 * DELAY_S for one in took)


def test_the_delays_of_what_is_answered_in_pieces_do_not_add_up():
    async def in_pieces(reader, writer):
        for number in range(10):
            writer.write(bytes([number]))
            await writer.drain()
            await asyncio.sleep(0.005)

    async def hear(port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        began = time.monotonic()
        heard = await reader.read()
        writer.close()
        return heard, time.monotonic() - began

    heard, took_s = relayed(hear, in_pieces, delay_s=DELAY_S)
    assert heard == bytes(range(10))
    assert DELAY_S <= took_s < 5 * DELAY_S


def test_a_client_that_has_said_all_still_hears_the_answer():
    async def last(reader, writer):
        writer.write(b"you said " + await reader.read())

    async def say(port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"goodbye")
        writer.write_eof()
        heard = await reader.read()
        writer.close()
        return heard

    assert relayed(say, last, delay_s=DELAY_S) == b"you said goodbye"


def test_a_client_that_leaves_is_left_by_the_server_too():
    async def until_left(reader, writer):
        assert await reader.read() == b""

    async def leave(port):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.transport.abort()

    relayed(leave, until_left)


def test_when_nobody_stands_behind_it_the_connection_is_closed():
    async def nobody():
        raise ConnectionRefusedError

    async def run():
        bound = bind(["relay"], 0)["relay"]
        bound.listen()
        relaying = asyncio.create_task(relay(bound, nobody))
        reader, writer = await asyncio.open_connection("127.0.0.1", bound.getsockname()[1])
        heard = await reader.read()
        writer.close()
        relaying.cancel()
        await asyncio.gather(relaying, return_exceptions=True)
        return heard

    assert asyncio.run(run()) == b""


def test_a_port_that_nobody_can_have_is_told_with_its_name():
    with pytest.raises(CannotBind, match=r"the cache cannot have port 70000: there is no such port; .*--port"):
        bind(["cache"], 70_000)


def test_free_ports_differ():
    sockets = bind(["one", "two"], 0)
    assert len({bound.getsockname() for bound in sockets.values()}) == 2
    assert all(bound.family is socket.AF_INET for bound in sockets.values())
    for bound in sockets.values():
        bound.close()
