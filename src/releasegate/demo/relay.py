"""A bound socket and what stands behind it in, connections to it that are answered late out."""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable

PIECE = 64 * 2**10
MOST_WAITING = 64
BACKLOG = 512
Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Dial = Callable[[], Awaitable[Ends]]


async def relay(bound: socket.socket, dial: Dial, *, delay_s: float = 0.0) -> None:
    """Serve until cancelled: whoever connects to `bound` gets a connection of its own that `dial` makes.

    What a client says is passed on at once, what is answered `delay_s` later. When nobody stands behind it, the
    client's connection is closed.
    """
    async with asyncio.TaskGroup() as connections:
        server = await asyncio.start_server(
            lambda *client: _connect(connections, client, dial, delay_s), sock=bound, backlog=BACKLOG
        )
        try:
            await asyncio.Event().wait()
        finally:
            server.close()


def _connect(connections: asyncio.TaskGroup, client: Ends, dial: Dial, delay_s: float) -> None:
    connections.create_task(_serve(client, dial, delay_s))


async def _serve(client: Ends, dial: Dial, delay_s: float) -> None:
    """Relay one connection until the server's side ends."""
    from_client, to_client = client
    with contextlib.closing(to_client):
        try:
            from_server, to_server = await dial()
        except OSError:
            return
        asking = asyncio.create_task(_pass(from_client, to_server))
        try:
            await _pass(from_server, to_client, delay_s)
        finally:
            asking.cancel()
            to_server.close()


async def _pass(source: asyncio.StreamReader, sink: asyncio.StreamWriter, delay_s: float = 0.0) -> None:
    """Pass on what comes, each piece `delay_s` after it came, and then its end: a broken connection has ended too.

    No piece overtakes another, and delays do not add up.
    """
    clock = asyncio.get_running_loop().time
    pieces: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(MOST_WAITING)

    async def take() -> None:
        with contextlib.suppress(OSError):
            while piece := await source.read(PIECE):
                await pieces.put((clock() + delay_s, piece))
        await pieces.put((clock() + delay_s, b""))

    taking = asyncio.create_task(take())
    try:
        while True:
            due_s, piece = await pieces.get()
            await asyncio.sleep(due_s - clock())
            if not piece:
                sink.write_eof()
                return
            sink.write(piece)
            await sink.drain()
    except OSError:
        return
    finally:
        taking.cancel()
