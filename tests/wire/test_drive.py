"""The three ways to drive libcurl give the same answers, and leave nothing behind."""

import asyncio
import select
import threading
from pathlib import Path

import pytest
from wire_world import answer, answering, ask, refused, saying, served, target_at, what

from releasegate.wire.curl import CurlWire
from releasegate.wire.drive import EpollDrive, LoopDrive, ThreadDrive, drive_for
from releasegate.wire.names import Names

DRIVES = [
    LoopDrive,
    ThreadDrive,
    pytest.param(EpollDrive, marks=pytest.mark.skipif(not hasattr(select, "epoll"), reason="no epoll")),
]


def open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


def driven(drive, use, handle=None):
    """Run `use(wire, target)` over a wire that is driven so."""

    async def run():
        async with served(handle or answering(answer())) as port:
            wire = CurlWire({}, Names())
            wire.drive = drive(asyncio.get_running_loop())
            try:
                return await use(wire, target_at(port))
            finally:
                await wire.aclose()
                await wire.aclose()  # closing twice is closing once

    return asyncio.run(run())


@pytest.mark.parametrize("drive", DRIVES)
def test_many_at_once_succeed(drive):
    async def use(wire, target):
        return [got.status for got in await asyncio.gather(*(wire.fetch(ask(target, f"/{n}")) for n in range(64)))]

    assert driven(drive, use) == [200] * 64


@pytest.mark.parametrize("drive", DRIVES)
def test_failures_and_bounds_hold(drive):
    async def use(wire, target):
        return [
            what(await refused(wire.fetch(ask(target, timeout_s=0.1)))),
            what(await refused(wire.fetch(ask(target_at(1))))),
        ]

    assert driven(drive, use, saying(end="wait")) == [("first byte", "timeout"), ("connect", "refused")]


@pytest.mark.parametrize("drive", DRIVES)
def test_cancelling_ends_the_transfer_alone(drive):
    async def use(wire, target):
        slow = asyncio.ensure_future(wire.fetch(ask(target, timeout_s=30)))
        await asyncio.sleep(0.05)
        slow.cancel()
        ended = (await asyncio.gather(slow, return_exceptions=True))[0]
        return type(ended), what(await refused(wire.fetch(ask(target, timeout_s=0.1))))

    assert driven(drive, use, saying(end="wait")) == (asyncio.CancelledError, ("first byte", "timeout"))


@pytest.mark.parametrize("drive", DRIVES)
def test_closing_ends_what_runs(drive):
    async def run():
        async with served(saying(end="wait")) as port:
            wire = CurlWire({}, Names())
            wire.drive = drive(asyncio.get_running_loop())
            task = asyncio.ensure_future(wire.fetch(ask(target_at(port), timeout_s=30)))
            await asyncio.sleep(0.05)
            await wire.aclose()
            return (await asyncio.gather(task, return_exceptions=True))[0]

    assert isinstance(asyncio.run(run()), asyncio.CancelledError)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="descriptors are counted in /proc")
@pytest.mark.parametrize("drive", DRIVES)
def test_nothing_is_left_open(drive):
    async def use(wire, target):
        await asyncio.gather(*(wire.fetch(ask(target)) for _ in range(20)))

    driven(drive, use)
    before = open_files(), threading.active_count()
    driven(drive, use)
    assert (open_files(), threading.active_count()) == before


def test_a_loop_that_can_watch_sockets_is_used_itself():
    async def run():
        drive = drive_for(asyncio.get_running_loop())
        await drive.aclose()
        return drive

    assert isinstance(asyncio.run(run()), LoopDrive)


def test_a_loop_that_cannot_gets_a_second_one(monkeypatch):
    async def run():
        monkeypatch.setattr(asyncio, "ProactorEventLoop", type(asyncio.get_running_loop()), raising=False)
        drive = drive_for(asyncio.get_running_loop())
        await drive.aclose()
        return drive

    assert isinstance(asyncio.run(run()), ThreadDrive)
