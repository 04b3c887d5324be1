"""The wire to the real world: HTTP by libcurl, WebSocket and TCP on asyncio. Each part is loaded when it is used."""

import asyncio
import socket
import ssl
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from releasegate.config.model import Target
from releasegate.model import Contact, Phase
from releasegate.wire.types import HttpAnswer, HttpRequest, Socket

if TYPE_CHECKING:
    from websockets.client import ClientProtocol

    from releasegate.wire.curl import CurlWire
    from releasegate.wire.dial import Phases
    from releasegate.wire.websocket import Connection

SWITCHING = 101


class LiveWire:
    """A Wire for one run, on one loop. `environ` names proxies and certificate authorities; `clock` counts seconds."""

    def __init__(self, *, environ: Mapping[str, str], clock: Callable[[], float]) -> None:
        self.environ = environ
        self.clock = clock
        self._curl: CurlWire | None = None
        self._contexts: dict[str, ssl.SSLContext] = {}

    async def fetch(self, request: HttpRequest) -> HttpAnswer:
        if self._curl is None:
            from releasegate.wire.curl import CurlWire

            self._curl = CurlWire(self.environ)
        return await self._curl.fetch(request)

    async def connect_tcp(self, target: Target, timeout_s: float) -> tuple[Contact, tuple[Phase, ...]]:
        """Connect and hang up. Raises CouldNotLook."""
        from releasegate.wire.dial import Phases, dial

        phases = Phases(target, self.clock)
        try:
            async with asyncio.timeout(timeout_s):
                sock = await dial(target, phases, self.environ)
        except TimeoutError:
            raise phases.trouble("timeout", f"no connection within {timeout_s:g} s") from None
        contact = _contact(target, sock)
        sock.close()
        return contact, tuple(phases.done)

    async def open_websocket(
        self,
        target: Target,
        url: str,
        headers: tuple[tuple[str, str], ...],
        timeout_s: float,
        *,
        max_message: int,
        subprotocols: tuple[str, ...] = (),
    ) -> tuple[Socket, tuple[Phase, ...]]:
        """Open a WebSocket. Raises CouldNotLook; UpgradeRefused when the server answered with another status."""
        from releasegate.wire.dial import Phases, dial
        from releasegate.wire.websocket import OpenSocket, make_protocol

        phases = Phases(target, self.clock)
        _demand_sound(url, headers, phases)
        protocol = make_protocol(url, headers, subprotocols, max_message)
        try:
            async with asyncio.timeout(timeout_s):
                sock = await dial(target, phases, self.environ)
                contact = _contact(target, sock)
                connection = await self._attach(sock, protocol, target, phases)
                await self._upgrade(connection, target, phases, contact)
        except TimeoutError:
            message = f"the WebSocket was not open within {timeout_s:g} s"
            raise phases.trouble("timeout", message) from None
        return OpenSocket(connection, lambda: _counted(contact, connection)), tuple(phases.done)

    async def _attach(
        self, sock: socket.socket, protocol: "ClientProtocol", target: Target, phases: "Phases"
    ) -> "Connection":
        from releasegate.wire.websocket import attach

        try:
            if target.scheme != "wss":
                return await attach(sock, protocol, target.host, self.clock, None)
            with phases.phase("TLS"):
                return await attach(sock, protocol, target.host, self.clock, self._context(target))
        except BaseException:
            sock.close()
            raise

    async def _upgrade(self, connection: "Connection", target: Target, phases: "Phases", contact: Contact) -> None:
        from websockets.exceptions import WebSocketException

        from releasegate.wire.websocket import UpgradeRefused

        try:
            with phases.phase("upgrade"):
                connection.flush()
                response = await connection.opened
        except WebSocketException as error:
            _abort(connection)
            raise phases.trouble("protocol", str(error)) from None
        except BaseException:
            _abort(connection)
            raise
        problem = connection.protocol.handshake_exc
        if response.status_code != SWITCHING:
            _abort(connection)
            raise UpgradeRefused(response, target, tuple(phases.done), _counted(contact, connection))
        if problem is not None:
            _abort(connection)
            raise phases.trouble("protocol", str(problem))

    def _context(self, target: Target) -> ssl.SSLContext:
        if target.name not in self._contexts:
            from releasegate.wire.trust import bundle_for

            self._contexts[target.name] = ssl.create_default_context(cafile=bundle_for(target, self.environ))
        return self._contexts[target.name]

    async def aclose(self) -> None:
        if self._curl is not None:
            await self._curl.aclose()


def _abort(connection: "Connection") -> None:
    if connection.transport is not None:
        connection.transport.abort()


def _demand_sound(url: str, headers: tuple[tuple[str, str], ...], phases: "Phases") -> None:
    if any("\r" in text or "\n" in text or "\0" in text for text in (url, *(part for h in headers for part in h))):
        phases.doing = "upgrade"
        raise phases.trouble("not allowed", "a header or URL with a line break was not sent")


def _contact(target: Target, sock: socket.socket) -> Contact:
    return Contact(target=target.name, host=target.host, port=target.port, address=str(sock.getpeername()[0]))


def _counted(contact: Contact, connection: "Connection") -> Contact:
    """Give the contact with the bytes so far and, over TLS, whose certificate the peer showed."""
    from msgspec.structs import replace

    tls = None
    transport = connection.transport
    shown = transport.get_extra_info("peercert") if transport is not None else None
    if shown:
        names = {key: value for part in (*shown["subject"], *shown["issuer"]) for key, value in part}
        tls = f"{names.get('commonName', 'unknown')}, until {shown.get('notAfter', 'unknown')}"
    return replace(contact, tls=tls, bytes_sent=connection.sent, bytes_received=connection.received)
