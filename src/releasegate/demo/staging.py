"""Faults and ports on stdin in, a staging that serves until stdin ends out. Run as a process of its own.

The first line of stdin says what to serve; the one line on stdout says where, or why not. Secrets come on stdin:
a command line is for everyone to read.
"""

import asyncio
import contextlib
import json
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from releasegate.demo.api import api
from releasegate.demo.auth import auth
from releasegate.demo.chat import chat
from releasegate.demo.faults import Fault
from releasegate.demo.world import World

HOST = "127.0.0.1"
ORIGINS = ("api", "auth", "chat", "edge")
BACKLOG = 512


class Server(uvicorn.Server):
    """A server that leaves signals alone: it ends when the gate that started it does."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class CannotBind(Exception):  # noqa: N818 - the message goes to whoever asked for the port
    """A port cannot be had."""


def main() -> None:
    """Serve until stdin ends. A Ctrl-C goes to the gate, which still needs us to clean up after itself."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    order = json.loads(sys.stdin.buffer.readline())
    world = World(
        faults=frozenset(map(Fault, order["faults"])),
        password=order["password"],
        secret=order["secret"],
        clock=time.monotonic,
        epoch=time.time,
    )
    try:
        sockets = _bind(order["port"])
    except CannotBind as problem:
        _say({"error": str(problem)})
        return
    asyncio.run(_serve(world, sockets))


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def _bind(first: int) -> dict[str, socket.socket]:
    """Take a port for each origin: in a row from `first`, or any that are free."""
    out: dict[str, socket.socket] = {}
    for number, name in enumerate(ORIGINS):
        port = first + number if first else 0
        # The protocol is named: only then asyncio sends small writes at once (TCP_NODELAY), as a real server does.
        bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        if port and sys.platform != "win32":  # there it would take a port away from its owner
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((HOST, port))
        except (OSError, OverflowError) as problem:
            reason = getattr(problem, "strerror", None) or "there is no such port"
            raise CannotBind(f"the {name} cannot have port {port}: {reason}") from None
        out[name] = bound
    return out


async def _serve(world: World, sockets: dict[str, socket.socket]) -> None:
    """Serve three origins by one server, and the edge beside it; when down, the api's port is held and not served."""
    origins: dict[str, ASGIApp] = {"api": api(world), "auth": auth(world), "chat": chat(world)}
    if Fault.DOWN in world.faults:
        del origins["api"]
    ports = {name: bound.getsockname()[1] for name, bound in sockets.items()}
    config = uvicorn.Config(
        _by_port({ports[name]: app for name, app in origins.items()}),
        lifespan="off", log_config=None, access_log=False, server_header=False, proxy_headers=False,
        ws_per_message_deflate=False, backlog=BACKLOG,
    )  # fmt: skip
    server = Server(config)
    logging.getLogger("uvicorn.error").addFilter(_is_bug)
    for name in origins:
        sockets[name].listen(BACKLOG)  # what connects from now on is answered as soon as the server runs
    loop = asyncio.get_running_loop()
    # A bare protocol is there, says nothing, and leaves when the other side does.
    edge = await loop.create_server(asyncio.Protocol, sock=sockets["edge"], backlog=BACKLOG)
    _end_with_stdin(loop, server)
    _say({"ports": ports})
    await server.serve(sockets=[sockets[name] for name in origins])
    edge.close()


def _is_bug(record: logging.LogRecord) -> bool:
    """Let through what is a bug of ours; that clients are refused and cut off is what the faults are for."""
    return isinstance(record.exc_info, tuple) and isinstance(record.exc_info[1], Exception)


def _by_port(apps: dict[int, ASGIApp]) -> ASGIApp:
    """Choose the origin by the port that was connected to."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await apps[scope["server"][1]](scope, receive, send)

    return app


def _end_with_stdin(loop: asyncio.AbstractEventLoop, server: uvicorn.Server) -> None:
    """End when stdin does: it is closed by who started us, or by the system when that one is gone."""

    def end() -> None:
        server.should_exit = server.force_exit = True

    threading.Thread(target=_watch, args=(loop, end), daemon=True).start()


def _watch(loop: asyncio.AbstractEventLoop, end: Callable[[], None]) -> None:
    with contextlib.suppress(OSError):
        while os.read(0, 4096):
            pass
    with contextlib.suppress(RuntimeError):  # the loop is closed: we end already
        loop.call_soon_threadsafe(end)


if __name__ == "__main__":
    main()
