"""The wire to the real world: HTTP by libcurl, WebSockets and streams on asyncio. Each part is loaded when used."""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from releasegate.config.model import Target
from releasegate.errors import CouldNotLook
from releasegate.model import Contact, Phase
from releasegate.wire.types import HttpAnswer, HttpRequest, Socket, Stream

if TYPE_CHECKING:
    from releasegate.wire.curl import CurlWire
    from releasegate.wire.names import Names
    from releasegate.wire.trust import Trust

LONGEST_LOOK_UP_S = 5.0
HTTP_1 = ("http/1.1",)


class LiveWire:
    """A Wire for one run, on one loop. `environ` names proxies and certificate authorities; `clock` counts seconds."""

    def __init__(self, *, environ: Mapping[str, str], clock: Callable[[], float]) -> None:
        self.environ = environ
        self.clock = clock
        self._curl: CurlWire | None = None
        self._names: Names | None = None
        self._families: dict[str, tuple[int, ...]] = {}
        self._contexts: dict[tuple[str, tuple[str, ...]], ssl.SSLContext] = {}

    async def fetch(self, request: HttpRequest) -> HttpAnswer:
        """Send a request and read its whole answer. Raises CouldNotLook."""
        if self._curl is None:
            from releasegate.wire.curl import CurlWire

            self._curl = CurlWire(self.environ, self._look_ups())
        return await self._curl.fetch(request)

    async def connect_tcp(self, target: Target, timeout_s: float) -> tuple[Contact, tuple[Phase, ...]]:
        """Connect and hang up. Raises CouldNotLook."""
        from releasegate.wire.dial import Phases, dial

        phases = Phases(target, self.clock)
        try:
            async with asyncio.timeout(timeout_s):
                sock = await dial(target, phases, self.environ, self._look_ups(), timeout_s)
        except TimeoutError:
            raise phases.trouble("timeout", f"no connection within {timeout_s:g} s") from None
        sock.close()
        contact = Contact(target=target.name, host=target.host, port=target.port, address=phases.peer)
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
                socket = await open_socket(
                    asked,
                    phases,
                    self.environ,
                    self._look_ups(),
                    timeout_s,
                    context_for=partial(self._context, alpn=HTTP_1),
                )
        except TimeoutError:
            message = f"the WebSocket was not open within {timeout_s:g} s"
            raise phases.trouble("timeout", message) from None
        return socket, tuple(phases.done)

    async def open_stream(
        self, target: Target, timeout_s: float, *, tls: bool, blame: Callable[[str, str], CouldNotLook]
    ) -> tuple[Stream, tuple[Phase, ...]]:
        """Open a stream of bytes. Raises CouldNotLook; once it is open, what `blame` makes of it."""
        from releasegate.wire.dial import Phases
        from releasegate.wire.stream import open_stream

        phases = Phases(target, self.clock)
        context_for = self._context if tls else None
        ends = asyncio.get_running_loop().time() + timeout_s
        try:
            async with asyncio.timeout_at(ends):
                stream = await open_stream(
                    phases, self.environ, self._look_ups(), timeout_s, ends=ends, blame=blame, context_for=context_for
                )
        except TimeoutError:
            raise phases.trouble("timeout", f"no connection within {timeout_s:g} s") from None
        return stream, tuple(phases.done)

    async def addresses(self, target: Target, timeout_s: float) -> tuple[tuple[str, ...], tuple[Phase, ...]]:
        """Look up where a target may be contacted by a client that connects by itself. Raises CouldNotLook."""
        from releasegate.wire.address import refusal
        from releasegate.wire.dial import Phases
        from releasegate.wire.names import permitted

        phases = Phases(target, self.clock)
        try:
            async with asyncio.timeout(timeout_s):
                with phases.phase("name"):
                    found = await self._look_ups().find(target.host, target.port)
        except TimeoutError:
            raise phases.trouble("timeout", f"{target.host} was not looked up within {timeout_s:g} s") from None
        vetted, refused = permitted(found, lambda address: refusal(address, target))
        if not vetted:
            phases.doing = "connect"
            raise phases.trouble("not allowed", refused)
        return tuple(str(peer[0]) for _, peer in vetted), tuple(phases.done)

    def trusted(self, target: Target) -> "Trust":
        """Say whose certificates a client is to trust that speaks TLS by itself."""
        from releasegate.wire.trust import trust_for

        return trust_for(target, self.environ)

    async def families(self, target: Target) -> tuple[int, ...]:
        """Give the versions of IP (4, 6) over which a target may be reached; none behind a proxy, or if unknown."""
        known = self._families.get(target.name)
        if known is not None:
            return known
        from releasegate.wire.names import families
        from releasegate.wire.proxy import BadProxyError, proxy_for

        try:
            if target.scheme != "tcp" and proxy_for(target, self.environ) is not None:
                return ()
            async with asyncio.timeout(LONGEST_LOOK_UP_S):
                names = self._look_ups()
                addresses = names.known(target.host, target.port) or await names.find(target.host, target.port)
        except (BadProxyError, OSError, UnicodeError):  # a TimeoutError is an OSError
            return ()
        self._families[target.name] = families(addresses, target)
        return self._families[target.name]

    def _look_ups(self) -> "Names":
        if self._names is None:
            from releasegate.wire.names import Names

            self._names = Names()
        return self._names

    def _context(self, target: Target, alpn: tuple[str, ...] = ()) -> ssl.SSLContext:
        """Give what TLS to a target trusts, and which protocols it offers. Raises OSError where nothing can be read."""
        known = self._contexts.get((target.name, alpn))
        if known is None:
            file, directory = self.trusted(target)
            known = self._contexts[target.name, alpn] = ssl.create_default_context(cafile=file, capath=directory)
            if alpn:
                known.set_alpn_protocols(list(alpn))
        return known

    async def aclose(self) -> None:
        if self._curl is not None:
            await self._curl.aclose()
