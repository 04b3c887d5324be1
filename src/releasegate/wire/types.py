"""What crosses the wire, and the interface that kinds see."""

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from releasegate.config.model import Target
from releasegate.errors import CouldNotLook
from releasegate.model import Contact, Phase


class HttpRequest(Struct, frozen=True, kw_only=True):
    """`url` is absolute and on `target`'s origin. `timeout_s` bounds everything, also a dripping answer."""

    target: Target
    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    timeout_s: float = 10.0
    cookies: tuple[str, ...] | None = None
    """The sample's cookie jar as Netscape cookie lines; None = no jar is kept for this request."""
    fresh: bool = False
    """Over a connection of its own: what must not be sent twice, or should meet whoever would be met next."""
    family: int | None = None
    """4 or 6: only over addresses of that family; None = any."""


class HttpAnswer(Struct, frozen=True, kw_only=True):
    """`headers` keep their order and repeats, names lower-case. `body` is decompressed."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    phases: tuple[Phase, ...]
    contact: Contact
    total_s: float
    cookies: tuple[str, ...] | None = None


class Socket(Protocol):
    """An open WebSocket. Messages that arrived are never lost: each stays queued until received."""

    @property
    def contact(self) -> Contact: ...

    @property
    def close_code(self) -> int | None:
        """The peer's close code; 1006 when the connection ended without one; None while it is open."""
        ...

    @property
    def close_reason(self) -> str: ...

    @property
    def subprotocol(self) -> str | None:
        """The one of those offered that the server chose."""
        ...

    async def send(self, text: str) -> None: ...

    async def receive(self, timeout_s: float) -> "Message | None":
        """Give the next message, or None when the socket closed. Raises TimeoutError."""
        ...

    async def close(self) -> None: ...


class Message(Struct, frozen=True):
    """`arrived` is on the wire's clock, taken when the frame was complete, not when it was read."""

    arrived: float
    data: str | bytes


class Stream(Protocol):
    """An open stream of bytes. All of it is bounded by the time it was opened for, and by the target's `max_body`.

    All methods but `close` raise CouldNotLook: reset, closed, timeout, tls, too large.
    """

    @property
    def contact(self) -> Contact: ...

    async def send(self, data: bytes) -> None: ...

    async def receive(self, most: int) -> bytes:
        """Give what is there, up to so many bytes; wait for one at least. Empty at the end of the stream."""
        ...

    async def receive_exactly(self, size: int) -> bytes: ...

    async def receive_until(self, end: bytes) -> bytes:
        """Give all up to an end, with it: 64 KiB at most."""
        ...

    async def close(self) -> None: ...


class Wire(Protocol):
    """All methods raise CouldNotLook with the phase at which the world failed."""

    async def fetch(self, request: HttpRequest) -> HttpAnswer: ...

    async def open_websocket(
        self,
        target: Target,
        url: str,
        headers: tuple[tuple[str, str], ...],
        timeout_s: float,
        *,
        max_message: int,
        subprotocols: tuple[str, ...] = (),
    ) -> tuple[Socket, tuple[Phase, ...]]: ...

    async def families(self, target: Target) -> tuple[int, ...]:
        """Give the address families (4, 6) at which a target's name is found; none behind a proxy, or if unknown."""
        ...

    async def connect_tcp(self, target: Target, timeout_s: float) -> tuple[Contact, tuple[Phase, ...]]: ...

    async def open_stream(
        self, target: Target, timeout_s: float, *, tls: bool, blame: Callable[[str, str], CouldNotLook]
    ) -> tuple[Stream, tuple[Phase, ...]]:
        """Open a stream; `blame` makes of a reason and a message what the stream raises once it is open."""
        ...

    async def addresses(self, target: Target, timeout_s: float) -> tuple[tuple[str, ...], tuple[Phase, ...]]:
        """Give the addresses at which a target may be contacted, for a client that connects by itself."""
        ...

    def trusted(self, target: Target) -> tuple[str | None, str | None]:
        """Say whose certificates such a client is to trust: the path of a PEM bundle, of a directory, or both."""
        ...

    async def aclose(self) -> None: ...
