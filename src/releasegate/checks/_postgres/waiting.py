"""A step of libpq's in, its end out: the loop watches the socket meanwhile, and nothing is blocked."""

import asyncio
import select
from collections.abc import Callable

from psycopg.pq import PollingStatus

ASKED_S = 0.002
"""How often a socket is asked on a loop that cannot watch any (Windows' default)."""
WAITING = frozenset({PollingStatus.READING, PollingStatus.WRITING})


async def polled(poll: Callable[[], int], descriptor: Callable[[], int], stage: Callable[[], None]) -> bool:
    """Poll to the end; tell whether it is a good one. `stage` is called after each step."""
    while (state := poll()) in WAITING:
        stage()
        await ready(descriptor(), reading=state == PollingStatus.READING)
    return state == PollingStatus.OK


async def ready(descriptor: int, *, reading: bool) -> None:
    """Wait until a socket can be read, or else written."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[None] = loop.create_future()
    watch, forget = (loop.add_reader, loop.remove_reader) if reading else (loop.add_writer, loop.remove_writer)
    try:
        watch(descriptor, _settle, future)
    except NotImplementedError:
        await _asked(descriptor, reading=reading)
        return
    try:
        await future
    finally:
        forget(descriptor)


def _settle(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)


async def _asked(descriptor: int, *, reading: bool) -> None:
    sockets, none = [descriptor], list[int]()
    while not any(select.select(sockets if reading else none, none if reading else sockets, sockets, 0)):  # noqa: ASYNC110 - no event tells
        await asyncio.sleep(ASKED_S)
