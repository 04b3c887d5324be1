"""Easy handles in, their ends out: libcurl's multi interface, driven by the asyncio loop that runs.

On Linux libcurl's sockets are watched by an epoll of their own, whose one descriptor the loop watches: libcurl changes
its mind about each socket several times in a request, and that is a third cheaper than telling the loop. Elsewhere the
loop itself watches them; a loop that cannot watch sockets (Windows' default) gets a second one in a thread.

Connections that lie idle are watched too. libcurl looks whether they live once a second at most, and would send a
request into a dead one, or take for its answer what came before it was asked.
"""

import asyncio
import select
import threading
from contextlib import suppress
from typing import Any, Protocol

import pycurl

KEPT_CONNECTIONS = 512
MOST_EVENTS = 256
BURST = 16
PRUNED_S = 1.1
"""After so long libcurl has looked at its idle connections itself and closed the dead ones."""
HAS_POLL = hasattr(select, "poll")


class Drive(Protocol):
    """What a fetch needs of a driver."""

    def start(self, curl: Any) -> "asyncio.Future[None]":
        """Begin a transfer. The future raises pycurl.error when it fails."""
        ...

    def stop(self, curl: Any) -> None:
        """End a transfer before its time, and close its handle."""
        ...

    async def aclose(self) -> None: ...


class LoopDrive:
    """Transfers on a loop that can watch sockets."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.running: dict[Any, asyncio.Future[None]] = {}
        self.watched: dict[int, int] = {}
        self.timer: asyncio.Handle | None = None
        self.soon = False
        self.unsent = 0
        self.resting: set[int] = set()
        self.idle = select.poll() if HAS_POLL else None
        self.distrusted_until = 0.0
        self.apart: set[Any] = set()
        self.multi = pycurl.CurlMulti()
        self.multi.setopt(pycurl.M_MAXCONNECTS, KEPT_CONNECTIONS)
        self.multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        self.multi.setopt(pycurl.M_TIMERFUNCTION, self._plan)

    def start(self, curl: Any) -> "asyncio.Future[None]":
        future: asyncio.Future[None] = self.loop.create_future()
        self._look_at_idle()
        if self.distrusted_until and self.loop.time() < self.distrusted_until:
            self.apart.add(curl)
            curl.setopt(pycurl.FRESH_CONNECT, 1)
        self.multi.add_handle(curl)
        self.running[curl] = future
        self.unsent += 1
        if self.unsent >= BURST:
            self._hurry()
        return future

    def _hurry(self) -> None:
        """Let libcurl begin what was added: of many at once, the loop itself comes to the first only after the last."""
        self._act(pycurl.SOCKET_TIMEOUT, 0)

    def _look_at_idle(self) -> None:
        """Use no connection again for a while when one that lay idle was closed, or spoke without being asked."""
        for descriptor, events in self.idle.poll(0) if self.idle is not None and self.resting else ():
            self._wake(descriptor)
            if not events & select.POLLNVAL:  # libcurl closed that one itself
                self._distrust()

    def _distrust(self) -> None:
        self.distrusted_until = self.loop.time() + PRUNED_S

    def _rest(self, descriptor: int) -> None:
        self.resting.add(descriptor)
        if self.idle is not None:
            self.idle.register(descriptor, select.POLLIN)

    def _wake(self, descriptor: int) -> None:
        if descriptor in self.resting:
            self.resting.discard(descriptor)
            if self.idle is not None:
                self.idle.unregister(descriptor)

    def stop(self, curl: Any) -> None:
        self.apart.discard(curl)
        if self.running.pop(curl, None) is not None:
            self.multi.remove_handle(curl)
        curl.close()

    async def aclose(self) -> None:
        """End all transfers; who waits for one is cancelled."""
        for curl, future in list(self.running.items()):
            self.multi.remove_handle(curl)
            future.cancel()
        self.running.clear()
        self._cancel_timer()
        self.multi.close()
        self._cancel_timer()
        for descriptor in list(self.watched):
            self._unwatch(descriptor)

    def _watch(self, what: int, descriptor: int, _multi: Any, _data: Any) -> None:
        """Watch a socket as libcurl asks."""
        if what == pycurl.POLL_REMOVE:
            self._unwatch(descriptor)
            self._rest(descriptor)
            return
        before, self.watched[descriptor] = self.watched.get(descriptor, 0), what
        self._rewatch(descriptor, before, what)

    def _rewatch(self, descriptor: int, before: int, what: int) -> None:
        self._wake(descriptor)
        if (what ^ before) & pycurl.POLL_IN:
            if what & pycurl.POLL_IN:
                self.loop.add_reader(descriptor, self._act, descriptor, pycurl.CSELECT_IN)
            else:
                self.loop.remove_reader(descriptor)
        if (what ^ before) & pycurl.POLL_OUT:
            if what & pycurl.POLL_OUT:
                self.loop.add_writer(descriptor, self._act, descriptor, pycurl.CSELECT_OUT)
            else:
                self.loop.remove_writer(descriptor)

    def _unwatch(self, descriptor: int) -> None:
        if self.watched.pop(descriptor, None) is not None:
            self.loop.remove_reader(descriptor)
            self.loop.remove_writer(descriptor)

    def _plan(self, timeout_ms: int) -> None:
        """Plan the call that libcurl wants after a time; 0 is as soon as it is not being called itself."""
        if timeout_ms == 0 and self.soon:
            return
        self._cancel_timer()
        if timeout_ms == 0:
            self.soon, self.timer = True, self.loop.call_soon(self._on_time)
        elif timeout_ms > 0:
            self.timer = self.loop.call_later(timeout_ms / 1000, self._on_time)

    def _cancel_timer(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
        self.soon, self.timer = False, None

    def _on_time(self) -> None:
        self.soon, self.timer = False, None
        self._act(pycurl.SOCKET_TIMEOUT, 0)

    def _act(self, descriptor: int, events: int) -> None:
        self.unsent = 0
        self.multi.socket_action(descriptor, events)
        self._collect()

    def _collect(self) -> None:
        """Hand on what has ended."""
        left = 1
        while left:
            left, ended, failed = self.multi.info_read()
            for curl in ended:
                self._end(curl, None)
            for curl, code, message in failed:
                self._end(curl, pycurl.error(code, message))

    def _end(self, curl: Any, error: BaseException | None) -> None:
        self.multi.remove_handle(curl)
        if curl in self.apart:
            self.apart.discard(curl)
            curl.setopt(pycurl.FRESH_CONNECT, 0)
        future = self.running.pop(curl, None)
        if future is None or future.done():
            return
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)


class EpollDrive(LoopDrive):
    """The same with an epoll between libcurl and the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.epoll = select.epoll()
        loop.add_reader(self.epoll.fileno(), self._ready)

    async def aclose(self) -> None:
        await super().aclose()
        if not self.epoll.closed:
            self.loop.remove_reader(self.epoll.fileno())
            self.epoll.close()

    def _hurry(self) -> None:
        super()._hurry()
        self._ready()

    def _rewatch(self, descriptor: int, before: int, what: int) -> None:
        mask = (select.EPOLLIN if what & pycurl.POLL_IN else 0) | (select.EPOLLOUT if what & pycurl.POLL_OUT else 0)
        if before or descriptor in self.resting:
            self.resting.discard(descriptor)
            try:
                self.epoll.modify(descriptor, mask)
            except FileNotFoundError:  # it was closed as it lay idle, and this is another of its number
                self.epoll.register(descriptor, mask)
        else:
            self.epoll.register(descriptor, mask)

    def _unwatch(self, descriptor: int) -> None:
        self.watched.pop(descriptor, None)

    def _rest(self, descriptor: int) -> None:
        """Watch for what should not come. What libcurl closes leaves the epoll by itself."""
        with suppress(OSError):
            self.epoll.modify(descriptor, select.EPOLLIN)
            self.resting.add(descriptor)

    def _wake(self, descriptor: int) -> None:
        self.resting.discard(descriptor)
        with suppress(OSError):
            self.epoll.unregister(descriptor)

    def _look_at_idle(self) -> None:
        if self.resting:
            self._ready()

    def _ready(self) -> None:
        act = self.multi.socket_action
        for descriptor, events in self.epoll.poll(0, MOST_EVENTS):
            if descriptor in self.watched:
                readable = pycurl.CSELECT_IN if events & ~select.EPOLLOUT else 0  # also an error or a hang-up
                act(descriptor, readable | (pycurl.CSELECT_OUT if events & select.EPOLLOUT else 0))
            elif descriptor in self.resting:
                self._wake(descriptor)
                self._distrust()
        self._collect()


