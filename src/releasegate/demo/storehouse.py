"""Binaries, passwords and delays on stdin in, stores behind relays until stdin ends out. Run as a process of its own.

The first line of stdin says what to serve; the one line on stdout says where, or why not. That it is a process of its
own keeps the stores' lives apart from the staging's, which faults make sick, and their delays exact.
"""

import asyncio
import contextlib
import functools
import os
import signal
import socket
import tempfile
from pathlib import Path
from typing import Any

from releasegate.demo.ports import CannotBind, bind
from releasegate.demo.process import order, say
from releasegate.demo.relay import BACKLOG, relay
from releasegate.demo.servers import CannotStart, postgres, redis

REDIS = "redis"


def main() -> None:
    """Serve until stdin ends, or SIGTERM comes."""
    ordered = order()
    if ordered is None:
        return
    try:
        sockets = bind(list(ordered["binaries"]), ordered["port"])
        with (
            tempfile.TemporaryDirectory(prefix="releasegate-", ignore_cleanup_errors=True) as place,
            contextlib.suppress(asyncio.CancelledError),
        ):
            Path(place).chmod(0o711)  # PostgreSQL may be another user, who must pass through it to what is its own
            asyncio.run(_serve(ordered, sockets, Path(place)))
    except* (CannotBind, CannotStart) as problems:
        say({"error": "; ".join(map(str, problems.exceptions))})


async def _serve(ordered: dict[str, Any], sockets: dict[str, socket.socket], place: Path) -> None:
    _end_with_stdin()
    up = asyncio.Barrier(len(sockets) + 1)
    async with asyncio.TaskGroup() as stores:
        for name, bound in sockets.items():
            stores.create_task(_keep(name, bound, ordered, place / name, up))
        await up.wait()
        ports = {name: bound.getsockname()[1] for name, bound in sockets.items()}
        say({"ports": ports, "place": str(place)})


async def _keep(name: str, bound: socket.socket, ordered: dict[str, Any], place: Path, up: asyncio.Barrier) -> None:
    """Keep one store and its relay up until cancelled."""
    binary, password = Path(ordered["binaries"][name]), ordered["passwords"][name]
    server = (
        redis(binary, place, password) if name == REDIS else postgres(binary, place, password, user=ordered["user"])
    )
    async with server as at:
        dial = functools.partial(asyncio.open_unix_connection, at)
        bound.listen(BACKLOG)  # what connects from now on is answered as soon as the relay runs
        await up.wait()
        await relay(bound, dial, delay_s=ordered["delays"][name])


def _end_with_stdin() -> None:
    """End when stdin does: it is closed by who started us, or by the system when that one is gone."""
    loop, ours = asyncio.get_running_loop(), asyncio.current_task()
    assert ours is not None  # noqa: S101 - we are called from a task

    def read() -> None:
        if not os.read(0, 4096):
            loop.remove_reader(0)
            ours.cancel()

    loop.add_reader(0, read)
    loop.add_signal_handler(signal.SIGTERM, ours.cancel)


if __name__ == "__main__":
    main()
