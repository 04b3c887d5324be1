"""A target in, an open stream of bytes to it out, over TLS where asked: bounded in time and in size, and counted."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

from msgspec.structs import replace

from releasegate.errors import CouldNotLook
from releasegate.model import Contact
from releasegate.wire.attach import GOODBYE_S, ContextFor, attach, shown_by
from releasegate.wire.dial import Phases, dial
from releasegate.wire.names import Names
from releasegate.wire.reasons import OS_REASONS

LONGEST_LINE = 64 * 1024
"""Bounds what `receive_until` reads, in bytes; twice as much may wait to be read, then the peer waits."""
Blame = Callable[[str, str], CouldNotLook]
"""A reason and a message in, what to raise out: it knows the phase in which its caller is."""
Received = TypeVar("Received")


class Counting(asyncio.StreamReaderProtocol):
    """Counts what arrived, also what nobody read."""

    received = 0

    def data_received(self, data: bytes) -> None:
        self.received += len(data)
        super().data_received(data)


class OpenStream:
    """An open stream, as kinds see it. All of it ends at `ends`, on the loop's clock."""

    def __init__(
        self, arriving: Counting, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *,
        contact: Contact, blame: Blame, most: int, ends: float,
    ) -> None:  # fmt: skip
        self._arriving = arriving
        self._reader = reader
        self._writer = writer
        self._contact = contact
        self._blame = blame
        self._most = most
        self._ends = ends
        self._sent = 0

    @property
    def contact(self) -> Contact:
        """Who is spoken to, with the bytes so far."""
        return replace(
            self._contact,
            tls=shown_by(self._writer.transport),
            bytes_sent=self._sent,
            bytes_received=self._arriving.received,
        )

    async def send(self, data: bytes) -> None:
        """Send bytes. Raises CouldNotLook."""
        self._sent += len(data)
        self._writer.write(data)
        await self._bounded(self._writer.drain())

    async def receive(self, most: int) -> bytes:
        """Give what is there, up to so many bytes; wait for one at least. Empty at the end. Raises CouldNotLook."""
        return await self._bounded(self._reader.read(most))

    async def receive_exactly(self, size: int) -> bytes:
        """Give exactly so many bytes. Raises CouldNotLook, also when the stream ends before or they are too many."""
        if size > self._most:
            raise self._too_large(self._most)
        return await self._bounded(self._reader.readexactly(size))

    async def receive_until(self, end: bytes) -> bytes:
        """Give all up to an end, with it. Raises CouldNotLook, also when the stream ends before or 64 KiB have none."""
        return await self._bounded(self._reader.readuntil(end))

    async def _bounded(self, step: Awaitable[Received]) -> Received:
        """Do a step in the time that is left; what the world does to it becomes CouldNotLook."""
        try:
            async with asyncio.timeout_at(self._ends):
                done = await step
        except TimeoutError:
            raise self._blame("timeout", "the time was over") from None
        except asyncio.IncompleteReadError as error:
            raise self._blame("closed", f"the connection was closed after {len(error.partial)} bytes") from None
        except asyncio.LimitOverrunError:
            raise self._too_large(LONGEST_LINE) from None
        except ssl.SSLError as error:
            raise self._blame("tls", error.reason or str(error)) from None
        except OSError as error:
            raise self._blame(OS_REASONS.get(error.errno or 0, "closed"), error.strerror or str(error)) from None
        if self._arriving.received > self._most:
            raise self._too_large(self._most)
        return done

    def _too_large(self, bound: int) -> CouldNotLook:
        return self._blame("too large", f"what came is larger than {bound} bytes")

    async def close(self) -> None:
        """End the connection, within a second; what was left unread is dropped."""
        self._writer.close()
        try:
            async with asyncio.timeout(GOODBYE_S):
                await self._writer.wait_closed()
        except OSError:  # also a TimeoutError: it is over either way
            pass
        finally:
            self._writer.transport.abort()


async def open_stream(
    phases: Phases,
    environ: Mapping[str, str],
    names: Names,
    timeout_s: float,
    *,
    ends: float,
    blame: Blame,
    context_for: ContextFor | None,
) -> OpenStream:
    """Connect, and secure if a context is given. Raises CouldNotLook, TimeoutError."""
    loop, target = asyncio.get_running_loop(), phases.target
    sock = await dial(target, phases, environ, names, timeout_s)
    contact = Contact(target=target.name, host=target.host, port=target.port, address=phases.peer)
    phases.contact = lambda: contact
    reader = asyncio.StreamReader(limit=LONGEST_LINE)
    try:
        transport, arriving = await attach(sock, lambda: Counting(reader), phases, context_for)
    except BaseException:
        sock.close()
        raise
    writer = asyncio.StreamWriter(transport, arriving, reader, loop)
    return OpenStream(arriving, reader, writer, contact=contact, blame=blame, most=target.max_body, ends=ends)
