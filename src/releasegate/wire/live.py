"""The wire to the real world: HTTP by libcurl, WebSocket and TCP on asyncio. Each part is loaded when it is used."""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from releasegate.config.model import Target
from releasegate.model import Contact, Phase
from releasegate.wire.types import HttpAnswer, HttpRequest, Socket

if TYPE_CHECKING:
    from releasegate.wire.curl import CurlWire


class LiveWire:
    """A Wire for one run, on one loop. `environ` names proxies and certificate authorities; `clock` counts seconds."""

    def __init__(self, *, environ: Mapping[str, str], clock: Callable[[], float]) -> None:
        self.environ = environ
        self.clock = clock
        self._curl: CurlWire | None = None
        self._contexts: dict[str, ssl.SSLContext] = {}

    async def fetch(self, request: HttpRequest) -> HttpAnswer:
        """Send a request and read its whole answer. Raises CouldNotLook."""
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
                sock = await dial(target, phases, self.environ, timeout_s)
        except TimeoutError:
            raise phases.trouble("timeout", f"no connection within {timeout_s:g} s") from None
        with sock:
            address = str(sock.getpeername()[0])
        contact = Contact(target=target.name, host=target.host, port=target.port, address=address)
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
        from releasegate.wire.dial import Phases
        from releasegate.wire.upgrade import Asked, open_socket

        phases = Phases(target, self.clock)
        asked = Asked(url=url, headers=headers, subprotocols=subprotocols, max_message=max_message)
        try:
            async with asyncio.timeout(timeout_s):
                socket = await open_socket(asked, phases, self.environ, timeout_s, self._context)
        except TimeoutError:
            message = f"the WebSocket was not open within {timeout_s:g} s"
            raise phases.trouble("timeout", message) from None
        return socket, tuple(phases.done)

    def _context(self, target: Target) -> ssl.SSLContext:
        """Give what TLS to a target trusts. Raises OSError when the bundle cannot be read."""
        if target.name not in self._contexts:
            from releasegate.wire.trust import trust_for

            file, directory = trust_for(target, self.environ)
            context = ssl.create_default_context(cafile=file, capath=directory)
            context.set_alpn_protocols(["http/1.1"])
            self._contexts[target.name] = context
        return self._contexts[target.name]

    async def aclose(self) -> None:
        if self._curl is not None:
            await self._curl.aclose()
