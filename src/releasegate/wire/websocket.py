"""A WebSocket on asyncio around the sans-I/O protocol of `websockets`: nothing that arrives is lost.

Compression is not offered: a frame is as large as it says, and `max_message` bounds it.
"""

import asyncio
import socket
import ssl
from collections import deque
from collections.abc import Callable
from typing import cast

from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import State
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

from releasegate.config.model import Target
from releasegate.errors import CouldNotLook
from releasegate.model import Contact, Phase, Trouble
from releasegate.wire.types import Message

MOST_WAITING = 1_000
CLOSE_S = 1.0
LARGEST_REFUSAL = 4096
ABNORMAL = 1006


class UpgradeRefused(CouldNotLook):
    """The server answered the upgrade with something else than 101: `status`, `headers`, the start of `body`."""

    def __init__(self, response: Response, target: Target, phases: tuple[Phase, ...], contact: Contact) -> None:
        self.status = response.status_code
        self.headers = tuple((name.lower(), value) for name, value in response.headers.raw_items())
        self.body = bytes(response.body or b"")[:LARGEST_REFUSAL]
        message = f"the upgrade was answered with status {response.status_code}"
        trouble = Trouble(phase="upgrade", reason=f"status {response.status_code}", message=message, target=target.name)
        super().__init__(trouble, phases, contact)


class Connection(asyncio.Protocol):
    """Bytes in, messages out; each is stamped when its last frame is complete."""

    def __init__(self, protocol: ClientProtocol, clock: Callable[[], float]) -> None:
        self.protocol = protocol
        self.clock = clock
        self.messages: deque[Message] = deque()
        self.parts: list[bytes] = []
        self.text = True
        self.arrived = asyncio.Event()
        self.lost = False
        self.paused = False
        self.opened: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self.sent = self.received = 0
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self.received += len(data)
        self.protocol.receive_data(data)
        self._take_in()
        self.flush()

    def eof_received(self) -> None:
        self.protocol.receive_eof()
        self._take_in()
        self.flush()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.lost:
            self.lost = True
            if self.protocol.state is not State.CLOSED:
                self.protocol.receive_eof()
                self._take_in()
        if not self.opened.done():
            self.opened.set_exception(exc or ConnectionResetError("the connection was closed during the upgrade"))
        self.arrived.set()

    def _take_in(self) -> None:
        for event in self.protocol.events_received():
            if isinstance(event, Response):
                if not self.opened.done():
                    self.opened.set_result(event)
            elif isinstance(event, Frame):
                self._frame(event)
        failed = self.protocol.handshake_exc
        if failed is not None and not self.opened.done():
            self.opened.set_exception(failed)

    def _frame(self, frame: Frame) -> None:
        if frame.opcode in {Opcode.TEXT, Opcode.BINARY}:
            self.text = frame.opcode is Opcode.TEXT
            self.parts = [bytes(frame.data)]
        elif frame.opcode is Opcode.CONT:
            self.parts.append(bytes(frame.data))
        elif frame.opcode is Opcode.CLOSE:
            self.arrived.set()
            return
        else:
            return
        if frame.fin:
            whole = b"".join(self.parts)
            data = whole.decode("utf-8", "surrogateescape") if self.text else whole
            self.messages.append(Message(self.clock(), data))
            self.arrived.set()
            self._hold_back()

    def _hold_back(self) -> None:
        if len(self.messages) >= MOST_WAITING and not self.paused and self.transport is not None:
            self.paused = True
            self.transport.pause_reading()

    def take(self) -> Message | None:
        if not self.messages:
            return None
        message = self.messages.popleft()
        if self.paused and len(self.messages) < MOST_WAITING // 2 and self.transport is not None:
            self.paused = False
            self.transport.resume_reading()
        return message

    def flush(self) -> None:
        """Write what the protocol wants to say: requests, frames, pongs, the end of the stream."""
        if self.transport is None:
            return
        for data in self.protocol.data_to_send():
            if data:
                self.sent += len(data)
                self.transport.write(data)
            elif self.transport.can_write_eof():
                self.transport.write_eof()
            else:
                self.transport.close()
        if self.protocol.close_expected() and self.protocol.state is State.CLOSED:
            self.transport.close()


class OpenSocket:
    """An open WebSocket, as kinds see it."""

    def __init__(self, connection: Connection, contact: Callable[[], Contact]) -> None:
        self._connection = connection
        self._contact = contact

    @property
    def contact(self) -> Contact:
        """Who answered, with the bytes so far."""
        return self._contact()

    @property
    def close_code(self) -> int | None:
        """The peer's close code; 1006 when the connection ended without one; None while it is open."""
        received = self._connection.protocol.close_rcvd
        if received is not None:
            return int(received.code)
        return ABNORMAL if self._over else None

    @property
    def close_reason(self) -> str:
        received = self._connection.protocol.close_rcvd
        return received.reason if received is not None else ""

    @property
    def _over(self) -> bool:
        return self._connection.lost or self._connection.protocol.state is State.CLOSED

    async def send(self, text: str) -> None:
        protocol = self._connection.protocol
        if protocol.state is State.OPEN:
            protocol.send_text(text.encode())
            self._connection.flush()

    async def receive(self, timeout_s: float) -> Message | None:
        """Give the next message, or None when the socket closed and nothing is left. Raises TimeoutError."""
        connection = self._connection
        async with asyncio.timeout(max(0.0, timeout_s)):
            while True:
                message = connection.take()
                if message is not None:
                    return message
                if self._over or connection.protocol.close_rcvd is not None:
                    return None
                connection.arrived.clear()
                await connection.arrived.wait()

    async def close(self) -> None:
        """Say goodbye, wait for the answer for a second at most, and end the connection."""
        connection = self._connection
        if connection.protocol.state is State.OPEN:
            connection.protocol.send_close(1000)
            connection.flush()
        try:
            async with asyncio.timeout(CLOSE_S):
                while not connection.lost and connection.protocol.close_rcvd is None:
                    connection.arrived.clear()
                    await connection.arrived.wait()
        except TimeoutError:
            pass
        finally:
            if connection.transport is not None:
                connection.transport.abort()


def make_protocol(
    url: str, headers: tuple[tuple[str, str], ...], subprotocols: tuple[str, ...], max_message: int
) -> ClientProtocol:
    """Make the sans-I/O protocol with its upgrade request already waiting to be sent."""
    protocol = ClientProtocol(
        parse_uri(url),
        subprotocols=[Subprotocol(name) for name in subprotocols] or None,
        max_size=max_message,
    )
    request = protocol.connect()
    for name, value in headers:
        if name.lower() in {key.lower() for key in request.headers}:
            del request.headers[name]
        request.headers[name] = value
    protocol.send_request(request)
    return protocol


async def attach(
    sock: socket.socket, protocol: ClientProtocol, host: str, clock: Callable[[], float], context: ssl.SSLContext | None
) -> Connection:
    """Put the protocol on a connected socket; with a context, after the TLS handshake. Nothing is sent yet."""
    _, made = await asyncio.get_running_loop().create_connection(
        lambda: Connection(protocol, clock), sock=sock, ssl=context, server_hostname=host if context else None
    )
    return made
