"""A connected socket and a protocol in, the two joined out, over TLS where that is asked for; and whose certificate."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import Any, TypeVar

from releasegate.config.model import Target
from releasegate.wire.dial import Phases

GOODBYE_S = 1.0
"""Bounds how long the end of a TLS connection may take."""
ContextFor = Callable[[Target], ssl.SSLContext]
Spoken = TypeVar("Spoken", bound=asyncio.BaseProtocol)


async def attach(
    sock: socket.socket, protocol: Callable[[], Spoken], phases: Phases, context_for: ContextFor | None
) -> tuple[asyncio.Transport, Spoken]:
    """Put a protocol on a socket, after the TLS handshake if a context is given. Nothing of the protocol's is sent yet.

    Raises CouldNotLook, TimeoutError; the socket is then still the caller's to close.
    """
    loop = asyncio.get_running_loop()
    if context_for is None:
        return await loop.create_connection(protocol, sock=sock)
    phases.doing = "TLS"
    try:
        context = context_for(phases.target)
    except OSError as error:
        raise phases.trouble("tls", f"the certificate authorities cannot be read: {error.strerror}") from None
    with phases.phase("TLS"):
        return await loop.create_connection(
            protocol, sock=sock, ssl=context, server_hostname=phases.target.host, ssl_shutdown_timeout=GOODBYE_S
        )


def shown_by(transport: asyncio.BaseTransport | None) -> str | None:
    """Say whose certificate the peer showed, and the version of TLS; None without TLS."""
    if transport is None:
        return None
    shown, cipher = transport.get_extra_info("peercert"), transport.get_extra_info("ssl_object")
    if not shown or not cipher:
        return None
    told = f"{_name(shown, 'subject')}, issued by {_name(shown, 'issuer')}, until {shown.get('notAfter', 'unknown')}"
    return f"{told}, {cipher.version()}"


def _name(certificate: dict[str, Any], whose: str) -> str:
    pairs = [pair for part in certificate.get(whose, ()) for pair in part]
    return ", ".join(f"{SHORT.get(key, key)}={value}" for key, value in pairs) or "unknown"


SHORT = {"commonName": "CN", "organizationName": "O", "organizationalUnitName": "OU", "countryName": "C"}