class ThreadDrive:
    """Transfers on a loop of their own in a thread, for a loop that cannot watch sockets."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.other = asyncio.SelectorEventLoop()
        self.drive = LoopDrive(self.other)
        self.thread = threading.Thread(target=self.other.run_forever, name="releasegate-wire", daemon=True)
        self.thread.start()

    def start(self, curl: Any) -> "asyncio.Future[None]":
        future: asyncio.Future[None] = self.loop.create_future()
        self.other.call_soon_threadsafe(self._begin, curl, future)
        return future

    def _begin(self, curl: Any, future: "asyncio.Future[None]") -> None:
        self.drive.start(curl).add_done_callback(lambda done: self._hand_over(done, future))

    def _hand_over(self, done: "asyncio.Future[None]", future: "asyncio.Future[None]") -> None:
        error = asyncio.CancelledError() if done.cancelled() else done.exception()
        self.loop.call_soon_threadsafe(_settle, future, error)

    def stop(self, curl: Any) -> None:
        self.other.call_soon_threadsafe(self.drive.stop, curl)

    async def aclose(self) -> None:
        if self.other.is_closed():
            return
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self.drive.aclose(), self.other))
        self.other.call_soon_threadsafe(self.other.stop)
        await asyncio.to_thread(self.thread.join)
        self.other.close()


def _settle(future: "asyncio.Future[None]", error: BaseException | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(None)
    elif isinstance(error, asyncio.CancelledError):
        future.cancel()
    else:
        future.set_exception(error)


def drive_for(loop: asyncio.AbstractEventLoop) -> Drive:
    """Give the way to drive transfers on a loop."""
    if isinstance(loop, getattr(asyncio, "ProactorEventLoop", ())):
        return ThreadDrive(loop)
    return EpollDrive(loop) if hasattr(select, "epoll") else LoopDrive(loop)
