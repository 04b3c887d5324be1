"""A WebSocket that is asked for in, an open one out, or why it is not open."""

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace
from websockets.client import ClientProtocol
from websockets.exceptions import WebSocketException
from websockets.http11 import Response
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

from releasegate import __version__
from releasegate.errors import CouldNotLook
from releasegate.model import Contact
from releasegate.wire.attach import ContextFor, attach, shown_by
from releasegate.wire.dial import Phases, dial
from releasegate.wire.names import Names
from releasegate.wire.origin import on_origin
from releasegate.wire.sound import is_header, is_url
from releasegate.wire.websocket import Connection, OpenSocket, UpgradeRefused

SWITCHING = 101


class Asked(Struct, frozen=True, kw_only=True):
    """What the caller wants opened."""

    url: str
    headers: tuple[tuple[str, str], ...]
    subprotocols: tuple[str, ...]
    max_message: int


async def open_socket(
    asked: Asked,
    phases: Phases,
    environ: Mapping[str, str],
    names: Names,
    timeout_s: float,
    *,
    context_for: ContextFor,
) -> OpenSocket:
    """Connect, secure and upgrade. Raises CouldNotLook, UpgradeRefused, TimeoutError."""
    protocol = _protocol(asked, phases)
    sock = await dial(phases.target, phases, environ, names, timeout_s)
    contact = Contact(
        target=phases.target.name, host=phases.target.host, port=phases.target.port,
        address=phases.peer, bytes_sent=0,
    )  # fmt: skip
    phases.contact = lambda: contact
    try:
        secure = context_for if phases.target.scheme == "wss" else None
        _, connection = await attach(sock, lambda: Connection(protocol, phases.clock), phases, secure)
    except BaseException:
        sock.close()
        raise
    phases.contact = lambda: _counted(contact, connection)
    try:
        await _upgrade(connection, phases)
    except BaseException:
        connection.abort()
        raise
    return OpenSocket(connection, phases)


def _protocol(asked: Asked, phases: Phases) -> ClientProtocol:
    """Make the sans-I/O protocol with its upgrade request already waiting to be sent. Raises CouldNotLook."""
    phases.doing = "upgrade"
    url = on_origin(phases.target, asked.url)
    if url is None or not is_url(url):
        raise phases.trouble("not allowed", "the URL is not one on the target's origin: nothing was sent")
    if not all(is_header(name, value) for name, value in asked.headers):
        raise phases.trouble("not allowed", "a header with a line break or another unfit character: nothing was sent")
    protocol = ClientProtocol(
        parse_uri(url),
        subprotocols=[Subprotocol(name) for name in asked.subprotocols] or None,
        max_size=asked.max_message,
    )
    request = protocol.connect()
    request.headers["User-Agent"] = f"releasegate/{__version__}"
    for name in {name.lower() for name, _ in asked.headers}:
        if name in request.headers:
            del request.headers[name]
    for name, value in asked.headers:
        request.headers[name] = value
    protocol.send_request(request)
    return protocol


async def _upgrade(connection: Connection, phases: Phases) -> None:
    try:
        with phases.phase("upgrade"):
            connection.flush()
            response = await connection.opened
    except WebSocketException as error:
        raise _misunderstood(error, phases) from None
    if response.status_code != SWITCHING:
        raise UpgradeRefused(_decoded(response), phases)
    problem = connection.protocol.handshake_exc
    if problem is not None:
        raise _misunderstood(problem, phases)


def _misunderstood(error: Exception, phases: Phases) -> CouldNotLook:
    if isinstance(error.__cause__, EOFError):
        return phases.trouble("closed", "the connection was closed before the upgrade was answered")
    said = f"{error}: {error.__cause__}" if error.__cause__ else str(error)
    return phases.trouble("protocol", said)


def _decoded(response: Response) -> tuple[int, tuple[tuple[str, str], ...], bytes]:
    headers = tuple((name.lower(), value) for name, value in response.headers.raw_items())
    return response.status_code, headers, bytes(response.body or b"")


def _counted(contact: Contact, connection: Connection) -> Contact:
    """Give the contact with the bytes so far and, over TLS, whose certificate the peer showed."""
    return replace(
        contact,
        tls=shown_by(connection.transport),
        bytes_sent=connection.sent,
        bytes_received=connection.received,
    )
