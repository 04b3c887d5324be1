"""A WebSocket on asyncio around the sans-I/O protocol of `websockets`: nothing that arrives is lost.

Compression is not offered: a frame is as large as it says, and `max_message` bounds it.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import cast

from websockets.client import ClientProtocol
from websockets.exceptions import PayloadTooBig
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import State

from releasegate.errors import CouldNotLook
from releasegate.model import Contact, Trouble
from releasegate.wire.dial import Phases
from releasegate.wire.types import HttpAnswer, Message

MOST_WAITING = 1_000
MOST_WAITING_BYTES = 8 * 2**20
CLOSE_S = 1.0
LARGEST_REFUSAL = 4096
ABNORMAL = 1006
RECEIVING = "transfer"


class UpgradeRefused(CouldNotLook):
    """The server answered the upgrade with something else than 101: `answer`, its body cut to 4 KiB."""

    def __init__(self, said: tuple[int, tuple[tuple[str, str], ...], bytes], phases: Phases) -> None:
        status, headers, body = said
        done, contact = tuple(phases.done), phases.contact() if phases.contact is not None else None
        trouble = Trouble(
            phase="upgrade", reason=f"status {status}", target=phases.target.name,
            message=f"the upgrade was answered with status {status}",
        )  # fmt: skip
        super().__init__(trouble, done, contact)
        self.answer = HttpAnswer(
            status=status,
            headers=headers,
            body=body[:LARGEST_REFUSAL],
            phases=done,
            contact=contact or Contact(target=phases.target.name, host=phases.target.host, port=phases.target.port),
            total_s=sum(phase.duration_s for phase in done),
        )


class Connection(asyncio.Protocol):
    """Bytes in, messages out; each is stamped when its last frame is complete."""

    def __init__(self, protocol: ClientProtocol, clock: Callable[[], float]) -> None:
        self.protocol = protocol
        self.clock = clock
        self.messages: deque[Message] = deque()
        self.waiting_bytes = 0
        self.parts: list[bytes] = []
        self.text = True
        self.arrived = asyncio.Event()
        self.lost = self.full = self.choked = self.leaving = False
        self.opened: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self.opened.add_done_callback(_see)
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
        self._end()
        self.flush()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        self._end()
        if not self.opened.done():
            self.opened.set_exception(exc or ConnectionResetError("the connection was closed during the upgrade"))
        self.arrived.set()

    def pause_writing(self) -> None:
        """Take no more in while the peer does not take our pongs: they would pile up."""
        self.choked = True
        self._pace()

    def resume_writing(self) -> None:
        self.choked = False
        self._pace()

    def _end(self) -> None:
        try:
            self.protocol.receive_eof()
        except EOFError:  # told before
            return
        self._take_in()

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
        if self.protocol.parser_exc is not None or self.protocol.close_rcvd is not None:
            self.arrived.set()

    def _frame(self, frame: Frame) -> None:
        if frame.opcode in {Opcode.TEXT, Opcode.BINARY}:
            self.text = frame.opcode is Opcode.TEXT
            self.parts = [bytes(frame.data)]
        elif frame.opcode is Opcode.CONT:
            if frame.data:
                self.parts.append(bytes(frame.data))
        else:
            return
        if frame.fin and not self.leaving:
            whole = b"".join(self.parts)
            self.messages.append(Message(self.clock(), _text(whole) if self.text else whole))
            self.waiting_bytes += len(whole)
            self.arrived.set()
            self._pace()

    def take(self) -> Message | None:
        if not self.messages:
            return None
        message = self.messages.popleft()
        self.waiting_bytes -= len(message.data) if isinstance(message.data, bytes) else len(message.data.encode())
        if self.full:
            self._pace()
        return message

    def leave(self) -> None:
        """Keep no more messages: only the end matters now."""
        self.leaving = True
        self.messages.clear()
        self.waiting_bytes = 0
        self._pace()

    def _pace(self) -> None:
        """Stop reading while too much waits to be received, and the peer then waits; nothing is dropped."""
        self.full = len(self.messages) >= MOST_WAITING or self.waiting_bytes >= MOST_WAITING_BYTES
        if self.transport is None or self.transport.is_closing():
            return
        if self.full or self.choked:
            self.transport.pause_reading()
        else:
            self.transport.resume_reading()

    def flush(self) -> None:
        """Write what the protocol wants to say: requests, frames, pongs, the end of the stream."""
        transport = self.transport
        if transport is None:
            return
        for data in self.protocol.data_to_send():
            if transport.is_closing():
                return
            if data:
                self.sent += len(data)
                transport.write(data)
            elif transport.can_write_eof():
                transport.write_eof()
            else:
                transport.close()

    def abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()


def _see(opened: "asyncio.Future[Response]") -> None:
    """Look at how an upgrade ended, also when whoever asked for it was cut off and will not: asyncio would complain."""
    if not opened.cancelled():
        opened.exception()


class OpenSocket:
    """An open WebSocket, as kinds see it."""

    def __init__(self, connection: Connection, phases: Phases) -> None:
        self._connection = connection
        self._phases = phases

    @property
    def contact(self) -> Contact:
        """Who answered, with the bytes so far."""
        target = self._phases.target
        known = self._phases.contact
        return known() if known is not None else Contact(target=target.name, host=target.host, port=target.port)

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
    def subprotocol(self) -> str | None:
        return self._connection.protocol.subprotocol

    @property
    def _over(self) -> bool:
        connection = self._connection
        return connection.lost or connection.protocol.state is State.CLOSED

    async def send(self, text: str) -> None:
        """Send a text message; nothing when the socket is no longer open: `receive` then says so."""
        protocol = self._connection.protocol
        if protocol.state is State.OPEN:
            protocol.send_text(text.encode("utf-8", "surrogatepass"))
            self._connection.flush()

    async def receive(self, timeout_s: float) -> Message | None:
        """Give the next message, or None when the socket closed and nothing is left. Raises TimeoutError, CouldNotLook.

        A text that is no UTF-8 is given as bytes.
        """
        connection = self._connection
        message = connection.take()
        if message is not None:
            return message
        async with asyncio.timeout(max(0.0, timeout_s)):
            while True:
                message = connection.take()
                if message is not None:
                    return message
                self._raise_failure()
                if self._over or connection.protocol.close_rcvd is not None:
                    return None
                connection.arrived.clear()
                await connection.arrived.wait()

    def _raise_failure(self) -> None:
        failure = self._connection.protocol.parser_exc
        if failure is None or isinstance(failure, EOFError):
            return
        self._phases.doing = RECEIVING
        if isinstance(failure, PayloadTooBig):
            limit = self._connection.protocol.max_message_size
            raise self._phases.trouble("too large", f"a message is larger than {limit} bytes") from None
        raise self._phases.trouble("protocol", f"the server broke the WebSocket protocol: {failure}") from None

    async def close(self) -> None:
        """Say goodbye, wait for the answer for a second at most, and end the connection."""
        connection = self._connection
        connection.leave()
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
            connection.abort()


def _text(whole: bytes) -> str | bytes:
    try:
        return whole.decode()
    except UnicodeDecodeError:
        return whole
