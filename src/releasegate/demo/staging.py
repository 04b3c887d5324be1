"""Faults and ports on stdin in, a staging that serves until stdin ends out. Run as a process of its own.

The first line of stdin says what to serve; the one line on stdout says where, or why not. Secrets come on stdin:
a command line is for everyone to read.
"""

import asyncio
import contextlib
import importlib
import json
import logging
import os
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from releasegate.demo.api import api
from releasegate.demo.auth import auth
from releasegate.demo.chat import chat
from releasegate.demo.faults import Fault
from releasegate.demo.ledger import CLIENTS, Ledger
from releasegate.demo.mcp import Beside
from releasegate.demo.ports import CannotBind, bind
from releasegate.demo.process import order, say
from releasegate.demo.world import World

ORIGINS = ("api", "auth", "chat", "edge")
BACKLOG = 512
REPORT, COMPLIANCE = "reports/compliance.json", 98.7


class Server(uvicorn.Server):
    """A server that leaves signals alone: it ends when the gate that started it does."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def main() -> None:
    """Serve until stdin ends. A Ctrl-C goes to the gate, which still needs us to clean up after itself."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for store in sys.argv[1:]:
        importlib.import_module(CLIENTS[store])
    ordered = order()
    if ordered is None:
        return
    world = World(
        faults=frozenset(map(Fault, ordered["faults"])),
        password=ordered["password"],
        secret=ordered["secret"],
        ledger=Ledger(ordered["stores"]),
        clock=time.monotonic,
        epoch=time.time,
    )
    try:
        sockets = bind(ORIGINS, ordered["port"])
    except CannotBind as problem:
        say({"error": str(problem)})
        return
    with tempfile.TemporaryDirectory(prefix="releasegate-", ignore_cleanup_errors=True) as place:
        _measure(Path(place))
        asyncio.run(_serve(world, sockets, place))


def _measure(place: Path) -> None:
    """Do what another tool does in a pipeline: leave a number in a file."""
    report = place / REPORT
    report.parent.mkdir()
    report.write_text(json.dumps({"score": COMPLIANCE}))


async def _serve(world: World, sockets: dict[str, socket.socket], place: str) -> None:
    """Serve three origins by one server, and the edge beside it; when down, the api's port is held and not served."""
    await world.ledger.open()
    beside = Beside(world, api(world))
    origins: dict[str, ASGIApp] = {"api": beside, "auth": auth(world), "chat": chat(world)}
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
    say({"ports": ports, "place": place})
    async with beside.serving():
        await server.serve(sockets=[sockets[name] for name in origins])
    edge.close()
    await world.ledger.close()


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
